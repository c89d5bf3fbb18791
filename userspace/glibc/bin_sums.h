/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Check every small, large and unsorted list while walking over the chunks,
 * without following any list.
 *
 * Each free chunk says two things: that fd comes after it, and that it comes
 * after bk.  In a sound list each link is named from both of its ends.  So hash
 * each link by its two ends and its bin, add the hash for "after" and subtract
 * it for "before": over all chunks and all heads of bins, the sum is 0.  The
 * hash has a random key.  If the sum is not 0, something is wrong; lists_walk()
 * tells what.
 */
#ifndef HEAPINFO_BIN_SUMS_H
#define HEAPINFO_BIN_SUMS_H

#include "base/util.h"

struct bin_sums {
	u64 key[3];
	u64 links;	/* by fd and bk: 0 if all lists are sound */
	u64 ring;	/* by fd_nextsize and bk_nextsize of large bins */
};

/* The hash of the link from @a to @b in a bin. */
static inline u64 link_hash(const struct bin_sums *s, u64 a, u64 b, u64 bin)
{
	unsigned __int128 m;

	m = (unsigned __int128)(a ^ s->key[0]) * ((b ^ s->key[1]) | 1);
	return ((u64)m ^ (u64)(m >> 64)) * ((bin + s->key[2]) | 1);
}

void bin_sums_init(struct bin_sums *s);

#endif
