// SPDX-License-Identifier: GPL-2.0
/*
 * Search for regions of the main arena that nothing in malloc leads to.
 *
 * When brk(2) fails, or is not to be used, glibc takes anonymous mappings for
 * the main arena and keeps no list of them.  They are recognised by their
 * chunks: from the first one on, each leads to the next, up to top or to the
 * two fenceposts that end each region but the last.  If the first memory was
 * such a mapping, sbrk_base is its start, and memory that came from brk(2)
 * later must be recognised, too.
 *
 * malloc counts the bytes that it has.  If that is more than was found, a
 * damaged chunk hides a region.  Then the search is for a place behind the
 * damage from where chunks lead to top or to fenceposts again.
 */
#include "base/text.h"
#include "glibc/region_search.h"

#define MANY 32u		/* so many sane chunks in a row are no accident */
#define MAX_STEPS (1u << 19)	/* places to look at behind damaged chunks */

/* How many bytes does the main arena count that its regions do not have? */
static u64 count_missing(const struct glibc *g)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < g->h->regions; i++)
		if (g->h->region[i].kind != REGION_HEAP)
			sum += g->h->region[i].end - g->h->region[i].start;
	return g->state[0].system_mem > sum ? g->state[0].system_mem - sum : 0;
}

/* A walk from what may be a region's first chunk. */
struct probe {
	u64 end;	/* of the last chunk, or the start of the last sane one */
	u64 chunks;	/* how many were sane */
};

/* Do sane chunks lead from @addr to top or to two fenceposts? */
static bool leads_home(struct glibc *g, u64 addr, u64 limit, struct probe *p)
{
	const struct layout *l = &g->l;
	const u64 top = g->state[0].top;
	unsigned int posts = 0;

	p->end = addr;
	for (p->chunks = 0; addr < limit && addr != top; p->chunks++) {
		u64 field, size;

		if (!target_word(g->t, addr + l->word, &field))
			return false;
		size = field & ~(u64)SIZE_BITS;
		posts = size == 2 * l->word ? posts + 1 : 0;
		if (posts == 2) {
			p->end = addr + size;
			return p->chunks >= 2;
		}
		if (field & (IS_MMAPPED | NON_MAIN_ARENA) ||
		    (!posts && (size < l->minsize || size % l->align)) ||
		    size > limit - addr ||
		    (!p->chunks && !(field & PREV_INUSE)))
			return false;
		p->end = addr;
		addr += size;
	}
	if (addr != top)
		return false;
	p->end = addr;
	return true;
}

/* Set the end, and top, of a region whose chunks lead to its end. */
static void end_region(const struct glibc *g, struct region *r, u64 limit,
		       struct probe *p)
{
	const struct malloc_state *a = &g->state[0];

	if (a->top >= r->first && a->top < limit && p->end >= a->top) {
		r->top = a->top;
		/*
		 * If top's size makes no sense, the region ends where top
		 * begins.
		 */
		p->end = max_u64(state_top_end(a), p->end);
	}
	r->end = min_u64(align_up(p->end, PAGE), limit);
}

/* Look for a region that begins at the page @at.  Its end is 0 if none does. */
static struct region region_at(struct glibc *g, u64 at, u64 limit,
			       struct probe *p)
{
	struct region r = {
		.start = at, .first = layout_first_chunk(&g->l, at),
	};
	u64 field;

	if (target_word(g->t, r.first + g->l.word, &field) && field &&
	    leads_home(g, r.first, limit, p))
		end_region(g, &r, limit, p);
	return r;
}

static bool is_thread_heap(const struct glibc *g, const struct mapping *m)
{
	u64 heap = m->start & ~(g->heap_max - 1);
	size_t i;

	for (i = 0; i < g->h->regions; i++)
		if (g->h->region[i].kind == REGION_HEAP &&
		    g->h->region[i].start == heap)
			return true;
	return false;
}

/* Where memory of the main arena is searched for. */
struct search {
	struct glibc *g;
	const struct region *brk;	/* was found before; may be empty */
	u64 missing;	/* bytes that are still to be found */
	u32 steps;	/* places that may still be tried behind damage */
};

enum { OF_BRK = 1, OF_MMAP };

static unsigned int kind_of(const struct mapping *m, const void *arg)
{
	const struct search *s = arg;

	if (map_is_heap(m))
		return s->brk->end ? 0 : OF_BRK;
	return map_is_anon(m) && !is_thread_heap(s->g, m) ? OF_MMAP : 0;
}

typedef void look_fn(struct search *s, const struct map_run *in);

/* Calls @look for every run of memory that may hold regions of the main arena. */
static void look_through(struct search *s, look_fn *look)
{
	struct map_run run;
	size_t i = 0;

	while (maps_next_run(&s->g->t->maps, &i, kind_of, s, &run)) {
		if (s->brk->start < run.end && s->brk->end > run.start)
			run.start = min_u64(align_up(s->brk->end, PAGE), run.end);
		look(s, &run);
	}
}

static enum region_kind region_kind(const struct map_run *in)
{
	return in->kind == OF_BRK ? REGION_BRK : REGION_MMAP;
}

/*
 * Find regions in one run of memory, which may hold other mappings, too.
 *
 * Each page may be the first of a region.  But where many sane chunks lead to
 * one that is not sane, no region begins among them, and their pages are
 * skipped. Otherwise the search would take the square of the time in memory
 * that looks like malloc's and is not.
 */
static void find_regions_in(struct search *s, const struct map_run *in)
{
	struct glibc *g = s->g;
	u64 at = target_next_touched(g->t, in->start, in->end);

	while (at < in->end) {
		struct probe p = { 0 };
		struct region r = region_at(g, at, in->end, &p);

		if (r.end > at) {
			r.kind = region_kind(in);
			heap_add_region(g->h, &r);
			at = r.end;
		} else {
			at = target_next_page(g->t, p.chunks >= MANY ? p.end : at,
					      in->end);
		}
	}
}

/*
 * Look behind the last sane chunk, at @p->end, for a place from where chunks
 * lead to the end of a region again.  Pages that were never touched are
 * skipped: to read one would touch it.  Return: true if there is such a place.
 */
static bool leads_home_behind(struct search *s, u64 limit, struct probe *p)
{
	struct glibc *g = s->g;
	const u64 stop = p->end + min_u64(limit - p->end, s->missing);
	u64 at = p->end + g->l.align, touched = 0;

	for (; at < stop && s->steps; s->steps--) {
		if (align_down(at, PAGE) != touched) {
			touched = target_next_touched(g->t, align_down(at, PAGE),
						      stop);
			if (touched > at) {
				at = touched + at % g->l.align;
				continue;
			}
		}
		if (leads_home(g, at, limit, p))
			return true;
		s->steps -= min_u64(s->steps - 1, p->chunks);
		at += g->l.align;
	}
	return false;
}

/*
 * Add a region with damage in it.  Its part behind the damage may have been taken
 * for a region of its own: then make that one larger.
 */
static void add_mended(struct search *s, struct region *r)
{
	struct glibc *g = s->g;
	u64 bytes = r->end - r->start;
	size_t i;

	for (i = 0; i < g->h->regions; i++) {
		struct region *known = &g->h->region[i];

		if (known->start >= r->end || known->end <= r->start)
			continue;
		if (known->start < r->start || known->end != r->end)
			return;
		bytes = known->start - r->start;
		if (bytes <= s->missing) {
			s->missing -= bytes;
			*known = *r;
		}
		return;
	}
	if (bytes <= s->missing) {
		s->missing -= bytes;
		heap_add_region(g->h, r);
	}
}

static void mend_regions_in(struct search *s, const struct map_run *in)
{
	struct glibc *g = s->g;
	u64 at = target_next_touched(g->t, in->start, in->end);

	while (at < in->end && s->missing && s->steps) {
		struct probe p = { 0 };
		struct region r = region_at(g, at, in->end, &p);
		u64 last = at;

		if (!r.end && p.chunks >= MANY) {
			last = p.end;
			if (leads_home_behind(s, in->end, &p)) {
				end_region(g, &r, in->end, &p);
				r.kind = region_kind(in);
				add_mended(s, &r);
			}
		}
		at = r.end > at ? r.end : target_next_page(g->t, last, in->end);
	}
}

/**
 * glibc_search_regions - find what nothing in malloc leads to
 * @g: malloc, with the regions that were found
 * @brk: the region that begins at sbrk_base; empty if that is not from brk(2)
 *
 * heap.missing tells afterwards what was not found.
 */
void glibc_search_regions(struct glibc *g, const struct region *brk)
{
	struct search s = { .g = g, .brk = brk, .steps = MAX_STEPS };
	char a[HUMAN_ROOM], b[HUMAN_ROOM];

	look_through(&s, find_regions_in);
	s.missing = count_missing(g);
	if (s.missing)
		look_through(&s, mend_regions_in);
	g->h->missing = s.missing;
	if (g->h->missing)
		notes_add(&g->h->notes, "%s of the main arena's %s were not found, and are not shown: a chunk in them is damaged%s",
			  text_human(a, g->h->missing),
			  text_human(b, g->state[0].system_mem),
			  target_or(g->t));
}
