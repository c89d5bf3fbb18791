/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory the histories may use: the parameter "memory". */
#ifndef HEAPINFO_BUDGET_H
#define HEAPINFO_BUDGET_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/types.h>

/*
 * How memory for histories is allocated: without waiting, since that happens
 * where nothing may sleep (under a spin lock, in a probe), and charged to the
 * memory cgroup of the process.
 */
#define HEAPINFO_GFP	(GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT)

/* How much is in use. */
extern atomic_long_t heapinfo_bytes_used;

bool heapinfo_budget_take(size_t size, bool rows);

/**
 * heapinfo_budget_give() - give back what heapinfo_budget_take() has taken
 * @size: in bytes
 *
 * Context: any.
 */
static inline void heapinfo_budget_give(size_t size)
{
	atomic_long_sub(size, &heapinfo_bytes_used);
}

#endif /* HEAPINFO_BUDGET_H */
