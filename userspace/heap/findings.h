/* SPDX-License-Identifier: GPL-2.0 */
/* What was found wrong in a heap: rules that its data breaks. */
#ifndef HEAPINFO_FINDINGS_H
#define HEAPINFO_FINDINGS_H

#include "base/util.h"

/*
 * Where to look again, to tell what is wrong from a change half done.  The first
 * five say which place it is; what they mean only the allocator knows.
 */
struct place {
	unsigned int kind;
	unsigned int list;
	unsigned int index;
	u64 owner;
	u64 addr;
	/* What helps to look there. */
	u64 other;
	u64 from[2];
};

struct finding {
	u64 addr;		/* of the chunk, or of the structure */
	const char *words;	/* the allocator's when it aborts, or NULL */
	char text[256];		/* what is wrong, in one line */
	struct place at;
};

/* The first MAX_FINDINGS are kept, MAX_SHOWN of them are shown, all are counted. */
#define MAX_FINDINGS 4000u
#define MAX_SHOWN 1000u

struct findings {
	struct finding *found;
	size_t n;
	u64 total;
	bool lost;	/* one is not kept, and none that is kept is at its place */
};

void findings_add(struct findings *f, u64 addr, const char *words,
		  const char *fmt, ...) __printf(4, 5);
void findings_place(struct findings *f, size_t from, const struct place *at);
void findings_take(struct findings *to, const struct findings *from);
bool findings_at(const struct findings *f, const struct place *at);
bool place_is(const struct place *a, const struct place *b);
void findings_free(struct findings *f);

#endif
