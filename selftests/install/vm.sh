# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the steps that install share: running a test in a suite's tree, and
# booting its kernels with what was installed there.

# shellcheck source=SCRIPTDIR/../check.d/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../check.d/lib.sh"

# suites - those that the variable SUITES names, or every one that has kernels
suites()
{
	# shellcheck disable=SC2086 # a list
	set -- ${SUITES:-}
	[ $# -eq 0 ] || { printf '%s\n' "$@"; return; }
	table kernels | awk '!seen[$2]++ { print $2 }'
}

# guests_of SUITE - the products with which its kernels are booted
guests_of()
{
	kernels_of "$1" | awk '{ print "guest:" $1 }'
}

# in_suite SUITE TEST [ARGUMENT]... - TEST's results, with the suite's name
in_suite()
{
	local suite=$1 test=$2 status=0
	shift 2
	mkdir -p "$scratch/$suite"
	"$VM_DIR/in-tree" "$suite" "$REPO/selftests/install/$test" \
		"$scratch/$suite" "$@" >"$scratch/tap" 2>&1 || status=$?
	sed -E "s/^(not )?ok - /&$suite: /" "$scratch/tap"
	[ $status -eq 0 ] || result $status "$suite: $test ran to its end"
}

# installing SUITE - changes with all that tests of installing read: what is installed,
# the tree, and the tests; and with the day, for what the archive has
installing()
{
	today_in "$1" Kbuild Makefile README.md CONTRIBUTING.md LICENSE debian docs \
		module scripts userspace selftests/install
}

# boots_installed SUITE - its kernels, with what in_suite left of each
boots_installed()
{
	local suite=$1 version release
	for version in $(kernels_of "$suite" | awk '{ print $1 }'); do
		release=$(release_of "$version" "$("$VM_DIR/tree" "$suite")")
		try "$suite: $release boots and loads what was installed" \
			guest --kernel "$version" \
			--root "$scratch/$suite/$release" \
			--add "$REPO/dkms.conf" --add "$REPO/scripts" \
			--add "$REPO/selftests/install/loaded" -- ./loaded
	done
	rm -rf "${scratch:?}/$suite"
}
