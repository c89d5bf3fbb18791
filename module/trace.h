/* SPDX-License-Identifier: GPL-2.0 */
/* The tracepoint heapinfo:brk: an event for every brk(2) of the machine. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM heapinfo

#if !defined(HEAPINFO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HEAPINFO_TRACE_H

#include <linux/sched.h>
#include <linux/tracepoint.h>

#include "brk.h"

HEAPINFO_CALLS(HEAPINFO_AS_TRACE_ENUM)
HEAPINFO_RESULTS(HEAPINFO_AS_TRACE_ENUM)

TRACE_EVENT(brk,

	TP_PROTO(const struct heapinfo_brk *brk),

	TP_ARGS(brk),

	TP_STRUCT__entry(
		__field(unsigned long,	asked)
		__field(unsigned long,	from)
		__field(unsigned long,	to)
		__field(unsigned long,	mapping)
		__field(unsigned char,	call)
		__field(unsigned char,	result)
		__field(int,		tgid)	/* bpftrace 0.11: no pid_t */
	),

	TP_fast_assign(
		__entry->asked = brk->asked;
		__entry->from = brk->from;
		__entry->to = brk->to;
		__entry->mapping = brk->mapping;
		__entry->call = brk->call;
		__entry->result = brk->result;
		__entry->tgid = current->tgid;
	),

	TP_printk("asked=0x%lx from=0x%lx to=0x%lx call=%s result=%s mapping=0x%lx tgid=%d",
		  __entry->asked, __entry->from, __entry->to,
		  __print_symbolic(__entry->call,
				   HEAPINFO_CALLS(HEAPINFO_AS_TRACE_SYMBOL)
				   { -1, NULL }),
		  __print_symbolic(__entry->result,
				   HEAPINFO_RESULTS(HEAPINFO_AS_TRACE_SYMBOL)
				   { -1, NULL }),
		  __entry->mapping, __entry->tgid)
);

#endif /* HEAPINFO_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
