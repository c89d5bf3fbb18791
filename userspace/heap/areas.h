/* SPDX-License-Identifier: GPL-2.0 */
/* An address space in the parts that people name: text, data, bss, heap ... */
#ifndef HEAPINFO_AREAS_H
#define HEAPINFO_AREAS_H

#include "heap/heap.h"

enum area_kind {
	AREA_TEXT,
	AREA_RODATA,
	AREA_DATA,
	AREA_BSS,
	AREA_OFFSET,	/* nothing is mapped: between bss and heap */
	AREA_HEAP,
	AREA_MAPPINGS,
	AREA_RESERVED,	/* addresses that may not be touched; nothing is there */
	AREA_STACK,
	AREA_BEYOND,	/* between what a process can have and what the kernel adds */
	AREA_KERNEL,	/* vdso and the like */
	AREA_UNMAPPED,
};

struct area {
	enum area_kind kind;
	u64 start;
	u64 end;
	size_t mappings;	/* lines of maps in it */
	char *label;		/* may hold anything */
	bool counted;		/* by areas_count() */
	u64 resident;		/* bytes in memory */
	u64 swapped;
};

struct areas {
	struct area *area;	/* in order of address, without holes */
	size_t n;
	bool counted;		/* some of them are */
};

void areas_find(const struct heap *h, bool all, struct areas *as);
void areas_count(const struct heap *h, struct areas *as);
void areas_free(struct areas *as);
const char *area_kind_name(enum area_kind kind);

#endif
