/* SPDX-License-Identifier: GPL-2.0 */
/*
 * glibc's malloc, found in a target.
 *
 * Files: which_malloc.c chooses the module that has it, find.c finds
 * main_arena and the layout there, glibc.c reads arenas and mp_, regions.c and
 * region_search.c find where chunks lie, threads.c finds each thread's tcache.
 * glibc_open() does all of it; glibc_reread() does it again without looking for
 * main_arena.
 */
#ifndef HEAPINFO_GLIBC_H
#define HEAPINFO_GLIBC_H

#include "glibc/layout.h"
#include "heap/notes.h"
#include "target/elfinfo.h"
#include "target/target.h"

#define MAX_STATE_SIZE 2304u
#define ARENA_NONCONTIGUOUS 2u	/* in arena.flags */

enum region_kind {
	REGION_BRK,	/* the main arena's, from brk(2) */
	REGION_MMAP,	/* the main arena's, where brk failed */
	REGION_HEAP,	/* a heap of a thread arena */
};

/* A stretch of memory full of chunks. */
struct region {
	enum region_kind kind;
	size_t arena;	/* index in glibc.arena */
	u64 start;	/* sbrk_base, the mapping or the heap_info */
	u64 first;	/* chunk */
	u64 end;	/* first byte that is not malloc's */
	u64 top;	/* the arena's top, if it lies here; else 0 */
};

struct arena {
	u64 addr;
	bool main;
	bool has_top;	/* top is a chunk, not the dummy of an unused arena */
	u32 mutex;
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
	struct target *t;
	struct layout l;
	char version[32];	/* "2.36", or "2.35 to 2.41" */
	char banner[160];	/* glibc's own words, or "" */
	const char *found_by;
	char *module;		/* the file that malloc is in */
	u64 main_arena;
	struct malloc_par mp;
	struct arena *arena;	/* [0] is main_arena */
	size_t arenas;
	struct region *region;	/* in order of address */
	size_t regions;
	struct tcache *tcache;
	size_t tcaches;
	size_t threads;
	u64 missing;		/* bytes that the main arena has and nobody found */
	u64 heap_max;		/* alignment of thread heaps */
	struct notes notes;
};

bool glibc_open(struct target *t, const struct modules *mods,
		struct glibc *g, struct error *e);
int glibc_reread(struct glibc *g, struct error *e);
void glibc_close(struct glibc *g);

/* Parts of glibc_open(). */
bool glibc_find(struct glibc *g, const struct modules *mods, struct error *e);
bool glibc_search_module(struct glibc *g, const struct module *mod,
			 const struct module *libc);
void glibc_find_regions(struct glibc *g);
void glibc_search_regions(struct glibc *g, const struct region *brk);
void glibc_add_region(struct glibc *g, const struct region *r);
void glibc_find_tcaches(struct glibc *g);
bool glibc_read_arena(struct glibc *g, u64 addr, struct arena *a);

/* Small questions. */
const struct region *glibc_region_of(const struct glibc *g, u64 addr);
u64 glibc_bin_head(const struct glibc *g, const struct arena *a,
		   unsigned int bin);
bool glibc_has_started(const struct glibc *g);

/* The first byte behind top; 0 where there is none, or its size makes no sense. */
static inline u64 arena_top_end(const struct arena *a)
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

/* fd of a fastbin chunk or next of a tcache chunk, stored at @pos. */
static inline u64 reveal_ptr(const struct layout *l, u64 pos, u64 stored)
{
	return l->safe_linking ? pos >> 12 ^ stored : stored;
}

#endif
