# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of busy processes share: to look at one, and whether check is right
# about one that is whole. Who sources this sets $heapinfo, $pid and $looks.

# look COMMAND... - its $status, out.txt and err
look()
{
	status=0
	# shellcheck disable=SC2154 # set by the test that reads this
	"$heapinfo" "$1" "$pid" "${@:2}" >out.txt 2>err || status=$?
}

# Nobody may say of it that it is damaged. Of some looks it may not be told.
check_is_right()
{
	local i clean=0

	# shellcheck disable=SC2154 # set by the test that reads this
	for ((i = 0; i < looks; i++)); do
		look check
		case $status in
		0) grep -q '^clean: ' out.txt && ((++clean)) ;;
		2) grep -q '^changing, not sure: ' out.txt ;;
		*) false ;;
		esac || { echo "look $i of $looks: status $status"; cat out.txt err; return 1; }
	done
	echo "$clean of $looks looks were sure"
	[ "$clean" -gt 0 ] || { cat err; return 1; }
}
