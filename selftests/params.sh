#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A wrong parameter is refused with one line that says what is wrong, and each
# right one is taken.

# shellcheck source=SCRIPTDIR/module.sh
. "${0%/*}/module.sh"

# ours_of_log - the lines of ours in $log, and how many there are; is there no
# complaint of the kernel?
ours_of_log()
{
	ours='' nr_ours=0 sound=0
	while IFS= read -r line; do
		case $line in
		*BUG*|*WARNING*|*Oops*) sound=1 ;;
		*'heapinfo: '*) ours=$ours$line nr_ours=$((nr_ours + 1)) ;;
		esac
	done <<-EOF
		$log
	EOF
	return $sound
}

# refused WANTED PARAMETER... - does loading fail, with one line of ours in the
# log, and nothing of the module left?
refused()
{
	wanted=$1
	shift
	module_unload || return
	if logged insert "$@"; then
		echo "# $*: was loaded"
		return 1
	fi
	ours_of_log && echo "$ours" | grep -qE "$wanted" &&
		[ $nr_ours -eq 1 ] &&
		[ ! -e /proc/heapinfo ] && [ ! -e /proc/self/heapinfo ] &&
		[ ! -e /sys/module/heapinfo ] && return
	echo "# $*: the log says: $log"
	return 1
}

# false_proc - is loading refused where a file system on /proc only looks like
# procfs, and is nothing of that one hooked?
false_proc()
{
	needs unshare || return
	module_unload || return
	# shellcheck disable=SC2016 # the inner shell expands
	log=$(unshare -m sh -c 'mount -t tmpfs tmpfs /proc && mkdir -p /proc/self/1 \
		/proc/self/2 /proc/self/3 && ! "$1" log insert &&
		[ ! -e /proc/1/heapinfo ]' sh "$helper")
	status=$?
	lines=$(echo "$log" | grep 'heapinfo: ')
	[ $status -eq 0 ] && [ ! -e /sys/module/heapinfo ] &&
	echo "$lines" | grep -q 'procfs must be mounted on /proc' &&
	[ "$(echo "$lines" | wc -l)" -eq 1 ] && return
	echo "# the log says: $lines"
	return 1
}

# taken KEY VALUE PARAMETER... - does the module load, say nothing, and show
# VALUE for KEY in /proc/heapinfo?
taken()
{
	key=$1 value=$2
	shift 2
	[ "$key" != Source ] || has_source "$value" || return
	if ! logged reload "$@" || ! ours_of_log || [ "$nr_ours" -ne 0 ]; then
		echo "# $*: the log says: $log"
		return 1
	fi
	is=$(state_of "$key")
	[ "$is" = "$value" ] && return
	echo "# $*: $key is $is, not $value"
	return 1
}

# loads_once - is a second load refused, without harm to the first?
loads_once()
{
	module_load source=redirect || return
	if LC_ALL=C insmod "$HEAPINFO_KO" source=redirect 2>"$scratch/error"; then
		echo "# was loaded twice"
		return 1
	fi
	grep -q 'File exists' "$scratch/error" && [ -e /proc/self/heapinfo ]
}

# in_use - does rmmod say so while a file is open?
in_use()
{
	exec 8</proc/self/heapinfo
	if LC_ALL=C rmmod heapinfo 2>"$scratch/error"; then
		exec 8<&-
		return 1
	fi
	exec 8<&-
	grep -q 'in use' "$scratch/error" && module_unload
}

module_needed
plan 31

for value in x '' redirec redirects REDIRECT 1 'redirect,syscalls'; do
	try "source=$value is refused" refused \
		"source=$value is not known: it is redirect or syscalls" \
		"source=$value"
done
try "source=probe, which there was, is refused" refused \
	'source=probe is no more: leave it out, or say source=redirect' \
	source=probe
try "what only looks like /proc is refused" false_proc
try "history=-1 is refused" refused \
	'history=-1 is out of range: it is 0 to 4096' history=-1
try "history=4097 is refused" refused \
	'history=4097 is out of range: it is 0 to 4096' history=4097
try "history=lots is refused" refused 'invalid for parameter .?history' \
	history=lots
try "memory=0 is refused" refused 'memory=0 is out of range: it is 1 to ' \
	memory=0
try "memory=-5 is refused" refused 'memory=-5 is out of range: it is 1 to ' \
	memory=-5
try "memory=65537 is refused" refused \
	'memory=65537 is out of range: it is 1 to 65536' memory=65537
try "memory=4294967297 is refused" refused 'parameter .?memory|memory=' \
	memory=4294967297
try "queries=2 is refused" refused 'queries=2 is out of range: it is 0 to 1' \
	queries=2
try "stacks=-1 is refused" refused \
	'stacks=-1 is out of range: it is 0 to 32768' stacks=-1
try "stacks=32769 is refused" refused \
	'stacks=32769 is out of range: it is 0 to 32768' stacks=32769
try "stacks=7 is refused" refused \
	'stacks=7 is less than a word: it is 0, or 8 to 32768' stacks=7

try "source=redirect is taken" taken Source redirect source=redirect
try "source=syscalls is taken" taken Source syscalls source=syscalls
try "history=0 is taken" taken History 0 history=0
try "history=1 is taken" taken History 1 history=1
try "history=4096 is taken" taken History 4096 history=4096
try "memory=1 is taken" taken MemoryBound 1048576 memory=1
try "memory=65536 is taken" taken MemoryBound 68719476736 memory=65536
try "queries=1 is taken" taken Queries 1 queries=1
try "stacks=0 is taken" taken Stacks 0 stacks=0
try "stacks=8 is taken" taken Stacks 8 stacks=8
try "stacks=4096 is taken" taken Stacks 4096 stacks=4096
try "a second load is refused" loads_once
try "rmmod says that the module is in use" in_use
finish
