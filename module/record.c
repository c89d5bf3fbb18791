// SPDX-License-Identifier: GPL-2.0
/* The record of each process, and the table in which it is found. */
#include "heapinfo.h"
#include "budget.h"
#include "record.h"

#include <linux/mm_types.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

struct heapinfo_bucket heapinfo_buckets[1 << HEAPINFO_BUCKET_BITS];
u32 heapinfo_bucket_key __read_mostly;
atomic_long_t heapinfo_nr_records;
u64 heapinfo_load_time;

static struct kmem_cache *heapinfo_record_cache;

/**
 * heapinfo_records_start() - get ready to make records
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_records_start(void)
{
	unsigned int i;
	int ret;

	/* Odd, so that it maps different numbers to different hashes. */
	heapinfo_bucket_key = get_random_u32() | 1;
	for (i = 0; i < ARRAY_SIZE(heapinfo_buckets); i++)
		spin_lock_init(&heapinfo_buckets[i].lock);
	heapinfo_record_cache =
		kmem_cache_create("heapinfo_record",
				  sizeof(struct heapinfo_record), 0,
				  SLAB_ACCOUNT, NULL);
	if (!heapinfo_record_cache)
		return -ENOMEM;
	ret = heapinfo_ring_start();
	if (ret)
		kmem_cache_destroy(heapinfo_record_cache);
	return ret;
}

/**
 * heapinfo_records_stop() - free all records
 *
 * Context: may sleep; nobody uses a record any more.
 */
void heapinfo_records_stop(void)
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
	heapinfo_ring_stop();
	kmem_cache_destroy(heapinfo_record_cache);
}

/**
 * heapinfo_record_new() - make a record of the program that runs now
 * @brk: its break
 *
 * The record is in no bucket yet.
 *
 * Context: a task of the process; does not sleep.
 * Return: the record, with no call in it; NULL if memory is refused.
 */
struct heapinfo_record *heapinfo_record_new(unsigned long brk)
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
	record->totals.start = current->mm->start_brk;
	record->totals.peak = brk;
	heapinfo_ring_init(&record->ring);
	atomic_long_inc(&heapinfo_nr_records);
	return record;
}

/**
 * heapinfo_record_free() - free a record and its rows
 * @record: is in no bucket
 *
 * Context: any; does not sleep.
 */
void heapinfo_record_free(struct heapinfo_record *record)
{
	heapinfo_ring_free(&record->ring);
	put_pid(record->tgid);
	kmem_cache_free(heapinfo_record_cache, record);
	heapinfo_budget_give(sizeof(*record));
	atomic_long_dec(&heapinfo_nr_records);
}

/**
 * heapinfo_record_unlink() - take a record out of its bucket
 * @bucket: its bucket, which goes on counting what the record counted
 * @record: the record; the caller frees it afterwards
 *
 * Context: under the lock of the bucket; does not sleep.
 */
void heapinfo_record_unlink(struct heapinfo_bucket *bucket,
			    struct heapinfo_record *record)
{
	u64 rows = heapinfo_totals_rows(&record->totals);

	hlist_del(&record->node);
	bucket->gone_calls += heapinfo_totals_calls(&record->totals);
	bucket->gone_rows += rows;
	bucket->gone_rows_lost += rows - heapinfo_ring_rows(&record->ring);
}

/**
 * heapinfo_record_since() - when the record of a process would begin
 * @bucket: the bucket of the process
 * @start_boottime: when the process began, in ns of CLOCK_BOOTTIME
 *
 * For a process that has no record. Its exec would have made one, so either it
 * has not called exec since recording was complete, or memory was refused. A
 * bucket remembers its last refusal only; since few processes share a bucket,
 * it is rarely that of another one.
 *
 * Context: under the lock of the bucket; does not sleep.
 * Return: HEAPINFO_SINCE_FORK, HEAPINFO_SINCE_LOAD or HEAPINFO_SINCE_REFUSAL.
 */
enum heapinfo_since heapinfo_record_since(const struct heapinfo_bucket *bucket,
					  u64 start_boottime)
{
	u64 loaded;

	if (bucket->last_refusal > start_boottime)
		return HEAPINFO_SINCE_REFUSAL;
	loaded = READ_ONCE(heapinfo_load_time);
	if (loaded && start_boottime > loaded)
		return HEAPINFO_SINCE_FORK;
	return HEAPINFO_SINCE_LOAD;
}

/**
 * heapinfo_record_first() - the record for the first call of a process
 * @bucket: the bucket of the process, in which it has no record
 * @brk: the break before the call
 *
 * Context: the task that made the call, under the lock of the bucket, which is
 * given up for a while; does not sleep.
 * Return: the record, in its bucket; NULL if memory is refused.
 */
struct heapinfo_record *heapinfo_record_first(struct heapinfo_bucket *bucket,
					      unsigned long brk)
{
	u64 start = current->group_leader->start_boottime;
	struct heapinfo_record *record, *made;

	spin_unlock(&bucket->lock);
	made = heapinfo_record_new(brk);
	spin_lock(&bucket->lock);
	/* Another thread may have made one meanwhile. */
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
