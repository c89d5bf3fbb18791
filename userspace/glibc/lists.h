/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The free lists: each thread's tcache; each arena's fastbins, unsorted list,
 * small and large bins.
 *
 * lists_walk() follows and checks them, those with two directions in both, and
 * puts a mark on each chunk that is on one.  By the marks a walk over all
 * chunks tells what kind of free a chunk is.
 */
#ifndef HEAPINFO_GLIBC_LISTS_H
#define HEAPINFO_GLIBC_LISTS_H

#include "glibc/free_table.h"
#include "glibc/glibc.h"
#include "glibc/marks.h"
#include "heap/lists.h"

enum place_kind {	/* place.kind */
	PLACE_ARENA,	/* .owner: its address */
	PLACE_LIST,	/* .owner: the arena's or the tcache's, .list, .index */
	PLACE_KEY,	/* .owner: the tcache's, .index, .addr: the cached chunk */
	PLACE_CHUNK,	/* .owner: the arena's, .addr */
};

enum list_kind {	/* list.kind */
	LIST_TCACHE,
	LIST_FASTBIN,
	LIST_UNSORTED,
	LIST_SMALL,
	LIST_LARGE,
};

/* Of one list: its owner is an index in glibc.tcache or in glibc.state. */
struct list_id {
	enum list_kind kind;
	size_t owner;
	unsigned int index;
};

struct list_walk {
	struct glibc *g;
	struct lists *lists;		/* filled; .marks is set before */
	/* Called for every chunk in a tcache, if set. */
	void (*each_cached)(void *ctx, const struct list *l, u64 chunk);
	void *ctx;
	/* while it goes on */
	struct free_table table;
	bool has_table;
	u64 table_at;			/* make it when target.jumps is this */
	u64 patience;			/* jumps to wait until then */
};

/*
 * Never make a table before so many jumps.  Tests set 0, or what is never
 * reached.
 */
extern u64 lists_min_jumps;

void lists_walk(struct list_walk *lw);
void lists_walk_some(struct list_walk *lw, const struct list_id *id, size_t n);
enum list_kind lists_kind_of_bin(const struct layout *l, unsigned int bin);

#endif
