// SPDX-License-Identifier: GPL-2.0
/*
 * Follow and check malloc's free lists.
 *
 * A sound bin comes back to its head.  One that leads out of all memory, or to a
 * chunk that is on a list already, is damaged; it is then followed from its other
 * end, to see the chunks behind the damage.
 *
 * Chunks are read one at a time, unless a bin jumps to and fro in the heap.
 * Then a table of all free chunks is made (free_table.c), and only chunks with
 * which the table found something wrong are still read.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "glibc/lists.h"
#include "glibc/ops.h"
#include "glibc/state.h"

/* At one jump for so many bytes, jumps cost less than to read all of the heap. */
#define BYTES_A_JUMP (1u << 20)
#define MAX_FAULTS 100u	/* of one list that are told one by one */
#define MAX_OUTSIDE (1u << 20)	/* chunks in memory of no known region */

/* Chunks there have no marks: Brent's way to notice that they lead in a ring. */
struct outside {
	u64 n;
	u64 seen;	/* the last chunk that was met when n was a power of two */
};

u64 lists_min_jumps = 1024;

/* A free chunk's header and links. */
struct node {
	u64 prev_size;
	u64 field;
	u64 size;
	u64 fd;
	u64 bk;
	u64 fd_nextsize;
	u64 bk_nextsize;
};

static const char *const kind_names[] = {
	[LIST_TCACHE] = "tcache", [LIST_FASTBIN] = "fastbin",
	[LIST_UNSORTED] = "unsorted", [LIST_SMALL] = "small",
	[LIST_LARGE] = "large",
};

static struct list new_list(const struct glibc *g, enum list_kind kind,
			    size_t owner, unsigned int index)
{
	bool of_thread = kind == LIST_TCACHE;

	return (struct list){
		.name = kind_names[kind], .kind = kind,
		.of_thread = of_thread, .owner = owner, .index = index,
		.at = { .kind = PLACE_LIST, .list = kind, .index = index,
			.owner = of_thread ? g->tcache[owner].addr :
					     g->state[owner].addr },
	};
}

static void __printf(5, 6) fault(struct list_walk *lw, struct list *l, u64 addr,
				 enum words words, const char *fmt, ...)
{
	struct findings *f = lw->lists->findings;
	char text[192];
	va_list ap;
	size_t n;

	/* Nothing is wrong, but not read. */
	if (lw->g->t->expired)
		return;
	l->faults++;
	lw->lists->faults++;
	if (!f)
		return;
	/*
	 * Whoever is led astray finds nothing in order from there on.  In a
	 * process that runs the list is looked at again anyway.
	 */
	if (l->faults > (lw->g->t->doubt == DOUBT_RUNNING ? 1 : MAX_FAULTS) &&
	    !l->at.other) {
		f->total++;
		return;
	}
	n = f->n;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (l->kind == LIST_TCACHE)
		findings_add(f, addr, layout_words(&lw->g->l, words),
			     "tcache of thread %d, bin %u: %s",
			     (int)lw->g->tcache[l->owner].tid, l->index, text);
	else
		findings_add(f, addr, layout_words(&lw->g->l, words),
			     "arena %zu, %s bin %u: %s", l->owner,
			     l->name, l->index, text);
	findings_place(f, n, &l->at);
}

/* It may be the other list that has it wrongly, so that one is looked at, too. */
static void fault_twice(struct list_walk *lw, struct list *l, u64 chunk,
			enum words words)
{
	l->at.other = chunk;
	fault(lw, l, chunk, words, "%#" PRIx64 " is on a free list already",
	      chunk);
	l->at.other = 0;
}

static bool read_node(struct list_walk *lw, u64 chunk, struct node *n)
{
	unsigned int w = lw->g->l.word;
	u8 raw[6 * 8];

	memset(n, 0, sizeof(*n));
	/* The smallest chunk has no more than four words. */
	if (!target_peek(lw->g->t, chunk, raw, 4 * w))
		return false;
	n->prev_size = get_word(raw, w);
	n->field = get_word(raw + w, w);
	n->size = n->field & ~(u64)SIZE_BITS;
	n->fd = get_word(raw + 2 * w, w);
	n->bk = get_word(raw + 3 * w, w);
	if (n->size >= layout_min_large(&lw->g->l) &&
	    target_peek(lw->g->t, chunk + 4 * w, raw, 2 * w)) {
		n->fd_nextsize = get_word(raw, w);
		n->bk_nextsize = get_word(raw + w, w);
	}
	return true;
}

/* Was this chunk outside of all regions met before, or are there too many? */
static bool was_outside(struct outside *o, u64 chunk)
{
	if (chunk == o->seen || o->n >= MAX_OUTSIDE)
		return true;
	if (!(o->n & (o->n - 1)))
		o->seen = chunk;
	o->n++;
	return false;
}

static void drop_table(struct list_walk *lw)
{
	if (lw->has_table)
		free_table_end(&lw->table);
	lw->has_table = false;
}

/* Make the table if the lists have jumped often enough to be worth it. */
static void want_table(struct list_walk *lw)
{
	u64 jumps = lw->g->t->jumps;

	if (lw->has_table || jumps < lw->table_at)
		return;
	lw->has_table = free_table_make(&lw->table, lw->g, lw->lists->marks);
	lw->patience = 2 * lw->patience + 1024;
	lw->table_at = lw->has_table ? jumps + lw->patience : UINT64_MAX;
}

/* Put a mark on a chunk.  Return: false where it has one already. */
static bool mark(struct list_walk *lw, size_t region, u64 chunk, enum mark m)
{
	u64 entry;

	if (lw->has_table) {
		entry = free_table_find(&lw->table, chunk);
		if (entry != NO_ENTRY) {
			if (free_table_mark(&lw->table, entry))
				return false;
			free_table_set_mark(&lw->table, entry, m);
			return true;
		}
		/* When the table was made this was no free chunk: give it up. */
		drop_table(lw);
	}
	if (marks_get(lw->lists->marks, region, chunk))
		return false;
	marks_set(lw->lists->marks, region, chunk, m);
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
 * Count a chunk that is on a list, and put a mark on it.  Return: false where
 * it has a mark already: that is damage, and the list may have no end.
 */
static bool take(struct list_walk *lw, struct list *l, u64 chunk, u64 size,
		 enum mark m, struct outside *outside)
{
	const struct region *r = heap_region_of(lw->g->h, chunk);

	if (r ? !mark(lw, r - lw->g->h->region, chunk, m) :
		was_outside(outside, chunk))
		return false;
	count_chunks(l, 1, size);
	if (lw->each_cached && l->kind == LIST_TCACHE)
		lw->each_cached(lw->ctx, l, chunk);
	return true;
}

static void add_list(struct list_walk *lw, const struct list *l)
{
	struct lists *ls = lw->lists;

	/* It was not followed to its end. */
	if (lw->g->t->expired)
		return;
	ls->list = xgrow(ls->list, ls->n, sizeof(*l));
	ls->list[ls->n++] = *l;
}

/* Since 2.43 mmapped chunks are cached too, in the bin of another size. */
static bool fits_tcache_bin(const struct layout *lay, const struct node *n,
			    unsigned int bin)
{
	return n->field & IS_MMAPPED ||
	       layout_tcache_index(lay, n->size) == (int)bin;
}

static void check_tcache_count(struct list_walk *lw, struct list *l)
{
	const struct glibc *g = lw->g;
	u64 fill = g->mp.addr ? g->mp.tcache_count : UINT16_MAX;

	if (l->faults)
		return;
	if (l->claimed == UINT16_MAX && g->l.tcache_counts_down)
		fault(lw, l, g->tcache[l->owner].addr, WORDS_TCACHE_MANY,
		      "its counter leaves room for more than the %" PRIu64 " chunks a bin may have",
		      fill);
	else if (l->count != l->claimed)
		fault(lw, l, g->tcache[l->owner].addr,
		      l->count > fill ? WORDS_TCACHE_MANY : WORDS_NONE,
		      "%" PRIu64 " chunks on the list, but its counter says %" PRIu64,
		      l->count, l->claimed);
}

/*
 * Take the next chunk of a singly linked list.  Return: false if it cannot be
 * one.
 */
static bool take_single(struct list_walk *lw, struct list *l, u64 chunk,
			struct node *n, struct outside *outside)
{
	bool cached = l->kind == LIST_TCACHE;

	if (!chunk_is_aligned(&lw->g->l, chunk))
		fault(lw, l, chunk, cached ? WORDS_TCACHE_UNALIGNED :
					     WORDS_FAST_UNALIGNED,
		      "%#" PRIx64 " is not aligned as a chunk is", chunk);
	else if (!read_node(lw, chunk, n))
		fault(lw, l, chunk, WORDS_NONE, "%#" PRIx64 " is no memory",
		      chunk);
	else if (!take(lw, l, chunk, n->size, cached ? MARK_TCACHE :
						       MARK_FASTBIN, outside))
		fault_twice(lw, l, chunk, cached ? WORDS_TCACHE_DOUBLE :
						   WORDS_DOUBLE_FREE_FASTTOP);
	else
		return true;
	return false;
}

static void walk_tcache_bin(struct list_walk *lw, size_t tc, unsigned int i)
{
	const struct layout *lay = &lw->g->l;
	const struct tcache *t = &lw->g->tcache[tc];
	struct list l = new_list(lw->g, LIST_TCACHE, tc, i);
	struct outside outside = { 0 };
	u64 mem = t->entry[i];
	struct node n;

	if (!mem && !t->count[i])
		return;
	l.claimed = t->count[i];
	l.head = mem ? mem_to_chunk(lay, mem) : 0;
	while (mem && l.count <= UINT16_MAX) {
		u64 chunk = mem_to_chunk(lay, mem);

		if (!take_single(lw, &l, chunk, &n, &outside))
			break;
		if (!fits_tcache_bin(lay, &n, i))
			fault(lw, &l, chunk, WORDS_NONE,
			      "%#" PRIx64 " has size %#" PRIx64 ", which is another bin's",
			      chunk, n.size);
		mem = reveal_ptr(lay, mem, n.fd);
	}
	check_tcache_count(lw, &l);
	add_list(lw, &l);
}

static u64 arena_word(const struct list_walk *lw, const struct malloc_state *a,
		      unsigned int offset)
{
	return get_word(a->raw + offset, lw->g->l.word);
}

static void walk_fastbin(struct list_walk *lw, size_t arena, unsigned int i)
{
	const struct layout *lay = &lw->g->l;
	struct list l = new_list(lw->g, LIST_FASTBIN, arena, i);
	u64 chunk = arena_word(lw, &lw->g->state[arena], lay->fastbins +
			       i * lay->word);
	struct outside outside = { 0 };
	struct node n;

	if (!chunk)
		return;
	l.head = chunk;
	for (; chunk; chunk = reveal_ptr(lay, chunk + 2 * lay->word, n.fd)) {
		if (!take_single(lw, &l, chunk, &n, &outside))
			break;
		if (layout_fast_index(lay, n.size) != i)
			fault(lw, &l, chunk, WORDS_FAST_SIZE,
			      "%#" PRIx64 " has size %#" PRIx64 ", which is another bin's",
			      chunk, n.size);
	}
	add_list(lw, &l);
}

/* One walk along a bin, by fd or by bk. */
struct bin_walk {
	struct list_walk *lw;
	struct list *l;
	const struct malloc_state *a;
	u64 head;
	struct outside outside;
	u64 last;	/* the last chunk, by the head's bk */
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
	const struct layout *lay = &bw->lw->g->l;
	bool unsorted = bw->l->kind == LIST_UNSORTED;
	struct list_walk *lw = bw->lw;
	u64 prev_size, field;

	if (n->size < lay->minsize || n->size > bw->a->system_mem ||
	    n->size & (lay->align - 1)) {
		fault(lw, bw->l, chunk,
		      unsorted ? WORDS_UNSORTED_SIZE : WORDS_PREV_SIZE,
		      "%#" PRIx64 " has size %#" PRIx64 ", which no chunk of this arena can have",
		      chunk, n->size);
		return;
	}
	if (!target_word(lw->g->t, chunk + n->size, &prev_size) ||
	    !target_word(lw->g->t, chunk + n->size + lay->word, &field)) {
		fault(lw, bw->l, chunk, WORDS_NONE,
		      "%#" PRIx64 " has size %#" PRIx64 ", but memory ends before that",
		      chunk, n->size);
		return;
	}
	if (prev_size != n->size)
		fault(lw, bw->l, chunk,
		      unsorted ? WORDS_UNSORTED_PREV_SIZE : WORDS_PREV_SIZE,
		      "%#" PRIx64 " has size %#" PRIx64 ", but the chunk behind it says %#" PRIx64,
		      chunk, n->size, prev_size);
	if (unsorted && (field < 2 * lay->word || field > bw->a->system_mem))
		fault(lw, bw->l, chunk, WORDS_UNSORTED_NEXT_SIZE,
		      "the chunk behind %#" PRIx64 " has size %#" PRIx64,
		      chunk, field & ~(u64)SIZE_BITS);
	if (field & PREV_INUSE)
		fault(lw, bw->l, chunk,
		      unsorted ? WORDS_UNSORTED_PREV_INUSE : WORDS_NONE,
		      "%#" PRIx64 " is free, but the chunk behind it says it is in use",
		      chunk);
}

/*
 * A large bin is sorted from large to small.  The first chunk of each size is
 * on a second ring, by fd_nextsize and bk_nextsize.
 */
static void check_large(struct bin_walk *bw, u64 chunk, const struct node *n)
{
	struct list_walk *lw = bw->lw;
	u64 back, w = lw->g->l.word;

	if (bw->last_size && n->size > bw->last_size)
		fault(lw, bw->l, chunk, WORDS_NONE,
		      "%#" PRIx64 " is larger than the chunk before it",
		      chunk);
	if (!n->fd_nextsize && n->size != bw->last_size)
		fault(lw, bw->l, chunk, WORDS_LARGEBIN_NEXTSIZE,
		      "%#" PRIx64 " is the first of its size, but not on the ring over the sizes",
		      chunk);
	bw->last_size = n->size;
	if (!n->fd_nextsize)
		return;
	if (!target_word(lw->g->t, n->fd_nextsize + 5 * w, &back) ||
	    back != chunk ||
	    !target_word(lw->g->t, n->bk_nextsize + 4 * w, &back) ||
	    back != chunk)
		fault(lw, bw->l, chunk, WORDS_LINKED_LIST_LARGE,
		      "the ring over the sizes does not come back to %#" PRIx64,
		      chunk);
}

static void check_bin_index(struct bin_walk *bw, u64 chunk,
			    const struct node *n)
{
	if (bw->l->kind != LIST_UNSORTED &&
	    layout_bin_index(&bw->lw->g->l, n->size) != bw->l->index)
		fault(bw->lw, bw->l, chunk, WORDS_NONE,
		      "%#" PRIx64 " has size %#" PRIx64 ", which is another bin's",
		      chunk, n->size);
}

/*
 * @before leads to @chunk, which does not lead back: which of them is damaged?
 * If the chunk after @chunk leads back to it, @chunk is on the list, and its bk
 * is wrong.  Otherwise the fd of @before is wrong.
 */
static void blame_link(struct bin_walk *bw, u64 before, u64 chunk,
		       const struct node *n)
{
	struct target *t = bw->lw->g->t;
	unsigned int w = bw->lw->g->l.word;
	u64 back, forth;

	if (target_word(t, n->fd + 3 * w, &back) && back == chunk &&
	    !(target_word(t, n->bk + 2 * w, &forth) && forth == chunk))
		fault(bw->lw, bw->l, chunk, link_words(bw->l->kind),
		      "%#" PRIx64 " does not lead back to %#" PRIx64 " but to %#" PRIx64,
		      chunk, before, n->bk);
	else
		fault(bw->lw, bw->l, before, link_words(bw->l->kind),
		      "%#" PRIx64 " leads to %#" PRIx64 ", which does not lead back",
		      before, chunk);
}

/* Is a large chunk behind one of @last bytes, or of any size if that is 0? */
static bool is_sorted(const struct free_table *t, u64 entry, u64 last)
{
	u64 size = free_table_large(t, entry);

	return t->rings_sound && (!last || size <= last) &&
	       (size == last || t->entry[entry] & ON_RING);
}

/* Does the table say that a chunk is right, and that it belongs on this list? */
static bool is_in_order(const struct bin_walk *bw, u64 entry)
{
	const struct free_table *t = &bw->lw->table;
	unsigned int code = free_table_code(t, entry);

	switch (bw->l->kind) {
	case LIST_UNSORTED:
		return code != ENTRY_READ;
	case LIST_LARGE:
		return code == ENTRY_LARGE &&
		       layout_bin_index(&bw->lw->g->l,
					free_table_large(t, entry)) ==
		       bw->l->index && is_sorted(t, entry, bw->last_size);
	default:
		return code == bw->l->index;
	}
}

/*
 * Follow the list with the help of the table, from *@chunk, which *@before
 * leads to, up to the first chunk that must be read.
 */
static void follow_table(struct bin_walk *bw, enum mark m, u64 *before,
			 u64 *chunk)
{
	struct free_table *t = &bw->lw->table;
	u64 from = free_table_find(t, *before);
	u64 to = free_table_find(t, *chunk);
	u64 met[ENTRY_MAX + 1] = { 0 };
	unsigned int code;

	if (from == NO_ENTRY || to == NO_ENTRY || free_table_next(t, from) != to)
		return;
	while (free_table_next(t, to) != NO_ENTRY && !free_table_mark(t, to)) {
		if (!is_in_order(bw, to))
			break;
		free_table_set_mark(t, to, m);
		code = free_table_code(t, to);
		if (code == ENTRY_LARGE) {
			bw->last_size = free_table_large(t, to);
			count_chunks(bw->l, 1, bw->last_size);
		} else {
			met[code]++;
		}
		from = to;
		to = free_table_next(t, to);
	}
	for (code = ENTRY_LARGE + 1; code <= ENTRY_MAX; code++)
		if (met[code])
			count_chunks(bw->l, met[code],
				     free_table_size(&bw->lw->g->l, code));
	*before = free_table_addr(t, from);
	*chunk = free_table_addr(t, to);
}

/*
 * Follow a bin from its head by fd; or by bk, to see the chunks behind damage.
 * Return: true if that came back to the head.
 */
static bool follow_bin(struct bin_walk *bw, u64 chunk, bool by_fd)
{
	struct list_walk *lw = bw->lw;
	enum mark m = bw->l->kind == LIST_UNSORTED ? MARK_UNSORTED : MARK_BIN;
	u64 before = bw->head;
	struct node n;

	while (chunk != bw->head) {
		if (by_fd)
			want_table(lw);
		if (by_fd && lw->has_table)
			follow_table(bw, m, &before, &chunk);
		if (!chunk_is_aligned(&lw->g->l, chunk) ||
		    !read_node(lw, chunk, &n)) {
			if (by_fd)
				fault(lw, bw->l, before,
				      link_words(bw->l->kind),
				      "%#" PRIx64 " leads to %#" PRIx64 ", which is no chunk",
				      before, chunk);
			return false;
		}
		if (by_fd && n.bk != before) {
			blame_link(bw, before, chunk, &n);
			return false;
		}
		if (!take(lw, bw->l, chunk, n.size, m, &bw->outside)) {
			if (by_fd)
				fault_twice(lw, bw->l, chunk,
					    link_words(bw->l->kind));
			return false;
		}
		check_bin_index(bw, chunk, &n);
		if (lw->lists->findings)
			check_free_chunk(bw, chunk, &n);
		if (bw->l->kind == LIST_LARGE && by_fd)
			check_large(bw, chunk, &n);
		before = chunk;
		chunk = by_fd ? n.fd : n.bk;
	}
	if (by_fd && before != bw->last)
		fault(lw, bw->l, bw->head, link_words(bw->l->kind),
		      "the list ends with %#" PRIx64 ", but its head says %#" PRIx64,
		      before, bw->last);
	return true;
}

static void check_binmap(struct list_walk *lw, struct list *l,
			 const struct malloc_state *a)
{
	u32 map = get_u32(a->raw + lw->g->l.binmap + l->index / 32 * 4);

	if (l->index > 1 && !(map >> l->index % 32 & 1))
		fault(lw, l, a->addr + lw->g->l.binmap, WORDS_NONE,
		      "the bin has chunks, but its bit in binmap is clear: malloc does not see them");
}

static void walk_bin(struct list_walk *lw, size_t arena, unsigned int bin)
{
	const struct layout *lay = &lw->g->l;
	const struct malloc_state *a = &lw->g->state[arena];
	struct list l = new_list(lw->g, lists_kind_of_bin(lay, bin), arena, bin);
	struct bin_walk bw = { .lw = lw, .l = &l, .a = a,
			       .head = glibc_bin_head(lw->g, a, bin) };
	unsigned int at = lay->bins + 2 * lay->word * (bin - 1);
	u64 fd = arena_word(lw, a, at);
	u64 bk = arena_word(lw, a, at + lay->word);

	/* Up to 2.41 the bins are all zero before the first malloc. */
	if ((fd == bw.head && bk == bw.head) || (!fd && !bk))
		return;
	l.head = fd;
	bw.last = bk;
	if (!follow_bin(&bw, fd, true))
		follow_bin(&bw, bk, false);
	check_binmap(lw, &l, a);
	add_list(lw, &l);
}

/*
 * Lists of threads first, then of arenas; those of one owner from small to
 * large.
 */
static int by_owner(const void *a, const void *b)
{
	const struct list *x = a, *y = b;

	if (x->of_thread != y->of_thread)
		return x->of_thread ? -1 : 1;
	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* For how long single reads are borne, until there is a table. */
static void be_patient(struct list_walk *lw)
{
	const struct heap *h = lw->g->h;
	size_t i;

	lw->patience = 0;
	for (i = 0; i < h->regions; i++)
		lw->patience += h->region[i].end - h->region[i].first;
	lw->patience = max_u64(lw->patience / BYTES_A_JUMP, lists_min_jumps);
	lw->table_at = lw->g->t->jumps + min_u64(lw->patience, INT64_MAX);
}

/**
 * lists_walk - follow every free list
 * @lw: what to follow; @lw->lists is filled
 *
 * With names_only the small and large bins are left out: a chunk's size tells
 * which of these it is on.
 *
 * The tcaches and fastbins of all threads and arenas come first.  Their chunks
 * look as if they were in use, so the table, which is made for a bin, knows
 * that they are free only by their marks.
 */
void lists_walk(struct list_walk *lw)
{
	struct lists *ls = lw->lists;
	struct glibc *g = lw->g;
	size_t i;
	unsigned int bin;

	for (i = 0; i < g->tcaches; i++)
		for (bin = 0; bin < g->l.tcache_bins; bin++)
			walk_tcache_bin(lw, i, bin);
	for (i = 0; i < g->states; i++)
		for (bin = 0; bin < g->l.nfastbins; bin++)
			walk_fastbin(lw, i, bin);
	be_patient(lw);
	for (i = 0; i < g->states; i++)
		for (bin = 1; bin < NBINS - 1; bin++)
			if (bin == 1 || !ls->names_only)
				walk_bin(lw, i, bin);
	drop_table(lw);
	sort_array(ls->list, ls->n, sizeof(*ls->list), by_owner);
}

static void walk_list(struct list_walk *lw, const struct list_id *id)
{
	switch (id->kind) {
	case LIST_TCACHE:
		walk_tcache_bin(lw, id->owner, id->index);
		break;
	case LIST_FASTBIN:
		walk_fastbin(lw, id->owner, id->index);
		break;
	default:
		walk_bin(lw, id->owner, id->index);
	}
}

/**
 * lists_walk_some - follow some of the free lists
 * @lw: as for lists_walk(); lists are added in the order in which they are
 *	followed
 * @id: which ones
 * @n: how many; none is there twice
 */
void lists_walk_some(struct list_walk *lw, const struct list_id *id, size_t n)
{
	size_t i;

	be_patient(lw);
	for (i = 0; i < n; i++)
		walk_list(lw, &id[i]);
	drop_table(lw);
}

/**
 * lists_kind_of_bin - what kind of list a bin is
 * @l: the layout
 * @bin: 1 to 126
 *
 * Return: LIST_UNSORTED, LIST_SMALL or LIST_LARGE.
 */
enum list_kind lists_kind_of_bin(const struct layout *l, unsigned int bin)
{
	if (bin == 1)
		return LIST_UNSORTED;
	return bin < layout_bin_index(l, layout_min_large(l)) ?
	       LIST_SMALL : LIST_LARGE;
}

/**
 * glibc_lists - follow every free list
 * @h: the heap
 * @ls: filled, with its marks
 */
void glibc_lists(struct heap *h, struct lists *ls)
{
	struct list_walk lw = { .g = glibc_of(h), .lists = ls };

	ls->marks = xcalloc(1, sizeof(*ls->marks));
	marks_init(ls->marks, h);
	lists_walk(&lw);
}

/**
 * glibc_lists_free - give the results back
 * @ls: from glibc_lists()
 */
void glibc_lists_free(struct lists *ls)
{
	marks_free(ls->marks);
	free(ls->marks);
	free(ls->list);
}
