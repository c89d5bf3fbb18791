# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the steps on debug kernels share.

# shellcheck source=SCRIPTDIR/../check.d/kselftest.sh
. "$(dirname "${BASH_SOURCE[0]}")/../check.d/kselftest.sh"

# kernels NAME... - sets wanted to those of them that the variable KERNELS names, or
# to all. A step that has none of these ends here, and says so.
kernels()
{
	local name
	wanted=()
	for name in "$@"; do
		[[ " ${KERNELS:-$name} " != *" $name "* ]] || wanted+=("$name")
	done
	[ ${#wanted[@]} -gt 0 ] || job none -- \
		echo "ok - on KERNELS=\"$KERNELS\" # SKIP this step knows $*"
}

# make_fileops KERNEL - $scratch/fileops, the program, for that kernel's machine
make_fileops()
{
	"$VM_DIR/in-tree" "$(kernel_field "$1" 2)" gcc -O2 -Wall -D_GNU_SOURCE \
		-static -pthread -o "$scratch/fileops" \
		"$REPO"/selftests/debug/fileops/*.c
}

# What the guest does first. Looking for data races is switched on when the kernel
# is up: it would make booting it slow. Looking for leaks every ten minutes is
# switched off, since it is asked for at the end, and since a scan under the
# function graph tracer takes longer than anybody waits for.
# shellcheck disable=SC2034 # used by the steps
watch='cd /sys/kernel/debug || exit
[ ! -e kcsan ] || echo on >kcsan || exit
[ ! -e kmemleak ] || echo scan=off >kmemleak || exit
cd
'
