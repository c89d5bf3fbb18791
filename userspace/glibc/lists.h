/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The free lists: tcache of each thread, fastbins, unsorted, small and large
 * bins of each arena.
 *
 * lists_walk() follows them, checks each both ways where it has two, and
 * leaves marks with which walk_heap() tells what kind of free a chunk is.
 */
#ifndef HEAPINFO_LISTS_H
#define HEAPINFO_LISTS_H

#include "heap/findings.h"
#include "glibc/free_table.h"
#include "glibc/glibc.h"
#include "glibc/marks.h"

enum list_kind {
	LIST_TCACHE,
	LIST_FASTBIN,
	LIST_UNSORTED,
	LIST_SMALL,
	LIST_LARGE,
	LIST_KINDS
};

/* One list that is not empty. */
struct list {
	enum list_kind kind;
	size_t owner;		/* index in glibc.tcache, or in glibc.arena */
	unsigned int index;	/* of the bin */
	u64 head;		/* first chunk */
	u64 claimed;		/* what a tcache's counter says */
	u64 count;		/* chunks met */
	u64 bytes;		/* sum of their sizes */
	u64 min_size;
	u64 max_size;
	u64 faults;		/* of this list; 0: it is sound both ways */
};

struct lists {
	struct glibc *g;
	struct marks *marks;		/* filled; needed */
	struct findings *findings;	/* or NULL */
	bool names_only;		/* only what walk_heap() needs: no sizes */
	/* Called for every chunk in a tcache, if set. */
	void (*each_cached)(void *ctx, const struct list *l, u64 chunk);
	void *ctx;
	/* results */
	struct list *list;
	size_t n;
	u64 faults;
	/* while it goes on */
	struct free_table table;
	bool has_table;
	u64 table_at;			/* target.jumps when to make it */
	u64 patience;			/* jumps until then */
};

/* So many jumps are borne at the least; tests want none, or all. */
extern u64 lists_min_jumps;

void lists_walk(struct lists *ls);
void lists_free(struct lists *ls);
const char *list_kind_name(enum list_kind kind);

#endif
