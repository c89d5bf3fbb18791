/* SPDX-License-Identifier: GPL-2.0 */
/* What keeps the module while calls of brk(2) are under way in it. */
#ifndef HEAPINFO_UNLOAD_H
#define HEAPINFO_UNLOAD_H

#include <linux/compiler.h>
#include <linux/percpu.h>

/**
 * struct heapinfo_under_way - calls under way, as one processor counted them
 * @calls: begun less ended, in each of two phases. A call may end on another
 *	processor than it began on, so that the sum over all processors alone means
 *	something.
 */
struct heapinfo_under_way {
	long calls[2];
};

DECLARE_PER_CPU(struct heapinfo_under_way, heapinfo_under_way);
extern unsigned int heapinfo_phase;

int heapinfo_unload_start(void);
void heapinfo_unload_stop(void);
unsigned long heapinfo_calls_under_way(void);
void heapinfo_calls_wait(void);

/**
 * heapinfo_call_begin() - a call that was redirected is in the module
 *
 * Context: before anything sleeps in that call.
 * Return: the phase, for heapinfo_call_end().
 */
static __always_inline unsigned int heapinfo_call_begin(void)
{
	unsigned int phase = READ_ONCE(heapinfo_phase);

	this_cpu_inc(heapinfo_under_way.calls[phase]);
	return phase;
}

/**
 * heapinfo_call_end() - the call leaves the module
 * @phase: as heapinfo_call_begin() returned it
 *
 * Context: nothing may sleep in that call any more. The few instructions up to
 * the return are covered by heapinfo_calls_wait().
 */
static __always_inline void heapinfo_call_end(unsigned int phase)
{
	this_cpu_dec(heapinfo_under_way.calls[phase]);
}

#endif /* HEAPINFO_UNLOAD_H */
