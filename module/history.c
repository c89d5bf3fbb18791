// SPDX-License-Identifier: GPL-2.0
/* What is remembered of the brk(2) calls of each process, within a bound. */
#include "heapinfo.h"
#include "compat.h"
#include "history.h"
#include "record.h"
#include "ring.h"
#include "trace.h"
#include "tracepoints.h"

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

/* The break was moved by something other than a call. Under the lock. */
static noinline void heapinfo_history_add_move(struct heapinfo_record *record,
					       unsigned long to)
{
	record->totals.calls[HEAPINFO_MOVED]++;
	if (heapinfo_ring_make_room(&record->ring))
		heapinfo_ring_add(&record->ring, ktime_get_boot_fast_ns(),
				  HEAPINFO_MOVED, HEAPINFO_OK, record->last,
				  to, 0);
	if (to > record->totals.peak)
		record->totals.peak = to;
	record->last = to;
}

/*
 * A row of a call that left the break where it was: of a failure, or of any with
 * queries=1. Apart, so that others need not save registers for it. Under the
 * lock.
 */
static noinline void heapinfo_history_add_still(struct heapinfo_record *record,
						const struct heapinfo_brk *brk)
{
	if (brk->call == HEAPINFO_FAILED)
		record->totals.failures[brk->result]++;
	/* Of a failure a row has what was asked: the break is @from. */
	if (heapinfo_ring_make_room(&record->ring))
		heapinfo_ring_add(&record->ring, ktime_get_boot_fast_ns(),
				  brk->call, brk->result, brk->from,
				  brk->call == HEAPINFO_FAILED ?
				  brk->asked : brk->to, brk->mapping);
}

/* A call that moved the break. Under the lock. Return: which way. */
static __always_inline enum heapinfo_call
heapinfo_history_count_way(struct heapinfo_record *record, unsigned long from,
			   unsigned long to)
{
	struct heapinfo_totals *totals = &record->totals;

	record->last = to;
	if (to > totals->peak)
		totals->peak = to;
	if (to > from) {
		totals->calls[HEAPINFO_GROW]++;
		totals->bytes_grown += to - from;
		return HEAPINFO_GROW;
	}
	totals->calls[HEAPINFO_SHRINK]++;
	totals->bytes_shrunk += from - to;
	return HEAPINFO_SHRINK;
}

/*
 * Where no row fits; apart, as heapinfo_history_add_still() is. Under the lock.
 */
static noinline void
heapinfo_history_count_only(struct heapinfo_record *record,
			    const struct heapinfo_brk *brk)
{
	heapinfo_history_count_way(record, brk->from, brk->to);
}

/*
 * Under the lock of the bucket, in the task that called. The clock is read there
 * so that rows are in the order of their time. What else is called comes before
 * the break is looked at or is apart: to save registers took 12 instructions.
 */
static __always_inline void
heapinfo_history_add_call(struct heapinfo_record *record,
			  const struct heapinfo_brk *brk)
{
	enum heapinfo_call call;
	unsigned long from, to;
	u64 time;

	/* Threads that race are put in order among themselves by brk.c. */
	if (unlikely(record->last != brk->from && !brk->raced))
		heapinfo_history_add_move(record, brk->from);

	/* So it is of all calls but those that moved the break. */
	if (brk->from == brk->to) {
		record->totals.calls[brk->call]++;
		if (unlikely(brk->call == HEAPINFO_FAILED ||
			     heapinfo_params.queries))
			heapinfo_history_add_still(record, brk);
		return;
	}
	if (unlikely(!heapinfo_ring_make_room(&record->ring))) {
		heapinfo_history_count_only(record, brk);
		return;
	}
	time = ktime_get_boot_fast_ns();
	from = brk->from;
	to = brk->to;
	call = heapinfo_history_count_way(record, from, to);
	heapinfo_ring_add(&record->ring, time, call, HEAPINFO_OK, from, to, 0);
}

/*
 * The listener on heapinfo:brk; in the task that called. Preemption may be on.
 * A record that is found is of the program that calls: see
 * heapinfo_history_start().
 */
static void heapinfo_history_brk(void *data, const struct heapinfo_brk *brk)
{
	struct heapinfo_bucket *bucket;
	struct heapinfo_record *record;

	/* The number is read twice: to keep it would cost a saved register. */
	bucket = heapinfo_bucket_of(task_tgid_nr(current));
	spin_lock(&bucket->lock);
	record = heapinfo_record_find(bucket, task_tgid_nr(current));
	if (unlikely(!record))
		record = heapinfo_record_first(bucket, brk->from);
	if (likely(record))
		heapinfo_history_add_call(record, brk);
	spin_unlock(&bucket->lock);
}

/*
 * A new program: a new, empty record, if its calls will all be seen; else the
 * first one that is seen makes it. In the task, preemption may be off.
 */
static void heapinfo_history_exec(void *data, struct task_struct *task,
				  pid_t old_pid, struct linux_binprm *bprm)
{
	pid_t nr = task_tgid_nr(task);
	struct heapinfo_bucket *bucket = heapinfo_bucket_of(nr);
	/* Pairs with smp_store_release() in heapinfo_history_complete(). */
	bool complete = smp_load_acquire(&heapinfo_load_time);
	struct heapinfo_record *old, *made = NULL;

	if (complete)
		made = heapinfo_record_new(READ_ONCE(task->mm->brk));
	if (made)
		made->since = HEAPINFO_SINCE_EXEC;
	spin_lock(&bucket->lock);
	old = heapinfo_record_find(bucket, nr);
	if (old)
		heapinfo_record_unlink(bucket, old);
	if (made)
		hlist_add_head(&made->node, &bucket->records);
	else if (complete)
		bucket->last_refusal = ktime_get_boottime_ns();
	spin_unlock(&bucket->lock);
	if (old)
		heapinfo_record_free(old);
}

/* In each thread that ends; the last one takes the record along. */
static void heapinfo_history_exit(void *data, struct task_struct *task)
{
	pid_t nr = task_tgid_nr(task);
	struct heapinfo_bucket *bucket = heapinfo_bucket_of(nr);
	struct heapinfo_record *old;

	if (atomic_read(&task->signal->live))
		return;
	spin_lock(&bucket->lock);
	old = heapinfo_record_find(bucket, nr);
	if (old)
		heapinfo_record_unlink(bucket, old);
	spin_unlock(&bucket->lock);
	if (old)
		heapinfo_record_free(old);
}

HEAPINFO_EXIT_PROBE(heapinfo_history_exit_probe, heapinfo_history_exit)

static struct heapinfo_tracepoint heapinfo_history_exec_point = {
	.name = "sched_process_exec", .probe = heapinfo_history_exec,
};

static struct heapinfo_tracepoint heapinfo_history_exit_point = {
	.name = "sched_process_exit", .probe = heapinfo_history_exit_probe,
};

/**
 * heapinfo_history_start() - get ready to remember
 *
 * Does nothing with history=0. The source of calls does not run yet, so that
 * every call it sees is accounted for here. Exit is attached before what makes
 * records, so that none outlives its process, and exec before brk, so that no
 * record outlives its program: heapinfo_history_brk() need not compare address
 * spaces.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -EOPNOTSUPP if a tracepoint is missing.
 */
int heapinfo_history_start(void)
{
	int ret;

	if (!heapinfo_params.history)
		return 0;
	ret = heapinfo_records_start();
	if (ret)
		return ret;
	ret = heapinfo_tracepoint_attach(&heapinfo_history_exit_point);
	if (ret)
		goto stop_records;
	ret = heapinfo_tracepoint_attach(&heapinfo_history_exec_point);
	if (ret)
		goto detach_exit;
	ret = register_trace_brk(heapinfo_history_brk, NULL);
	if (ret)
		goto detach_exec;
	return 0;

detach_exec:
	heapinfo_tracepoint_detach(&heapinfo_history_exec_point);
detach_exit:
	heapinfo_tracepoint_detach(&heapinfo_history_exit_point);
stop_records:
	heapinfo_records_stop();
	return ret;
}

/**
 * heapinfo_history_complete() - the source of calls runs
 *
 * From now on a program that begins has no calls that nobody saw, and exec makes
 * a record for it.
 *
 * Context: any.
 */
void heapinfo_history_complete(void)
{
	/* Pairs with smp_load_acquire() in heapinfo_history_exec(). */
	smp_store_release(&heapinfo_load_time, ktime_get_boottime_ns());
}

/**
 * heapinfo_history_stop() - forget everything
 *
 * Context: may sleep; nobody may read histories any more, and the source of calls
 * does not run.
 */
void heapinfo_history_stop(void)
{
	if (!heapinfo_params.history)
		return;
	/* In the order of heapinfo_history_start(), backwards. */
	unregister_trace_brk(heapinfo_history_brk, NULL);
	tracepoint_synchronize_unregister();
	heapinfo_tracepoint_detach(&heapinfo_history_exec_point);
	heapinfo_tracepoint_detach(&heapinfo_history_exit_point);
	heapinfo_records_stop();
}
