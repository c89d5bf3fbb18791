/* SPDX-License-Identifier: GPL-2.0 */
/* Describes the address space that a failed brk(2) left, to have the reason found. */
#ifndef HEAPINFO_FAILURE_H
#define HEAPINFO_FAILURE_H

struct heapinfo_brk;

void heapinfo_failure_refresh(void);
void heapinfo_failure_explain(struct heapinfo_brk *brk, bool may_sleep);

#endif /* HEAPINFO_FAILURE_H */
