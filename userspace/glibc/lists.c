// SPDX-License-Identifier: GPL-2.0
/*
 * Follow and check malloc's free lists.
 *
 * A list ends where it comes back to its head; where it leads out of all
 * memory, or to a chunk that some list has already, it is damaged and its
 * other end is followed instead.
 *
 * Chunks are read one by one, unless a bin turns out to jump about in the heap:
 * then a table of all free chunks is made (free_table.c), and only those are
 * read of which the table does not say that all is in order.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "glibc/lists.h"

/* One jump for so many bytes of heap costs a part of what a pass does. */
#define BYTES_A_JUMP (128u << 10)
#define MAX_OUTSIDE (1u << 20)	/* chunks in memory of no known region */

/* Those have no marks, so where they lead in a ring is seen like this. */
struct outside {
	u64 n;
	u64 seen;	/* one that was met, a later one each time n doubles */
};

u64 lists_min_jumps = 1024;

/* The words of a free chunk. */
struct node {
	u64 prev_size;
	u64 field;
	u64 size;
	u64 fd;
	u64 bk;
	u64 fd_nextsize;
	u64 bk_nextsize;
};

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

static void __printf(5, 6) fault(struct lists *ls, struct list *l, u64 addr,
				 enum words words, const char *fmt, ...)
{
	char text[192];
	va_list ap;

	l->faults++;
	ls->faults++;
	if (!ls->findings)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (l->kind == LIST_TCACHE)
		findings_add(ls->findings, addr,
			     layout_words(&ls->g->l, words),
			     "tcache of thread %d, bin %u: %s",
			     (int)ls->g->tcache[l->owner].tid, l->index, text);
	else
		findings_add(ls->findings, addr,
			     layout_words(&ls->g->l, words),
			     "arena %zu, %s bin %u: %s", l->owner,
			     list_kind_name(l->kind), l->index, text);
}

static bool read_node(struct lists *ls, u64 chunk, struct node *n)
{
	unsigned int w = ls->g->l.word;
	u8 raw[6 * 8];

	memset(n, 0, sizeof(*n));
	/* The smallest chunk has only four words. */
	if (!target_peek(ls->g->t, chunk, raw, 4 * w))
		return false;
	n->prev_size = get_word(raw, w);
	n->field = get_word(raw + w, w);
	n->size = n->field & ~(u64)SIZE_BITS;
	n->fd = get_word(raw + 2 * w, w);
	n->bk = get_word(raw + 3 * w, w);
	if (n->size >= layout_min_large(&ls->g->l) &&
	    target_peek(ls->g->t, chunk + 4 * w, raw, 2 * w)) {
		n->fd_nextsize = get_word(raw, w);
		n->bk_nextsize = get_word(raw + w, w);
	}
	return true;
}

/* Was a chunk without a mark met before, or are there too many? */
static bool was_outside(struct outside *o, u64 chunk)
{
	if (chunk == o->seen || o->n >= MAX_OUTSIDE)
		return true;
	if (!(o->n & (o->n - 1)))
		o->seen = chunk;
	o->n++;
	return false;
}

static void drop_table(struct lists *ls)
{
	if (ls->has_table)
		free_table_end(&ls->table);
	ls->has_table = false;
}

/* Make the table if the lists have led to and fro for long enough. */
static void want_table(struct lists *ls)
{
	u64 jumps = ls->g->t->jumps;

	if (ls->has_table || jumps < ls->table_at)
		return;
	ls->has_table = free_table_make(&ls->table, ls->g, ls->marks);
	ls->patience = 2 * ls->patience + 1024;
	ls->table_at = ls->has_table ? jumps + ls->patience : UINT64_MAX;
}

/* Put a mark on a chunk.  Return: false where it has one already. */
static bool mark(struct lists *ls, size_t region, u64 chunk, enum mark m)
{
	u32 entry;

	if (ls->has_table) {
		entry = free_table_find(&ls->table, chunk);
		if (entry != NO_ENTRY) {
			if (free_table_mark(&ls->table, entry))
				return false;
			free_table_set_mark(&ls->table, entry, m);
			return true;
		}
		/* It was not free, or no chunk, when the table was made. */
		drop_table(ls);
	}
	if (marks_get(ls->marks, region, chunk))
		return false;
	marks_set(ls->marks, region, chunk, m);
	return true;
}

static void count_chunks(struct list *l, u64 n, u64 size)
{
	if (!l->count || size < l->min_size)
		l->min_size = size;
	if (size > l->max_size)
		l->max_size = size;
	l->count += n;
	l->bytes += n * size;
}

/*
 * Put a mark on a chunk that a list has.  Return: false where it has one
 * already, which is damage and perhaps a list without an end.
 */
static bool take(struct lists *ls, struct list *l, u64 chunk, u64 size,
		 enum mark m, struct outside *outside)
{
	const struct region *r = glibc_region_of(ls->g, chunk);

	if (r ? !mark(ls, r - ls->g->region, chunk, m) :
		was_outside(outside, chunk))
		return false;
	count_chunks(l, 1, size);
	if (ls->each_cached && l->kind == LIST_TCACHE)
		ls->each_cached(ls->ctx, l, chunk);
	return true;
}

static void add_list(struct lists *ls, const struct list *l)
{
	ls->list = xgrow(ls->list, ls->n, sizeof(*l));
	ls->list[ls->n++] = *l;
}

/* Chunks from mmap may be cached since 2.43; their size says nothing here. */
static bool fits_tcache_bin(const struct layout *lay, const struct node *n,
			    unsigned int bin)
{
	return n->field & IS_MMAPPED ||
	       layout_tcache_index(lay, n->size) == (int)bin;
}

static void check_tcache_count(struct lists *ls, struct list *l)
{
	const struct glibc *g = ls->g;
	u64 fill = g->mp.addr ? g->mp.tcache_count : UINT16_MAX;

	if (l->faults)
		return;
	if (l->claimed == UINT16_MAX && g->l.tcache_counts_down)
		fault(ls, l, g->tcache[l->owner].addr, WORDS_TCACHE_MANY,
		      "its counter leaves room for more than the %" PRIu64 " chunks a bin may have",
		      fill);
	else if (l->count != l->claimed)
		fault(ls, l, g->tcache[l->owner].addr,
		      l->count > fill ? WORDS_TCACHE_MANY : WORDS_NONE,
		      "%" PRIu64 " chunks on the list, but its counter says %" PRIu64,
		      l->count, l->claimed);
}

/* The next chunk of a list with one direction; false where the list ends badly. */
static bool take_single(struct lists *ls, struct list *l, u64 chunk,
			struct node *n, struct outside *outside)
{
	bool cached = l->kind == LIST_TCACHE;

	if (!chunk_is_aligned(&ls->g->l, chunk))
		fault(ls, l, chunk, cached ? WORDS_TCACHE_UNALIGNED :
					     WORDS_FAST_UNALIGNED,
		      "%#" PRIx64 " is not aligned as a chunk is", chunk);
	else if (!read_node(ls, chunk, n))
		fault(ls, l, chunk, WORDS_NONE, "%#" PRIx64 " is no memory",
		      chunk);
	else if (!take(ls, l, chunk, n->size, cached ? MARK_TCACHE :
						       MARK_FASTBIN, outside))
		fault(ls, l, chunk, cached ? WORDS_TCACHE_DOUBLE :
					     WORDS_DOUBLE_FREE_FASTTOP,
		      "%#" PRIx64 " is on a free list already", chunk);
	else
		return true;
	return false;
}

static void walk_tcache_bin(struct lists *ls, size_t tc, unsigned int i)
{
	const struct layout *lay = &ls->g->l;
	const struct tcache *t = &ls->g->tcache[tc];
	struct list l = { .kind = LIST_TCACHE, .owner = tc, .index = i,
			  .claimed = t->count[i] };
	struct outside outside = { 0 };
	u64 mem = t->entry[i];
	struct node n;

	if (!mem && !t->count[i])
		return;
	l.head = mem ? mem_to_chunk(lay, mem) : 0;
	while (mem && l.count <= UINT16_MAX) {
		u64 chunk = mem_to_chunk(lay, mem);

		if (!take_single(ls, &l, chunk, &n, &outside))
			break;
		if (!fits_tcache_bin(lay, &n, i))
			fault(ls, &l, chunk, WORDS_NONE,
			      "%#" PRIx64 " has size %#" PRIx64 ", which is another bin's",
			      chunk, n.size);
		mem = reveal_ptr(lay, mem, n.fd);
	}
	check_tcache_count(ls, &l);
	add_list(ls, &l);
}

static u64 arena_word(const struct lists *ls, const struct arena *a,
		      unsigned int offset)
{
	return get_word(a->raw + offset, ls->g->l.word);
}

static void walk_fastbin(struct lists *ls, size_t arena, unsigned int i)
{
	const struct layout *lay = &ls->g->l;
	struct list l = { .kind = LIST_FASTBIN, .owner = arena, .index = i };
	u64 chunk = arena_word(ls, &ls->g->arena[arena], lay->fastbins +
			       i * lay->word);
	struct outside outside = { 0 };
	struct node n;

	if (!chunk)
		return;
	l.head = chunk;
	for (; chunk; chunk = reveal_ptr(lay, chunk + 2 * lay->word, n.fd)) {
		if (!take_single(ls, &l, chunk, &n, &outside))
			break;
		if (layout_fast_index(lay, n.size) != i)
			fault(ls, &l, chunk, WORDS_FAST_SIZE,
			      "%#" PRIx64 " has size %#" PRIx64 ", which is another bin's",
			      chunk, n.size);
	}
	add_list(ls, &l);
}

/* State of one walk along a bin, in the direction of fd or of bk. */
struct bin_walk {
	struct lists *ls;
	struct list *l;
	const struct arena *a;
	u64 head;
	struct outside outside;
	u64 last;	/* what the head's bk says is the last chunk */
	u64 last_size;	/* of the chunk before, in a large bin */
};

static enum words link_words(enum list_kind kind)
{
	return kind == LIST_UNSORTED ? WORDS_UNSORTED_LINK :
	       kind == LIST_SMALL ? WORDS_SMALLBIN_LINK : WORDS_LINKED_LIST;
}

/* What malloc tests of a free chunk and the one behind it in memory. */
static void check_free_chunk(struct bin_walk *bw, u64 chunk,
			     const struct node *n)
{
	const struct layout *lay = &bw->ls->g->l;
	bool unsorted = bw->l->kind == LIST_UNSORTED;
	struct lists *ls = bw->ls;
	u64 prev_size, field;

	if (n->size < lay->minsize || n->size > bw->a->system_mem ||
	    n->size & (lay->align - 1)) {
		fault(ls, bw->l, chunk,
		      unsorted ? WORDS_UNSORTED_SIZE : WORDS_PREV_SIZE,
		      "%#" PRIx64 " has size %#" PRIx64 ", which no chunk of this arena can have",
		      chunk, n->size);
		return;
	}
	if (!target_word(ls->g->t, chunk + n->size, &prev_size) ||
	    !target_word(ls->g->t, chunk + n->size + lay->word, &field)) {
		fault(ls, bw->l, chunk, WORDS_NONE,
		      "%#" PRIx64 " has size %#" PRIx64 ", but memory ends before that",
		      chunk, n->size);
		return;
	}
	if (prev_size != n->size)
		fault(ls, bw->l, chunk,
		      unsorted ? WORDS_UNSORTED_PREV_SIZE : WORDS_PREV_SIZE,
		      "%#" PRIx64 " has size %#" PRIx64 ", but the chunk behind it says %#" PRIx64,
		      chunk, n->size, prev_size);
	if (unsorted && (field < 2 * lay->word || field > bw->a->system_mem))
		fault(ls, bw->l, chunk, WORDS_UNSORTED_NEXT_SIZE,
		      "the chunk behind %#" PRIx64 " has size %#" PRIx64,
		      chunk, field & ~(u64)SIZE_BITS);
	if (field & PREV_INUSE)
		fault(ls, bw->l, chunk,
		      unsorted ? WORDS_UNSORTED_PREV_INUSE : WORDS_NONE,
		      "%#" PRIx64 " is free, but the chunk behind it says it is in use",
		      chunk);
}

/* Large bins go from large to small, with a ring over the sizes. */
static void check_large(struct bin_walk *bw, u64 chunk, const struct node *n)
{
	struct lists *ls = bw->ls;
	u64 back, w = ls->g->l.word;

	if (bw->last_size && n->size > bw->last_size)
		fault(ls, bw->l, chunk, WORDS_NONE,
		      "%#" PRIx64 " is larger than the chunk before it",
		      chunk);
	if (!n->fd_nextsize && n->size != bw->last_size)
		fault(ls, bw->l, chunk, WORDS_LARGEBIN_NEXTSIZE,
		      "%#" PRIx64 " is the first of its size, but not on the ring over the sizes",
		      chunk);
	bw->last_size = n->size;
	if (!n->fd_nextsize)
		return;
	if (!target_word(ls->g->t, n->fd_nextsize + 5 * w, &back) ||
	    back != chunk ||
	    !target_word(ls->g->t, n->bk_nextsize + 4 * w, &back) ||
	    back != chunk)
		fault(ls, bw->l, chunk, WORDS_LINKED_LIST_LARGE,
		      "the ring over the sizes does not come back to %#" PRIx64,
		      chunk);
}

static void check_bin_index(struct bin_walk *bw, u64 chunk,
			    const struct node *n)
{
	if (bw->l->kind != LIST_UNSORTED &&
	    layout_bin_index(&bw->ls->g->l, n->size) != bw->l->index)
		fault(bw->ls, bw->l, chunk, WORDS_NONE,
		      "%#" PRIx64 " has size %#" PRIx64 ", which is another bin's",
		      chunk, n->size);
}

/*
 * @before leads to @chunk, which does not lead back.  If what follows @chunk
 * leads back to it, it is on the list and its own bk is wrong; else @before
 * has led astray.
 */
static void blame_link(struct bin_walk *bw, u64 before, u64 chunk,
		       const struct node *n)
{
	struct target *t = bw->ls->g->t;
	unsigned int w = bw->ls->g->l.word;
	u64 back, forth;

	if (target_word(t, n->fd + 3 * w, &back) && back == chunk &&
	    !(target_word(t, n->bk + 2 * w, &forth) && forth == chunk))
		fault(bw->ls, bw->l, chunk, link_words(bw->l->kind),
		      "%#" PRIx64 " does not lead back to %#" PRIx64 " but to %#" PRIx64,
		      chunk, before, n->bk);
	else
		fault(bw->ls, bw->l, before, link_words(bw->l->kind),
		      "%#" PRIx64 " leads to %#" PRIx64 ", which does not lead back",
		      before, chunk);
}

/* May a chunk be on this list, by what the table says of it? */
static bool is_in_order(const struct bin_walk *bw, unsigned int code)
{
	if (bw->l->kind != LIST_UNSORTED)
		return code == bw->l->index;
	return code > ENTRY_LARGE || (code && bw->ls->names_only);
}

/*
 * Go on from *@chunk, which *@before leads to, over all that the table has and
 * that is in order: up to one that needs to be read.
 */
static void follow_table(struct bin_walk *bw, enum mark m, u64 *before,
			 u64 *chunk)
{
	struct free_table *t = &bw->ls->table;
	u32 from = free_table_find(t, *before);
	u32 to = free_table_find(t, *chunk);
	u64 met[ENTRY_MAX + 1] = { 0 };
	unsigned int code;

	if (from == NO_ENTRY || to == NO_ENTRY || free_table_next(t, from) != to)
		return;
	while (free_table_next(t, to) != NO_ENTRY && !free_table_mark(t, to)) {
		code = free_table_code(t, to);
		if (!is_in_order(bw, code))
			break;
		free_table_set_mark(t, to, m);
		met[code]++;
		from = to;
		to = free_table_next(t, to);
	}
	for (code = ENTRY_LARGE; code <= ENTRY_MAX; code++)
		if (met[code])
			count_chunks(bw->l, met[code],
				     free_table_size(&bw->ls->g->l, code));
	*before = free_table_addr(t, from);
	*chunk = free_table_addr(t, to);
}

/*
 * Follow a bin from its head: by fd, or, to see what lies behind damage, by
 * bk.  Return: true if the walk came back to the head.
 */
static bool follow_bin(struct bin_walk *bw, u64 chunk, bool by_fd)
{
	struct lists *ls = bw->ls;
	enum mark m = bw->l->kind == LIST_UNSORTED ? MARK_UNSORTED : MARK_BIN;
	u64 before = bw->head;
	struct node n;

	while (chunk != bw->head) {
		if (by_fd)
			want_table(ls);
		if (by_fd && ls->has_table)
			follow_table(bw, m, &before, &chunk);
		if (!chunk_is_aligned(&ls->g->l, chunk) ||
		    !read_node(ls, chunk, &n)) {
			if (by_fd)
				fault(ls, bw->l, before,
				      link_words(bw->l->kind),
				      "%#" PRIx64 " leads to %#" PRIx64 ", which is no chunk",
				      before, chunk);
			return false;
		}
		if (by_fd && n.bk != before) {
			blame_link(bw, before, chunk, &n);
			return false;
		}
		if (!take(ls, bw->l, chunk, n.size, m, &bw->outside)) {
			if (by_fd)
				fault(ls, bw->l, chunk,
				      link_words(bw->l->kind),
				      "%#" PRIx64 " is on a free list already",
				      chunk);
			return false;
		}
		check_bin_index(bw, chunk, &n);
		if (ls->findings)
			check_free_chunk(bw, chunk, &n);
		if (bw->l->kind == LIST_LARGE && by_fd)
			check_large(bw, chunk, &n);
		before = chunk;
		chunk = by_fd ? n.fd : n.bk;
	}
	if (by_fd && before != bw->last)
		fault(ls, bw->l, bw->head, link_words(bw->l->kind),
		      "the list ends with %#" PRIx64 ", but its head says %#" PRIx64,
		      before, bw->last);
	return true;
}

static enum list_kind bin_kind(const struct layout *lay, unsigned int bin)
{
	if (bin == 1)
		return LIST_UNSORTED;
	return bin < layout_bin_index(lay, layout_min_large(lay)) ?
	       LIST_SMALL : LIST_LARGE;
}

static void check_binmap(struct lists *ls, struct list *l,
			 const struct arena *a)
{
	u32 map = get_u32(a->raw + ls->g->l.binmap + l->index / 32 * 4);

	if (l->index > 1 && !(map >> l->index % 32 & 1))
		fault(ls, l, a->addr + ls->g->l.binmap, WORDS_NONE,
		      "the bin has chunks, but its bit in binmap is clear: malloc does not see them");
}

static void walk_bin(struct lists *ls, size_t arena, unsigned int bin)
{
	const struct layout *lay = &ls->g->l;
	const struct arena *a = &ls->g->arena[arena];
	struct list l = { .kind = bin_kind(lay, bin), .owner = arena,
			  .index = bin };
	struct bin_walk bw = { .ls = ls, .l = &l, .a = a,
			       .head = glibc_bin_head(ls->g, a, bin) };
	unsigned int at = lay->bins + 2 * lay->word * (bin - 1);
	u64 fd = arena_word(ls, a, at);
	u64 bk = arena_word(ls, a, at + lay->word);

	/* Before the first malloc (up to 2.41) all of it is zero. */
	if ((fd == bw.head && bk == bw.head) || (!fd && !bk))
		return;
	l.head = fd;
	bw.last = bk;
	if (!follow_bin(&bw, fd, true))
		follow_bin(&bw, bk, false);
	check_binmap(ls, &l, a);
	add_list(ls, &l);
}

static bool is_of_arena(const struct list *l)
{
	return l->kind != LIST_TCACHE;
}

/* Those of threads, then those of each arena, from small to large. */
static int by_owner(const void *a, const void *b)
{
	const struct list *x = a, *y = b;

	if (is_of_arena(x) != is_of_arena(y))
		return is_of_arena(x) ? 1 : -1;
	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/**
 * lists_walk - follow every free list
 * @ls: what to follow; the results are filled in, lists_free() them
 *
 * Marks of chunks that are on lists are set; with @ls->names_only the small
 * and large bins are left out, since a chunk's size tells those apart.
 *
 * The lists of chunks that look as if they were in use come first, those of all
 * threads and arenas: the table has them only if it finds their marks.
 */
void lists_walk(struct lists *ls)
{
	struct glibc *g = ls->g;
	size_t i;
	unsigned int bin;

	for (i = 0; i < g->tcaches; i++)
		for (bin = 0; bin < g->l.tcache_bins; bin++)
			walk_tcache_bin(ls, i, bin);
	for (i = 0; i < g->arenas; i++)
		for (bin = 0; bin < g->l.nfastbins; bin++)
			walk_fastbin(ls, i, bin);
	ls->patience = 0;
	for (i = 0; i < g->regions; i++)
		ls->patience += g->region[i].end - g->region[i].first;
	ls->patience = max_u64(ls->patience / BYTES_A_JUMP, lists_min_jumps);
	ls->table_at = g->t->jumps + min_u64(ls->patience, INT64_MAX);
	for (i = 0; i < g->arenas; i++)
		for (bin = 1; bin < NBINS - 1; bin++)
			if (bin == 1 || !ls->names_only)
				walk_bin(ls, i, bin);
	drop_table(ls);
	sort_array(ls->list, ls->n, sizeof(*ls->list), by_owner);
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
