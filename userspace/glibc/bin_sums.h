/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Check every small, large and unsorted list both ways within the one pass.
 *
 * Each chunk says "fd follows me" and "I follow bk".  A list is sound when
 * each such sentence is said by both sides, so the sum of a keyed hash over
 * all links forward equals the sum over all links backward, bins' heads
 * included; the bin is part of what is hashed, so that a link into another
 * bin shows too.  One number is kept, and nothing is read twice.  It tells
 * that something is wrong, not what: lists_walk() does.
 */
#ifndef HEAPINFO_BIN_SUMS_H
#define HEAPINFO_BIN_SUMS_H

#include "base/util.h"

struct bin_sums {
	u64 key[3];
	u64 links;	/* forward minus backward: 0 when sound */
	u64 ring;	/* the same for the rings over sizes of large bins */
};

/* "In this bin, b follows a." */
static inline u64 link_hash(const struct bin_sums *s, u64 a, u64 b, u64 bin)
{
	unsigned __int128 m;

	m = (unsigned __int128)(a ^ s->key[0]) * ((b ^ s->key[1]) | 1);
	return ((u64)m ^ (u64)(m >> 64)) * ((bin + s->key[2]) | 1);
}

void bin_sums_init(struct bin_sums *s);

#endif
