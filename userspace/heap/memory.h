/* SPDX-License-Identifier: GPL-2.0 */
/* Where all memory of a process is: by part, in memory and in swap. */
#ifndef HEAPINFO_MEMORY_H
#define HEAPINFO_MEMORY_H

#include "heap/heap.h"

enum memory_kind {
	MEMORY_ARENAS,	/* of the allocator that heapinfo reads */
	MEMORY_MMAPPED,	/* its chunks with a mapping of their own */
	MEMORY_BRK,	/* from brk(2), and not in an arena */
	MEMORY_STACKS,
	MEMORY_ANON,	/* other anonymous memory */
	MEMORY_PROGRAM,	/* the program and its libraries, with data and bss */
	MEMORY_FILES,	/* other mapped files */
	MEMORY_SHARED,	/* shared memory: what has no file on a disk */
	MEMORY_KERNEL,	/* pages that the kernel gives each process */
	MEMORY_KINDS
};

struct memory_part {
	enum memory_kind kind;
	char *owner;	/* of MEMORY_ANON: whose it is; NULL: not known */
	bool likely;	/* @owner was told from the shape: it may be wrong */
	size_t pieces;	/* mappings, or parts of such */
	/* Bytes; the last two are 0 where memory.counted is not set. */
	u64 mapped;
	u64 resident;
	u64 swapped;
};

struct memory {
	bool counted;		/* what is resident is known of each part */
	bool resident_known;	/* or at least of all together */
	u64 mapped;		/* bytes; they are the sums over the parts */
	u64 resident;
	u64 swapped;
	u64 proportional;	/* shared pages divided among those who have them */
	u64 reserved;		/* of no part: address space that nobody may touch */
	u64 heap_resident;	/* of [heap] */
	struct memory_part *part;	/* by kind; the largest first within it */
	size_t parts;
};

void memory_read(struct heap *h, struct memory *mem);
void memory_free(struct memory *mem);
const char *memory_kind_name(enum memory_kind kind);

#endif
