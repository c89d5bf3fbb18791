/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every brk(2) of the machine pays for between the source "redirect" and the
 * tracepoint, inlined there.
 */
#ifndef HEAPINFO_BRK_INLINE_H
#define HEAPINFO_BRK_INLINE_H

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/mm_types.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include "brk.h"
#include "history.h"
#include "order.h"
#include "trace.h"

DECLARE_PER_CPU(u64, heapinfo_brk_calls);

/**
 * struct heapinfo_brk_entry - what is known from the begin of a call to its end
 * @brk: the event as far as it is known. It is completed here and handed on
 *	from here, so that nothing is copied.
 * @order: where it is among the calls of its address space, if others use that too
 */
struct heapinfo_brk_entry {
	struct heapinfo_brk brk;
	struct heapinfo_order order;
};

/* The cases that are rare: threads that share an address space, failures. */
void heapinfo_brk_enter_shared(struct heapinfo_brk_entry *entry);
void heapinfo_brk_return_shared(struct heapinfo_brk_entry *entry);
void heapinfo_brk_failed(struct heapinfo_brk *brk, unsigned long ret,
			 bool may_sleep);

/**
 * heapinfo_brk_enter() - a brk(2) begins
 * @entry: filled in; the source keeps it until the call returns
 * @asked: the argument of the call
 *
 * Where nobody else uses the address space, nobody else can move the break until
 * the call has been served: where it was before is exact.
 *
 * Context: the calling task, which has an address space, as the system call
 * takes for granted too; may sleep.
 */
static __always_inline void
heapinfo_brk_enter(struct heapinfo_brk_entry *entry, unsigned long asked)
{
	struct mm_struct *mm = current->mm;
	struct heapinfo_brk *brk = &entry->brk;

	brk->asked = asked;
	brk->mapping = 0;
	/* These four are neighbours: the compiler writes all with one store. */
	brk->call = HEAPINFO_QUERY;
	brk->result = HEAPINFO_OK;
	brk->raced = false;
	brk->shared = false;
	if (likely(atomic_read(&mm->mm_users) == 1))
		brk->from = READ_ONCE(mm->brk);
	else
		heapinfo_brk_enter_shared(entry);
}

/* How a call ended that was not refused, by what it did to the break. */
static __always_inline enum heapinfo_call
heapinfo_brk_way(unsigned long from, unsigned long to)
{
	return to > from ? HEAPINFO_GROW :
	       to < from ? HEAPINFO_SHRINK : HEAPINFO_UNCHANGED;
}

/*
 * Passes a call on to the tracepoint heapinfo:brk and to the history: to that not by
 * way of the tracepoint, which disables preemption on most kernels, since the history
 * allocates memory. In the task that made the call; @may_sleep: under no lock.
 */
static __always_inline void heapinfo_brk_tell(const struct heapinfo_brk *brk,
					      bool may_sleep)
{
	trace_brk(brk);
	heapinfo_history_call(brk, may_sleep);
}

/**
 * heapinfo_brk_return() - a brk(2) ends
 * @entry: as heapinfo_brk_enter() left it
 * @ret: what the call returns: the break, or -EINTR
 *
 * Works out what the call did and passes that on.
 *
 * Context: the calling task; may sleep.
 */
static __always_inline void
heapinfo_brk_return(struct heapinfo_brk_entry *entry, unsigned long ret)
{
	struct heapinfo_brk *brk = &entry->brk;

	this_cpu_inc(heapinfo_brk_calls);
	brk->to = ret;
	/* The kernel grants no address that is an error; it may answer with that. */
	if (likely(ret == brk->asked && !IS_ERR_VALUE(ret)))
		brk->call = heapinfo_brk_way(brk->from, ret);
	else if (likely(!brk->asked && !IS_ERR_VALUE(ret)))
		brk->from = ret;
	else
		heapinfo_brk_failed(brk, ret, true);
	if (unlikely(brk->shared))
		heapinfo_brk_return_shared(entry);
	else
		heapinfo_brk_tell(brk, true);
}

#endif /* HEAPINFO_BRK_INLINE_H */
