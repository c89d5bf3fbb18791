// SPDX-License-Identifier: GPL-2.0
/*
 * Work out what free() and malloc_trim() can give back to the kernel.
 *
 * glibc's systrim() lowers the break by whole pages of top.  Its mtrim() gives
 * back whole pages inside of free chunks with madvise(), which leaves the break
 * alone.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "glibc/glibc.h"
#include "glibc/ops.h"
#include "glibc/state.h"
#include "heap/survey.h"
#include "target/pagemap.h"

#define MUCH (64u << 10)	/* free bytes below a pin that are worth telling */

struct pass {
	struct trim *tr;
	const struct heap *h;
	const struct glibc *g;
	struct pin ring[MAX_PINS];
	u64 n;			/* pins seen */
	u64 pending;		/* free bytes since the last pin */
	struct pagemap *pm;
	bool unknown;		/* not known which pages are in memory */
};

/* mtrim() keeps the page with the header and the list pointers. */
static void count_pages(struct pass *p, const struct chunk *c)
{
	u64 start = align_up(c->addr + 6 * p->g->l.word, PAGE);
	u64 end = align_down(c->addr + c->size, PAGE);
	u64 swapped = 0;

	if (start >= end)
		return;
	p->tr->whole_pages += end - start;
	if (pagemap_count(p->pm, start, end, &p->tr->resident, &swapped))
		p->unknown = true;
}

static void add_pin(struct pass *p, const struct batch *b,
		    const struct chunk *c)
{
	struct pin *pin = &p->ring[p->n++ % MAX_PINS];
	unsigned int header = 2 * p->g->l.word;
	size_t avail;
	const u8 *bytes = batch_bytes(b, c, &avail);

	pin->addr = c->addr;
	pin->size = c->size;
	pin->state = c->state;
	pin->free_below = p->pending;
	pin->len = 0;
	if (avail > header && c->state != CHUNK_DAMAGED) {
		pin->len = min_u64(avail - header, sizeof(pin->bytes));
		memcpy(pin->bytes, bytes + header, pin->len);
	}
	p->pending = 0;
}

static int take_batch(const struct batch *b, void *ctx)
{
	struct pass *p = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];
		bool main = p->h->arena[p->h->region[c->region].arena].main;

		if (chunk_state_is_free(c->state)) {
			count_pages(p, c);
			if (!main)
				continue;
			p->pending += c->size;
			p->tr->free_below += c->size;
		} else if (main && c->state != CHUNK_TOP) {
			if (chunk_state_is_cached(c->state))
				p->tr->cached += c->size;
			add_pin(p, b, c);
		}
	}
	return 0;
}

/* By how much does systrim(pad) lower the break when top has this size? */
static u64 systrim(const struct glibc *g, u64 top_size, u64 pad)
{
	u64 unit = g->mp.thp_pagesize ? g->mp.thp_pagesize : PAGE;
	u64 keep = g->l.minsize + 1 + pad;

	return top_size > keep ? (top_size - keep) / unit * unit : 0;
}

static void order_pins(struct pass *p)
{
	struct trim *tr = p->tr;
	u64 top_size = tr->top_size + p->pending;
	size_t i;

	tr->pins = min_u64(p->n, MAX_PINS);
	for (i = 0; i < tr->pins; i++) {
		struct pin *pin = &tr->pin[i];

		*pin = p->ring[(p->n - 1 - i) % MAX_PINS];
		top_size += pin->size + pin->free_below;
		pin->lowers = systrim(p->g, top_size, 0);
	}
}

/* Would free() lower the break now? */
static void find_threshold(const struct glibc *g, struct trim *tr)
{
	const struct malloc_par *mp = &g->mp;
	u64 by_free = systrim(g, tr->top_size, mp->top_pad);

	tr->now = systrim(g, tr->top_size, 0);
	if (!mp->addr)
		return;
	if (tr->top_size < mp->trim_threshold) {
		tr->reasons |= TRIM_BELOW_THRESHOLD;
	} else if (by_free) {
		tr->reasons |= TRIM_WAITING;
		tr->by_free = by_free;
	} else if (tr->now) {
		tr->reasons |= TRIM_PAD;
		tr->pad = mp->top_pad;
	}
}

static void note_threshold(const struct glibc *g, struct trim *tr)
{
	const struct malloc_par *mp = &g->mp;

	tr->threshold_known = mp->addr;
	tr->threshold = mp->trim_threshold;
	tr->threshold_fixed = mp->no_dyn_threshold;
	tr->threshold_raised = !mp->no_dyn_threshold &&
			       mp->trim_threshold != DEFAULT_THRESHOLD;
	tr->huge_pages = mp->hp_pagesize;
}

static void find_reasons(const struct heap *h, struct trim *tr)
{
	const struct region *r = heap_region_of(h, tr->top);

	if (tr->changed) {
		/* Top cannot be judged; the pins and free bytes can. */
	} else if (!r || !tr->top_end || tr->top_end > r->end) {
		tr->reasons |= TRIM_TOP_DAMAGED;
		tr->pins = 0;
	} else if (r->kind != REGION_BRK) {
		/* Nothing pins the break: it stays, whatever is freed. */
		tr->reasons |= TRIM_TOP_IN_MMAP;
		tr->pins = 0;
	} else if (tr->brk > tr->top_end) {
		tr->reasons |= TRIM_FOREIGN_ABOVE;
	} else {
		find_threshold(glibc_of(h), tr);
	}
	if (tr->pins && tr->free_below + tr->cached >= MUCH)
		tr->reasons |= TRIM_PINNED;
}

static int read_break(struct heap *h, struct error *e)
{
	if (target_reload_maps(h->t, e))
		return -1;
	kernel_free(&h->k);
	kernel_read(h->t, &h->k);
	return 0;
}

static bool top_is(struct glibc *g, const struct malloc_state *was)
{
	struct malloc_state *now = xcalloc(1, sizeof(*now));
	bool same = glibc_read_state(g, was->addr, now) &&
		    now->top == was->top && now->top_field == was->top_field;

	free(now);
	return same;
}

/* Does top end at the break, or lie in memory that is not from brk(2)? */
static bool is_usual(const struct heap *h)
{
	const struct malloc_state *a = &glibc_of(h)->state[0];
	const struct region *r = heap_region_of(h, a->top);

	return !a->has_top ||
	       (r && (r->kind != REGION_BRK || !h->k.known ||
		      state_top_end(a) == h->k.brk));
}

/*
 * Return: 1 if break and top were read at one moment, 0 if not, -1 if it has
 * gone.
 */
static int read_once(struct heap *h, struct error *e)
{
	u64 brk;

	if (read_break(h, e))
		return -1;
	brk = h->k.brk;
	if (heap_reread(h, e) || read_break(h, e))
		return -1;
	return h->k.brk == brk && top_is(glibc_of(h), &glibc_of(h)->state[0]);
}

/*
 * Read the break and top again and again until both belong together.
 *
 * If the break is older than top, or top was split while it was read, it looks
 * as if somebody else had moved the break.  It also looks so for a moment after
 * malloc has called brk(2) itself.  So an unusual break counts only if it is
 * the same a little later.
 *
 * Return: 0, or -1 where the process has gone.
 */
static int read_together(struct heap *h, bool *changed, struct error *e)
{
	u64 brk = 0, end = 0, us;
	bool seen = false;
	int ret;

	*changed = h->t->doubt && !is_usual(h);
	if (!h->t->live || h->t->freezer)
		return 0;
	for (us = 1000; us <= 32000; us *= 2) {
		const struct timespec ts = { .tv_nsec = us * 1000 };
		const struct malloc_state *a;

		ret = read_once(h, e);
		if (ret < 0)
			return -1;
		a = &glibc_of(h)->state[0];
		if (ret && (is_usual(h) || (seen && h->k.brk == brk &&
					    state_top_end(a) == end))) {
			*changed = false;
			return 0;
		}
		seen = ret;
		brk = h->k.brk;
		end = state_top_end(a);
		nanosleep(&ts, NULL);
	}
	*changed = true;
	notes_add(&h->notes, "the process changed its heap meanwhile; --freeze gives an exact answer");
	return 0;
}

/**
 * glibc_trim - find out why the break does not go down
 * @h: the heap; malloc was used in it
 * @tr: filled
 * @e: why not
 *
 * pin.lowers and trim.now are what malloc_trim(0) would lower the break by.
 *
 * Return: 0, or -1 where the process has gone.
 */
int glibc_trim(struct heap *h, struct trim *tr, struct error *e)
{
	struct pass p = { .tr = tr, .h = h, .g = glibc_of(h) };
	struct survey s = { .what = "why", .fn = take_batch, .ctx = &p };
	const struct malloc_state *a;

	memset(tr, 0, sizeof(*tr));
	if (read_together(h, &tr->changed, e))
		return -1;
	a = &glibc_of(h)->state[0];
	tr->top = a->has_top ? a->top : 0;
	tr->top_size = a->top_size;
	tr->top_end = state_top_end(a);
	tr->brk = h->k.known ? h->k.brk : 0;
	p.pm = pagemap_open(h->t);
	survey(h, &s);
	survey_free(&s);
	if (!p.pm || p.unknown)
		tr->resident = UINT64_MAX;
	pagemap_close(p.pm);
	order_pins(&p);
	note_threshold(p.g, tr);
	if (tr->top)
		find_reasons(h, tr);
	return 0;
}
