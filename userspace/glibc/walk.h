/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every chunk of every region, in one sequential pass over large blocks.
 *
 * Chunks come in batches, in order of address.  Damage does not end a walk:
 * what cannot be decoded comes as one chunk of state CHUNK_DAMAGED and the
 * walk goes on where chunks make sense again.
 */
#ifndef HEAPINFO_WALK_H
#define HEAPINFO_WALK_H

#include "glibc/glibc.h"
#include "glibc/marks.h"

enum chunk_state {
	CHUNK_IN_USE,
	CHUNK_TCACHE,
	CHUNK_FASTBIN,
	CHUNK_UNSORTED,
	CHUNK_SMALL,
	CHUNK_LARGE,
	CHUNK_TOP,
	CHUNK_FENCEPOST,
	CHUNK_MMAPPED,
	CHUNK_FOREIGN,	/* not malloc's: somebody else called sbrk */
	CHUNK_DAMAGED,
	CHUNK_STATES
};

/* Why a header cannot be right. */
enum walk_fault {
	FAULT_NONE,
	FAULT_SIZE_SMALL,	/* less than the smallest chunk */
	FAULT_SIZE_ALIGN,	/* not a multiple of the alignment */
	FAULT_SIZE_BEYOND,	/* runs over the end of the region */
	FAULT_PAST_TOP,		/* runs over top */
	FAULT_TOP_SIZE,		/* top does not end where its region ends */
	FAULT_NO_TOP,		/* ends without having met top */
	FAULT_UNREADABLE,
};

struct chunk {
	u64 addr;		/* of the header */
	u64 size;		/* without flags */
	u64 prev_size;		/* means something if PREV_INUSE is not set */
	u32 region;		/* index in glibc.region */
	u8 flags;		/* PREV_INUSE | IS_MMAPPED | NON_MAIN_ARENA */
	u8 state;		/* enum chunk_state */
	u8 fault;		/* enum walk_fault, if CHUNK_DAMAGED */
};

/* Chunks, and the block of memory in which their headers lie. */
struct batch {
	const struct chunk *chunk;
	size_t n;
	const struct glibc *g;
	const u8 *block;
	u64 block_addr;
	size_t block_len;
};

/* Return nonzero to end the walk; walk_heap() then returns that. */
typedef int (*walk_fn)(const struct batch *b, void *ctx);

struct walk {
	struct glibc *g;
	const struct marks *marks;	/* or NULL: free lists not looked at */
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

int walk_heap(struct walk *w);
void walk_progress_start(const char *what, const struct glibc *g);

/* The bytes of a chunk that lie in the batch's block; at least 4 words. */
const u8 *batch_bytes(const struct batch *b, const struct chunk *c,
		      size_t *avail);

const char *chunk_state_name(enum chunk_state state);
bool chunk_state_is_free(enum chunk_state state);
bool chunk_state_is_cached(enum chunk_state state);
const char *walk_fault_text(enum walk_fault fault);

#endif
