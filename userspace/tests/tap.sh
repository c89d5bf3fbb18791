# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# How the reader's tests say what came out, as TAP. They have a folder $work.

number=0 failed=0

# result STATUS WHAT [FILE [LINES]] - one test's; the head of FILE says why it failed
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

# skip WHAT WHY - one that could not be tried
skip()
{
	((number++))
	echo "ok $number - $1 # SKIP $2"
}

# ok WHAT COMMAND... - does the command succeed? What it prints says why not; with
# the status 4 the last line of that says why it was skipped
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

# finish - how many there were, and the status of all
finish()
{
	echo "1..$number"
	[ "$failed" -eq 0 ]
}
