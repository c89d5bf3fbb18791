// SPDX-License-Identifier: GPL-2.0
/* How much memory the histories may use: the parameter "memory". */
#include "heapinfo.h"
#include "budget.h"

#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu_counter.h>
#include <linux/sizes.h>

/*
 * How much is in use. Each processor counts for itself up to heapinfo_batch bytes,
 * so that processes that begin and end on many do not wait for one another. Only
 * close to the bound all are asked: then what is in use is known exactly.
 */
static struct percpu_counter heapinfo_bytes_used;
static s32 heapinfo_batch;

/**
 * heapinfo_budget_start() - get ready to count memory
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_budget_start(void)
{
	/* What all processors have not told yet is a small part of the bound. */
	heapinfo_batch = clamp_t(size_t, heapinfo_params.memory / 16 /
				 num_possible_cpus(), PAGE_SIZE, SZ_1M);
	return percpu_counter_init(&heapinfo_bytes_used, 0, GFP_KERNEL);
}

/**
 * heapinfo_budget_stop() - undo heapinfo_budget_start()
 *
 * Context: may sleep; all memory has been given back.
 */
void heapinfo_budget_stop(void)
{
	WARN_ON_ONCE(percpu_counter_sum(&heapinfo_bytes_used));
	percpu_counter_destroy(&heapinfo_bytes_used);
}

/**
 * heapinfo_budget_take() - ask whether so much memory may be allocated
 * @size: in bytes
 * @rows: it is for rows, not for a record
 *
 * Rows get three quarters of the bound at most. So a process whose rows do not
 * fit any more can still have a record, with its totals.
 *
 * Context: any but an interrupt; does not sleep.
 * Return: true if it may: the memory counts as used then, until it is given
 * back with heapinfo_budget_give().
 */
bool heapinfo_budget_take(size_t size, bool rows)
{
	size_t bound = heapinfo_params.memory;

	if (rows)
		bound -= bound / 4;
	percpu_counter_add_batch(&heapinfo_bytes_used, size, heapinfo_batch);
	if (__percpu_counter_compare(&heapinfo_bytes_used, bound,
				     heapinfo_batch) <= 0)
		return true;
	heapinfo_budget_give(size);
	return false;
}

/**
 * heapinfo_budget_give() - give back what heapinfo_budget_take() has taken
 * @size: in bytes
 *
 * Context: as heapinfo_budget_take(), or where RCU calls back.
 */
void heapinfo_budget_give(size_t size)
{
	percpu_counter_add_batch(&heapinfo_bytes_used, -(s64)size,
				 heapinfo_batch);
}

/**
 * heapinfo_budget_used() - how much memory is in use
 *
 * Context: as heapinfo_budget_take().
 * Return: in bytes.
 */
size_t heapinfo_budget_used(void)
{
	return percpu_counter_sum_positive(&heapinfo_bytes_used);
}
