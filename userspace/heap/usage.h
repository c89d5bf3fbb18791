/* SPDX-License-Identifier: GPL-2.0 */
/* What the bytes of each arena are used for, and which are in memory. */
#ifndef HEAPINFO_USAGE_H
#define HEAPINFO_USAGE_H

#include "heap/survey.h"

/* Bytes, but for chunks_*.  From in_use to damaged they add up to size. */
struct usage {
	u64 size;	/* of the regions */
	u64 in_use;	/* by the program, headers left out */
	u64 cached;	/* freed, in a tcache or a fastbin; with headers */
	u64 free;	/* in bins */
	u64 top;
	u64 overhead;	/* headers of chunks in use, tcaches, fenceposts ... */
	u64 foreign;	/* inside the heap, but not malloc's */
	u64 damaged;
	u64 chunks_in_use;
	u64 chunks_cached;
	u64 chunks_free;
	u64 mem_resident;	/* UINT64_MAX: not known */
	u64 mem_swapped;
};

struct usages {
	struct usage *arena;	/* one for each heap.arena */
	struct usage all;
};

void usages_read(struct heap *h, struct usages *u);
/* The same in a pass of the caller's, for all batches of a survey of the heap. */
void usages_begin(const struct heap *h, struct usages *u);
void usages_batch(struct usages *u, const struct batch *b);
void usages_end(struct heap *h, struct usages *u);
void usage_add(struct usage *to, const struct usage *a);
void usages_free(struct usages *u);

#endif
