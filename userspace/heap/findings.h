/* SPDX-License-Identifier: GPL-2.0 */
/* What was found wrong in a heap: rules that its data breaks. */
#ifndef HEAPINFO_FINDINGS_H
#define HEAPINFO_FINDINGS_H

#include "base/util.h"

struct finding {
	u64 addr;		/* of the chunk, or of the structure */
	const char *words;	/* the allocator's when it aborts, or NULL */
	char text[256];		/* what is wrong, in one line */
};

/* The first MAX_FINDINGS are kept, all are counted. */
#define MAX_FINDINGS 1000u

struct findings {
	struct finding *found;
	size_t n;
	u64 total;
};

void findings_add(struct findings *f, u64 addr, const char *words,
		  const char *fmt, ...) __printf(4, 5);
void findings_free(struct findings *f);

#endif
