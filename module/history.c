// SPDX-License-Identifier: GPL-2.0
/* What is remembered of the brk(2) calls of each process, within a bound. */
#include "heapinfo.h"
#include "budget.h"
#include "compat.h"
#include "history.h"
#include "ring.h"
#include "trace.h"
#include "tracepoints.h"

#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

/**
 * struct heapinfo_record - of one process and one program in it
 * @node: in its bucket, whose lock guards all of this
 * @tgid: the process; held
 * @nr: its number, which no other process with a record has
 * @since: when the record begins
 * @mm: the address space, to tell one program of the process from the next;
 *	never followed
 * @totals: what never wraps
 * @last: where the last call left the break
 * @ring: the last rows
 */
struct heapinfo_record {
	struct hlist_node node;
	struct pid *tgid;
	pid_t nr;
	u8 since;
	struct mm_struct *mm;
	struct heapinfo_totals totals;
	unsigned long last;
	struct heapinfo_ring ring;
};

#define BUCKET_BITS	10

/*
 * What the whole machine is counted by: these, and the totals of the records. A
 * counter of its own for each sum took a call 5 instructions.
 */
struct heapinfo_bucket {
	spinlock_t lock;	/* of the others and of all in the records */
	struct hlist_head records;
	u64 gone_calls;		/* of records that are gone: calls, */
	u64 gone_rows;		/* rows, */
	u64 gone_rows_lost;	/* and those that were lost before */
	u64 refused;		/* calls without a record */
	u64 last_refusal;	/* when memory last did not suffice for one */
} ____cacheline_aligned;

static struct heapinfo_bucket heapinfo_buckets[1 << BUCKET_BITS];
static u32 heapinfo_bucket_key __read_mostly;
static struct kmem_cache *heapinfo_record_cache;
/* When recording was complete; 0 until then. */
static u64 heapinfo_load_time;

static atomic_long_t heapinfo_nr_records;

/*
 * By the number of the process, which is at hand in current: to follow the pid
 * took more. The key is odd and drawn when the module is loaded, so that nobody
 * can choose, among the numbers that are handed out in turn, those that meet in
 * one bucket.
 */
static struct heapinfo_bucket *heapinfo_bucket_of(pid_t nr)
{
	u32 hash = (u32)nr * heapinfo_bucket_key;

	return &heapinfo_buckets[hash >> (32 - BUCKET_BITS)];
}

/* Of the current process and its program, whose break is at @brk. */
static struct heapinfo_record *heapinfo_record_new(unsigned long brk)
{
	struct heapinfo_record *record;

	if (!heapinfo_budget_take(sizeof(*record), false))
		return NULL;
	record = kmem_cache_zalloc(heapinfo_record_cache, HEAPINFO_GFP);
	if (!record) {
		heapinfo_budget_give(sizeof(*record));
		return NULL;
	}
	record->tgid = get_pid(task_tgid(current));
	record->nr = task_tgid_nr(current);
	record->mm = current->mm;
	record->last = brk;
	record->totals.peak = brk;
	heapinfo_ring_init(&record->ring);
	atomic_long_inc(&heapinfo_nr_records);
	return record;
}

/* Calls that went into a record. */
static u64 heapinfo_totals_calls(const struct heapinfo_totals *totals)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < HEAPINFO_NR_CALLS; i++)
		if (i != HEAPINFO_MOVED)
			sum += totals->calls[i];
	return sum;
}

/* Rows that were made of what a record counts. */
static u64 heapinfo_totals_rows(const struct heapinfo_totals *totals)
{
	u64 still = totals->calls[HEAPINFO_QUERY] +
		    totals->calls[HEAPINFO_UNCHANGED];

	return totals->calls[HEAPINFO_GROW] + totals->calls[HEAPINFO_SHRINK] +
	       totals->calls[HEAPINFO_FAILED] + totals->calls[HEAPINFO_MOVED] +
	       (heapinfo_params.queries ? still : 0);
}

/* What it counted stays. Under the lock of the bucket. */
static void heapinfo_record_unlink(struct heapinfo_bucket *bucket,
				   struct heapinfo_record *record)
{
	u64 rows = heapinfo_totals_rows(&record->totals);

	hlist_del(&record->node);
	bucket->gone_calls += heapinfo_totals_calls(&record->totals);
	bucket->gone_rows += rows;
	bucket->gone_rows_lost += rows - heapinfo_ring_rows(&record->ring);
}

static void heapinfo_record_free(struct heapinfo_record *record)
{
	heapinfo_ring_free(&record->ring);
	put_pid(record->tgid);
	kmem_cache_free(heapinfo_record_cache, record);
	heapinfo_budget_give(sizeof(*record));
	atomic_long_dec(&heapinfo_nr_records);
}

/* Under the lock of the bucket. */
static __always_inline struct heapinfo_record *
heapinfo_record_find(struct heapinfo_bucket *bucket, pid_t nr)
{
	struct heapinfo_record *record;

	hlist_for_each_entry(record, &bucket->records, node)
		if (record->nr == nr)
			return record;
	return NULL;
}

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
		heapinfo_ring_add(&record->ring, ktime_get_boot_fast_ns(), brk->call,
				  brk->result, brk->from,
			brk->call == HEAPINFO_FAILED ? brk->asked : brk->to,
			brk->mapping);
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
 * When a process that has no record began: exec would have made one, unless
 * memory was refused in its time.  Under the lock of its bucket, which knows of
 * its refusals and of few others'.
 */
static enum heapinfo_since
heapinfo_record_since(const struct heapinfo_bucket *bucket, u64 start_boottime)
{
	u64 loaded;

	if (bucket->last_refusal > start_boottime)
		return HEAPINFO_SINCE_REFUSAL;
	loaded = READ_ONCE(heapinfo_load_time);
	if (loaded && start_boottime > loaded)
		return HEAPINFO_SINCE_FORK;
	return HEAPINFO_SINCE_LOAD;
}

/*
 * For the first call of a process that has no record. Gives up the lock of the
 * bucket for a while. Return: the record, or NULL where memory is refused.
 */
static noinline struct heapinfo_record *
heapinfo_record_first(struct heapinfo_bucket *bucket, unsigned long brk)
{
	u64 start = current->group_leader->start_boottime;
	struct heapinfo_record *record, *made;

	spin_unlock(&bucket->lock);
	made = heapinfo_record_new(brk);
	spin_lock(&bucket->lock);
	record = heapinfo_record_find(bucket, task_tgid_nr(current));
	if (!record && made) {
		record = made;
		made = NULL;
		record->since = heapinfo_record_since(bucket, start);
		hlist_add_head(&record->node, &bucket->records);
	}
	if (made)
		heapinfo_record_free(made);
	if (!record) {
		bucket->refused++;
		bucket->last_refusal = ktime_get_boottime_ns();
	}
	return record;
}

/*
 * The listener on heapinfo:brk; in the task that called. Preemption may be on.
 * A record that is found is of the program that calls: see
 * heapinfo_history_start().
 */
static void heapinfo_history_brk(void *data, const struct heapinfo_brk *brk)
{
	pid_t nr = task_tgid_nr(current);
	struct heapinfo_bucket *bucket = heapinfo_bucket_of(nr);
	struct heapinfo_record *record;

	spin_lock(&bucket->lock);
	record = heapinfo_record_find(bucket, nr);
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

static void heapinfo_record_free_all(void)
{
	struct heapinfo_record *record;
	struct hlist_head *records;
	struct hlist_node *next;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(heapinfo_buckets); i++) {
		records = &heapinfo_buckets[i].records;
		hlist_for_each_entry_safe(record, next, records, node)
			heapinfo_record_free(record);
	}
}

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
	unsigned int i;
	int ret = -ENOMEM;

	if (!heapinfo_params.history)
		return 0;
	heapinfo_bucket_key = get_random_u32() | 1;
	for (i = 0; i < ARRAY_SIZE(heapinfo_buckets); i++)
		spin_lock_init(&heapinfo_buckets[i].lock);
	heapinfo_record_cache =
		kmem_cache_create("heapinfo_record",
				  sizeof(struct heapinfo_record), 0,
				  SLAB_ACCOUNT, NULL);
	if (!heapinfo_record_cache)
		return ret;
	ret = heapinfo_ring_start();
	if (ret)
		goto free_record_cache;
	ret = heapinfo_tracepoint_attach(&heapinfo_history_exit_point);
	if (ret)
		goto stop_ring;
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
stop_ring:
	heapinfo_ring_stop();
free_record_cache:
	kmem_cache_destroy(heapinfo_record_cache);
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
	heapinfo_record_free_all();
	heapinfo_ring_stop();
	kmem_cache_destroy(heapinfo_record_cache);
}

/**
 * heapinfo_history_copy() - copy what is remembered of a process
 * @tgid: the process
 * @mm: the program asked about; a record of another one is not shown
 * @start_boottime: when the process began, in ns of CLOCK_BOOTTIME
 * @brk: its break, the peak of a process that was never recorded
 *
 * Context: may sleep; the memory is charged to the memory cgroup of the caller.
 * Return: the copy, to be freed with kvfree(); -ENOMEM as a pointer.
 */
struct heapinfo_history *heapinfo_history_copy(struct pid *tgid,
					       struct mm_struct *mm,
					       u64 start_boottime,
					       unsigned long brk)
{
	pid_t nr = pid_nr(tgid);
	unsigned int room = 0, rows;
	struct heapinfo_history *copy;
	struct heapinfo_bucket *bucket;
	struct heapinfo_record *record;

	for (;;) {
		copy = kvzalloc(struct_size(copy, events, room),
				GFP_KERNEL_ACCOUNT);
		if (!copy)
			return ERR_PTR(-ENOMEM);
		copy->since = HEAPINFO_SINCE_NEVER;
		if (!heapinfo_params.history)
			return copy;

		rows = 0;
		bucket = heapinfo_bucket_of(nr);
		spin_lock(&bucket->lock);
		record = heapinfo_record_find(bucket, nr);
		/* Of a process that has ended another may have the number. */
		if (record && record->tgid != tgid)
			record = NULL;
		if (!record) {
			copy->since = heapinfo_record_since(bucket,
							    start_boottime);
			copy->totals.peak = brk;
		} else if (record->mm == mm) {
			copy->since = record->since;
			copy->totals = record->totals;
			copy->rows = heapinfo_totals_rows(&record->totals);
			rows = heapinfo_ring_rows(&record->ring);
			if (rows <= room)
				copy->nr = heapinfo_ring_copy(&record->ring,
							      copy->events);
		}
		spin_unlock(&bucket->lock);

		/* Without a record, after a refusal, there is nothing to say. */
		if (!record && copy->since == HEAPINFO_SINCE_REFUSAL)
			copy->since = HEAPINFO_SINCE_NEVER;
		if (rows <= room)
			return copy;
		kvfree(copy);
		room = min(rows + HEAPINFO_BLOCK_EVENTS, heapinfo_params.history);
	}
}

/**
 * heapinfo_history_state() - count over the whole machine
 * @state: filled in
 *
 * Context: may sleep.
 */
void heapinfo_history_state(struct heapinfo_history_state *state)
{
	const struct heapinfo_totals *totals;
	const struct heapinfo_record *record;
	struct heapinfo_bucket *bucket;
	unsigned int i;
	u64 rows;

	memset(state, 0, sizeof(*state));
	if (!heapinfo_params.history)
		return;
	state->processes = atomic_long_read(&heapinfo_nr_records);
	state->bytes = atomic_long_read(&heapinfo_bytes_used);
	for (i = 0; i < ARRAY_SIZE(heapinfo_buckets); i++) {
		bucket = &heapinfo_buckets[i];
		spin_lock(&bucket->lock);
		state->recorded += bucket->gone_calls;
		state->rows += bucket->gone_rows;
		state->rows_lost += bucket->gone_rows_lost;
		state->refused += bucket->refused;
		hlist_for_each_entry(record, &bucket->records, node) {
			totals = &record->totals;
			rows = heapinfo_totals_rows(totals);
			state->recorded += heapinfo_totals_calls(totals);
			state->rows += rows;
			state->rows_lost += rows - heapinfo_ring_rows(&record->ring);
		}
		spin_unlock(&bucket->lock);
		cond_resched();
	}
}
