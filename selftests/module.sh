# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the tests in shell share: TAP, the module, and the kernel's log.

SKIP=4
helper=$(cd "${0%/*}" && pwd)/helper
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
test_nr=0 failures=0

plan()
{
	echo "TAP version 13"
	echo "1..$1"
}

# result STATUS WHAT - one test's; SKIP as its status says that it was skipped
result()
{
	test_nr=$((test_nr + 1))
	case $1 in
	0) echo "ok $test_nr $2" ;;
	"$SKIP") echo "ok $test_nr $2 # SKIP ${why:-}" ;;
	*)
		echo "not ok $test_nr $2"
		failures=$((failures + 1))
		;;
	esac
}

# try WHAT COMMAND... - a result by the status of COMMAND
try()
{
	what=$1
	shift
	status=0
	"$@" || status=$?
	result "$status" "$what"
}

# needs PROGRAM - for a test: is it installed? Else say why it is skipped.
needs()
{
	command -v "$1" >/dev/null 2>&1 && return
	why="there is no $1"
	return "$SKIP"
}

skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit "$SKIP"
}

# finish - the module as it is by default; status of the whole, as the last line
finish()
{
	module_load source=redirect
	[ "$failures" -eq 0 ]
}

# module_needed - skip everything where the module cannot be had; find its file
module_needed()
{
	[ "$(id -u)" -eq 0 ] || skip_all "must be root"
	: "${HEAPINFO_KO:=$(modinfo -n heapinfo 2>/dev/null)}"
	[ -n "$HEAPINFO_KO" ] || skip_all "no heapinfo.ko for this kernel"
	export HEAPINFO_KO
}

# module_insert PARAMETER... - load it, which fails where it is loaded
module_insert()
{
	"$helper" insert "$@"
}

# module_load PARAMETER... - afresh
module_load()
{
	"$helper" reload "$@"
}

# has_source SOURCE - for a test: load it; else say why the test is skipped, if it is
# since the kernel cannot have the source
has_source()
{
	# shellcheck disable=SC2034 # read by result
	why="this kernel cannot have source=$1"
	module_load "source=$1"
}

module_unload()
{
	"$helper" unload
}

# logged insert|reload PARAMETER... - the same; log is what the kernel logged
# meanwhile
logged()
{
	# shellcheck disable=SC2034 # read by the tests
	log=$("$helper" log "$@")
}

# state_of KEY - its value in /proc/heapinfo
state_of()
{
	while IFS='	' read -r state_key state_value; do
		[ "$state_key" != "$1:" ] || echo "$state_value"
	done </proc/heapinfo
}
