#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# faults.sh [NAME]... - in a VM with the module "faults": do each thing, or those
# named, again and again, each time with one more of what heapinfo asks of the
# kernel failing, until a time comes at which nothing fails. Each time it must
# come out right or be refused in order, with at most one line in the log, and
# heapinfo must work afterwards.
#
# On the kernels this is for, executing a program takes a fifth of a second, and a
# point dozens of times what it fails: so what the shell can do itself, it does.
set -u

control=/sys/module/faults/parameters
file=$(modinfo -n heapinfo)
scratch=$(mktemp -d)
points=0 miscounted=0

arm()
{
	echo "$1" >$control/nth
}

# read_all FILE - sets said to what is in it
read_all()
{
	said=
	IFS= read -rd '' said <"$1" || [ -n "$said" ]
}

# has PATTERN - is there a line in said that matches?
has()
{
	[[ $'\n'$said =~ $'\n'($1)$'\n' ]]
}

# works - is the entry there, with the history of a program that begins now?
works()
{
	local said listed
	said=$(bash -c 'printf -v x %50000s
		mapfile </proc/$$/heapinfo && printf %s "${MAPFILE[@]}"')$'\n' &&
		has 'Recorded:	since exec' &&
		has $'[^\n]*\tgrow\t[^\n]*\tok\tbash' || return
	listed=(/proc/self/h*)
	[ "${listed[*]}" = "/proc/self/heapinfo /proc/self/heapstacks" ] &&
		read_all /proc/heapinfo && has 'Suspended:	no'
}

gone()
{
	[ ! -e /sys/module/heapinfo ] && [ ! -e /proc/heapinfo ] &&
		[ ! -e /proc/self/heapinfo ]
}

# read_log - sets log to heapinfo's lines in the kernel's log. Where the kernel has
# miscounted its probes, which it warns of there, that is put right (see faults.c).
read_log()
{
	local line times=0
	log=()
	while IFS= read -r line; do
		case $line in
		*'Failed to disarm kprobe-ftrace'*) times=$((times + 1)) ;;
		*taint*) ;;
		*'heapinfo: '*) log+=("$line") ;;
		esac
	done < <(dmesg)
	echo $times >$control/miscounted
	miscounted=$((miscounted + times))
	echo 1 >/sys/kernel/debug/clear_warn_once
}

# Each of these does one thing, and is asked afterwards, as NAME_holds STATUS,
# whether what came of it is right. "said" holds what was printed.
load_redirect()	{ insmod "$file" source=redirect; }
load_syscalls()	{ insmod "$file" source=syscalls; }
load_bare()	{ insmod "$file" history=0; }
load_holds()
{
	if [ "$1" -eq 0 ]; then
		[ -e /proc/self/heapinfo ] && rmmod heapinfo && gone
	else
		gone &&
			has $'insmod: ERROR: could not insert module [^\n]*: [A-Z][^\n]*'
	fi
}
load_redirect_holds()	{ load_holds "$1"; }
load_syscalls_holds()	{ load_holds "$1"; }
load_bare_holds()	{ load_holds "$1"; }

# What is read must be whole or refused. Where the record of any process was
# refused memory, nothing is said of those that have none.
whole()
{
	if [ "$1" -eq 0 ]; then
		has $'#seq[^\n]*|Recorded:\tno'
	else
		[[ $said =~ Cannot\ allocate\ memory|No\ such\ (file|process|device)|Interrupted\ system\ call|Input/output\ error ]]
	fi
}
read_entry()	{ cat "/proc/$target/heapinfo"; }
read_entry_holds()	{ whole "$1"; }
# nobody opened this one before
read_new()	{ (exec cat /proc/self/heapinfo); }
read_new_holds()	{ whole "$1"; }
list()		{ ls "/proc/$target"; }
list_holds()	{ [ "$1" -eq 0 ] || [[ $said = *'ls: '* ]]; }
attributes()	{ stat "/proc/$target/heapinfo"; }
attributes_holds()	{ [ "$1" -eq 0 ] || [[ $said = *'stat: '* ]]; }
status()	{ cat /proc/heapinfo; }
status_holds()
{
	if [ "$1" -eq 0 ]; then
		has $'EventsLost:[^\n]*'
	else
		[[ $said = *'cat: '* ]]
	fi
}
# a process whose record or rows are refused goes on, and its file says so
record()	{ sh -c 'x=$(seq 2000); echo done; cat /proc/$$/heapinfo'; }
record_holds()	{ has 'done'; }
record_syscalls()	{ record; }
record_syscalls_holds()	{ record_holds; }
# With history=1 each row but the first pushes one out. Where a single point fails,
# at most one of them is in no span; else all are.
record_wraps()
{
	MALLOC_TOP_PAD_=0 sh -c 'x=$(seq 2000); echo done; cat /proc/$$/heapinfo'
}
record_wraps_holds()
{
	local cells spans=0 calls=0 lost=0 unseen=0
	has 'done' || return
	while IFS=$'\t' read -ra cells; do
		case ${cells[0]-} in
		EventsLost:) lost=${cells[1]} ;;
		'#span') spans=1 ;;
		[0-9]*) [ $spans -eq 0 ] || calls=$((calls + cells[3])) ;;
		esac
	done <<<"$said"
	if [ -n "$what" ]; then
		unseen=1
	elif [ $spans -eq 0 ]; then
		return 1
	fi
	[ "$calls" -le "$lost" ] && [ "$lost" -le $((calls + unseen)) ]
}
unload()	{ rmmod heapinfo; }
unload_holds()	{ [ "$1" -eq 0 ] && gone; }

# again NAME SETUP - do NAME with each point of it failing
again()
{
	local name=$1 setup=$2 n=0 status what said log
	while :; do
		n=$((n + 1))
		if ! $setup; then
			echo "not ok - $name, $n: what it needs cannot be done"
			return
		fi
		dmesg --clear
		arm $n
		status=0
		$name >"$scratch/said" 2>&1 || status=$?
		read -r what <$control/failed
		arm 0
		read_log
		read_all "$scratch/said"
		if ! "${name}_holds" $status || [ ${#log[@]} -gt 1 ]; then
			echo "not ok - $name, point $n ($what): status $status," \
				"${#log[@]} lines in the log"
			printf '%s\n' "${log[@]}" | sed 's/^/#  /' "$scratch/said" -
		elif [ -z "$what" ]; then
			break
		elif ! { loaded && works; }; then
			echo "not ok - $name, point $n ($what): heapinfo does" \
				"not work after it"
			sed 's/^/#  /' "$scratch/said"
		else
			echo "ok - $name, point $n ($what): status $status"
			points=$((points + 1))
		fi
		if [ $n -gt 400 ]; then
			echo "not ok - $name: there is no end of points"
			return
		fi
	done
	[ $status -eq 0 ] && echo "ok - $name works when none of $((n - 1)) fails" ||
		echo "not ok - $name fails when nothing does"
	loaded && works && echo "ok - heapinfo works after it" ||
		echo "not ok - heapinfo does not work after it"
}

loaded()
{
	[ -e /sys/module/heapinfo ] || insmod "$file"
}

unloaded()
{
	[ ! -e /sys/module/heapinfo ] || rmmod heapinfo
}

# loaded_with PARAMETER VALUE
loaded_with()
{
	local value=
	[ ! -e /sys/module/heapinfo ] ||
		read -r value <"/sys/module/heapinfo/parameters/$1"
	[ "$value" != "$2" ] || return 0
	unloaded && insmod "$file" "$1=$2"
}

loaded_with_syscalls()	{ loaded_with source syscalls; }
loaded_with_one_row()	{ loaded_with history 1; }

# the names are looked up anew each time
forget_entries()
{
	loaded
	echo 2 >/proc/sys/vm/drop_caches
}

sleep 100000 &
target=$!

[ $# -gt 0 ] || set -- load_redirect load_syscalls load_bare read_entry read_new \
	list attributes status record record_syscalls record_wraps unload
for name; do
	case $name in
	load_*) again "$name" unloaded ;;
	read_entry | list | attributes) again "$name" forget_entries ;;
	read_new | status | record | unload) again "$name" loaded ;;
	record_syscalls)
		unloaded
		again "$name" loaded_with_syscalls
		unloaded
		;;
	record_wraps)
		unloaded
		again "$name" loaded_with_one_row
		unloaded
		;;
	*) echo "not ok - there is nothing called $name" ;;
	esac
done
kill $target
unloaded
echo "# $points points were failed, one at a time;" \
	"the kernel miscounted its probes $miscounted times"
