#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# heapinfo:brk is read by trace-cmd, perf, bpftrace and tracefs itself, and
# /proc/heapinfo counts what passes it.

# shellcheck source=SCRIPTDIR/module.sh
. "${0%/*}/module.sh"

events=/sys/kernel/tracing/events/heapinfo

# A program that calls brk(2): once to grow at least.
# shellcheck disable=SC2016 # expanded by the shell that is traced
program='echo $(seq 1000) >/dev/null'

# sees FILE - is there a grow of the program in the text?
sees()
{
	grep -q 'call=grow result=ok' "$1" && return
	echo "# no growing heap in:"
	sed 's/^/# /;20q' "$1"
	return 1
}

# traced COMMAND... - run it, and keep what tracefs has of it
traced()
{
	echo 1 >"$events/brk/enable" || return
	"$@"
	echo 0 >"$events/brk/enable"
	grep 'heapinfo\|brk:' /sys/kernel/tracing/trace >"$scratch/trace"
	echo >/sys/kernel/tracing/trace
}

# has_line PATTERN - does a line of stdin match the shell's pattern?
has_line()
{
	while IFS= read -r line; do
		# shellcheck disable=SC2254 # a pattern
		case $line in
		$1) return ;;
		esac
	done
	return 1
}

tracefs()
{
	[ -d "$events/brk" ] && format=$(cat "$events/brk/format") || return
	has_line 'name: brk' <<-EOF || return
		$format
	EOF
	for field in asked from to mapping call result; do
		has_line "*field:unsigned * $field;*" <<-EOF || return
			$format
		EOF
	done
	traced sh -c "$program" && sees "$scratch/trace" || return
	# two numbers of the text, against each other
	sed -n 's/.*asked=\(0x[0-9a-f]*\) from=\(0x[0-9a-f]*\) to=\(0x[0-9a-f]*\) call=grow.*/\1 \2 \3/p' \
		"$scratch/trace" | {
		read -r asked from to && [ "$((asked))" -eq "$((to))" ] &&
			[ "$((to))" -gt "$((from))" ]
	}
}

# One process, without what its child does.
filtered()
{
	# shellcheck disable=SC2016 # expanded by the shell that is traced
	traced sh -c 'echo "tgid == $$" >"$1"/brk/filter && echo $$ >"$2" &&
		exec sh -c "$3"' sh "$events" "$scratch/tgid" "$program" \
		>/dev/null || return
	echo 0 >"$events/brk/filter"
	sees "$scratch/trace" &&
		! grep -v " tgid=$(cat "$scratch/tgid")$" "$scratch/trace"
}

with_trace_cmd()
{
	needs trace-cmd || return
	(cd "$scratch" && trace-cmd record -q -e heapinfo:brk \
		sh -c "$program" >log 2>&1 &&
		trace-cmd report >text 2>&1) || {
		sed 's/^/# /' "$scratch/log"
		return 1
	}
	sees "$scratch/text"
}

with_perf()
{
	needs perf || return
	(cd "$scratch" && perf record -q -a -e heapinfo:brk -o data \
		sh -c "$program" >log 2>&1 &&
		perf script -i data >text 2>&1) || {
		sed 's/^/# /' "$scratch/log"
		return 1
	}
	sees "$scratch/text"
}

with_bpftrace()
{
	needs bpftrace || return
	[ -e /sys/kernel/btf/vmlinux ] || {
		why="the kernel has no BTF"
		return "$SKIP"
	}
	# call 1 is a grow; what is printed does not stand in the script, which
	# bpftrace repeats when it has something to say against it
	# bpftrace knows no quotes in the command
	echo "$program" >"$scratch/program" || return
	bpftrace -e 'tracepoint:heapinfo:brk /args->call == 1/ {
			printf("%s grew by %d\n", comm, args->to - args->from); }' \
		-c "/bin/sh $scratch/program" >"$scratch/text" 2>&1 &&
		grep -q '^sh grew by [1-9]' "$scratch/text" && return
	sed 's/^/# /' "$scratch/text"
	return 1
}

# An event that is being traced does not outlive the module.
unloaded_while_traced()
{
	echo 1 >"$events/brk/enable" || return
	sh -c "$program"
	if rmmod heapinfo 2>"$scratch/error"; then
		[ ! -e "$events" ] && cat /sys/kernel/tracing/trace >/dev/null
	else
		echo 0 >"$events/brk/enable"
		rmmod heapinfo
	fi || return
	sh -c "$program"
	module_load source=redirect && [ "$(cat "$events/brk/enable")" = 0 ]
}

# keys of /proc/heapinfo, in their order; none of them tells an address
state()
{
	keys=' '
	while IFS=: read -r key _; do
		case $keys in
		*" $key "*)
			echo "# key $key twice"
			return 1
			;;
		esac
		keys="$keys$key "
	done </proc/heapinfo
	for key in Version Format Source Suspended History Queries Counts Processes \
		   MemoryUsed MemoryBound CallsSeen CallsRecorded CallsRefused CallsUnderWay \
		   EventsRecorded EventsLost; do
		case $keys in
		*" $key "*) continue ;;
		esac
		echo "# no key $key"
		return 1
	done
	grep -vE '^[A-Z][A-Za-z]*:	([0-9]+|[a-z]+|[0-9]+\.[0-9.]+)$' \
		/proc/heapinfo && return 1
	! grep -E '0x|[0-9a-f]{12}' /proc/heapinfo || return
	[ "$(stat -c '%A %u %g' /proc/heapinfo)" = '-r--r--r-- 0 0' ] &&
	[ "$(state_of Source)" = redirect ] && [ "$(state_of History)" = 64 ] &&
	[ "$(state_of Counts)" = exact ] &&
	[ "$(state_of Version)" = "$(cat /sys/module/heapinfo/version)" ] &&
	[ "$(state_of MemoryBound)" = 33554432 ]
}

state_for_all()
{
	needs setpriv || return
	setpriv --reuid 61001 --regid 61001 --clear-groups --inh-caps=-all \
		cat /proc/heapinfo | grep -q '^Counts:	rounded$'
}

counts()
{
	seen=$(state_of CallsSeen) rows=$(state_of EventsRecorded)
	recorded=$(state_of CallsRecorded)
	sh -c "$program"
	[ "$(state_of CallsSeen)" -gt "$seen" ] &&
	[ "$(state_of CallsRecorded)" -gt "$recorded" ] &&
	[ "$(state_of EventsRecorded)" -gt "$rows" ] || return
	# in one reading, since the next one's program calls brk(2) as well
	awk '{ n[$1] = $2 }
		END { exit !(n["CallsSeen:"] >= n["CallsRecorded:"] &&
			n["MemoryUsed:"] <= n["MemoryBound:"] &&
			n["Processes:"] >= 1) }' /proc/heapinfo
}

module_needed
module_load source=redirect
[ -d /sys/kernel/tracing/events ] || skip_all "no tracefs on /sys/kernel/tracing"
plan 9
try "heapinfo:brk in tracefs" tracefs
try "heapinfo:brk of one process, by its filter" filtered
try "trace-cmd records and reports heapinfo:brk" with_trace_cmd
try "perf records heapinfo:brk" with_perf
try "bpftrace reads heapinfo:brk" with_bpftrace
try "the module is unloaded while its event is traced" unloaded_while_traced
try "/proc/heapinfo has its keys and no address" state
try "/proc/heapinfo is readable by all" state_for_all
try "/proc/heapinfo counts" counts
finish
