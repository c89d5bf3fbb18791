// SPDX-License-Identifier: GPL-2.0
/* The record of each process, and the table in which it is found. */
#include "heapinfo.h"
#include "budget.h"
#include "owner.h"
#include "record.h"
#include "spare.h"
#include "stack.h"

#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/threads.h>
#include <linux/timekeeping.h>

DEFINE_PER_CPU(struct heapinfo_counts, heapinfo_counts);
struct heapinfo_record_table heapinfo_records __read_mostly;
u64 heapinfo_load_time;

static struct kmem_cache *heapinfo_record_cache;

/*
 * The processes to which memory for a record was refused since their program began,
 * a bit for each number. It is there from the start, since it is written to when
 * there is no memory.
 */
static unsigned long *heapinfo_refusals;

/* So many records share a bucket, where there are as many as there may be. */
#define BUCKET_RECORDS	4

/*
 * Makes the table. It never grows: how many records there may be at most is known
 * from what memory they may use, and a bucket takes little of that. So nobody has to
 * wait for a larger table, nor to look into two.
 */
static int heapinfo_record_table_start(void)
{
	unsigned long records, buckets, i;

	records = min_t(unsigned long, PID_MAX_LIMIT, heapinfo_params.memory /
			sizeof(struct heapinfo_record));
	/* Two or more: no shift by all 32 bits. */
	buckets = max(roundup_pow_of_two(records / BUCKET_RECORDS + 1), 2UL);
	heapinfo_records.buckets = kvmalloc_array(buckets,
						  sizeof(*heapinfo_records.buckets),
						  GFP_KERNEL);
	if (!heapinfo_records.buckets)
		return -ENOMEM;
	/* With PREEMPT_RT older kernels have more in it than a pointer. */
	for (i = 0; i < buckets; i++)
		INIT_HLIST_BL_HEAD(&heapinfo_records.buckets[i]);
	heapinfo_records.shift = 32 - ilog2(buckets);
	heapinfo_records.key = get_random_u32() | 1;
	heapinfo_refusals = kvcalloc(BITS_TO_LONGS(PID_MAX_LIMIT),
				     sizeof(*heapinfo_refusals), GFP_KERNEL);
	if (!heapinfo_refusals) {
		kvfree(heapinfo_records.buckets);
		return -ENOMEM;
	}
	return 0;
}

/* Frees the table with the records in it. Nobody uses them any more. */
static void heapinfo_record_table_stop(void)
{
	struct hlist_bl_head *end = heapinfo_records.buckets +
				    heapinfo_record_buckets();
	struct hlist_bl_head *bucket;
	struct hlist_bl_node *node, *next;
	struct heapinfo_record *record;

	for (bucket = heapinfo_records.buckets; bucket < end; bucket++) {
		hlist_bl_for_each_entry_safe(record, node, next, bucket, node)
			heapinfo_record_free(record);
		cond_resched();
	}
	kvfree(heapinfo_refusals);
	kvfree(heapinfo_records.buckets);
}

/**
 * heapinfo_records_start() - get ready to make records
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_records_start(void)
{
	int ret;

	ret = heapinfo_budget_start();
	if (ret)
		return ret;
	heapinfo_owners_start();
	/* Aligned, so that calls of two processes write to no line of both. */
	heapinfo_record_cache =
		kmem_cache_create("heapinfo_record",
				  sizeof(struct heapinfo_record), 0,
				  SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN, NULL);
	ret = -ENOMEM;
	if (!heapinfo_record_cache)
		goto stop_owners;
	ret = heapinfo_spare_start();
	if (ret)
		goto destroy_cache;
	ret = heapinfo_stack_start();
	if (ret)
		goto stop_spare;
	ret = heapinfo_record_table_start();
	if (ret)
		goto stop_stack;
	return 0;

stop_stack:
	heapinfo_stack_stop();
stop_spare:
	heapinfo_spare_stop();
destroy_cache:
	kmem_cache_destroy(heapinfo_record_cache);
stop_owners:
	heapinfo_owners_stop();
	heapinfo_budget_stop();
	return ret;
}

/**
 * heapinfo_records_stop() - free all records
 *
 * Context: may sleep; nobody uses a record any more.
 */
void heapinfo_records_stop(void)
{
	/* Those of processes that have ended are freed by then. */
	rcu_barrier();
	heapinfo_record_table_stop();
	heapinfo_stack_stop();
	heapinfo_spare_stop();
	kmem_cache_destroy(heapinfo_record_cache);
	heapinfo_owners_stop();
	heapinfo_budget_stop();
}

/**
 * heapinfo_record_new() - make a record of the program that runs now
 * @owner: from heapinfo_owner_get(): goes with the record, be it made or not
 * @brk: its break
 * @may_sleep: whether the caller may
 *
 * The record is not in the table yet.
 *
 * Context: a task of the process, under no lock if @may_sleep.
 * Return: the record, with no call in it; NULL if memory is refused.
 */
struct heapinfo_record *heapinfo_record_new(struct heapinfo_owner *owner,
					    unsigned long brk, bool may_sleep)
{
	const struct task_struct *leader = current->group_leader;
	struct heapinfo_record *record;

	if (!heapinfo_budget_take_record(owner, sizeof(*record)))
		goto put_owner;
	record = kmem_cache_zalloc(heapinfo_record_cache,
				   heapinfo_gfp(may_sleep));
	if (!record)
		goto give_memory;
	record->owner = owner;
	spin_lock_init(&record->lock);
	record->nr = task_tgid_nr(current);
	record->since = heapinfo_record_since(record->nr,
					      leader->start_boottime,
					      leader->flags);
	record->mm = current->mm;
	record->last = brk;
	record->totals.start = current->mm->start_brk;
	record->totals.peak = brk;
	heapinfo_ring_init(&record->ring);
	return record;

give_memory:
	heapinfo_budget_give_record(owner, sizeof(*record));
put_owner:
	heapinfo_owner_put(owner);
	return NULL;
}

/**
 * heapinfo_record_free() - free a record and its rows
 * @record: is not in the table, and nobody looks at it any more
 *
 * Context: not where preemption or interrupts are disabled; does not sleep
 * otherwise.
 */
void heapinfo_record_free(struct heapinfo_record *record)
{
	struct heapinfo_owner *owner = record->owner;

	heapinfo_spare_free_ring(owner, &record->ring);
	heapinfo_spare_free_failures(owner, record->failures);
	kmem_cache_free(heapinfo_record_cache, record);
	heapinfo_budget_give_record(owner, sizeof(*record));
	heapinfo_owner_put(owner);
}

static void heapinfo_record_free_rcu(struct rcu_head *rcu)
{
	heapinfo_record_free(container_of(rcu, struct heapinfo_record, rcu));
}

/**
 * heapinfo_record_add() - put the record of a process into the table
 * @made: a new record
 *
 * Context: a task of the process; does not sleep.
 * Return: the record of the process: @made, or one that another thread has
 * added meanwhile. Then @made is still the caller's to free.
 */
struct heapinfo_record *heapinfo_record_add(struct heapinfo_record *made)
{
	struct hlist_bl_head *bucket = heapinfo_record_bucket(made->nr);
	struct heapinfo_record *record;

	hlist_bl_lock(bucket);
	record = heapinfo_record_find(made->nr);
	if (!record) {
		hlist_bl_add_head_rcu(&made->node, bucket);
		this_cpu_inc(heapinfo_counts.records);
		record = made;
	}
	hlist_bl_unlock(bucket);
	return record;
}

/* Whether memory for a record was refused to this program of a process. */
static bool heapinfo_record_is_refused(pid_t nr)
{
	return test_bit(nr, heapinfo_refusals);
}

/* Forgets that with the program. */
static void heapinfo_record_forget_refusal(pid_t nr)
{
	/* Nearly always there is none, and the line need not be written to. */
	if (unlikely(heapinfo_record_is_refused(nr)))
		clear_bit(nr, heapinfo_refusals);
}

/* Takes the record of a process out of the table; returns it, or NULL. */
static struct heapinfo_record *heapinfo_record_remove(pid_t nr)
{
	struct hlist_bl_head *bucket = heapinfo_record_bucket(nr);
	struct heapinfo_record *record;

	hlist_bl_lock(bucket);
	/* Of several threads that end at once, one finds it. */
	record = heapinfo_record_find(nr);
	if (record) {
		hlist_bl_del_rcu(&record->node);
		this_cpu_dec(heapinfo_counts.records);
	}
	hlist_bl_unlock(bucket);
	return record;
}

/**
 * heapinfo_record_drop() - take the record of a process away
 * @nr: the number of the process in the first pid namespace
 *
 * What has to be done for that is little, since exec and exit call this where
 * preemption may be disabled: memory is freed later, from where that may be done.
 * A process that has no record pays for a look-up alone.
 *
 * Context: a task of the process, not an interrupt; does not sleep, with
 * PREEMPT_RT neither.
 */
void heapinfo_record_drop(pid_t nr)
{
	struct heapinfo_record *record;

	heapinfo_record_forget_refusal(nr);
	rcu_read_lock();
	record = heapinfo_record_find(nr);
	rcu_read_unlock();
	if (likely(!record))
		return;
	record = heapinfo_record_remove(nr);
	if (record)
		call_rcu(&record->rcu, heapinfo_record_free_rcu);
}

/**
 * heapinfo_record_refused() - remember that a call of a process has no record
 * @nr: the number of the process in the first pid namespace
 *
 * Context: any.
 */
void heapinfo_record_refused(pid_t nr)
{
	this_cpu_inc(heapinfo_counts.refused);
	if (!heapinfo_record_is_refused(nr))
		set_bit(nr, heapinfo_refusals);
}

/**
 * heapinfo_record_since() - when the record of a process would begin
 * @nr: the number of the process in the first pid namespace
 * @start_boottime: when the process began, in ns of CLOCK_BOOTTIME
 * @flags: those of its first thread
 *
 * For a process that has no record: it has made no call that was seen, unless
 * memory was refused. Of one that is older than the module nobody knows whether
 * it has called exec since: what can be said is that its record begins no later
 * than the module was loaded.
 *
 * Context: any; does not sleep.
 * Return: any but HEAPINFO_SINCE_NEVER.
 */
enum heapinfo_since heapinfo_record_since(pid_t nr, u64 start_boottime,
					  unsigned int flags)
{
	/* Pairs with smp_store_release() in heapinfo_history_complete(). */
	u64 loaded = smp_load_acquire(&heapinfo_load_time);

	if (heapinfo_record_is_refused(nr))
		return HEAPINFO_SINCE_REFUSAL;
	if (!loaded || start_boottime <= loaded)
		return HEAPINFO_SINCE_LOAD;
	return flags & PF_FORKNOEXEC ? HEAPINFO_SINCE_FORK :
				       HEAPINFO_SINCE_EXEC;
}

/**
 * heapinfo_totals_calls() - how many calls a record counts
 * @totals: the totals of the record
 *
 * Context: any.
 * Return: their number.
 */
u64 heapinfo_totals_calls(const struct heapinfo_totals *totals)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < HEAPINFO_NR_CALLS; i++)
		if (i != HEAPINFO_MOVED)
			sum += totals->calls[i];
	return sum;
}

/**
 * heapinfo_totals_rows() - how many rows a record has had
 * @totals: the totals of the record
 *
 * Each row is of a call or a move that is counted, so that the rows need no
 * counter of their own.
 *
 * Context: any.
 * Return: their number, with those that are lost.
 */
u64 heapinfo_totals_rows(const struct heapinfo_totals *totals)
{
	u64 still = totals->calls[HEAPINFO_QUERY] +
		    totals->calls[HEAPINFO_UNCHANGED];

	return totals->calls[HEAPINFO_GROW] + totals->calls[HEAPINFO_SHRINK] +
	       totals->calls[HEAPINFO_SET] + totals->calls[HEAPINFO_FAILED] +
	       totals->calls[HEAPINFO_MOVED] +
	       (heapinfo_params.queries ? still : 0);
}
