#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the module sees with is not switched off behind its back: where that can be
# tried, calls of brk(2) are seen as before, or it is refused.

# shellcheck source=SCRIPTDIR/module.sh
. "${0%/*}/module.sh"

enabled=/sys/kernel/debug/kprobes/enabled

# The shell itself, and a program, so that there are calls to be seen.
call_brk()
{
	sh -c 'echo $(seq 1000) >/dev/null'
}

# counted - are calls of brk(2) counted, and does the module say so?
counted()
{
	before=$(state_of CallsSeen)
	call_brk
	after=$(state_of CallsSeen)
	[ "$before" != "$after" ] && [ "$(state_of Suspended)" = no ] && return
	echo "# CallsSeen went from $before to $after"
	return 1
}

debugfs_needed()
{
	[ -e "$enabled" ] || mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
	[ -e "$enabled" ] && return
	why="no kprobes in debugfs"
	return "$SKIP"
}

# without_kprobes SOURCE - while they are switched off: loaded before, and then
without_kprobes()
{
	debugfs_needed && has_source "$1" && counted || return
	echo 0 >"$enabled" || return
	counted && module_load "source=$1" && counted
	status=$?
	echo 1 >"$enabled"
	[ $status -eq 0 ] && counted
}

# The entry and the redirection hang on ftrace, which stays on while they stand.
ftrace_stays_on()
{
	sources="redirect syscalls"
	has_source syscalls || {
		[ $? -eq "$SKIP" ] || return
		sources=redirect
	}
	module_load source=redirect || return
	if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
		echo 1 >/proc/sys/kernel/ftrace_enabled
		echo "# kernel.ftrace_enabled became 0"
		return 1
	fi
	[ -e /proc/self/heapinfo ] && counted && module_unload || return
	# some kernels refuse that always
	echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled || return 0
	for source in $sources; do
		status=1
		logged insert "source=$source" && break
		[ ! -e /sys/module/heapinfo ] || break
		lines=$(echo "$log" | grep 'heapinfo: ')
		echo "$lines" | grep -q kernel.ftrace_enabled || break
		[ "$(echo "$lines" | wc -l)" -eq 1 ] || break
		status=0
	done
	echo 1 >/proc/sys/kernel/ftrace_enabled
	[ $status -eq 0 ] || echo "# source=$source: the log says: $lines"
	return $status
}

module_needed
plan 3
try "source=redirect goes on without kprobes" without_kprobes redirect
try "source=syscalls goes on without kprobes" without_kprobes syscalls
try "kernel.ftrace_enabled cannot become 0, and must not be 0" ftrace_stays_on
finish
