/* SPDX-License-Identifier: GPL-2.0 */
/* How much of each mapping is in memory and in swap. */
#ifndef HEAPINFO_RESIDENT_H
#define HEAPINFO_RESIDENT_H

#include "target/pagemap.h"

bool resident_read(struct target *t, struct maps *maps);
int resident_count(const struct maps *maps, struct pagemap *pm, u64 start,
		   u64 end, u64 *resident, u64 *swapped);

#endif
