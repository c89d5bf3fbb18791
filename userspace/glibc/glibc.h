/* SPDX-License-Identifier: GPL-2.0 */
/* glibc's malloc in a target: what was read of its structures. */
#ifndef HEAPINFO_GLIBC_H
#define HEAPINFO_GLIBC_H

#include "glibc/layout.h"
#include "heap/heap.h"

#define MAX_STATE_SIZE 2304u
#define ARENA_NONCONTIGUOUS 2u	/* in malloc_state.flags */

/* An arena as glibc has it; struct arena is what others see of it. */
struct malloc_state {
	u64 addr;
	bool main;
	bool has_top;	/* top is a chunk, not the dummy of an unused arena */
	u32 flags;
	u64 top;
	u64 top_field;	/* its size field with the flags */
	u64 top_size;
	u64 last_remainder;
	u64 next;
	u64 next_free;
	u64 attached;
	u64 system_mem;
	u64 max_system_mem;
	u64 bins;	/* address of &bins[0] */
	u8 raw[MAX_STATE_SIZE];	/* the whole malloc_state */
};

struct malloc_par {
	u64 addr;	/* 0: not found */
	u64 trim_threshold;
	u64 top_pad;
	u64 mmap_threshold;
	u64 thp_pagesize;
	u64 hp_pagesize;
	u32 n_mmaps;
	u32 n_mmaps_max;
	u32 no_dyn_threshold;
	u64 mmapped_mem;
	u64 max_mmapped_mem;
	u64 sbrk_base;
	u64 tcache_max_bytes;
	u64 tcache_count;
};

struct tcache {
	u64 addr;	/* of the struct, in the user part of its chunk */
	pid_t tid;	/* 0: not known which thread's */
	u64 tcb;
	u16 count[MAX_TCACHE_BINS];	/* chunks cached, as the struct says */
	u64 entry[MAX_TCACHE_BINS];	/* user addresses; 0: empty */
};

struct glibc {
	struct heap *h;
	struct target *t;
	struct layout l;
	char version[32];	/* "2.36", or "2.35 to 2.41" */
	char banner[160];	/* libc's own text with its version, or "" */
	const char *found_by;
	char *module;		/* the file that malloc is in */
	u64 code_start;		/* malloc's functions lie in between; or 0 */
	u64 code_end;
	u64 main_arena;
	struct malloc_par mp;
	struct malloc_state *state;	/* [0] is main_arena */
	size_t states;
	struct tcache *tcache;
	size_t tcaches;
	u64 heap_max;		/* thread heaps have this alignment */
};

static inline struct glibc *glibc_of(const struct heap *h)
{
	return h->priv;
}

/* Where top ends; 0 if there is no top, or it would end behind all memory. */
static inline u64 state_top_end(const struct malloc_state *a)
{
	return a->has_top && a->top_size <= UINT64_MAX - a->top ?
	       a->top + a->top_size : 0;
}

static inline u64 chunk_to_mem(const struct layout *l, u64 chunk)
{
	return chunk + 2 * l->word;
}

static inline u64 mem_to_chunk(const struct layout *l, u64 mem)
{
	return mem - 2 * l->word;
}

/* Is a user pointer of this chunk aligned as malloc aligns it? */
static inline bool chunk_is_aligned(const struct layout *l, u64 chunk)
{
	return !(chunk_to_mem(l, chunk) & (l->align - 1));
}

/*
 * Decode the fd of a fastbin chunk or the next of a tcache chunk, stored at
 * @pos.
 */
static inline u64 reveal_ptr(const struct layout *l, u64 pos, u64 stored)
{
	return l->safe_linking ? pos >> 12 ^ stored : stored;
}

#endif
