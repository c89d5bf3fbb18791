/* SPDX-License-Identifier: GPL-2.0 */
/* Search for regions that nothing in malloc leads to. */
#ifndef HEAPINFO_GLIBC_REGION_SEARCH_H
#define HEAPINFO_GLIBC_REGION_SEARCH_H

#include "glibc/glibc.h"

void glibc_search_regions(struct glibc *g, const struct region *brk);

#endif
