/* SPDX-License-Identifier: GPL-2.0 */
/* Describes the address space that a failed brk(2) left, to have the reason found. */
#ifndef HEAPINFO_FAILURE_H
#define HEAPINFO_FAILURE_H

#include <linux/types.h>

struct heapinfo_brk;
struct mm_struct;

bool heapinfo_lock_mm_quickly(struct mm_struct *mm);
void heapinfo_failure_refresh(void);
void heapinfo_failure_explain(struct heapinfo_brk *brk, bool may_sleep);

#endif /* HEAPINFO_FAILURE_H */
