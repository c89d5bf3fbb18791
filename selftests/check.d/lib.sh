# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the steps of the check share: how jobs are declared, and how a result is said.

# shellcheck source=SCRIPTDIR/../vm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

[ -n "${HEAPINFO_NOTES:-}" ] || {
	export HEAPINFO_NOTES=9
	exec 9>&1
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# apart COMMAND... - COMMAND, in a subshell, with a scratch folder of its own
apart()
{
	scratch=$(mktemp -d -p "$scratch") && "$@"
}

called_with=("$@")

# job [--quick] NAME [PRODUCT]... -- COMMAND... - declare that a step has a job of
# that NAME, a word, which COMMAND does; --quick when it is also of those that QUICK=1
# runs. It starts when each PRODUCT, a job of the makers, is there.
# Jobs of a step have nothing in common and no order. What a step does outside of
# its jobs it does often, also to be asked for their names: so let it be nothing.
job()
{
	local name quick=- products=()

	[ "$1" != --quick ] || { quick=quick; shift; }
	name=$1
	shift
	while [ "$1" != -- ]; do
		products+=("$1")
		shift
	done
	shift
	case ${called_with[0]:-} in
	--jobs) echo "$name $quick ${products[*]}" ;;
	--job) [ "${called_with[1]}" != "$name" ] || { "$@"; exit; } ;;
	# called by hand: all of them, one after the other
	*) (apart "$@") ;;
	esac
}

# sources [PATH]... - the files of the project, or those of them below a PATH: what git
# follows and what is new; in a tree without git, all
sources()
{
	(
		cd "$REPO" || exit
		git -c safe.directory="$REPO" ls-files -co --exclude-standard -- \
			"$@" 2>/dev/null ||
			find "${@:-.}" -type f | sed 's,^\./,,' | grep -v '^build/'
	) | LC_ALL=C sort -u | while IFS= read -r file; do
		[ ! -f "$REPO/$file" ] || printf '%s\n' "$file"
	done
}

# hash_of_sources PATH... - changes when one of these does, a file more or less, too
hash_of_sources()
{
	(cd "$REPO" && sources "$@" | xargs -d '\n' sha256sum --) | hash_of
}

# result STATUS WHAT [FILE] - one result; FILE says why it failed
result()
{
	if [ "$1" -eq 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		[ -z "${3:-}" ] || sed 's/^/#  /' "$3"
	fi
}

# try WHAT COMMAND... - a result by the status of COMMAND; its output says why
try()
{
	local what=$1 status=0
	shift
	"$@" >"$scratch/try" 2>&1 || status=$?
	result "$status" "$what" "$scratch/try"
}

# pass_of INPUT COMMAND... - the file that is there once that has passed, in whatever
# checkout
pass_of()
{
	local words=$*
	echo "$CACHE/passes/$(echo "${words//"$REPO/"/}" | hash_of)"
}

# try_once WHAT INPUT COMMAND... - as try, but what passed once is not tried again.
# Only for a COMMAND whose status depends on nothing but its words and what INPUT
# stands for: a hash of all that it reads, the program itself included.
try_once()
{
	local what=$1 pass
	pass=$(pass_of "${@:2}")
	shift 2
	if [ -e "$pass" ]; then
		touch "$pass"
		result 0 "$what"
	elif try "$what" "$@" | tee "$scratch/tried" && grep -q '^ok' "$scratch/tried"; then
		mkdir -p "${pass%/*}" && : >"$pass"
	fi
}

# results_once INPUT COMMAND... - the results that COMMAND prints; once all of them
# were good, those of that time. For a COMMAND as try_once has it.
results_once()
{
	local pass
	pass=$(pass_of "$@")
	shift
	if [ -s "$pass" ]; then
		touch "$pass"
		cat "$pass"
		return
	fi
	"$@" | tee "$scratch/once"
	grep -q '^ok' "$scratch/once" && ! grep -q '^not ok' "$scratch/once" ||
		return 0
	mkdir -p "${pass%/*}" && cp "$scratch/once" "$scratch/once.half" &&
		mv "$scratch/once.half" "$pass"
}

# today PATH... - changes when one of these does, or a check itself, the VM or this
# machine's kernel; and with the day, so that what does not come out the same each time
# has its turns
today()
{
	echo "$(date -u +%F) $(uname -r) $(hash_of_sources dkms.conf \
		selftests/check.d selftests/vm "$@")"
}

# today_in SUITE PATH... - the same, and with the suite's tree
today_in()
{
	echo "$(today "${@:2}") $("$VM_DIR/tree" "$1")"
}

# today_on VERSION PATH... - the same for a guest: its kernel, the module, the reader
today_on()
{
	today_in "$(kernel_field "$1" 2)" userspace Kbuild module "${@:2}" &&
		base_of "$1" ""
}

# guest OPTION... - boot, and again where qemu itself went wrong: that is rare and
# says nothing of what ran there
guest()
{
	local status turn said

	said=$(mktemp -d -p "$scratch")
	for turn in 1 2 3; do
		status=0
		"$VM_DIR/boot" "$@" >"$said/out" 2>"$said/err" || status=$?
		grep -q '^boot: qemu went wrong' "$said/err" || break
		note "qemu went wrong, turn $turn of 3"
	done
	cat "$said/out"
	cat "$said/err" >&2
	return $status
}

# What a script for a guest with sh -e can begin with: works - is the entry listed,
# with the record of a program that begins now?
# shellcheck disable=SC2016,SC2034 # the guest's shell expands; used by the steps
guest_works='
	works()
	{
		ls /proc/self | grep -qx heapinfo
		sh -c "x=\$(seq 1000); cat /proc/\$\$/heapinfo
			cat /proc/\$\$/heapstacks >stacks" >file
		cat file
		grep -q "^Recorded:	since exec" file
		grep -q "	grow	0x.*	ok	sh	[1-9][0-9]*$" file
		grep -q "^1	.*	64	.*	ip=[0-9a-f]*,sp=" stacks
	}
'

# boots STATUS OPTION... - does boot end with that status?
boots()
{
	local want=$1 status=0
	shift
	guest "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
	[ $status -eq "$want" ] && return
	echo "boot ended with status $status, not $want; it said:"
	tail -n 30 "$scratch/out" "$scratch/err"
	return 1
}

# says PATTERN OPTION... - does boot end with 125 and say why?
says()
{
	local pattern=$1
	shift
	boots 125 "$@" || return
	grep -qE "$pattern" "$scratch/err" && return
	echo "boot did not say '$pattern' but:"
	cat "$scratch/err"
	return 1
}
