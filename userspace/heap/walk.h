/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A walk: every chunk of every region, in batches and in order of address.
 *
 * Damage does not end a walk: what cannot be decoded comes as one chunk of state
 * CHUNK_DAMAGED, and the walk goes on where chunks make sense again.
 */
#ifndef HEAPINFO_WALK_H
#define HEAPINFO_WALK_H

#include "heap/chunk.h"

struct heap;
struct lists;

/* Chunks, and the block of memory in which their headers lie. */
struct batch {
	const struct chunk *chunk;
	size_t n;
	const struct heap *h;
	const u8 *block;
	u64 block_addr;
	size_t block_len;
};

/* Return nonzero to end the walk; it then returns that. */
typedef int (*walk_fn)(const struct batch *b, void *ctx);

struct walk {
	const struct lists *lists;	/* or NULL: free lists not looked at */
	u64 from;		/* chunks that touch [from, to) only */
	u64 to;			/* 0: no limit */
	walk_fn fn;
	void *ctx;
	/* results */
	u64 bytes;		/* walked over */
	u64 chunks;
	u64 damaged;		/* places */
	bool changed;		/* the process changed the heap meanwhile */
};

void walk_progress_start(const char *what, const struct heap *h);
const u8 *batch_bytes(const struct batch *b, const struct chunk *c,
		      size_t *avail);

#endif
