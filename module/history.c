// SPDX-License-Identifier: GPL-2.0
/* Keeps the record of each process up to date at a call, an exec, an exit. */
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

/*
 * The functions that record a call run in the task that made it, under the lock
 * of the bucket.
 *
 * Every brk(2) of the machine goes through heapinfo_history_add_call(). What is
 * rare there is in functions of its own that are not inlined, so that the usual
 * way needs few registers.
 */

/*
 * The break was seen at @brk. Whoever moves the start of the heap (prctl(PR_SET_MM),
 * as checkpoint and restore does) has another heap, whose peak begins anew.
 */
static __always_inline void heapinfo_history_peak(struct heapinfo_totals *totals,
						  unsigned long brk)
{
	unsigned long start = READ_ONCE(current->mm->start_brk);

	if (unlikely(totals->start != start)) {
		totals->start = start;
		totals->peak = brk;
	} else if (brk > totals->peak) {
		totals->peak = brk;
	}
}

/*
 * The break is not where the last call left it: something else has moved it,
 * such as prctl(PR_SET_MM), or a call that was not seen. Counts that as a move,
 * to the break as it was before this call.
 */
static noinline void heapinfo_history_add_move(struct heapinfo_record *record,
					       unsigned long to)
{
	record->totals.calls[HEAPINFO_MOVED]++;
	if (heapinfo_ring_make_room(&record->ring))
		heapinfo_ring_add(&record->ring, ktime_get_boot_fast_ns(),
				  HEAPINFO_MOVED, HEAPINFO_OK, record->last,
				  to, 0);
	heapinfo_history_peak(&record->totals, to);
	record->last = to;
}

/*
 * Adds the row of a call that left the break where it was as far as is known: one
 * that failed, one that set it, or with queries=1 any.
 */
static noinline void heapinfo_history_add_still(struct heapinfo_record *record,
						const struct heapinfo_brk *brk)
{
	if (brk->call == HEAPINFO_FAILED)
		record->totals.failures[brk->result]++;
	/* It may have moved the break all the same. */
	if (brk->call == HEAPINFO_SET)
		record->last = READ_ONCE(current->mm->brk);
	/* A failure left the break at @from: its row has what was asked. */
	if (heapinfo_ring_make_room(&record->ring))
		heapinfo_ring_add(&record->ring, ktime_get_boot_fast_ns(),
				  brk->call, brk->result, brk->from,
				  brk->call == HEAPINFO_FAILED ?
				  brk->asked : brk->to, brk->mapping);
}

/*
 * Counts a call that moved the break. Returns which way. A call that raced with
 * others need not be the last that the kernel served: then the break is asked for.
 * When the last of them comes here the kernel has served all, so it is right then.
 */
static __always_inline enum heapinfo_call
heapinfo_history_count_way(struct heapinfo_record *record, unsigned long from,
			   unsigned long to, bool raced)
{
	struct heapinfo_totals *totals = &record->totals;

	record->last = unlikely(raced) ? READ_ONCE(current->mm->brk) : to;
	heapinfo_history_peak(totals, to);
	if (to > from) {
		totals->calls[HEAPINFO_GROW]++;
		totals->bytes_grown += to - from;
		return HEAPINFO_GROW;
	}
	totals->calls[HEAPINFO_SHRINK]++;
	totals->bytes_shrunk += from - to;
	return HEAPINFO_SHRINK;
}

/* Counts a call that moved the break, where there is no memory for its row. */
static noinline void
heapinfo_history_count_only(struct heapinfo_record *record,
			    const struct heapinfo_brk *brk)
{
	heapinfo_history_count_way(record, brk->from, brk->to, brk->raced);
}

/*
 * Records a call: counts it, and adds a row. The clock is read under the lock,
 * so that the rows are in the order of their times; and it is read before the
 * break is looked at, so that no register has to be saved for it.
 */
static __always_inline void
heapinfo_history_add_call(struct heapinfo_record *record,
			  const struct heapinfo_brk *brk)
{
	enum heapinfo_call call;
	unsigned long from, to;
	u64 time;

	/*
	 * Calls that raced are recorded in the order in which they end, and the
	 * kernel may have served them in another one.
	 */
	if (unlikely(record->last != brk->from && !brk->raced))
		heapinfo_history_add_move(record, brk->from);

	/* A query, a failure, or a call that changed nothing that is known. */
	if (brk->from == brk->to) {
		record->totals.calls[brk->call]++;
		if (unlikely(brk->call == HEAPINFO_FAILED ||
			     brk->call == HEAPINFO_SET ||
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
	call = heapinfo_history_count_way(record, from, to, brk->raced);
	heapinfo_ring_add(&record->ring, time, call, brk->result, from, to, 0);
}

/*
 * The listener on heapinfo:brk: records one call. In the task that made it;
 * preemption may be enabled.
 *
 * A record that is found is that of the program that made the call, since exec
 * takes the record of the old program away: see heapinfo_history_start().
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
 * The listener on sched_process_exec: the process gets a new, empty record.
 * Until recording is complete it gets none, since calls might be missing in it;
 * the first call that is seen makes one then. In the task that calls exec;
 * preemption may be disabled.
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

/*
 * The listener on sched_process_exit: the last thread of a process takes the
 * record away. In each thread that ends; preemption may be disabled.
 */
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
 * heapinfo_history_start() - get ready to record
 *
 * With history=0 nothing is recorded. The source of calls is started later, so
 * that no call that it sees is missing here.
 *
 * The order of the tracepoints matters. Exit comes before those that make
 * records, so that no record stays behind when its process ends. Exec comes
 * before brk, so that no record stays behind when its program ends: therefore
 * heapinfo_history_brk() does not compare address spaces.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -EOPNOTSUPP if the kernel lacks one of the tracepoints.
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
 * heapinfo_history_complete() - say that the source of calls runs
 *
 * From now on all calls of a program that begins are seen, so exec makes a
 * record for it.
 *
 * Context: any.
 */
void heapinfo_history_complete(void)
{
	/* Pairs with smp_load_acquire() in heapinfo_history_exec(). */
	smp_store_release(&heapinfo_load_time, ktime_get_boottime_ns());
}

/**
 * heapinfo_history_stop() - stop recording and free all records
 *
 * Context: may sleep; the source of calls has been stopped, and nobody reads
 * histories any more.
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

/**
 * heapinfo_history_last() - where the last call of this process left the break
 * @brk: gets the address; left alone if it is not recorded
 *
 * Context: the task that asks; preemption may be disabled; does not sleep.
 * Return: whether it is recorded.
 */
bool heapinfo_history_last(unsigned long *brk)
{
	pid_t nr = task_tgid_nr(current);
	struct heapinfo_bucket *bucket = heapinfo_bucket_of(nr);
	struct heapinfo_record *record;

	if (!heapinfo_params.history)
		return false;
	spin_lock(&bucket->lock);
	record = heapinfo_record_find(bucket, nr);
	if (record)
		*brk = record->last;
	spin_unlock(&bucket->lock);
	return record;
}
