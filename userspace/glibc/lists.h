/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The free lists: tcache of each thread, fastbins, unsorted, small and large
 * bins of each arena.
 *
 * lists_walk() follows them, checks each both ways where it has two, and
 * leaves marks with which a walk tells what kind of free a chunk is.
 */
#ifndef HEAPINFO_GLIBC_LISTS_H
#define HEAPINFO_GLIBC_LISTS_H

#include "glibc/free_table.h"
#include "glibc/glibc.h"
#include "glibc/marks.h"
#include "heap/lists.h"

enum list_kind {	/* list.kind */
	LIST_TCACHE,
	LIST_FASTBIN,
	LIST_UNSORTED,
	LIST_SMALL,
	LIST_LARGE,
};

struct list_walk {
	struct glibc *g;
	struct lists *lists;		/* filled; its marks are there already */
	/* Called for every chunk in a tcache, if set. */
	void (*each_cached)(void *ctx, const struct list *l, u64 chunk);
	void *ctx;
	/* while it goes on */
	struct free_table table;
	bool has_table;
	u64 table_at;			/* target.jumps when to make it */
	u64 patience;			/* jumps until then */
};

/* So many jumps are borne at the least; tests want none, or all. */
extern u64 lists_min_jumps;

void lists_walk(struct list_walk *lw);

#endif
