/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory malloc has, of many processes, at the cost of a few reads each. */
#ifndef HEAPINFO_MALLOC_TOTAL_H
#define HEAPINFO_MALLOC_TOTAL_H

#include "brk/procs.h"

struct proc_malloc malloc_totals_new(void);
void malloc_totals_free(struct proc_malloc *pm);

#endif
