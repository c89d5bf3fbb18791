// SPDX-License-Identifier: GPL-2.0
/* The bound on the memory of all histories, the parameter "memory". */
#include "heapinfo.h"
#include "budget.h"

atomic_long_t heapinfo_bytes_used;

/*
 * A quarter of the bound is left to records, so that a process whose rows no
 * longer fit still has its totals.
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
