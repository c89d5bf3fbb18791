/* SPDX-License-Identifier: GPL-2.0 */
/* Chunks that have a mapping of their own. */
#ifndef HEAPINFO_MMAPPED_H
#define HEAPINFO_MMAPPED_H

#include "heap/heap.h"

struct mmapped_chunk {
	u64 addr;	/* of the header */
	u64 map;	/* start of its mapping */
	u64 map_len;
	u64 usable;	/* bytes for the user */
};

/* As many as were found; heap.mmaps says how many there are. */
struct mmapped {
	struct mmapped_chunk *chunk;	/* in order of address */
	size_t n;
	u64 bytes;		/* of the mappings found */
	bool complete;		/* none is missing, by the allocator's own count */
	bool ambiguous;		/* another choice of them fits that as well */
	u64 skipped;		/* bytes of mappings that were not looked at */
};

void mmapped_find(struct heap *h, struct mmapped *m);
void mmapped_free(struct mmapped *m);

#endif
