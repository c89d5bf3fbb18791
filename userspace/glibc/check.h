/* SPDX-License-Identifier: GPL-2.0 */
/* The tests of single chunks and arenas, for a first look and for a second. */
#ifndef HEAPINFO_GLIBC_CHECK_H
#define HEAPINFO_GLIBC_CHECK_H

#include "glibc/glibc.h"
#include "glibc/marks.h"
#include "heap/findings.h"

#define CHECK_STEPS ARRAY_SIZE(((struct place *)NULL)->from)

struct check_pass {
	struct findings *findings;
	struct heap *h;
	struct glibc *g;
	const struct layout *l;
	const struct marks *marks;
	struct chunk prev;	/* the chunk before, if in the same region */
	bool has_prev;
	u64 other;	/* a listed chunk that was met inside of another, last */
};

void check_chunk(struct check_pass *p, const struct chunk *c);
void check_arena(struct check_pass *p, size_t i);
void check_key(struct findings *f, const struct place *at, u64 key);

#endif
