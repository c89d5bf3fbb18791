#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What can be switched off behind the module's back is said in /proc/heapinfo,
# or cannot be switched off while the module is there.

# shellcheck source=SCRIPTDIR/module.sh
. "${0%/*}/module.sh"

enabled=/sys/kernel/debug/kprobes/enabled

# The shell itself, and a program, so that there are calls to be seen.
call_brk()
{
	sh -c 'echo $(seq 1000) >/dev/null'
}

# counted WANTED - are calls of brk(2) counted: yes or no?
counted()
{
	before=$(state_of CallsSeen)
	call_brk
	after=$(state_of CallsSeen)
	is=no
	[ "$before" = "$after" ] || is=yes
	[ $is = "$1" ] && return
	echo "# CallsSeen went from $before to $after"
	return 1
}

suspended()
{
	is=$(state_of Suspended)
	[ "$is" = "$1" ] && return
	echo "# Suspended is $is, not $1"
	return 1
}

debugfs_needed()
{
	[ -e "$enabled" ] || mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
	[ -e "$enabled" ] && return
	why="no kprobes in debugfs"
	return "$SKIP"
}

probes_switched_off()
{
	debugfs_needed || return
	module_load source=probe && suspended no && counted yes || return
	echo 0 >"$enabled" || return
	suspended yes && counted no
	status=$?
	echo 1 >"$enabled"
	[ $status -eq 0 ] && suspended no && counted yes
}

# What the break did meanwhile is not lost, but told as moved when the process
# is seen to call brk(2) again.
moved_meanwhile()
{
	debugfs_needed || return
	module_load source=probe || return
	# shellcheck disable=SC2016 # expanded by the shell that is looked at
	moves=$(enabled=$enabled sh -c '
		moves() { sed -n "s/^BrkMoves:	//p" /proc/$$/heapinfo; }
		grow() {
			i=0
			while [ $i -lt 2000 ]; do
				eval "$1$i=a-value-that-takes-some-room-on-the-heap-$i"
				i=$((i + 1))
			done
		}
		moves
		echo 0 >"$enabled"
		grow unseen
		echo 1 >"$enabled"
		grow seen
		moves')
	# shellcheck disable=SC2086 # two words
	set -- $moves
	[ "$1" = 0 ] && [ "$2" -ge 1 ] && return
	echo "# BrkMoves were: $*"
	return 1
}

# Loaded while they are off, the module says so from the beginning.
loaded_meanwhile()
{
	debugfs_needed || return
	module_unload || return
	echo 0 >"$enabled" || return
	module_insert source=probe && suspended yes
	status=$?
	echo 1 >"$enabled"
	[ $status -eq 0 ] && suspended no && counted yes
}

syscalls_go_on()
{
	debugfs_needed || return
	module_load source=syscalls || return
	echo 0 >"$enabled" || return
	suspended no && counted yes
	status=$?
	echo 1 >"$enabled"
	return $status
}

# The entry hangs on ftrace, which stays on while the module is loaded.
ftrace_stays_on()
{
	module_load source=probe || return
	if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
		echo 1 >/proc/sys/kernel/ftrace_enabled
		echo "# kernel.ftrace_enabled became 0"
		return 1
	fi
	[ -e /proc/self/heapinfo ] && module_unload || return
	# some kernels refuse that always
	echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled || return 0
	! logged insert source=syscalls
	status=$?
	echo 1 >/proc/sys/kernel/ftrace_enabled
	[ $status -eq 0 ] && [ ! -e /sys/module/heapinfo ] &&
	[ "$(echo "$log" | grep -c 'heapinfo: .*kernel.ftrace_enabled')" -eq 1 ]
}

module_needed
plan 5
try "Suspended: probes are switched off and on" probes_switched_off
try "a break that moved meanwhile is told" moved_meanwhile
try "Suspended: the module is loaded meanwhile" loaded_meanwhile
try "source=syscalls goes on without probes" syscalls_go_on
try "kernel.ftrace_enabled cannot become 0, and must not be 0" ftrace_stays_on
finish
