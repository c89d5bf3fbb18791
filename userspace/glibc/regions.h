/* SPDX-License-Identifier: GPL-2.0 */
/* Find the stretches of memory that hold chunks. */
#ifndef HEAPINFO_GLIBC_REGIONS_H
#define HEAPINFO_GLIBC_REGIONS_H

#include "glibc/glibc.h"

void glibc_find_regions(struct glibc *g);
void glibc_reread_regions(struct glibc *g, const struct heap *was);

#endif
