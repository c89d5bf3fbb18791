// SPDX-License-Identifier: GPL-2.0
/*
 * Search for regions of the main arena that nothing in malloc leads to.
 *
 * Where brk failed or is not to be used, glibc takes anonymous mappings that
 * nothing lists: they are recognised by the chunks in them, which must lead to
 * top or to the two fenceposts that end every region but the last.  Where the
 * first of all was one, sbrk_base is its start, and what came from brk later is
 * recognised in the same way.
 *
 * malloc counts what it has.  Where that is more than was found, a chunk is
 * damaged: then regions are searched for whose chunks lead home behind one.
 */
#include "glibc.h"
#include "text.h"

#define MANY 32u		/* so many in a row are hardly an accident */
#define MAX_STEPS (1u << 19)	/* places to look at behind damaged chunks */

/* What the main arena counts of more than its regions have. */
static u64 count_missing(const struct glibc *g)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < g->regions; i++)
		if (g->region[i].kind != REGION_HEAP)
			sum += g->region[i].end - g->region[i].start;
	return g->arena[0].system_mem > sum ? g->arena[0].system_mem - sum : 0;
}

/* A walk from what may be a region's first chunk. */
struct probe {
	u64 end;	/* where it came to, or the last chunk that was sane */
	u64 chunks;	/* how many were */
};

/* Does it keep to sane chunks up to top, or to two fenceposts? */
static bool leads_home(struct glibc *g, u64 addr, u64 limit, struct probe *p)
{
	const struct layout *l = &g->l;
	const u64 top = g->arena[0].top;
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

/* The region that begins at @at, where a walk has come home. */
static void end_region(const struct glibc *g, struct region *r, u64 limit,
		       struct probe *p)
{
	const struct arena *a = &g->arena[0];

	if (a->top >= r->first && a->top < limit && p->end >= a->top) {
		r->top = a->top;
		/* Where its size makes no sense, it ends there. */
		p->end = max_u64(arena_top_end(a), p->end);
	}
	r->end = min_u64(align_up(p->end, PAGE), limit);
}

/* The region that begins on the page at @at; its end is 0 where none does. */
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

	for (i = 0; i < g->regions; i++)
		if (g->region[i].kind == REGION_HEAP &&
		    g->region[i].start == heap)
			return true;
	return false;
}

/* Memory of one kind, of one mapping or of several without a gap. */
struct stretch {
	u64 start;
	u64 end;
	enum region_kind kind;
};

/* Which mappings may hold memory of the main arena, and of which kind? */
static bool may_hold_regions(const struct glibc *g, const struct mapping *m,
			     const struct region *brk, enum region_kind *kind)
{
	*kind = map_is_heap(m) ? REGION_BRK : REGION_MMAP;
	return map_is_heap(m) ? !brk->end :
	       map_is_anon(m) && !is_thread_heap(g, m);
}

/*
 * The first stretch from mapping *@i on; that is behind it then.  madvise(), which
 * malloc calls too (glibc.malloc.hugetlb=1), makes several mappings of one, in the
 * middle of chunks.  What @brk has is left out.
 */
static bool next_stretch(const struct glibc *g, const struct region *brk,
			 size_t *i, struct stretch *s)
{
	const struct mapping *m = g->t->maps.map;
	const size_t n = g->t->maps.n;
	enum region_kind kind;

	while (*i < n && !may_hold_regions(g, &m[*i], brk, &s->kind))
		++*i;
	if (*i == n)
		return false;
	s->start = m[*i].start;
	do {
		s->end = m[(*i)++].end;
	} while (*i < n && m[*i].start == s->end &&
		 may_hold_regions(g, &m[*i], brk, &kind) && kind == s->kind);
	if (brk->start < s->end && brk->end > s->start)
		s->start = min_u64(align_up(brk->end, PAGE), s->end);
	return true;
}

/*
 * Regions in one stretch; what is not malloc's may have merged into it.
 *
 * Any page may be the first of one.  But where many sane chunks lead to one that
 * is not, no region begins among them, and none of their pages is tried: in
 * another malloc's memory, or what somebody made to look like that, the search
 * would take the square of its size.
 */
static void find_regions_in(struct glibc *g, const struct stretch *s)
{
	u64 at = target_next_touched(g->t, s->start, s->end);

	while (at < s->end) {
		struct probe p = { 0 };
		struct region r = region_at(g, at, s->end, &p);

		if (r.end > at) {
			r.kind = s->kind;
			glibc_add_region(g, &r);
			at = r.end;
		} else {
			at = target_next_page(g->t, p.chunks >= MANY ? p.end : at,
					      s->end);
		}
	}
}

/* A search behind damaged chunks. */
struct mending {
	struct glibc *g;
	u64 missing;	/* bytes that are still to be found */
	u32 steps;	/* places that may still be looked at */
};

/*
 * Behind the last sane chunk, at @p->end: where do chunks lead home again?  What
 * was never touched is stepped over, or reading would touch it.
 * Return: true if they do.
 */
static bool leads_home_behind(struct mending *m, u64 limit, struct probe *p)
{
	struct glibc *g = m->g;
	const u64 stop = p->end + min_u64(limit - p->end, m->missing);
	u64 at = p->end + g->l.align, touched = 0;

	for (; at < stop && m->steps; m->steps--) {
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
		m->steps -= min_u64(m->steps - 1, p->chunks);
		at += g->l.align;
	}
	return false;
}

/* What was found of it already, as if it began behind the damage, is not two. */
static void add_mended(struct mending *m, struct region *r)
{
	struct glibc *g = m->g;
	u64 bytes = r->end - r->start;
	size_t i;

	for (i = 0; i < g->regions; i++) {
		struct region *known = &g->region[i];

		if (known->start >= r->end || known->end <= r->start)
			continue;
		if (known->start < r->start || known->end != r->end)
			return;
		bytes = known->start - r->start;
		if (bytes <= m->missing) {
			m->missing -= bytes;
			*known = *r;
		}
		return;
	}
	if (bytes <= m->missing) {
		m->missing -= bytes;
		glibc_add_region(g, r);
	}
}

static void mend_regions_in(struct mending *m, const struct stretch *s)
{
	u64 at = target_next_touched(m->g->t, s->start, s->end);

	while (at < s->end && m->missing && m->steps) {
		struct probe p = { 0 };
		struct region r = region_at(m->g, at, s->end, &p);
		u64 last = at;

		if (!r.end && p.chunks >= MANY) {
			last = p.end;
			if (leads_home_behind(m, s->end, &p)) {
				end_region(m->g, &r, s->end, &p);
				r.kind = s->kind;
				add_mended(m, &r);
			}
		}
		at = r.end > at ? r.end : target_next_page(m->g->t, last,
								 s->end);
	}
}

/**
 * glibc_search_regions - find what nothing in malloc leads to
 * @g: malloc, with the regions that were found
 * @brk: what begins at sbrk_base, or an empty one where that is not from brk
 *
 * Sets @g->missing.
 */
void glibc_search_regions(struct glibc *g, const struct region *brk)
{
	struct mending m = { .g = g, .steps = MAX_STEPS };
	char a[HUMAN_ROOM], b[HUMAN_ROOM];
	struct stretch s;
	size_t i = 0;

	while (next_stretch(g, brk, &i, &s))
		find_regions_in(g, &s);
	m.missing = count_missing(g);
	for (i = 0; m.missing && next_stretch(g, brk, &i, &s);)
		mend_regions_in(&m, &s);
	g->missing = m.missing;
	if (g->missing)
		notes_add(&g->notes, "%s of the main arena's %s were not found, and are not shown: a chunk in them is damaged%s",
			  text_human(a, g->missing),
			  text_human(b, g->arena[0].system_mem),
			  target_or(g->t));
}
