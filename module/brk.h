/* SPDX-License-Identifier: GPL-2.0 */
/* What one brk(2) did: the event, and where the sources of calls hand it in. */
#ifndef HEAPINFO_BRK_H
#define HEAPINFO_BRK_H

#include <linux/types.h>

#include "names.h"

struct mm_struct;

#define HEAPINFO_NAMED(id, name)	id,
enum heapinfo_call { HEAPINFO_CALLS HEAPINFO_NR_CALLS };
enum heapinfo_result { HEAPINFO_RESULTS HEAPINFO_NR_RESULTS };
#undef HEAPINFO_NAMED

extern const char *const heapinfo_call_names[HEAPINFO_NR_CALLS];
extern const char *const heapinfo_result_names[HEAPINFO_NR_RESULTS];

/**
 * struct heapinfo_brk - one finished brk(2), as the tracepoint hands it on
 * @asked: the argument
 * @from: the break before the call
 * @to: the break after it
 * @mapping: where the mapping in the way begins, for HEAPINFO_OVERLAP; else 0
 * @mm: the address space, alive during the call
 * @call: an enum heapinfo_call
 * @result: an enum heapinfo_result
 * @raced: other calls of this address space were under way at the same time:
 *	the order that @from and @to tell is one that adds up
 */
struct heapinfo_brk {
	unsigned long asked;
	unsigned long from;
	unsigned long to;
	unsigned long mapping;
	struct mm_struct *mm;
	u8 call;
	u8 result;
	bool raced;
};

/**
 * struct heapinfo_brk_entry - what a source keeps from entry to return
 * @asked: the argument of the call
 * @from: the break at entry
 * @turn: which of the calls in its place of the table it is
 * @alone: nothing else used the address space, so that nothing could race
 * @raced: another call of the address space was under way at entry
 */
struct heapinfo_brk_entry {
	unsigned long asked;
	unsigned long from;
	u32 turn;
	bool alone;
	bool raced;
};

/**
 * struct heapinfo_source - a way to see brk(2) of every process
 * @name: value of the parameter "source"
 * @start: begins to call heapinfo_brk_enter() and heapinfo_brk_return();
 *	may sleep; 0 or a negative error, after one line in the log
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

bool heapinfo_brk_enter(struct heapinfo_brk_entry *entry, unsigned long asked);
void heapinfo_brk_return(const struct heapinfo_brk_entry *entry,
			 unsigned long ret);

#endif /* HEAPINFO_BRK_H */
