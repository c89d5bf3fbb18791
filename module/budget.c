// SPDX-License-Identifier: GPL-2.0
/* How much memory the histories may use: the parameter "memory". */
#include "heapinfo.h"
#include "budget.h"

atomic_long_t heapinfo_bytes_used;

/**
 * heapinfo_budget_take() - ask whether so much memory may be allocated
 * @size: in bytes
 * @rows: it is for rows, not for a record
 *
 * Rows get three quarters of the bound at most. So a process whose rows do not
 * fit any more can still have a record, with its totals.
 *
 * Context: any.
 * Return: true if it may: the memory counts as used then, until it is given
 * back with heapinfo_budget_give().
 */
bool heapinfo_budget_take(size_t size, bool rows)
{
	size_t bound = heapinfo_params.memory;

	if (rows)
		bound -= bound / 4;
	if (atomic_long_add_return(size, &heapinfo_bytes_used) <= bound)
		return true;
	atomic_long_sub(size, &heapinfo_bytes_used);
	return false;
}
