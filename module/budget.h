/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory the histories may use: the parameter "memory". */
#ifndef HEAPINFO_BUDGET_H
#define HEAPINFO_BUDGET_H

#include <linux/gfp.h>
#include <linux/types.h>

struct heapinfo_owner;
struct heapinfo_use;

/*
 * How memory for histories is allocated: charged to the memory cgroup of the
 * process, and never so that another process is killed for it, since rows can
 * be done without.
 *
 * Where one may sleep, no lock is held: to reclaim memory takes long, and other
 * threads of the process may want the lock meanwhile. It cannot lead back into
 * brk(2) of the same task.
 */
static inline gfp_t heapinfo_gfp(bool may_sleep)
{
	return __GFP_NOWARN | __GFP_ACCOUNT |
	       (may_sleep ? GFP_KERNEL | __GFP_NORETRY : GFP_NOWAIT);
}

int heapinfo_budget_start(void);
void heapinfo_budget_stop(void);
bool heapinfo_budget_take_record(struct heapinfo_owner *owner, size_t size);
void heapinfo_budget_give_record(struct heapinfo_owner *owner, size_t size);
bool heapinfo_budget_take_rows(struct heapinfo_owner *owner, size_t size,
			       bool first);
void heapinfo_budget_count_rows(struct heapinfo_owner *owner, size_t size);
void heapinfo_budget_give_rows(struct heapinfo_owner *owner, size_t size);
bool heapinfo_budget_favours(const struct heapinfo_owner *owner, bool first,
			     const struct heapinfo_use *use);
void heapinfo_budget_use(struct heapinfo_use *use);
size_t heapinfo_budget_used(void);

#endif /* HEAPINFO_BUDGET_H */
