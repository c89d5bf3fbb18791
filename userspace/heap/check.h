/* SPDX-License-Identifier: GPL-2.0 */
/* The result of testing a heap for damage. */
#ifndef HEAPINFO_CHECK_H
#define HEAPINFO_CHECK_H

#include "heap/findings.h"
#include "heap/heap.h"
#include "heap/mmapped.h"

struct check {
	struct findings findings;
	struct mmapped mmapped;
	u64 chunks;
	u64 bytes;
	u64 lists;	/* free lists */
	u64 listed;	/* chunks on them */
	bool unsure;	/* what looked wrong may be a change that is half done */
	bool refused;	/* the process could not be stopped to make sure */
	bool held;	/* it stays so: somebody else stopped the process */
};

int check_heap(struct heap *h, struct check *c, struct error *e);
void check_free(struct check *c);

#endif
