/* SPDX-License-Identifier: GPL-2.0 */
/* What one brk(2) did, and the sources that see every call. */
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
 * struct heapinfo_brk - a brk(2) that has ended, the event of heapinfo:brk
 * @asked: the argument of the call
 * @from: the break before the call
 * @to: the break after the call
 * @mapping: for HEAPINFO_OVERLAP, the address at which the mapping begins that
 *	is in the way; else 0
 * @call: how the call ended, an enum heapinfo_call
 * @result: why it failed, an enum heapinfo_result
 * @raced: other calls of the same address space were under way at the same
 *	time. Their true order is not known; @from and @to are those of an order
 *	in which the changes of all calls add up.
 * @shared: other tasks use the address space too, so calls may race
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
 * struct heapinfo_brk_entry - what a source keeps while a call is under way
 * @brk: the event. It is begun at entry, completed at return and passed to the
 *	tracepoint from here: a copy on the stack would cost every call more.
 * @turn: in a shared address space, which of its calls this is, counted from 1;
 *	0 if there was no room to keep the order of these calls
 */
struct heapinfo_brk_entry {
	struct heapinfo_brk brk;
	u32 turn;
};

/**
 * struct heapinfo_source - a way to see the brk(2) calls of every process
 * @name: the value of the parameter "source" that chooses it
 * @start: from now on heapinfo_brk_enter() and heapinfo_brk_return() are called
 *	for every brk(2). May sleep. Returns 0, or a negative error after one
 *	line in the log.
 * @stop: ends that. May sleep. Neither function runs any more when it returns.
 * @suspended: whether somebody has switched off what the source works with, so
 *	that it sees no calls for now. May sleep. NULL if nobody can do that.
 * @missed: how many calls it could not see for want of room, since @start
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
