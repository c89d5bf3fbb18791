#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The module works, and so do they, while other tracers watch the same functions.

# shellcheck source=SCRIPTDIR/module.sh
. "${0%/*}/module.sh"

tracing=/sys/kernel/tracing
watched="__x64_sys_brk proc_tgid_base_lookup proc_tgid_base_readdir"

# Are entries read and listed, and calls recorded?
works()
{
	"$helper" works && return
	echo "# heapinfo does not work in this company"
	return 1
}

# Is the module unloaded and loaded again in their presence?
comes_and_goes()
{
	[ "$(state_of Source)" = "$1" ] || return
	module_unload && [ ! -e /proc/self/heapinfo ] &&
		module_insert "source=$1" && works
}

# tracer NAME FUNCTION... - does all of it go on under the tracer, which sees
# the functions as well?
tracer()
{
	name=$1 status=0
	shift
	grep -qw "$name" $tracing/available_tracers || {
		why="the kernel has no tracer $name"
		return "$SKIP"
	}
	echo "$name" >$tracing/current_tracer || return
	{ works && comes_and_goes redirect; } || status=1
	for function in "$@"; do
		ls /proc/self >/dev/null
		sh -c ''
		grep -q "$function" $tracing/trace && continue
		echo "# $name has not seen $function"
		status=1
	done
	echo nop >$tracing/current_tracer
	echo >$tracing/trace
	return $status
}

# The tracer that looks at these functions alone.
filtered()
{
	# shellcheck disable=SC2086 # names
	for function in $watched; do
		echo "$function" >>$tracing/set_ftrace_filter || return
	done
	# shellcheck disable=SC2086 # names
	tracer function $watched
	status=$?
	echo >$tracing/set_ftrace_filter
	return $status
}

# ready_or_gone PID COMMAND... - is the program ready, as COMMAND tells, or gone?
ready_or_gone()
{
	pid=$1
	shift
	"$@" || ! kill -0 "$pid" 2>/dev/null
}

# attached - do perf, trace-cmd and bpftrace sit on brk(2), the lookup and
# heapinfo:brk at once, and each sees each?
attached()
{
	for program in perf trace-cmd bpftrace; do
		needs $program || return
	done
	echo 'p:others/lookup proc_tgid_base_lookup' >$tracing/kprobe_events &&
	echo 'r:others/returned __x64_sys_brk' >>$tracing/kprobe_events || return
	events='others:lookup others:returned heapinfo:brk'
	recorded=''
	for event in $events; do
		recorded="$recorded -e $event"
	done
	cd "$scratch" || return
	# longer than the tests are given on any kernel
	# shellcheck disable=SC2086 # words
	perf record -q -a $recorded -o perf.data sleep 4000 >perf.log 2>&1 &
	perf=$!
	# shellcheck disable=SC2086 # words
	trace-cmd record -q $recorded sleep 4000 >trace-cmd.log 2>&1 &
	trace_cmd=$!
	# It says "up" when all are attached and it listens for signals too: the
	# shell has it start with SIGINT ignored.
	bpftrace -B line -e 'kprobe:proc_tgid_base_lookup { @lookup = count(); }
		kretprobe:__x64_sys_brk { @brk = count(); }
		tracepoint:heapinfo:brk { @heapinfo = count(); }
		interval:s:1 { printf("up\n"); }' >bpftrace.log 2>&1 &
	bpftrace=$!
	status=0
	until ready_or_gone $bpftrace grep -qx up bpftrace.log &&
	      ready_or_gone $perf test -s perf.data &&
	      ready_or_gone $trace_cmd test -e trace.dat.cpu0; do
		sleep 1
	done
	works || status=1
	# one of the watchers holds the event of the module, and so the module
	! rmmod heapinfo 2>error || status=1
	works || status=1
	for pid in $bpftrace $perf $trace_cmd; do
		pkill -INT -P "$pid" 2>/dev/null
		kill -INT "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	cd / || return
	perf script -i "$scratch/perf.data" >"$scratch/perf" 2>&1
	trace-cmd report -i "$scratch/trace.dat" >"$scratch/trace-cmd" 2>&1
	for event in 'lookup:' 'returned:' 'heapinfo:brk:\|call=grow'; do
		for program in perf trace-cmd; do
			grep -q "$event" "$scratch/$program" && continue
			echo "# $program has not seen $event"
			tail -n 5 "$scratch/$program" "$scratch/$program.log" |
				sed 's/^/# /'
			status=1
		done
	done
	[ -e /sys/kernel/btf/vmlinux ] && for count in lookup brk heapinfo; do
		grep -q "^@$count: [1-9]" "$scratch/bpftrace.log" && continue
		echo "# bpftrace has not counted $count"
		sed 's/^/# /' "$scratch/bpftrace.log"
		status=1
	done
	echo >$tracing/kprobe_events || status=1
	works && comes_and_goes redirect || status=1
	return $status
}

# probed_once - does whoever has a probe at the entry of brk(2) and at its return meet
# each call once, as the module does, with the probes there before it and after it?
probed_once()
{
	module_unload || return
	echo 'p:others/began __x64_sys_brk' >$tracing/kprobe_events &&
	echo 'r:others/ended __x64_sys_brk' >>$tracing/kprobe_events || return
	status=0
	for turn in before after; do
		[ $turn = after ] || echo 1 >$tracing/events/others/enable
		[ $turn = after ] || module_insert source=redirect || status=1
		echo 1 >$tracing/events/others/enable
		echo 1 >$tracing/events/heapinfo/enable
		echo >$tracing/trace
		sh -c 'x=$(seq 1000)'
		echo 0 >$tracing/events/heapinfo/enable
		echo 0 >$tracing/events/others/enable
		grep '^ *seq-' $tracing/trace >"$scratch/trace"
		calls=$(grep -c ' brk: asked=' "$scratch/trace")
		began=$(grep -c ' began: ' "$scratch/trace")
		ended=$(grep -c ' ended: ' "$scratch/trace")
		[ "$calls" -gt 0 ] && [ "$began" -eq "$calls" ] &&
			[ "$ended" -eq "$calls" ] && continue
		echo "# probes $turn: $calls calls began $began times, ended $ended"
		status=1
	done
	echo >$tracing/kprobe_events
	return $status
}

# bpf_attached - do fentry and fexit of BPF see brk(2), attached before the module is
# loaded and after it? Where the kernel lets one of them stand alone, the one
# that comes second is refused, and the first goes on.
bpf_attached()
{
	needs bpftrace || return
	[ -e /sys/kernel/btf/vmlinux ] || {
		why="no BTF"
		return "$SKIP"
	}
	status=0
	for turn in before after; do
		module_unload || return
		[ $turn = before ] || module_insert source=redirect || return
		: >"$scratch/bpf.log"
		bpftrace -B line -e 'kfunc:__x64_sys_brk { @began = count(); }
			kretfunc:__x64_sys_brk { @ended = count(); }
			interval:s:1 { printf("up\n"); }' >"$scratch/bpf.log" 2>&1 &
		bpf=$!
		until ready_or_gone $bpf grep -qx up "$scratch/bpf.log"; do
			sleep 1
		done
		if ! grep -qx up "$scratch/bpf.log"; then
			[ $turn = after ] && works && continue
			why="bpftrace cannot: $(tail -n 1 "$scratch/bpf.log")"
			[ $turn = after ] || module_insert source=redirect || return
			return "$SKIP"
		fi
		if [ $turn = before ] && ! logged insert source=redirect; then
			echo "$log" | grep -q 'heapinfo: .*source=syscalls' || status=1
		else
			works || status=1
			module_unload || status=1
		fi
		kill -INT $bpf
		wait $bpf
		for count in began ended; do
			grep -q "^@$count: [1-9]" "$scratch/bpf.log" && continue
			echo "# bpftrace $turn has not counted $count"
			sed 's/^/# /' "$scratch/bpf.log"
			status=1
		done
	done
	module_load source=redirect && works && return $status
}

# What Ubuntu sets for who is not root: nobody else's business.
paranoid()
{
	sysctl=/proc/sys/kernel/perf_event_paranoid
	was=$(cat $sysctl)
	echo 4 >$sysctl || return
	works && comes_and_goes redirect
	status=$?
	echo "$was" >$sysctl
	return $status
}

module_needed
module_load source=redirect
[ -d $tracing/events ] || skip_all "no tracefs on $tracing"
plan 7
try "the function tracer sees every function" tracer function
try "the function tracer sees the hooked functions" filtered
try "the function graph tracer sees every function" tracer function_graph
try "perf, trace-cmd and bpftrace at once" attached
try "probes on brk(2) count each call once" probed_once
try "fentry and fexit of BPF on brk(2)" bpf_attached
try "kernel.perf_event_paranoid is 4" paranoid
finish
