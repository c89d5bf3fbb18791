/* SPDX-License-Identifier: GPL-2.0 */
/* Why a brk(2) failed, worked out from the address space afterwards. */
#ifndef HEAPINFO_FAILURE_H
#define HEAPINFO_FAILURE_H

struct heapinfo_brk;

int heapinfo_failure_start(void);
void heapinfo_failure_stop(void);
void heapinfo_failure_refresh(void);
void heapinfo_failure_explain(struct heapinfo_brk *brk, bool may_sleep);

#endif /* HEAPINFO_FAILURE_H */
