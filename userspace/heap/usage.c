// SPDX-License-Identifier: GPL-2.0
/* Sum up what the bytes of each arena are used for. */
#include <stdlib.h>
#include <string.h>

#include "heap/usage.h"
#include "target/pagemap.h"

static void count_chunk(struct usage *u, const struct chunk *c,
			unsigned int overhead)
{
	switch (c->state) {
	case CHUNK_IN_USE:
		u->in_use += c->size - overhead;
		u->overhead += overhead;
		u->chunks_in_use++;
		break;
	case CHUNK_TCACHE:
	case CHUNK_FASTBIN:
		u->cached += c->size;
		u->chunks_cached++;
		break;
	case CHUNK_UNSORTED:
	case CHUNK_SMALL:
	case CHUNK_LARGE:
		u->free += c->size;
		u->chunks_free++;
		break;
	case CHUNK_TOP:
		u->top += c->size;
		break;
	case CHUNK_FOREIGN:
		u->foreign += c->size;
		break;
	case CHUNK_DAMAGED:
		u->damaged += c->size;
		break;
	default:
		u->overhead += c->size;
	}
}

/**
 * usages_batch - count the chunks of a batch
 * @u: from usages_begin()
 * @b: the batch
 */
void usages_batch(struct usages *u, const struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];

		count_chunk(&u->arena[b->h->region[c->region].arena], c,
			    heap_overhead(b->h));
	}
}

static int take_batch(const struct batch *b, void *ctx)
{
	usages_batch(ctx, b);
	return 0;
}

/* A thread's cache lies in a chunk in use, but that is not the program's. */
static void move_caches(const struct heap *h, struct usages *u)
{
	size_t i;

	for (i = 0; i < h->caches; i++) {
		const struct region *r = heap_region_of(h, h->cache[i].addr);
		struct usage *a = r ? &u->arena[r->arena] : NULL;
		u64 bytes = h->cache[i].bytes;

		if (!a || !bytes || a->in_use < bytes || !a->chunks_in_use)
			continue;
		a->in_use -= bytes;
		a->overhead += bytes;
		a->chunks_in_use--;
	}
}

/* Bytes before the first chunk of a region and behind its last one are overhead. */
static void count_rest(struct usage *a)
{
	u64 sum = a->in_use + a->cached + a->free + a->top + a->overhead +
		  a->foreign + a->damaged;

	if (sum < a->size)
		a->overhead += a->size - sum;
}

/**
 * usage_add - add sizes to a sum
 * @to: the sum
 * @a: the sizes
 *
 * What is in memory is not known of the sum where it is not of one of them.
 */
void usage_add(struct usage *to, const struct usage *a)
{
	to->size += a->size;
	to->in_use += a->in_use;
	to->cached += a->cached;
	to->free += a->free;
	to->top += a->top;
	to->overhead += a->overhead;
	to->foreign += a->foreign;
	to->damaged += a->damaged;
	to->chunks_in_use += a->chunks_in_use;
	to->chunks_cached += a->chunks_cached;
	to->chunks_free += a->chunks_free;
	if (a->mem_resident == UINT64_MAX ||
	    to->mem_resident == UINT64_MAX) {
		to->mem_resident = UINT64_MAX;
		to->mem_swapped = UINT64_MAX;
		return;
	}
	to->mem_resident += a->mem_resident;
	to->mem_swapped += a->mem_swapped;
}

static void count_regions(struct heap *h, struct usages *u)
{
	struct pagemap *pm = pagemap_open(h->t);
	size_t i;

	for (i = 0; i < h->regions; i++) {
		const struct region *r = &h->region[i];
		struct usage *a = &u->arena[r->arena];

		a->size += r->end - r->start;
		if (pagemap_count(pm, r->start, r->end, &a->mem_resident,
				  &a->mem_swapped)) {
			a->mem_resident = UINT64_MAX;
			a->mem_swapped = UINT64_MAX;
		} else {
			/* A region may begin and end inside of a page. */
			a->mem_resident = min_u64(a->mem_resident, a->size);
		}
	}
	pagemap_close(pm);
}

/**
 * usages_begin - begin to sum up in a pass over all chunks
 * @h: the heap, with an allocator
 * @u: filled; usages_free() it
 */
void usages_begin(const struct heap *h, struct usages *u)
{
	memset(u, 0, sizeof(*u));
	u->arena = xcalloc(h->arenas, sizeof(*u->arena));
}

/**
 * usages_end - sum up, once each batch was counted
 * @h: the heap
 * @u: from usages_begin()
 */
void usages_end(struct heap *h, struct usages *u)
{
	size_t i;

	if (!h->regions)
		return;
	count_regions(h, u);
	move_caches(h, u);
	for (i = 0; i < h->arenas; i++) {
		if (!h->t->expired)
			count_rest(&u->arena[i]);
		usage_add(&u->all, &u->arena[i]);
	}
}

/**
 * usages_read - sum up what all of the heap is used for
 * @h: the heap, with an allocator
 * @u: filled; usages_free() it
 */
void usages_read(struct heap *h, struct usages *u)
{
	struct survey s = { .what = "sizes", .fn = take_batch, .ctx = u };

	usages_begin(h, u);
	if (h->regions) {
		survey(h, &s);
		survey_free(&s);
	}
	usages_end(h, u);
}

/**
 * usages_free - give the sums back
 * @u: from usages_read()
 */
void usages_free(struct usages *u)
{
	free(u->arena);
	memset(u, 0, sizeof(*u));
}
