/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel placed a heap after, and from how wide a range it drew. */
#ifndef HEAPINFO_PLACEMENT_H
#define HEAPINFO_PLACEMENT_H

#include <linux/types.h>

/**
 * enum heapinfo_base - what a heap was placed after
 * @HEAPINFO_BASE_PROGRAM: the program
 * @HEAPINFO_BASE_APART: an address of the kernel's own, which it uses for programs
 *	without a loader
 * @HEAPINFO_BASE_UNKNOWN: the kernel has not placed it where it is
 */
enum heapinfo_base {
	HEAPINFO_BASE_PROGRAM,
	HEAPINFO_BASE_APART,
	HEAPINFO_BASE_UNKNOWN,
};

/**
 * struct heapinfo_placing - what is known of the placing of a heap
 * @start_brk: where the heap begins
 * @end_bss: where the program ends
 * @apart: where the kernel places heaps that do not follow their program
 * @page: the size of a page
 * @narrow: the least range, in bytes, that a kernel may have drawn from
 * @wide: the widest
 * @likely: the one that kernels of this version have, if nobody has changed it
 * @may_be_random: the program was started so that it may be
 */
struct heapinfo_placing {
	unsigned long start_brk;
	unsigned long end_bss;
	unsigned long apart;
	unsigned long page;
	unsigned long narrow;
	unsigned long wide;
	unsigned long likely;
	bool may_be_random;
};

/**
 * struct heapinfo_placement - what follows from it
 * @base: what the heap was placed after. If that is not known, nothing below is.
 * @randomized: the offset of the heap from there is random
 * @window: the offset was drawn from this many bytes; 0 if it is not random
 * @window_seen: that is sure, and not only likely
 */
struct heapinfo_placement {
	enum heapinfo_base base;
	bool randomized;
	unsigned long window;
	bool window_seen;
};

/*
 * There is no kernel in this: the unit tests of the reader build placement.c, too.
 */
void heapinfo_placement_tell(struct heapinfo_placement *placement,
			     const struct heapinfo_placing *placing);

#endif /* HEAPINFO_PLACEMENT_H */
