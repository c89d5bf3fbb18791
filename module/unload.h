/* SPDX-License-Identifier: GPL-2.0 */
/* What keeps the module while calls of brk(2) are under way in it. */
#ifndef HEAPINFO_UNLOAD_H
#define HEAPINFO_UNLOAD_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/types.h>

/**
 * struct heapinfo_under_way - calls under way, as one processor counted them
 * @counted: begun less ended, of those that nothing but this number tells of. A
 *	call may end on another processor than it began on, so that the sum over
 *	all processors alone means something.
 * @held: the same of those that have a reference on the module
 * @waiting: the same of those that wait whether the module is unloaded: for
 *	no longer than heapinfo_call_holds() lets them
 */
struct heapinfo_under_way {
	long counted;
	long held;
	long waiting;
};

DECLARE_PER_CPU(struct heapinfo_under_way, heapinfo_under_way);

int heapinfo_unload_start(void);
void heapinfo_unload_stop(void);
void heapinfo_calls_open(void);
unsigned long heapinfo_calls_under_way(void);
void heapinfo_calls_wait(void);
bool heapinfo_call_holds(void);

/* In source_redirect.c: where calls are led from now on. */
void heapinfo_redirect_lead(bool hold);

/**
 * heapinfo_call_begin() - a call that was redirected is in the module
 * @held: it has a reference on the module
 *
 * Context: before anything sleeps in that call.
 */
static __always_inline void heapinfo_call_begin(bool held)
{
	if (held)
		this_cpu_inc(heapinfo_under_way.held);
	else
		this_cpu_inc(heapinfo_under_way.counted);
}

/**
 * heapinfo_call_end() - the call leaves the module
 * @held: as for heapinfo_call_begin()
 *
 * Context: nothing may sleep in that call any more. The few instructions up to
 * the return are covered by heapinfo_calls_wait().
 */
static __always_inline void heapinfo_call_end(bool held)
{
	if (held)
		this_cpu_dec(heapinfo_under_way.held);
	else
		this_cpu_dec(heapinfo_under_way.counted);
}

#endif /* HEAPINFO_UNLOAD_H */
