// SPDX-License-Identifier: GPL-2.0
/* What every allocator's walk has in common. */
#include "base/text.h"
#include "heap/heap.h"
#include "heap/walk.h"

/**
 * batch_bytes - the bytes of a chunk, from its header on
 * @b: the batch
 * @c: a chunk of it
 * @avail: how many bytes of it there are
 *
 * Return: the bytes.  If they are too few, read more with target_read().
 */
const u8 *batch_bytes(const struct batch *b, const struct chunk *c,
		      size_t *avail)
{
	u64 off = c->addr - b->block_addr;

	*avail = off < b->block_len ? min_u64(c->size, b->block_len - off) : 0;
	return *avail ? b->block + off : NULL;
}

/**
 * walk_progress_start - a walk begins, or several, which may take a while
 * @what: its name
 * @h: the heap
 *
 * The allocator calls progress_at() as it goes; call progress_end() afterwards.
 */
void walk_progress_start(const char *what, const struct heap *h)
{
	progress_start(what, h->regions ? h->region[h->regions - 1].end -
		       h->region[0].first : 0);
}
