/* SPDX-License-Identifier: GPL-2.0 */
/* The bound on the memory of all histories, the parameter "memory". */
#ifndef HEAPINFO_BUDGET_H
#define HEAPINFO_BUDGET_H

#include <linux/atomic.h>
#include <linux/types.h>

extern atomic_long_t heapinfo_bytes_used;

bool heapinfo_budget_take(size_t size, bool rows);

static inline void heapinfo_budget_give(size_t size)
{
	atomic_long_sub(size, &heapinfo_bytes_used);
}

#endif /* HEAPINFO_BUDGET_H */
