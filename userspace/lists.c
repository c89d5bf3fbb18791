// SPDX-License-Identifier: GPL-2.0
/* Follow and check malloc's free lists. */
#include <stdlib.h>
#include <string.h>

#include "lists.h"

#define MAX_NODES (1ull << 33)	/* no list is longer: 128 GiB of 16 bytes */

/**
 * list_kind_name - the word for a kind of list
 * @kind: the kind
 *
 * Return: the word.
 */
const char *list_kind_name(enum list_kind kind)
{
	static const char *const name[] = {
		[LIST_TCACHE] = "tcache", [LIST_FASTBIN] = "fastbin",
		[LIST_UNSORTED] = "unsorted", [LIST_SMALL] = "small",
		[LIST_LARGE] = "large",
	};

	return name[kind];
}

static u64 word_at(const struct lists *ls, const struct arena *a,
		   unsigned int offset)
{
	return get_word(a->raw + offset, ls->g->l.word);
}

static void mark(struct lists *ls, u64 chunk, enum mark m)
{
	const struct region *r = glibc_region_of(ls->g, chunk);

	if (r && ls->marks && m)
		marks_set(ls->marks, r - ls->g->region, chunk, m);
}

static bool chunk_size(struct lists *ls, u64 chunk, u64 *size)
{
	if (!target_word(ls->g->t, chunk + ls->g->l.word, size))
		return false;
	*size &= ~(u64)SIZE_BITS;
	return true;
}

static void count(struct lists *ls, struct list *l, u64 chunk, u64 size,
		  enum mark m)
{
	if (!l->count || size < l->min_size)
		l->min_size = size;
	if (size > l->max_size)
		l->max_size = size;
	l->count++;
	l->bytes += size;
	mark(ls, chunk, m);
	if (ls->each)
		ls->each(ls->ctx, l, chunk, size);
}

static void add_list(struct lists *ls, const struct list *l)
{
	if (!(ls->n & (ls->n - 1)))
		ls->list = xrealloc(ls->list, ls->n ? 2 * ls->n : 1,
				    sizeof(*l));
	ls->list[ls->n++] = *l;
}

static void walk_tcache_bin(struct lists *ls, size_t tc, unsigned int i)
{
	const struct layout *lay = &ls->g->l;
	const struct tcache *t = &ls->g->tcache[tc];
	struct list l = { .kind = LIST_TCACHE, .owner = tc, .index = i,
			  .claimed = t->count[i] };
	u64 mem = t->entry[i], next, size;

	if (!mem && !t->count[i])
		return;
	l.head = mem ? mem_to_chunk(lay, mem) : 0;
	while (mem && l.count <= UINT16_MAX) {
		u64 chunk = mem_to_chunk(lay, mem);

		if (!chunk_is_aligned(lay, chunk) ||
		    !chunk_size(ls, chunk, &size) ||
		    !target_word(ls->g->t, mem, &next)) {
			l.broken = true;
			break;
		}
		count(ls, &l, chunk, size, MARK_TCACHE);
		mem = reveal_ptr(lay, mem, next);
	}
	add_list(ls, &l);
}

static void walk_fastbin(struct lists *ls, size_t arena, unsigned int i)
{
	const struct layout *lay = &ls->g->l;
	struct list l = { .kind = LIST_FASTBIN, .owner = arena, .index = i };
	u64 chunk = word_at(ls, &ls->g->arena[arena], lay->fastbins +
			    i * lay->word);
	u64 size, fd;

	l.head = chunk;
	while (chunk && l.count <= MAX_NODES) {
		if (!chunk_is_aligned(lay, chunk) ||
		    !chunk_size(ls, chunk, &size) ||
		    !target_word(ls->g->t, chunk + 2 * lay->word, &fd)) {
			l.broken = true;
			break;
		}
		count(ls, &l, chunk, size, MARK_FASTBIN);
		chunk = reveal_ptr(lay, chunk + 2 * lay->word, fd);
	}
	if (l.head)
		add_list(ls, &l);
}

static enum list_kind bin_kind(const struct layout *lay, unsigned int bin)
{
	if (bin == 1)
		return LIST_UNSORTED;
	return bin < layout_bin_index(lay, layout_min_large(lay)) ?
	       LIST_SMALL : LIST_LARGE;
}

static void walk_bin(struct lists *ls, size_t arena, unsigned int bin)
{
	const struct layout *lay = &ls->g->l;
	const struct arena *a = &ls->g->arena[arena];
	struct list l = { .kind = bin_kind(lay, bin), .owner = arena,
			  .index = bin };
	u64 head = glibc_bin_head(ls->g, a, bin), size, bk;
	u64 chunk = word_at(ls, a, lay->bins + 2 * lay->word * (bin - 1));
	u64 before = head;

	if (chunk == head || !chunk)
		return;
	l.head = chunk;
	while (chunk != head && l.count <= MAX_NODES) {
		if (!chunk_is_aligned(lay, chunk) ||
		    !chunk_size(ls, chunk, &size) ||
		    !target_word(ls->g->t, chunk + 3 * lay->word, &bk) ||
		    bk != before) {
			l.broken = true;
			break;
		}
		count(ls, &l, chunk, size,
		      bin == 1 ? MARK_UNSORTED : MARK_NONE);
		before = chunk;
		if (!target_word(ls->g->t, chunk + 2 * lay->word, &chunk)) {
			l.broken = true;
			break;
		}
	}
	add_list(ls, &l);
}

/**
 * lists_walk - follow every free list
 * @ls: what to follow; the results are filled in, lists_free() them
 */
void lists_walk(struct lists *ls)
{
	struct glibc *g = ls->g;
	size_t i;
	unsigned int bin;

	for (i = 0; i < g->tcaches; i++)
		for (bin = 0; bin < g->l.tcache_bins; bin++)
			walk_tcache_bin(ls, i, bin);
	for (i = 0; i < g->arenas; i++) {
		for (bin = 0; bin < g->l.nfastbins; bin++)
			walk_fastbin(ls, i, bin);
		for (bin = 1; bin < NBINS - 1; bin++)
			if (bin == 1 || !ls->membership_only)
				walk_bin(ls, i, bin);
	}
}

/**
 * lists_free - give the results back
 * @ls: from lists_walk()
 */
void lists_free(struct lists *ls)
{
	free(ls->list);
	ls->list = NULL;
	ls->n = 0;
}
