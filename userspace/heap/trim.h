/* SPDX-License-Identifier: GPL-2.0 */
/* What keeps the break up, and what trimming would give back. */
#ifndef HEAPINFO_TRIM_H
#define HEAPINFO_TRIM_H

#include "heap/heap.h"

#define MAX_PINS 16u

/* A chunk below top that is not free, and so keeps the break above it. */
struct pin {
	u64 addr;
	u64 size;
	u64 free_below;	/* bytes free between it and the next chunk below */
	u64 lowers;	/* the break, if this and all pins above it were free */
	u8 state;
	u8 bytes[32];	/* the first of the user's */
	size_t len;
};

/* Why free() leaves the break where it is; more than one can hold. */
enum trim_reason {
	TRIM_BELOW_THRESHOLD = 1,	/* top is smaller than trim_threshold */
	TRIM_FOREIGN_ABOVE = 2,		/* the break is not top's end */
	TRIM_TOP_IN_MMAP = 4,		/* top is not in the heap of brk */
	TRIM_PINNED = 8,		/* much is free, but below a pin */
	TRIM_WAITING = 16,		/* the next large free() would trim */
	TRIM_TOP_DAMAGED = 32,		/* top is nowhere, or too large */
	TRIM_PAD = 64,			/* free() would leave all of top, as a pad */
};

struct trim {
	unsigned int reasons;
	u64 top;
	u64 top_size;
	u64 top_end;		/* 0: its size makes no sense */
	u64 brk;		/* 0: not known */
	/* free() lowers the break when top is as large as this. */
	bool threshold_known;
	u64 threshold;
	bool threshold_fixed;	/* set by the program; the allocator keeps it */
	bool threshold_raised;	/* by the allocator, since the start */
	bool huge_pages;	/* all memory is asked of mmap(2) for them */
	bool changed;		/* break and top are in the middle of a change */
	u64 pad;		/* bytes of top that free() leaves, more or less */
	u64 now;		/* bytes malloc_trim(0) would lower the break by */
	u64 by_free;		/* bytes that the next large free() would */
	struct pin pin[MAX_PINS];	/* the one nearest to top first */
	size_t pins;
	u64 free_below;		/* all bytes in free chunks of the main arena */
	u64 cached;		/* in tcaches and fastbins there */
	u64 whole_pages;	/* bytes in them, for malloc_trim() ... */
	u64 resident;		/* ... that are in memory; UINT64_MAX: unknown */
};

#endif
