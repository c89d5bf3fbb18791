/* SPDX-License-Identifier: GPL-2.0 */
/* What one brk(2) did: the event, and where the sources of calls hand it in. */
#ifndef HEAPINFO_BRK_H
#define HEAPINFO_BRK_H

#include <linux/types.h>

#include "names.h"

enum heapinfo_call {
	HEAPINFO_CALLS(HEAPINFO_AS_CONSTANT)
	HEAPINFO_NR_CALLS
};

enum heapinfo_result {
	HEAPINFO_RESULTS(HEAPINFO_AS_CONSTANT)
	HEAPINFO_NR_RESULTS
};

extern const char *const heapinfo_call_names[HEAPINFO_NR_CALLS];
extern const char *const heapinfo_result_names[HEAPINFO_NR_RESULTS];

/**
 * struct heapinfo_brk - one finished brk(2), as the tracepoint hands it on
 * @asked: the argument
 * @from: the break before the call
 * @to: the break after it
 * @mapping: where the mapping in the way begins, for HEAPINFO_OVERLAP; else 0
 * @call: an enum heapinfo_call
 * @result: an enum heapinfo_result
 * @raced: other calls of this address space were under way at the same time:
 *	the order that @from and @to tell is one that adds up
 * @shared: others use the address space too, so that calls may race
 */
struct heapinfo_brk {
	unsigned long asked;
	unsigned long from;
	unsigned long to;
	unsigned long mapping;
	u8 call;
	u8 result;
	bool raced;
	bool shared;
};

/**
 * struct heapinfo_brk_entry - what a source keeps from entry to return
 * @brk: the event as far as it is known. It is completed here and handed on
 *	from here: a copy on the stack would have to be filled, and watched by
 *	the stack protector, in every call.
 * @turn: which of the calls of its address space it is, from 1 on, if shared; 0
 *	where there was no room for an order
 */
struct heapinfo_brk_entry {
	struct heapinfo_brk brk;
	u32 turn;
};

/**
 * struct heapinfo_source - a way to see brk(2) of every process
 * @name: value of the parameter "source"
 * @start: begins to call heapinfo_brk_enter() and heapinfo_brk_return() of
 *	brk_inline.h; may sleep; 0 or a negative error, after one line in the log
 * @stop: ends that; no call is under way when it returns; may sleep
 * @suspended: whether somebody has switched off for now what it sees with;
 *	may sleep; NULL where nobody can
 * @missed: calls that were not seen for want of room, since @start
 */
struct heapinfo_source {
	const char *name;
	int (*start)(void);
	void (*stop)(void);
	bool (*suspended)(void);
	u64 (*missed)(void);
};

extern const struct heapinfo_source heapinfo_source_probe;
extern const struct heapinfo_source heapinfo_source_syscalls;

int heapinfo_brk_start(const char *source);
void heapinfo_brk_stop(void);
const char *heapinfo_brk_source(void);
bool heapinfo_brk_suspended(void);
u64 heapinfo_brk_missed(void);
u64 heapinfo_brk_seen(void);

#endif /* HEAPINFO_BRK_H */
