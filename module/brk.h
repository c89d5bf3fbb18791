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
 * @to: the break after it
 * @mapping: where the mapping in the way begins, for HEAPINFO_OVERLAP; else 0
 * @call: an enum heapinfo_call
 * @result: an enum heapinfo_result
 * @raced: other calls of this address space may have been under way: @from is
 *	where the break was when the call began, which need not be where the kernel
 *	found it
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
 * struct heapinfo_source - a way to see brk(2) of every process
 * @name: value of the parameter "source"
 * @start: gets ready to call heapinfo_brk_enter() and heapinfo_brk_return() of
 *	brk_inline.h, or begins to call heapinfo_brk_ended(); may sleep; 0 or a
 *	negative error, after one line in the log
 * @open: begins to call the first two, so that calls of others may sleep in the
 *	module; may sleep, cannot fail. NULL where @start has begun already
 * @stop: ends that; no call is under way when it returns; may sleep
 */
struct heapinfo_source {
	const char *name;
	int (*start)(void);
	void (*open)(void);
	void (*stop)(void);
};

extern const struct heapinfo_source heapinfo_source_redirect;
extern const struct heapinfo_source heapinfo_source_syscalls;

void heapinfo_brk_ended(unsigned long asked, unsigned long ret);

int heapinfo_brk_start(const char *source);
void heapinfo_brk_open(void);
void heapinfo_brk_stop(void);
const char *heapinfo_brk_source(void);
u64 heapinfo_brk_seen(void);

#endif /* HEAPINFO_BRK_H */
