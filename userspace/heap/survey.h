/* SPDX-License-Identifier: GPL-2.0 */
/* The usual order of things: free lists first, then the pass over chunks. */
#ifndef HEAPINFO_SURVEY_H
#define HEAPINFO_SURVEY_H

#include "heap/allocator.h"

struct survey {
	const char *what;	/* for progress_start() */
	bool no_lists;		/* cached chunks then count as in use */
	bool all_lists;		/* those too that tell no chunk's state */
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
