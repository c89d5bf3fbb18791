// SPDX-License-Identifier: GPL-2.0
/*
 * Find mmapped chunks.  malloc has no list of these: they are recognised by their
 * headers in anonymous mappings, and mp_ only says how many there are, and how
 * large their mappings are in all.  What else looks like a header is told by that.
 */
#include <stdlib.h>

#include "glibc/glibc.h"
#include "glibc/mmapped_choice.h"
#include "glibc/ops.h"

#define MAX_PAGES (1u << 22)	/* look at no more touched pages: 16 GiB */
#define MAX_LOOKALIKES 4096u
#define MAX_LEAD (16u << 20)	/* no more bytes before a chunk of memalign() */

struct search {
	struct glibc *g;
	struct mmapped *m;
	u64 pages;
	bool all;	/* take what lies in the mapping of another, too */
};

static bool fits(const struct search *s)
{
	const struct glibc *g = s->g;

	if (!g->mp.addr || s->m->n != g->mp.n_mmaps)
		return false;
	/* There realloc() adds some to malloc's number each time. */
	return g->l.mmapped_mem_drifts ? s->m->bytes <= g->mp.mmapped_mem :
					 s->m->bytes == g->mp.mmapped_mem;
}

static bool is_done(const struct search *s)
{
	return s->all ? s->m->n >= MAX_LOOKALIKES : fits(s);
}

/* Read the header at @addr.  Return: false if it is none of an mmapped chunk. */
static bool read_header(struct search *s, u64 addr, const struct map_run *in,
			struct mmapped_chunk *c)
{
	const struct layout *l = &s->g->l;
	u64 prev, field, size, header = 2 * l->word, tail = 0;

	if (!target_word(s->g->t, addr, &prev) ||
	    !target_word(s->g->t, addr + l->word, &field) ||
	    (field & SIZE_BITS) != IS_MMAPPED)
		return false;
	size = field & ~(u64)SIZE_BITS;
	if (l->mmap_excludes_header) {
		prev &= ~1ull;
		if (__builtin_add_overflow(size, header, &size))
			return false;
		/* The user has all that the size field says but one word. */
		tail = l->word;
	}
	if (prev > addr - in->start || size > in->end - addr ||
	    size < 2 * header)
		return false;
	c->addr = addr;
	c->map = addr - prev;
	c->map_len = prev + size;
	c->usable = size - header - tail;
	return c->map % PAGE == 0 && c->map_len % PAGE == 0;
}

/*
 * With memalign(), the mapping still begins with the header of the chunk that
 * malloc made at first.  The chunk that the user has lies further in, and its
 * header says the same start of the mapping.  Look for it at the end of each
 * page, where it is if it was aligned to pages.
 */
static void find_aligned(struct search *s, const struct map_run *in,
			 struct mmapped_chunk *c)
{
	u64 page = c->map, end = c->map + min_u64(c->map_len, MAX_LEAD);
	struct mmapped_chunk x;

	for (; page < end; page = target_next_page(s->g->t, page, end))
		if (read_header(s, page + PAGE - 2 * s->g->l.word, in, &x) &&
		    x.map == c->map) {
			*c = x;
			return;
		}
}

/*
 * Find a chunk whose mapping begins with this page.  It lies at the start, or,
 * with memalign(), further in: then its user memory is aligned to some power of
 * two, and its header is 2 words below that.
 */
static bool chunk_in_page(struct search *s, u64 page, const struct map_run *in,
			  struct mmapped_chunk *c)
{
	const struct layout *l = &s->g->l;
	const u64 header = 2 * l->word;
	u64 to;

	for (to = 2 * l->align; to < PAGE; to *= 2)
		if (read_header(s, page + to - header, in, c) && c->map == page)
			return true;
	return (read_header(s, layout_first_chunk(l, page), in, c) &&
		c->map == page) ||
	       (read_header(s, page + PAGE - header, in, c) &&
		c->map != c->addr);
}

static void add(struct mmapped *m, const struct mmapped_chunk *c)
{
	m->chunk = xgrow(m->chunk, m->n, sizeof(*c));
	m->chunk[m->n++] = *c;
	m->bytes += c->map_len;
}

/* The end of the region that @page is in, or @page. */
static u64 behind_region(const struct glibc *g, u64 page)
{
	const struct region *r =
		heap_region_of(g->h, layout_first_chunk(&g->l, page));

	return r ? align_up(r->end, PAGE) : page;
}

/* Look at one run of anonymous memory, in which there may be regions, too. */
static void search_run(struct search *s, const struct map_run *in)
{
	struct mmapped_chunk c;
	u64 at = in->start, taken = in->start, behind;

	while (!is_done(s)) {
		/* A header was written, so its page was touched. */
		at = target_next_touched(s->g->t, at, in->end);
		if (at >= in->end)
			return;
		behind = behind_region(s->g, at);
		if (behind > at) {
			at = behind;
			continue;
		}
		if (++s->pages > MAX_PAGES) {
			s->m->skipped += in->end - at;
			return;
		}
		if (chunk_in_page(s, at, in, &c) &&
		    (s->all || c.map >= taken)) {
			find_aligned(s, in, &c);
			add(s->m, &c);
			taken = c.map + c.map_len;
			at = s->all ? at + PAGE : taken;
		} else {
			at += PAGE;
		}
	}
}

static unsigned int anon_kind(const struct mapping *m, const void *arg)
{
	(void)arg;
	return map_is_anon(m);
}

static void search_all(struct search *s)
{
	struct map_run run;
	size_t i = 0;

	s->m->n = 0;
	s->m->bytes = 0;
	s->pages = 0;
	while (!is_done(s) &&
	       maps_next_run(&s->g->t->maps, &i, anon_kind, NULL, &run))
		search_run(s, &run);
}

static int by_map(const void *a, const void *b)
{
	const struct mmapped_chunk *x = a, *y = b;

	return x->map < y->map ? -1 : x->map > y->map;
}

/* Leave those that fit malloc's numbers.  Return: false if none do. */
static bool choose(struct search *s)
{
	const struct malloc_par *mp = &s->g->mp;
	/* Mappings have whole pages; what drifts has not come to one, mostly. */
	u64 bytes = align_down(mp->mmapped_mem, PAGE);
	struct mmapped *m = s->m;
	bool *keep = xcalloc(m->n, sizeof(*keep));
	unsigned int choices;
	size_t i, out = 0;

	sort_array(m->chunk, m->n, sizeof(*m->chunk), by_map);
	choices = mmapped_choose(m->chunk, m->n, mp->n_mmaps, bytes, keep);
	for (i = 0; choices && i < m->n; i++)
		if (keep[i])
			m->chunk[out++] = m->chunk[i];
	free(keep);
	if (!choices)
		return false;
	m->n = out;
	m->bytes = bytes;
	m->ambiguous = choices > 1;
	return true;
}

/**
 * glibc_mmapped - find the chunks that have a mapping of their own
 * @h: the heap
 * @m: empty; filled
 *
 * As soon as those found fit malloc's numbers, no others are looked for. Where no
 * choice of what looks like chunks fits, all of that which does not overlap is left.
 */
void glibc_mmapped(struct heap *h, struct mmapped *m)
{
	struct glibc *g = glibc_of(h);
	struct search s = { .g = g, .m = m };

	search_all(&s);
	if (!fits(&s) && g->mp.addr && m->n >= g->mp.n_mmaps && !choose(&s)) {
		s.all = true;
		search_all(&s);
		s.all = false;
		if (!choose(&s))
			search_all(&s);
	}
	m->complete = fits(&s) && !m->ambiguous;
}
