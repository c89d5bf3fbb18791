# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the steps of the check share: how a result is said.

# shellcheck source=SCRIPTDIR/../vm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

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
