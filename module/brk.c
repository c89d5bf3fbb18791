// SPDX-License-Identifier: GPL-2.0
/* What one brk(2) did: alone, among threads, as a failure; and the sources. */
#include "heapinfo.h"
#include "brk.h"
#include "brk_inline.h"
#include "compat.h"
#include "failure.h"
#include "history.h"
#include "order.h"
#include "settings.h"

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

const char *const heapinfo_call_names[] = {
	HEAPINFO_CALLS(HEAPINFO_AS_WORD)
};

const char *const heapinfo_result_names[] = {
	HEAPINFO_RESULTS(HEAPINFO_AS_WORD)
};

static const struct heapinfo_source *const heapinfo_sources[] = {
	&heapinfo_source_redirect,
	&heapinfo_source_syscalls,
};

static const struct heapinfo_source *heapinfo_source;

DEFINE_PER_CPU(u64, heapinfo_brk_calls);

/**
 * heapinfo_brk_enter_shared() - a call in a shared address space begins
 * @entry: gets what heapinfo_brk_enter() does not know in this case
 *
 * Context: the calling task; does not sleep.
 */
void heapinfo_brk_enter_shared(struct heapinfo_brk_entry *entry)
{
	struct heapinfo_brk *brk = &entry->brk;

	brk->shared = true;
	brk->raced = heapinfo_order_begin(&entry->order, !brk->asked);
	brk->from = READ_ONCE(current->mm->brk);
}

/*
 * What can be said of a call that got what it asked while others raced with it:
 * not that it left the break where it was, though that is where it began.
 */
static void heapinfo_brk_mark_raced(struct heapinfo_brk *brk)
{
	if (!brk->raced || brk->result != HEAPINFO_OK ||
	    brk->call == HEAPINFO_QUERY)
		return;
	brk->result = HEAPINFO_RACED;
	if (brk->call == HEAPINFO_UNCHANGED)
		brk->call = HEAPINFO_SET;
}

/**
 * heapinfo_brk_return_shared() - a call of a shared address space has ended
 * @entry: with the event complete but for what raced with it
 *
 * Others neither begin nor end until the event has been handed on: a call that begins
 * later finds it recorded, and one that has begun before is known here.
 *
 * Context: as heapinfo_brk_enter_shared().
 */
void heapinfo_brk_return_shared(struct heapinfo_brk_entry *entry)
{
	struct heapinfo_brk *brk = &entry->brk;

	/* Afterwards nothing may sleep. */
	heapinfo_history_prepare(brk);
	if (heapinfo_order_close(&entry->order))
		brk->raced = true;
	heapinfo_brk_mark_raced(brk);
	heapinfo_brk_tell(brk, false);
	heapinfo_order_end(&entry->order);
}

/**
 * heapinfo_brk_failed() - complete the event of a call that failed
 * @brk: with all that a call has that moved nothing
 * @ret: what it returned: the break, or -EINTR
 * @may_sleep: whether the caller may
 *
 * The kernel answers -EINTR if a fatal signal came first. To every other
 * failure it answers with the break as it is.
 *
 * Context: the calling task; sleeps only where @may_sleep.
 */
void heapinfo_brk_failed(struct heapinfo_brk *brk, unsigned long ret,
			 bool may_sleep)
{
	brk->call = HEAPINFO_FAILED;
	if (IS_ERR_VALUE(ret)) {
		brk->to = brk->from;
		brk->result = HEAPINFO_KILLED;
	} else {
		brk->from = ret;
		heapinfo_failure_explain(brk, may_sleep);
	}
}

/*
 * Whether brk(2) of the kernel can have given this answer. A filter of system calls
 * or a debugger may give another in its place: an error, or 0. The break itself
 * does not tell: while the call slept, other threads may have moved it and ended.
 */
static bool heapinfo_brk_answered(unsigned long ret)
{
	const struct mm_struct *mm = current->mm;

	if (IS_ERR_VALUE(ret))
		return ret == (unsigned long)-EINTR &&
		       fatal_signal_pending(current);
	return ret >= min(mm->start_brk, mm->end_data);
}

/**
 * heapinfo_brk_ended() - a brk(2) has ended of which nothing was kept
 * @asked: its argument
 * @ret: what the call returns
 *
 * Where the break was before is known from the record of the process, if it has
 * one; else nobody knows which way a call has moved it. And where others use the
 * address space, nobody knows what was under way.
 *
 * Context: the calling task; sleeps only if HEAPINFO_SYSCALLS_MAY_SLEEP.
 */
void heapinfo_brk_ended(unsigned long asked, unsigned long ret)
{
	struct mm_struct *mm = current->mm;
	struct heapinfo_brk brk = {
		.asked = asked,
		.to = ret,
		.call = HEAPINFO_QUERY,
		.shared = atomic_read(&mm->mm_users) != 1,
	};
	bool known;

	if (!heapinfo_brk_answered(ret))
		return;
	this_cpu_inc(heapinfo_brk_calls);
	/*
	 * What only asks tells whether another process that shares the address
	 * space has moved the break. It does not tell that from a thread's call
	 * that is not recorded yet.
	 */
	brk.raced = brk.shared && (asked || !thread_group_empty(current));
	known = heapinfo_history_last(&brk.from);
	if (!known)
		brk.from = READ_ONCE(mm->brk);
	if (ret != asked || IS_ERR_VALUE(ret)) {
		if (!asked && !IS_ERR_VALUE(ret))
			brk.from = ret;
		else
			/*
			 * Others wait until nobody is in a tracepoint, and
			 * the lock of an address space may be held for long.
			 */
			heapinfo_brk_failed(&brk, ret, false);
	} else if (known) {
		brk.call = heapinfo_brk_way(brk.from, ret);
		heapinfo_brk_mark_raced(&brk);
	} else {
		brk.from = ret;
		brk.call = HEAPINFO_SET;
		brk.result = brk.raced ? HEAPINFO_RACED : HEAPINFO_OK;
	}
	heapinfo_brk_tell(&brk, HEAPINFO_SYSCALLS_MAY_SLEEP);
}

/**
 * heapinfo_brk_start() - get ready to see every brk(2)
 * @name: "redirect" or "syscalls"
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if there is no such source; or the error of the source,
 * after one line in the log.
 */
int heapinfo_brk_start(const char *name)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(heapinfo_sources); i++)
		if (sysfs_streq(name, heapinfo_sources[i]->name))
			heapinfo_source = heapinfo_sources[i];
	if (!heapinfo_source && sysfs_streq(name, "probe")) {
		pr_err("source=probe is no more: leave it out, or say source=redirect\n");
		return -EINVAL;
	}
	if (!heapinfo_source) {
		pr_err("source=%s is not known: it is redirect or syscalls\n",
		       name);
		return -EINVAL;
	}

	heapinfo_orders_start();
	ret = heapinfo_settings_start();
	if (ret)
		return ret;
	ret = heapinfo_source->start();
	if (ret)
		heapinfo_settings_stop();
	return ret;
}

/**
 * heapinfo_brk_open() - see every brk(2) from now on
 *
 * Loading may not fail any more: calls of others would have to be waited for, and
 * they may sleep for as long as they like.
 *
 * Context: may sleep; heapinfo_brk_start() has succeeded.
 */
void heapinfo_brk_open(void)
{
	if (heapinfo_source->open)
		heapinfo_source->open();
}

/**
 * heapinfo_brk_stop() - end what heapinfo_brk_start() began
 *
 * No event is under way any more when this returns.
 *
 * Context: may sleep.
 */
void heapinfo_brk_stop(void)
{
	heapinfo_source->stop();
	heapinfo_settings_stop();
}

/**
 * heapinfo_brk_source() - the name of the source in use
 *
 * Return: "redirect" or "syscalls".
 */
const char *heapinfo_brk_source(void)
{
	return heapinfo_source->name;
}

/**
 * heapinfo_brk_seen() - calls of the machine that were seen
 *
 * Context: any.
 * Return: the number, over all processes.
 */
u64 heapinfo_brk_seen(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(heapinfo_brk_calls, cpu));
	return sum;
}
