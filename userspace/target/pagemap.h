/* SPDX-License-Identifier: GPL-2.0 */
/* Which pages of a live process are in memory. */
#ifndef HEAPINFO_PAGEMAP_H
#define HEAPINFO_PAGEMAP_H

#include "target/target.h"

#define PAGE_PRESENT (1ull << 63)
#define PAGE_SWAPPED (1ull << 62)
#define PAGE_OF_FILE (1ull << 61)	/* or it is shared memory */

struct pagemap;

/* For tests: do as on kernels before 6.7, which have no PAGEMAP_SCAN. */
extern bool pagemap_reads_only;

struct pagemap *pagemap_open(struct target *t);
void pagemap_close(struct pagemap *pm);
int pagemap_count(struct pagemap *pm, u64 start, u64 end, u64 *resident,
		  u64 *swapped);
u64 pagemap_next(struct pagemap *pm, u64 addr, u64 end);
u64 pagemap_known(struct pagemap *pm, u64 addr);
bool pagemap_run(struct pagemap *pm, u64 addr, u64 end, u64 map_start,
		 u64 map_end, u64 *stop);
bool pagemap_has_private(struct pagemap *pm, u64 start, u64 end);

#endif
