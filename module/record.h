/* SPDX-License-Identifier: GPL-2.0 */
/* The record of each process, and the table in which it is found. */
#ifndef HEAPINFO_RECORD_H
#define HEAPINFO_RECORD_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "history.h"
#include "ring.h"

struct mm_struct;
struct pid;

/**
 * struct heapinfo_record - what is remembered of one program of a process
 * @node: links the record into its bucket
 * @tgid: the process; the record has a reference
 * @nr: the number of the process in the first pid namespace. No two records
 *	have the same.
 * @since: an enum heapinfo_since: when the record begins
 * @mm: the address space, to tell this program of the process from the next
 *	one. It is compared and never followed: it may be gone.
 * @totals: the sums over all calls
 * @last: where the last call left the break
 * @ring: the last rows
 *
 * The lock of the bucket guards all of it.
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

#define HEAPINFO_BUCKET_BITS	10

/**
 * struct heapinfo_bucket - the records whose processes share an index
 * @lock: guards the fields below and the records
 * @records: the records
 * @gone_calls: calls in records that have been freed
 * @gone_rows: rows made for those records
 * @gone_rows_lost: how many of these rows had been lost before
 * @refused: calls that no record could be made for
 * @last_refusal: when memory for a record was last refused, in ns of
 *	CLOCK_BOOTTIME
 *
 * The counts of the machine are the sums over all buckets and all records. So
 * no call has to write to a counter that all processors share.
 */
struct heapinfo_bucket {
	/* Taken by every call that is recorded, for a short time. */
	spinlock_t lock;
	struct hlist_head records;
	u64 gone_calls;
	u64 gone_rows;
	u64 gone_rows_lost;
	u64 refused;
	u64 last_refusal;
} ____cacheline_aligned;

extern struct heapinfo_bucket heapinfo_buckets[1 << HEAPINFO_BUCKET_BITS];
extern u32 heapinfo_bucket_key;
extern atomic_long_t heapinfo_nr_records;

/* When recording was complete, in ns of CLOCK_BOOTTIME; 0 until then. */
extern u64 heapinfo_load_time;

int heapinfo_records_start(void);
void heapinfo_records_stop(void);
struct heapinfo_record *heapinfo_record_new(unsigned long brk);
void heapinfo_record_free(struct heapinfo_record *record);
void heapinfo_record_unlink(struct heapinfo_bucket *bucket,
			    struct heapinfo_record *record);
struct heapinfo_record *heapinfo_record_first(struct heapinfo_bucket *bucket,
					      unsigned long brk);
enum heapinfo_since heapinfo_record_since(const struct heapinfo_bucket *bucket,
					  u64 start_boottime);

/**
 * heapinfo_bucket_of() - the bucket of a process
 * @nr: the number of the process in the first pid namespace
 *
 * The kernel hands out numbers in turn. The key is drawn when the module is
 * loaded, so that nobody can choose numbers that share a bucket.
 */
static inline struct heapinfo_bucket *heapinfo_bucket_of(pid_t nr)
{
	u32 hash = (u32)nr * heapinfo_bucket_key;

	return &heapinfo_buckets[hash >> (32 - HEAPINFO_BUCKET_BITS)];
}

/**
 * heapinfo_record_find() - the record of a process
 * @bucket: the bucket of the process
 * @nr: its number in the first pid namespace
 *
 * Context: under the lock of the bucket; does not sleep.
 * Return: the record or NULL.
 */
static __always_inline struct heapinfo_record *
heapinfo_record_find(struct heapinfo_bucket *bucket, pid_t nr)
{
	struct heapinfo_record *record;

	hlist_for_each_entry(record, &bucket->records, node)
		if (record->nr == nr)
			return record;
	return NULL;
}

#endif /* HEAPINFO_RECORD_H */
