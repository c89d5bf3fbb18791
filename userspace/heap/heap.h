/* SPDX-License-Identifier: GPL-2.0 */
/* One target's heap, opened for a command, whatever its allocator. */
#ifndef HEAPINFO_HEAP_H
#define HEAPINFO_HEAP_H

#include "brk/kernel.h"
#include "heap/notes.h"
#include "target/elfinfo.h"

struct allocator;

enum region_kind {
	REGION_BRK,	/* the main arena's, from brk(2) */
	REGION_MMAP,	/* the main arena's, from mmap(2) */
	REGION_HEAP,	/* a thread arena's */
};

/* A stretch of memory full of chunks. */
struct region {
	enum region_kind kind;
	size_t arena;	/* index in heap.arena */
	u64 start;	/* of the memory, which may begin with other things */
	u64 first;	/* chunk */
	u64 end;	/* first byte that is not the allocator's */
	u64 top;	/* the arena's top, if it lies here; else 0 */
};

/* A part of the heap that has its own lock and its own free lists. */
struct arena {
	u64 addr;	/* of the structure that describes it */
	bool main;
	bool contiguous;	/* the main one's: it grows by brk(2) alone */
	bool has_top;
	u64 top;	/* the chunk at its end that nobody was given so far */
	u64 top_size;
	u64 attached;	/* threads that allocate from it */
	u64 system_mem;	/* bytes that it has from the kernel */
	u64 max_system_mem;
};

/* Where a thread keeps freed chunks for itself. */
struct thread_cache {
	u64 addr;
	pid_t tid;	/* 0: not known which thread's */
	u64 tcb;	/* that thread's control block; 0: not known */
	u64 bytes;	/* usable ones of a chunk that it lies in; 0: of none */
};

/* Chunks with a mapping of their own, as the allocator counts them. */
struct mmap_count {
	bool known;
	u64 chunks;
	u64 bytes;
};

struct heap {
	struct target *t;
	struct modules mods;
	struct kernel_facts k;
	const struct allocator *a;	/* NULL: none that heapinfo can read */
	const char *other;	/* what the program calls that it cannot, or NULL */
	char owner[300];	/* room for that */
	char why_not[512];	/* if there is no @a: a line that says so */
	struct notes notes;

	/* From allocator.open(). */
	void *priv;		/* the allocator's own */
	const char *version;
	const char *module;	/* the file that its code is in */
	const char *found_by;
	unsigned int header;	/* bytes from a chunk's start to the user's */
	unsigned int shared;	/* of them, the last of the chunk before it */

	/* From allocator.reread(), which finds all of it empty. */
	u64 root;		/* the main structure (glibc: main_arena) */
	u64 origin;		/* of the memory from brk(2); 0: not known */
	struct arena *arena;	/* the main one first */
	size_t arenas;
	struct region *region;	/* in order of address */
	size_t regions;
	struct thread_cache *cache;
	size_t caches;
	size_t threads;		/* of the process */
	struct mmap_count mmaps;
	u64 missing;		/* bytes that it counts and nobody found */
};

/* Which process or core to look at, and how. */
struct target_choice {
	pid_t pid;
	pid_t via;		/* 0, or the thread that still has memory */
	const char *core;	/* a core file's path, or NULL */
	bool freeze;		/* stop the process meanwhile ... */
	u64 freeze_ns;		/* ... for so long at most; 0: as long as it takes */
};

/* What must be known of a heap for there to be an answer. */
enum need {
	NEED_NOTHING,		/* what the kernel says will do */
	NEED_CHUNKS,		/* an allocator that heapinfo can read */
	NEED_LISTS,		/* and whose free lists it can follow */
	NEED_CHECK,		/* and whose invariants it can test */
	NEED_TRIM,		/* and which it knows to lower the break when */
};

/* What the threads of a process are doing. */
enum stand {
	STAND_RUNS,	/* at least one runs */
	STAND_QUIET,	/* none runs, and none is inside malloc */
	STAND_MIDWAY,	/* one was stopped inside malloc */
	STAND_UNKNOWN,	/* none runs, and where they are is not told */
};

/* A thread that was stopped where it may be inside of malloc. */
struct inside {
	pid_t tid;
	s64 nr;		/* of the system call; negative where in none */
	u64 pc;
};

/* The same, thread by thread. */
struct stands {
	size_t threads;		/* that the C library knows */
	struct inside *inside;
	size_t n_inside;
	bool runs;		/* a thread runs */
	bool unknown;		/* where one that does not is not told */
	bool crashed;		/* one ran into damage, or malloc found it */
};

int heap_open(struct heap *h, const struct target_choice *c, enum need what,
	      struct error *e);
int heap_need(const struct heap *h, enum need what, struct error *e);
int heap_reread(struct heap *h, struct error *e);
int heap_freeze(struct heap *h, struct error *e);
enum stand heap_stand(struct heap *h);
void heap_stands(struct heap *h, struct stands *s);
void heap_close(struct heap *h);

bool heap_has_started(const struct heap *h);
const struct region *heap_region_of(const struct heap *h, u64 addr);
const struct thread_cache *heap_cache_in(const struct heap *h, u64 addr,
					 u64 size);
void heap_add_region(struct heap *h, const struct region *r);

/* Bytes of a chunk in use that are not the user's. */
static inline unsigned int heap_overhead(const struct heap *h)
{
	return h->header - h->shared;
}

#endif
