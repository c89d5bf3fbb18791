# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Functions with which the reader's tests print their results, as TAP. Who
# sources this has a folder $work.

number=0 failed=0

# result STATUS WHAT [FILE [LINES]] - print the result of one test; if it
# failed, the first lines of FILE say why
result()
{
	((number++))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
		return
	fi
	echo "not ok $number - $2"
	[ $# -lt 3 ] || head -n "${4:-30}" "$3" | cut -c 1-300 | sed 's/^/#   /'
	((failed++))
}

# skip WHAT WHY - print that a test could not be tried
skip()
{
	((number++))
	echo "ok $number - $1 # SKIP $2"
}

# ok WHAT COMMAND... - a test: does the command succeed? If not, what it prints
# says why. With status 4 the test is skipped, and its last line says why.
ok()
{
	local what=$1

	shift
	# shellcheck disable=SC2154 # the folder of the test that reads this
	"$@" >"$work/why" 2>&1
	set -- $? "$what"
	if [ "$1" -eq 4 ]; then
		skip "$what" "$(tail -n 1 "$work/why")"
	else
		result "$1" "$what" "$work/why"
	fi
}

# finish - print how many tests there were; fails if one did
finish()
{
	echo "1..$number"
	[ "$failed" -eq 0 ]
}
