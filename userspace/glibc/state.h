/* SPDX-License-Identifier: GPL-2.0 */
/* malloc's own structures: the ring of arenas and mp_. */
#ifndef HEAPINFO_GLIBC_STATE_H
#define HEAPINFO_GLIBC_STATE_H

#include "glibc/glibc.h"

void glibc_read_mp(struct glibc *g);
void glibc_read_states(struct glibc *g);
bool glibc_read_state(struct glibc *g, u64 addr, struct malloc_state *a);
u64 glibc_bin_head(const struct glibc *g, const struct malloc_state *a,
		   unsigned int bin);

#endif
