/* SPDX-License-Identifier: GPL-2.0 */
/* The record of each process, and the table in which it is found. */
#ifndef HEAPINFO_RECORD_H
#define HEAPINFO_RECORD_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "history.h"
#include "ring.h"

struct mm_struct;
struct pid;

/**
 * struct heapinfo_record - what is remembered of one program of a process
 * @node: links the record into the table
 * @nr: the number of the process in the first pid namespace. No two records
 *	in the table have the same.
 * @lock: guards @last, @ring and @totals. Exec and exit never take it.
 * @last: where the last call left the break
 * @ring: the last rows
 * @totals: the sums over all calls
 * @since: an enum heapinfo_since: when the record begins
 * @tgid: the process, to tell it from a later one of the same number
 * @mm: the address space, to tell this program of the process from the next
 *	one
 * @rcu: frees the record when nobody can look at it any more
 *
 * @tgid and @mm are compared and never followed: they may be gone. Who compares
 * holds what he compares with. A record that he finds was in the table when he
 * held it already, so its process was there; and exec makes the address space of
 * the next program before that of the last one goes. So no other has the address.
 *
 * The table is read under rcu_read_lock(). The own record of a process stays
 * in the table while one of its tasks is in brk(2): exec waits for all other
 * threads to end, and the last thread that exits is not there either.
 */
struct heapinfo_record {
	struct rhash_head node;
	pid_t nr;
	/* Taken by every call that is recorded, for a short time. */
	spinlock_t lock;
	unsigned long last;
	struct heapinfo_ring ring;
	struct heapinfo_totals totals;
	u8 since;
	struct pid *tgid;
	struct mm_struct *mm;
	struct rcu_head rcu;
};

/**
 * struct heapinfo_counts - counts over the whole machine, as one processor has
 * them: the sum over all processors means something
 * @recorded: calls that are counted in a record
 * @refused: calls that no record could be made for
 * @rows: rows that were made, or that there was no memory for
 * @rows_lost: those that were replaced, or that there was no memory for
 */
struct heapinfo_counts {
	u64 recorded;
	u64 refused;
	u64 rows;
	u64 rows_lost;
};

DECLARE_PER_CPU(struct heapinfo_counts, heapinfo_counts);

extern struct rhashtable heapinfo_records;

/* When recording was complete, in ns of CLOCK_BOOTTIME; 0 until then. */
extern u64 heapinfo_load_time;

int heapinfo_records_start(void);
void heapinfo_records_stop(void);
struct heapinfo_record *heapinfo_record_new(unsigned long brk, bool may_sleep);
void heapinfo_record_free(struct heapinfo_record *record);
struct heapinfo_record *heapinfo_record_add(struct heapinfo_record *made);
void heapinfo_record_refused(pid_t nr);
void heapinfo_record_drop(pid_t nr);
enum heapinfo_since heapinfo_record_since(pid_t nr, u64 start_boottime,
					  unsigned int flags);

/*
 * The kernel hands out numbers in turn. The key is drawn when the table is made
 * and when it grows, so that nobody can choose numbers that meet in one bucket.
 */
static inline u32 heapinfo_record_hash(const void *nr, u32 length, u32 key)
{
	u32 hash = *(const u32 *)nr * (key | 1);

	return hash ^ hash >> 16;
}

/* A constant in a header, so that what is inlined knows it. */
static const struct rhashtable_params heapinfo_record_params = {
	.key_len = sizeof_field(struct heapinfo_record, nr),
	.key_offset = offsetof(struct heapinfo_record, nr),
	.head_offset = offsetof(struct heapinfo_record, node),
	.hashfn = heapinfo_record_hash,
	.automatic_shrinking = true,
};

/**
 * heapinfo_record_find() - the record of a process
 * @nr: its number in the first pid namespace
 *
 * Context: under rcu_read_lock(); does not sleep.
 * Return: the record or NULL.
 */
static __always_inline struct heapinfo_record *heapinfo_record_find(pid_t nr)
{
	return rhashtable_lookup(&heapinfo_records, &nr,
				 heapinfo_record_params);
}

#endif /* HEAPINFO_RECORD_H */
