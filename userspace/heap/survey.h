/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One look at all of a heap.  The free lists are followed first: they tell the
 * walk over the chunks what kind of free each one is.
 */
#ifndef HEAPINFO_SURVEY_H
#define HEAPINFO_SURVEY_H

#include "heap/allocator.h"

struct survey {
	const char *what;	/* for progress_start() */
	bool no_lists;		/* cached chunks then look as if in use */
	bool all_lists;		/* also those that the walk does not need */
	struct findings *findings;	/* of the lists; or NULL */
	u64 from;		/* as in struct walk */
	u64 to;
	walk_fn fn;
	void *ctx;
	/* results, until survey_free() */
	struct heap *h;
	struct lists lists;
	struct walk walk;
};

int survey(struct heap *h, struct survey *s);
void survey_free(struct survey *s);

#endif
