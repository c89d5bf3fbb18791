/* SPDX-License-Identifier: GPL-2.0 */
/* What a walk can find wrong with the header of a chunk. */
#ifndef HEAPINFO_GLIBC_WALK_H
#define HEAPINFO_GLIBC_WALK_H

/* Why a header cannot be right: chunk.fault. */
enum walk_fault {
	FAULT_NONE,
	FAULT_SIZE_SMALL,	/* less than the smallest chunk */
	FAULT_SIZE_ALIGN,	/* not a multiple of the alignment */
	FAULT_SIZE_BEYOND,	/* runs over the end of the region */
	FAULT_PAST_TOP,		/* runs over top */
	FAULT_TOP_SIZE,		/* top does not end where its region ends */
	FAULT_NO_TOP,		/* ends without having met top */
	FAULT_UNREADABLE,
};

struct heap;
struct walk;

const char *walk_fault_text(enum walk_fault fault);
int glibc_walk_some(struct heap *h, struct walk *w, size_t region, u64 chunk);

#endif
