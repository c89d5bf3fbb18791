/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory malloc has, of many processes, at the cost of a few reads each. */
#ifndef HEAPINFO_MALLOC_TOTAL_H
#define HEAPINFO_MALLOC_TOTAL_H

#include "target/target.h"

struct malloc_totals;

struct malloc_totals *malloc_totals_new(void);
u64 malloc_total(struct malloc_totals *mt, struct target *t);
void malloc_totals_free(struct malloc_totals *mt);

#endif
