// SPDX-License-Identifier: GPL-2.0
/* Chunks with a mapping of their own, where their allocator can be asked. */
#include <stdlib.h>
#include <string.h>

#include "heap/allocator.h"

/**
 * mmapped_find - find the chunks that have a mapping of their own
 * @h: the heap
 * @m: filled; mmapped_free() it
 */
void mmapped_find(struct heap *h, struct mmapped *m)
{
	memset(m, 0, sizeof(*m));
	if (h->a->mmapped)
		h->a->mmapped(h, m);
}

/**
 * mmapped_free - give them back
 * @m: from mmapped_find()
 */
void mmapped_free(struct mmapped *m)
{
	free(m->chunk);
	memset(m, 0, sizeof(*m));
}
