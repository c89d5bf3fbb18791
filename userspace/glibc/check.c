// SPDX-License-Identifier: GPL-2.0
/*
 * Test the heap for all that glibc tests before it aborts, and for more.
 *
 * First the free lists are followed (lists.c), which leaves a mark on each
 * chunk that is on one.  Then a walk over all chunks compares the headers with
 * these marks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "glibc/check.h"
#include "glibc/lists.h"
#include "glibc/ops.h"
#include "glibc/walk.h"

#define MAX_KEYS 65536u		/* cached chunks whose key is compared */

struct cached {
	u64 chunk;
	u64 key;
	u64 tcache;
	unsigned int bin;
};

/* A chunk so far, or more, behind a place: a later look may begin there. */
static const u64 far_behind[CHECK_STEPS] = { 16u << 10, 512u << 10 };

struct pass {
	struct check *c;
	struct check_pass p;
	struct cached *cached;
	size_t n_cached;
	u64 behind[CHECK_STEPS][2];	/* the last two steps of each length */
	size_t region;
};

static const char *words(const struct check_pass *p, enum words w)
{
	return layout_words(p->l, w);
}

static enum mark mark_of(const struct check_pass *p, const struct chunk *c)
{
	return marks_get(p->marks, c->region, c->addr);
}

/* What free() or malloc() says when it meets a header with this fault. */
static enum words fault_words(const struct check_pass *p, const struct chunk *c)
{
	const size_t arena = p->h->region[c->region].arena;
	const struct malloc_state *a = &p->g->state[arena];
	u64 field = 0;

	target_word(p->h->t, c->addr + p->l->word, &field);
	switch (c->fault) {
	case FAULT_SIZE_SMALL:
		/* The older test takes size 0 for a pointer that wraps around. */
		return !(field & ~(u64)SIZE_BITS) && p->l->free_tests_alignment ?
		       WORDS_FREE_POINTER : WORDS_FREE_SIZE;
	case FAULT_SIZE_ALIGN:
		return p->l->free_tests_alignment ? WORDS_FREE_SIZE :
					   WORDS_FREE_NEXT_NORMAL;
	case FAULT_SIZE_BEYOND:
		return a->main && !(a->flags & ARENA_NONCONTIGUOUS) ?
		       WORDS_DOUBLE_FREE_OUT : WORDS_FREE_NEXT_NORMAL;
	case FAULT_PAST_TOP:
		return WORDS_FREE_NEXT_NORMAL;
	case FAULT_TOP_SIZE:
		return (field & ~(u64)SIZE_BITS) > a->system_mem ?
		       WORDS_TOP_SIZE : WORDS_TOP_ASSERT;
	default:
		return WORDS_NONE;
	}
}

static void check_damaged(struct check_pass *p, const struct chunk *c)
{
	u64 field = 0;

	target_word(p->h->t, c->addr + p->l->word, &field);
	findings_add(p->findings, c->addr, words(p, fault_words(p, c)),
		     "%#" PRIx64 " %s (size field %#" PRIx64 "); chunks make sense again at %#" PRIx64,
		     c->addr, walk_fault_text(c->fault), field,
		     c->addr + c->size);
}

/*
 * Where a list changed while it was followed, the chunks behind that place have
 * no marks.  They are linked like any other, and a later look would find no more.
 */
static bool is_linked(struct check_pass *p, const struct chunk *c)
{
	struct target *t = p->h->t;
	unsigned int w = p->l->word;
	u64 fd, bk, back, forth;

	return t->doubt == DOUBT_RUNNING &&
	       target_word(t, c->addr + 2 * w, &fd) &&
	       target_word(t, c->addr + 3 * w, &bk) &&
	       target_word(t, fd + 3 * w, &back) && back == c->addr &&
	       target_word(t, bk + 2 * w, &forth) && forth == c->addr;
}

/* If @c says that the chunk before it is free: is it, and of that size? */
static void check_prev(struct check_pass *p, const struct chunk *c)
{
	const struct chunk *prev = &p->prev;

	if (c->flags & PREV_INUSE || !p->has_prev ||
	    prev->state == CHUNK_FENCEPOST || c->state == CHUNK_FENCEPOST)
		return;
	if (!mark_of(p, prev) && !is_linked(p, prev))
		findings_add(p->findings, prev->addr,
			     words(p, WORDS_DOUBLE_FREE_PREV),
			     "%#" PRIx64 " (size %" PRIu64 ") is on no free list, but the chunk behind it, %#" PRIx64 ", says it is free",
			     prev->addr, prev->size, c->addr);
	else if (mark_of(p, prev) == MARK_TCACHE)
		findings_add(p->findings, prev->addr,
			     words(p, WORDS_PREV_SIZE_CONSOLIDATING),
			     "%#" PRIx64 " is cached, but the chunk behind it, %#" PRIx64 ", says it is free",
			     prev->addr, c->addr);
	if (c->prev_size != prev->size)
		findings_add(p->findings, c->addr,
			     words(p, WORDS_PREV_SIZE_CONSOLIDATING),
			     "%#" PRIx64 " says the chunk before it has %" PRIu64 " bytes; it has %" PRIu64,
			     c->addr, c->prev_size, prev->size);
}

static void check_flags(struct check_pass *p, const struct chunk *c)
{
	bool thread = p->h->region[c->region].kind == REGION_HEAP;

	if (c->flags & IS_MMAPPED)
		findings_add(p->findings, c->addr, words(p, WORDS_MUNMAP),
			     "%#" PRIx64 " lies in an arena, but its size field says it is mmapped",
			     c->addr);
	else if (thread != !!(c->flags & NON_MAIN_ARENA) &&
		 !chunk_state_is_free(c->state))
		findings_add(p->findings, c->addr, NULL,
			     "%#" PRIx64 " lies in %s arena, but its size field says the other",
			     c->addr, thread ? "a thread's" : "the main");
}

/* Could a chunk inside of @c begin at @addr, by what its header says? */
static bool header_is_sane(struct check_pass *p, const struct chunk *c, u64 addr)
{
	const struct region *r = &p->h->region[c->region];
	u64 field, size;

	if (addr <= c->addr || !chunk_is_aligned(p->l, addr) ||
	    !target_word(p->h->t, addr + p->l->word, &field))
		return false;
	size = field & ~(u64)SIZE_BITS;
	return size >= p->l->minsize && !(size & (p->l->align - 1)) &&
	       !(field & IS_MMAPPED) && range_inside(addr, size, c->addr, r->end);
}

/*
 * A mark is two bits, so the first bit that is set may be the second bit of a
 * chunk that begins one bit earlier.  The headers tell which.
 * Return: the marked chunk, or 0 if they do not tell.
 */
static u64 marked_chunk(struct check_pass *p, const struct chunk *c, u64 hit)
{
	u64 before = hit - (1ull << p->marks->shift);
	bool at_hit = header_is_sane(p, c, hit);

	if (header_is_sane(p, c, before) == at_hit)
		return 0;
	return at_hit ? hit : before;
}

/* If a chunk inside of this one is on a free list, this one's size is wrong. */
static void check_overlap(struct check_pass *p, const struct chunk *c)
{
	char which[40] = "a chunk inside it";
	u64 hit;

	if (c->size <= p->l->minsize)
		return;
	hit = marks_inside(p->marks, c->region, c->addr + p->l->minsize,
			   c->addr + c->size);
	if (hit >= c->addr + c->size)
		return;
	hit = marked_chunk(p, c, hit);
	p->other = hit;
	if (hit)
		snprintf(which, sizeof(which), "a chunk at %#" PRIx64, hit);
	findings_add(p->findings, c->addr,
		     words(p, WORDS_FREE_NEXT_NORMAL),
		     "%#" PRIx64 " has size %" PRIu64 ", but %s is on a free list: the size is wrong",
		     c->addr, c->size, which);
}

/**
 * check_chunk - hold a chunk against the one before it, and against the lists
 * @p: what was seen until now
 * @c: the chunk
 */
void check_chunk(struct check_pass *p, const struct chunk *c)
{
	if (p->has_prev && p->prev.region != c->region)
		p->has_prev = false;
	if (c->state == CHUNK_DAMAGED) {
		check_damaged(p, c);
		p->has_prev = false;
		return;
	}
	if (c->state == CHUNK_FOREIGN) {
		p->has_prev = false;
		return;
	}
	check_prev(p, c);
	if (c->state != CHUNK_FENCEPOST && c->state != CHUNK_TOP) {
		check_flags(p, c);
		check_overlap(p, c);
	}
	if (chunk_state_is_free(c->state) && !(c->flags & PREV_INUSE) &&
	    p->has_prev)
		findings_add(p->findings, c->addr, NULL,
			     "%#" PRIx64 " and %#" PRIx64 " are both free and touch: malloc would have merged them",
			     p->prev.addr, c->addr);
	p->prev = *c;
	p->has_prev = true;
}

/* What was just found wrong is at this chunk. */
static void place_chunk(struct pass *p, size_t from, const struct chunk *c)
{
	const struct region *r = &p->p.h->region[c->region];
	struct place at = { .kind = PLACE_CHUNK, .addr = c->addr,
			    .owner = p->p.g->state[r->arena].addr,
			    .other = p->p.other };
	size_t i;

	for (i = 0; i < CHECK_STEPS; i++)
		at.from[i] = p->behind[i][0];
	findings_place(p->p.findings, from, &at);
}

/* Which chunks are far enough behind, now that @c is the next one? */
static void step_on(struct pass *p, const struct chunk *c)
{
	size_t i, j;

	if (c->region != p->region) {
		p->region = c->region;
		for (i = 0; i < CHECK_STEPS; i++)
			for (j = 0; j < 2; j++)
				p->behind[i][j] = c->addr;
	}
	if (c->state == CHUNK_DAMAGED || c->state == CHUNK_FOREIGN)
		return;
	for (i = 0; i < CHECK_STEPS; i++) {
		if (c->addr - p->behind[i][1] < far_behind[i])
			break;
		p->behind[i][0] = p->behind[i][1];
		p->behind[i][1] = c->addr;
	}
}

static int check_batch(const struct batch *b, void *ctx)
{
	struct pass *p = ctx;
	struct findings *f = p->p.findings;
	size_t i, n;
	u64 total;

	for (i = 0; i < b->n && !p->p.h->t->expired; i++) {
		n = f->n;
		total = f->total;
		step_on(p, &b->chunk[i]);
		check_chunk(&p->p, &b->chunk[i]);
		if (f->total != total)
			place_chunk(p, n, &b->chunk[i]);
	}
	return 0;
}

static void check_top(struct check_pass *p, size_t i, const struct malloc_state *a)
{
	u64 end = a->top + a->top_size;

	if (!a->has_top && a->system_mem)
		findings_add(p->findings, a->addr, NULL,
			     "arena %zu: its top, %#" PRIx64 ", is no memory",
			     i, a->top);
	if (!a->has_top)
		return;
	if (!chunk_is_aligned(p->l, a->top) || !heap_region_of(p->h, a->top))
		findings_add(p->findings, a->top, NULL,
			     "arena %zu: its top, %#" PRIx64 ", lies in none of its regions or is not aligned",
			     i, a->top);
	else if (a->top_size > a->system_mem)
		findings_add(p->findings, a->top, words(p, WORDS_TOP_SIZE),
			     "arena %zu: top at %#" PRIx64 " has size %#" PRIx64 ", more than the arena has",
			     i, a->top, a->top_size);
	else if (a->top_size < p->l->minsize || !(a->top_field & PREV_INUSE) ||
		 end % PAGE)
		findings_add(p->findings, a->top,
			     words(p, WORDS_TOP_ASSERT),
			     "arena %zu: top at %#" PRIx64 " has size field %#" PRIx64 ": too small, not aligned to a page at its end, or prev_inuse is clear",
			     i, a->top, a->top_field);
}

static void check_sums(struct check_pass *p, size_t i, const struct malloc_state *a)
{
	const struct glibc *g = p->g;
	const struct heap *h = p->h;
	u64 sum = 0;
	size_t r;

	if (!a->main) {
		for (r = 0; r < h->regions; r++)
			if (h->region[r].arena == i)
				sum += h->region[r].end - h->region[r].start;
		if (sum != a->system_mem)
			findings_add(p->findings, a->addr, NULL,
				     "arena %zu: its heaps have %#" PRIx64 " bytes, but system_mem says %#" PRIx64,
				     i, sum, a->system_mem);
	} else if (a->has_top && g->mp.sbrk_base &&
		   !(a->flags & ARENA_NONCONTIGUOUS) &&
		   g->mp.sbrk_base + a->system_mem != a->top + a->top_size) {
		findings_add(p->findings, a->addr, NULL,
			     "main arena: sbrk_base %#" PRIx64 " + system_mem %#" PRIx64 " is not the end of top, %#" PRIx64,
			     g->mp.sbrk_base, a->system_mem,
			     a->top + a->top_size);
	}
}

/**
 * check_arena - do the numbers of an arena agree with each other?
 * @p: where what is wrong goes to
 * @i: the arena, as an index in glibc.state
 */
void check_arena(struct check_pass *p, size_t i)
{
	const struct malloc_state *a = &p->g->state[i];
	const struct place at = { .kind = PLACE_ARENA, .owner = a->addr };
	u64 total = p->findings->total;
	size_t n = p->findings->n;

	check_top(p, i, a);
	check_sums(p, i, a);
	if (a->flags & p->l->bad_flags)
		findings_add(p->findings, a->addr, NULL,
			     "arena %zu: flags %#x has bits that malloc never sets",
			     i, a->flags);
	if (a->system_mem > a->max_system_mem)
		findings_add(p->findings, a->addr, NULL,
			     "arena %zu: system_mem %#" PRIx64 " is more than its maximum %#" PRIx64,
			     i, a->system_mem, a->max_system_mem);
	if (p->findings->total != total)
		findings_place(p->findings, n, &at);
}

static void note_key(void *ctx, const struct list *l, u64 chunk)
{
	struct pass *p = ctx;
	struct cached *k;

	if (p->n_cached == MAX_KEYS)
		return;
	p->cached = xgrow(p->cached, p->n_cached, sizeof(*k));
	k = &p->cached[p->n_cached];
	k->chunk = chunk;
	k->tcache = l->at.owner;
	k->bin = l->index;
	if (target_word(p->p.h->t, chunk + 3 * p->p.l->word, &k->key))
		p->n_cached++;
}

/*
 * The key of the process, from 2.34 on: that of most cached chunks (majority
 * vote).
 */
static u64 usual_key(const struct pass *p)
{
	u64 key = 0;
	size_t votes = 0, i;

	for (i = 0; i < p->n_cached; i++) {
		if (!votes)
			key = p->cached[i].key;
		if (p->cached[i].key == key)
			votes++;
		else
			votes--;
	}
	return key;
}

/**
 * check_key - has somebody written to a cached chunk after free()?
 * @f: what is wrong is added
 * @at: which chunk, and the key that it must have in ->other
 * @key: the one that it has
 */
void check_key(struct findings *f, const struct place *at, u64 key)
{
	size_t n = f->n;

	if (key == at->other)
		return;
	findings_add(f, at->addr, NULL,
		     "%#" PRIx64 " is cached, but its key %#" PRIx64 " is not %#" PRIx64 ": it was written to after free()",
		     at->addr, key, at->other);
	findings_place(f, n, at);
}

/* A cached chunk with another key was written to after free(). */
static void check_keys(struct pass *p)
{
	u64 usual = usual_key(p);
	size_t i;

	for (i = 0; p->p.l->has_tcache_key && i < p->n_cached; i++) {
		const struct cached *k = &p->cached[i];
		const struct place at = {
			.kind = PLACE_KEY, .owner = k->tcache, .index = k->bin,
			.addr = k->chunk,
			.other = p->p.l->tcache_key_random ? usual : k->tcache,
		};

		check_key(p->p.findings, &at, k->key);
	}
}

static void check_mmapped(struct pass *p)
{
	const struct malloc_par *mp = &p->p.g->mp;
	struct mmapped *m = &p->c->mmapped;

	glibc_mmapped(p->p.h, m);
	if (!mp->addr || m->complete || m->ambiguous || p->p.h->t->expired)
		return;
	if (m->n > mp->n_mmaps)
		notes_add(&p->p.h->notes, "mp_ counts %u mmapped chunks with %" PRIu64 " bytes; %zu with %" PRIu64 " look like one, and which of them are is not known",
			  mp->n_mmaps, mp->mmapped_mem, m->n, m->bytes);
	else
		notes_add(&p->p.h->notes, "mp_ counts %u mmapped chunks with %" PRIu64 " bytes; %zu with %" PRIu64 " were found: the others' headers are not where they usually are, or are damaged",
			  mp->n_mmaps, mp->mmapped_mem, m->n, m->bytes);
}

/**
 * glibc_check - test all of malloc's invariants, once
 * @h: the heap
 * @c: empty; what is found is added
 */
void glibc_check(struct heap *h, struct check *c)
{
	struct marks marks;
	struct lists ls = { .findings = &c->findings, .marks = &marks };
	struct glibc *g = glibc_of(h);
	struct pass p = { .c = c, .region = SIZE_MAX,
			  .p = { .findings = &c->findings, .h = h, .g = g,
				 .l = &g->l, .marks = &marks } };
	struct list_walk lw = { .g = g, .lists = &ls,
				.each_cached = note_key, .ctx = &p };
	struct walk w = { .lists = &ls, .fn = check_batch, .ctx = &p };
	size_t i;

	marks_init(&marks, h);
	for (i = 0; i < g->states; i++)
		check_arena(&p.p, i);
	walk_progress_start("check", h);
	lists_walk(&lw);
	check_keys(&p);
	glibc_walk(h, &w);
	progress_end();
	check_mmapped(&p);
	c->chunks = w.chunks;
	c->bytes = w.bytes;
	c->lists = ls.n;
	for (i = 0; i < ls.n; i++)
		c->listed += ls.list[i].count;
	free(ls.list);
	marks_free(&marks);
	free(p.cached);
}
