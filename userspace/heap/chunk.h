/* SPDX-License-Identifier: GPL-2.0 */
/* One chunk of a heap, whichever allocator made it. */
#ifndef HEAPINFO_CHUNK_H
#define HEAPINFO_CHUNK_H

#include "base/util.h"

/*
 * The words are glibc's, as those that people know.  Another allocator uses the
 * ones that come closest, and leaves out the others.
 */
enum chunk_state {
	CHUNK_IN_USE,
	CHUNK_TCACHE,	/* freed, and kept for the thread that freed it */
	CHUNK_FASTBIN,	/* freed, and kept for any thread */
	CHUNK_UNSORTED,	/* free: on a list of any sizes */
	CHUNK_SMALL,	/* free: on a list of one size */
	CHUNK_LARGE,	/* free: on a list of similar sizes */
	CHUNK_TOP,	/* the end of an arena, never handed out so far */
	CHUNK_FENCEPOST,	/* a header that only ends a region */
	CHUNK_MMAPPED,
	CHUNK_FOREIGN,	/* not the allocator's: somebody else called sbrk() */
	CHUNK_DAMAGED,
	CHUNK_STATES
};

/*
 * What the header says besides the size, in the bits of glibc's size field.  An
 * allocator without such headers says PREV_INUSE of all its chunks.
 */
#define PREV_INUSE	1u	/* the chunk before it is not free */
#define IS_MMAPPED	2u	/* it has a mapping of its own */
#define NON_MAIN_ARENA	4u

struct chunk {
	u64 addr;		/* of the header */
	u64 size;		/* bytes, with the header */
	u64 prev_size;		/* of the chunk before it, if not PREV_INUSE */
	u32 region;		/* index in heap.region */
	u8 flags;		/* PREV_INUSE | IS_MMAPPED | NON_MAIN_ARENA */
	u8 state;		/* enum chunk_state */
	u8 fault;		/* if CHUNK_DAMAGED: the allocator's word for why */
};

const char *chunk_state_name(enum chunk_state state);
bool chunk_state_is_free(enum chunk_state state);
bool chunk_state_is_cached(enum chunk_state state);

#endif
