// SPDX-License-Identifier: GPL-2.0
/* How much memory the histories may use: the parameter "memory". */
#include "heapinfo.h"
#include "budget.h"
#include "owner.h"
#include "share.h"

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/percpu_counter.h>
#include <linux/sizes.h>

/*
 * How much is in use. Each processor counts for itself up to heapinfo_batch bytes,
 * so that processes that begin and end on many do not wait for one another. What is
 * read without asking all of them is wrong by less than heapinfo_use_error().
 * The shares leave room for that, and for what is counted for a moment before it is
 * refused.
 */
static struct percpu_counter heapinfo_record_bytes;
static struct percpu_counter heapinfo_row_bytes;
static s32 heapinfo_batch;

/**
 * heapinfo_budget_start() - get ready to count memory
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_budget_start(void)
{
	const struct heapinfo_use use = { .bound = heapinfo_params.memory };
	int ret;

	heapinfo_batch = clamp_t(u64, div_u64(heapinfo_use_error(&use),
					      num_possible_cpus()), 1, SZ_1M);
	ret = percpu_counter_init(&heapinfo_record_bytes, 0, GFP_KERNEL);
	if (ret)
		return ret;
	ret = percpu_counter_init(&heapinfo_row_bytes, 0, GFP_KERNEL);
	if (ret)
		percpu_counter_destroy(&heapinfo_record_bytes);
	return ret;
}

/**
 * heapinfo_budget_stop() - undo heapinfo_budget_start()
 *
 * Context: may sleep; all memory has been given back.
 */
void heapinfo_budget_stop(void)
{
	WARN_ON_ONCE(percpu_counter_sum(&heapinfo_record_bytes) ||
		     percpu_counter_sum(&heapinfo_row_bytes));
	percpu_counter_destroy(&heapinfo_row_bytes);
	percpu_counter_destroy(&heapinfo_record_bytes);
}

/**
 * heapinfo_budget_use() - what the memory is used for
 * @use: filled in
 *
 * Context: any.
 */
void heapinfo_budget_use(struct heapinfo_use *use)
{
	use->bound = heapinfo_params.memory;
	use->records = percpu_counter_read_positive(&heapinfo_record_bytes);
	use->root_records = atomic_long_read(&heapinfo_root.records);
	use->rows = percpu_counter_read_positive(&heapinfo_row_bytes);
	use->owners = heapinfo_owners();
}

static bool heapinfo_is_root(const struct heapinfo_owner *owner)
{
	return owner == &heapinfo_root;
}

/**
 * heapinfo_budget_take_record() - ask whether memory for a record may be allocated
 * @owner: to whom the record belongs
 * @size: in bytes
 *
 * Context: any but an interrupt; does not sleep.
 * Return: true if it may: the memory counts as used then, until it is given
 * back with heapinfo_budget_give_record().
 */
bool heapinfo_budget_take_record(struct heapinfo_owner *owner, size_t size)
{
	struct heapinfo_use use;
	u64 has;

	has = atomic_long_add_return(size, &owner->records);
	percpu_counter_add_batch(&heapinfo_record_bytes, size, heapinfo_batch);
	heapinfo_budget_use(&use);
	if (has <= heapinfo_share_records(&use, heapinfo_is_root(owner)) &&
	    !heapinfo_use_full(&use))
		return true;
	heapinfo_budget_give_record(owner, size);
	return false;
}

/**
 * heapinfo_budget_give_record() - undo heapinfo_budget_take_record()
 * @owner: as there
 * @size: in bytes
 *
 * Context: as there, or where RCU calls back.
 */
void heapinfo_budget_give_record(struct heapinfo_owner *owner, size_t size)
{
	percpu_counter_add_batch(&heapinfo_record_bytes, -(s64)size,
				 heapinfo_batch);
	atomic_long_sub(size, &owner->records);
}

/**
 * heapinfo_budget_favours() - whether an owner gets rows at the cost of others
 * @owner: who wants rows
 * @first: for a process that has none yet, or nothing to sum them up
 * @use: what is in use
 *
 * Context: any.
 * Return: true if he has less than a share. Root gets the first rows of a process
 * whatever it has.
 */
bool heapinfo_budget_favours(const struct heapinfo_owner *owner, bool first,
			     const struct heapinfo_use *use)
{
	bool root = heapinfo_is_root(owner);
	u64 has = atomic_long_read(&owner->rows);

	return (root && first) || has <= heapinfo_share_rows(use, root);
}

/**
 * heapinfo_budget_take_rows() - ask whether memory for rows may be allocated
 * @owner: to whom they belong
 * @size: in bytes
 * @first: for a process that has none yet, or nothing to sum them up
 *
 * Context: any but an interrupt; does not sleep.
 * Return: true if it may: the memory counts as used then, until it is given
 * back with heapinfo_budget_give_rows().
 */
bool heapinfo_budget_take_rows(struct heapinfo_owner *owner, size_t size,
			       bool first)
{
	struct heapinfo_use use;
	u64 bound;

	heapinfo_budget_count_rows(owner, size);
	heapinfo_budget_use(&use);
	bound = heapinfo_rows_calm(&use);
	if (likely(use.rows <= bound))
		return true;
	if (heapinfo_budget_favours(owner, first, &use))
		bound = heapinfo_rows_bound(&use);
	if (use.rows <= bound)
		return true;
	heapinfo_budget_give_rows(owner, size);
	return false;
}

/**
 * heapinfo_budget_count_rows() - count memory for rows that nobody asks for
 * @owner: to whom they belong
 * @size: in bytes; as much or more is given back right afterwards
 *
 * Context: as heapinfo_budget_take_rows().
 */
void heapinfo_budget_count_rows(struct heapinfo_owner *owner, size_t size)
{
	atomic_long_add(size, &owner->rows);
	percpu_counter_add_batch(&heapinfo_row_bytes, size, heapinfo_batch);
}

/**
 * heapinfo_budget_give_rows() - undo heapinfo_budget_take_rows()
 * @owner: as there
 * @size: in bytes
 *
 * Context: as there, or where RCU calls back.
 */
void heapinfo_budget_give_rows(struct heapinfo_owner *owner, size_t size)
{
	percpu_counter_add_batch(&heapinfo_row_bytes, -(s64)size,
				 heapinfo_batch);
	atomic_long_sub(size, &owner->rows);
}

/**
 * heapinfo_budget_used() - how much memory is in use
 *
 * Context: as heapinfo_budget_take_rows().
 * Return: in bytes.
 */
size_t heapinfo_budget_used(void)
{
	return percpu_counter_sum_positive(&heapinfo_record_bytes) +
	       percpu_counter_sum_positive(&heapinfo_row_bytes);
}
