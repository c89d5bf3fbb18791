/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the free lists say of a chunk, kept in one bit per 16 bytes of heap.
 *
 * A 64-bit chunk spans two such bits at the least, which is room for "not on
 * a list" and three kinds; a chunk on a fastbin and one on the unsorted list
 * share a kind, since the chunk behind them says which it is.  32-bit chunks
 * can be 16 bytes, so there it is one bit per 8 bytes.  Memory is only used
 * where there is a mark.
 */
#ifndef HEAPINFO_MARKS_H
#define HEAPINFO_MARKS_H

#include "glibc/glibc.h"

enum mark {
	MARK_NONE,
	MARK_TCACHE = 1,	/* looks in use */
	MARK_FASTBIN = 2,	/* looks in use */
	MARK_UNSORTED = 2,	/* looks free */
	MARK_BIN = 3,		/* looks free: a small or large bin */
};

#define MARKS_ALIGN 512u	/* bits: where a region's begin */

/* Bits of one region. */
struct mark_map {
	u64 first;
	u64 end;
	u8 *bits;
};

struct marks {
	struct mark_map *map;	/* one for each region of the heap */
	size_t n;
	unsigned int shift;	/* bytes a bit, as a power of two */
	u8 *bits;		/* of all regions, one behind the other */
	size_t len;
};

void marks_init(struct marks *m, const struct heap *h);
void marks_free(struct marks *m);
void marks_set(struct marks *m, size_t region, u64 chunk, enum mark mark);
/* Of a fastbin or unsorted chunk only the second bit is set. */
u64 marks_inside(const struct marks *m, size_t region, u64 from, u64 to);

static inline enum mark marks_get(const struct marks *m, size_t region,
				  u64 chunk)
{
	const struct mark_map *map = &m->map[region];
	u64 bit = (chunk - map->first) >> m->shift;
	unsigned int pair;

	/* A heap that grew since has chunks that nothing was said of. */
	if (chunk >= map->end)
		return MARK_NONE;
	__builtin_memcpy(&pair, map->bits + bit / 8, 2);
	return pair >> bit % 8 & 3;
}

#endif
