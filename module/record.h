/* SPDX-License-Identifier: GPL-2.0 */
/* The record of each process, and the table in which it is found. */
#ifndef HEAPINFO_RECORD_H
#define HEAPINFO_RECORD_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/list_bl.h>
#include <linux/percpu.h>
#include <linux/rculist_bl.h>
#include <linux/spinlock.h>
#include <linux/threads.h>
#include <linux/types.h>

#include "history.h"
#include "ring.h"

struct heapinfo_owner;
struct mm_struct;

/**
 * struct heapinfo_record - what is remembered of one program of a process
 * @node: links the record into the table
 * @nr: the number of the process in the first pid namespace. No two records
 *	in the table have the same.
 * @since: an enum heapinfo_since: when the record begins
 * @lock: guards @last, @ring, @totals and @failures. Exec and exit never take it.
 * @mm: the address space, to tell this program of the process from the next
 *	one
 * @last: where the last call left the break
 * @rcu: frees the record when nobody can look at it any more. It stands in the place
 *	of @mm and @last, so that no address space is this record's any more.
 * @ring: the last rows
 * @totals: the sums over all calls
 * @failures: how many calls failed, by reason (enum heapinfo_result); NULL until
 *	the first one does, and as long as memory for it is refused
 * @owner: the user who started the process, for whom the record counts
 *
 * @mm is compared and never followed: it may be gone. Who compares holds what he
 * compares with. A record that he finds was in the table when he held it already, so
 * its process was there; and exec makes the address space of the next program before
 * that of the last one goes. So no other has the address.
 *
 * The table is read under rcu_read_lock(). The own record of a process stays
 * in the table while one of its tasks is in brk(2): exec waits for all other
 * threads to end, and the last thread that exits is not there either.
 */
struct heapinfo_record {
	struct hlist_bl_node node;
	u32 nr:24;
	u32 since:8;
	/* Taken by every call that is recorded, for a short time. */
	spinlock_t lock;
	union {
		struct {
			struct mm_struct *mm;
			unsigned long last;
		};
		struct rcu_head rcu;
	};
	struct heapinfo_ring ring;
	struct heapinfo_totals totals;
	u64 *failures;
	struct heapinfo_owner *owner;
};

/* There is no larger number of a process. */
static_assert(PID_MAX_LIMIT <= 1 << 24);

/**
 * struct heapinfo_counts - counts over the whole machine, as one processor has
 * them: the sum over all processors means something
 * @records: records put into the table, less those taken out of it
 * @recorded: calls that are counted in a record
 * @refused: calls that no record could be made for
 * @rows: rows that were made, or that there was no memory for
 * @rows_lost: those that were replaced, or that there was no memory for
 */
struct heapinfo_counts {
	long records;
	u64 recorded;
	u64 refused;
	u64 rows;
	u64 rows_lost;
};

DECLARE_PER_CPU(struct heapinfo_counts, heapinfo_counts);

/**
 * struct heapinfo_record_table - the records of all processes
 * @buckets: lists of records; the lowest bit of each is the lock of who adds to
 *	it and removes from it, which is no lock that sleeps with PREEMPT_RT. Who
 *	looks a record up takes none.
 * @key: a random odd number
 * @shift: what is left of 32 bits behind the index of a bucket
 */
struct heapinfo_record_table {
	struct hlist_bl_head *buckets;
	u32 key;
	u32 shift;
};

extern struct heapinfo_record_table heapinfo_records;

/* When recording was complete, in ns of CLOCK_BOOTTIME; 0 until then. */
extern u64 heapinfo_load_time;

int heapinfo_records_start(void);
void heapinfo_records_stop(void);
struct heapinfo_record *heapinfo_record_new(struct heapinfo_owner *owner,
					    unsigned long brk, bool may_sleep);
void heapinfo_record_free(struct heapinfo_record *record);
struct heapinfo_record *heapinfo_record_add(struct heapinfo_record *made);
void heapinfo_record_refused(pid_t nr);
void heapinfo_record_drop(pid_t nr);
enum heapinfo_since heapinfo_record_since(pid_t nr, u64 start_boottime,
					  unsigned int flags);

/*
 * Where a record is. The upper bits of a product with a random odd number: whichever
 * numbers somebody's processes have, two of them rarely meet, and who does not know
 * the factor cannot choose numbers that do.
 */
static __always_inline struct hlist_bl_head *heapinfo_record_bucket(pid_t nr)
{
	u32 hash = (u32)nr * heapinfo_records.key;

	return heapinfo_records.buckets + (hash >> heapinfo_records.shift);
}

/* How many buckets the table has. */
static inline unsigned long heapinfo_record_buckets(void)
{
	return 1UL << (32 - heapinfo_records.shift);
}

/**
 * heapinfo_record_find() - the record of a process
 * @nr: its number in the first pid namespace
 *
 * Context: under rcu_read_lock(), or with the lock of the bucket; does not sleep.
 * Return: the record or NULL.
 */
static __always_inline struct heapinfo_record *heapinfo_record_find(pid_t nr)
{
	struct heapinfo_record *record;
	struct hlist_bl_node *node;

	hlist_bl_for_each_entry_rcu(record, node, heapinfo_record_bucket(nr),
				    node)
		if (likely(record->nr == nr))
			return record;
	return NULL;
}

#endif /* HEAPINFO_RECORD_H */
