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
