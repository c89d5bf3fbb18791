/* SPDX-License-Identifier: GPL-2.0 */
/* The free lists of a heap, as its allocator found them. */
#ifndef HEAPINFO_LISTS_H
#define HEAPINFO_LISTS_H

#include "heap/findings.h"

/* One list that is not empty. */
struct list {
	const char *name;	/* of its kind: "small" */
	unsigned int kind;	/* the allocator's number for that */
	bool of_thread;		/* its owner is a thread's cache, not an arena */
	size_t owner;		/* index in heap.cache, or in heap.arena */
	unsigned int index;	/* of the list among its owner's of this kind */
	u64 head;		/* first chunk */
	u64 claimed;		/* what a thread's cache says is the count */
	u64 count;		/* chunks met */
	u64 bytes;		/* sum of their sizes */
	u64 min_size;
	u64 max_size;
	u64 faults;		/* of this list; 0: it is sound */
	struct place at;	/* of those in findings */
};

/* What the lists say of each chunk; only the allocator knows how. */
struct marks;

struct lists {
	struct findings *findings;	/* what is wrong goes there; or NULL */
	bool names_only;	/* only those that a walk needs for states */
	/* results */
	struct list *list;
	size_t n;
	u64 faults;
	struct marks *marks;	/* for a walk */
};

#endif
