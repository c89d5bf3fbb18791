/* SPDX-License-Identifier: GPL-2.0 */
/* Every invariant of malloc's data that can be tested from outside. */
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
	u64 lists;
	u64 listed;	/* chunks on them */
	bool unsure;	/* what looked wrong may be a change half done */
	bool held;	/* and will not be done: somebody else has stopped it */
};

int check_heap(struct heap *h, struct check *c, struct error *e);
void check_free(struct check *c);

#endif
