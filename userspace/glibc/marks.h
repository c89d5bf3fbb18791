/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marks: on which kind of free list a chunk is, in one bit for 16 bytes of heap.
 *
 * The smallest 64-bit chunk has 32 bytes, and so two bits: room for "on no
 * list" and three kinds of list.  Fastbins and the unsorted list share a kind,
 * since by the chunk behind it a chunk on a fastbin looks in use, and an
 * unsorted one free.  In 32 bits, where a chunk may have 16 bytes, one bit
 * stands for 8 bytes.  Pages of the bitmap without any mark take no memory.
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

#define MARKS_ALIGN 512u	/* each region's bits begin at a multiple */

/* Bits of one region. */
struct mark_map {
	u64 first;
	u64 end;
	u8 *bits;
};

struct marks {
	struct mark_map *map;	/* one for each region of the heap */
	size_t n;
	unsigned int shift;	/* a bit stands for 1 << shift bytes */
	u8 *bits;		/* of all regions, one behind the other */
	size_t len;
};

void marks_init(struct marks *m, const struct heap *h);
void marks_free(struct marks *m);
void marks_set(struct marks *m, size_t region, u64 chunk, enum mark mark);
/* Kinds whose first bit is clear are met at their second bit. */
u64 marks_inside(const struct marks *m, size_t region, u64 from, u64 to);

static inline enum mark marks_get(const struct marks *m, size_t region,
				  u64 chunk)
{
	const struct mark_map *map = &m->map[region];
	u64 bit = (chunk - map->first) >> m->shift;
	unsigned int pair;

	/* The heap may have grown: its new chunks have no bits. */
	if (chunk >= map->end)
		return MARK_NONE;
	__builtin_memcpy(&pair, map->bits + bit / 8, 2);
	return pair >> bit % 8 & 3;
}

#endif
