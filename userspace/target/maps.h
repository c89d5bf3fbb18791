/* SPDX-License-Identifier: GPL-2.0 */
/* The mappings of an address space, in order of address, and what is in memory. */
#ifndef HEAPINFO_MAPS_H
#define HEAPINFO_MAPS_H

#include <stdio.h>
#include <string.h>

#include "base/util.h"

#define MAP_READ	1u
#define MAP_WRITE	2u
#define MAP_EXEC	4u
#define MAP_SHARED_	8u

struct mapping {
	u64 start;
	u64 end;	/* the first byte after it */
	u64 offset;	/* of its start in the file */
	u64 inode;	/* 0: no file */
	u32 dev;	/* major << 20 | minor */
	u32 perms;	/* MAP_READ ... */
	char *path;	/* never NULL; "" for an anonymous one */
	/* Bytes, of huge pages too; all 0 where maps.counted is not set. */
	u64 resident;
	u64 proportional;	/* resident, shared pages divided among their users */
	u64 swapped;
};

struct maps {
	struct mapping *map;
	size_t n;
	bool counted;	/* the text was that of smaps */
};

/* Memory of one kind without a gap, in one mapping or several. */
struct map_run {
	u64 start;
	u64 end;
	unsigned int kind;
};

/* Says of which kind a mapping is, by the caller's numbers; 0: of none. */
typedef unsigned int map_kind_fn(const struct mapping *m, const void *arg);

int maps_parse(struct maps *maps, FILE *f);
void maps_add(struct maps *maps, const struct mapping *m);
void maps_sort(struct maps *maps);
void maps_free(struct maps *maps);
const struct mapping *maps_find(const struct maps *maps, u64 addr);
const struct mapping *maps_named(const struct maps *maps, const char *path);
bool maps_next_run(const struct maps *maps, size_t *i, map_kind_fn *kind_of,
		   const void *arg, struct map_run *run);
u64 maps_run_end(const struct maps *maps, u64 addr);
bool maps_same_code(const struct maps *a, const struct maps *b);
bool maps_hold(const struct maps *maps, u64 addr, u64 len);

static inline bool map_is_rw(const struct mapping *m)
{
	return (m->perms & (MAP_READ | MAP_WRITE)) == (MAP_READ | MAP_WRITE);
}

/* The memory below the break; there may be several mappings of this name. */
static inline bool map_is_heap(const struct mapping *m)
{
	return !strcmp(m->path, "[heap]");
}

/* Private writable memory with no file behind it, and not heap nor stack. */
bool map_is_kernels(const struct mapping *m);
bool map_is_hugetlb(const struct mapping *m);
bool map_is_anon(const struct mapping *m);

#endif
