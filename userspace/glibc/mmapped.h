/* SPDX-License-Identifier: GPL-2.0 */
/* Chunks that malloc gave a mapping of their own. */
#ifndef HEAPINFO_MMAPPED_H
#define HEAPINFO_MMAPPED_H

#include "glibc/glibc.h"

struct mmapped_chunk {
	u64 addr;	/* of the header */
	u64 map;	/* start of its mapping */
	u64 map_len;
	u64 field;	/* size field with the flags */
	u64 usable;	/* bytes for the user */
};

/*
 * malloc has no list of these: they are recognised by their headers in
 * anonymous mappings, and mp_ only says how many there are.
 */
struct mmapped {
	struct mmapped_chunk *chunk;	/* in order of address */
	size_t n;
	u64 bytes;		/* of the mappings found */
	bool complete;		/* as many as mp_ says, with its bytes */
	u64 skipped;		/* bytes of mappings that were not looked at */
};

void mmapped_find(struct glibc *g, struct mmapped *m);
void mmapped_free(struct mmapped *m);

#endif
