# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the steps on debug kernels share.

# shellcheck source=SCRIPTDIR/../check.d/kselftest.sh
. "$(dirname "${BASH_SOURCE[0]}")/../check.d/kselftest.sh"

# kernels NAME... - those of them that the variable KERNELS names, or all
kernels()
{
	local name
	for name in "$@"; do
		[[ " ${KERNELS:-$name} " != *" $name "* ]] || echo "$name"
	done
}

# What the guest does first. Looking for data races is switched on when the kernel
# is up: it would make booting it slow.
# shellcheck disable=SC2034 # used by the steps
watch='[ ! -e /sys/kernel/debug/kcsan ] || echo on >/sys/kernel/debug/kcsan || exit
'
