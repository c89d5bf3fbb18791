// SPDX-License-Identifier: GPL-2.0
/*
 * Work out what free() and malloc_trim() can give back, as glibc does it:
 * systrim() lowers the break by whole pages of top alone; mtrim() gives whole
 * pages inside free chunks back with madvise(), and leaves the break.
 */
#include <string.h>

#include "pagemap.h"
#include "survey.h"
#include "trim.h"

#define MUCH (64u << 10)	/* free bytes below a pin worth a mention */

struct pass {
	struct trim *tr;
	const struct glibc *g;
	struct pin ring[MAX_PINS];
	u64 n;			/* pins seen */
	u64 pending;		/* free bytes since the last one */
	struct pagemap *pm;
	bool unknown;		/* which pages are in memory */
};

/* mtrim() spares the header, fd, bk and the nextsize pointers. */
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
		bool main = p->g->arena[p->g->region[c->region].arena].main;

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

/* What systrim(pad) lowers the break by when top has this size. */
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

static void find_reasons(const struct heap *h, struct trim *tr)
{
	const struct glibc *g = &h->g;
	const struct region *r = glibc_region_of(g, tr->top);
	u64 by_free;

	if (!r || r->kind != REGION_BRK) {
		/* Whatever is freed, the break stays: nothing pins it. */
		tr->reasons |= TRIM_TOP_IN_MMAP;
		tr->pins = 0;
	} else if (tr->brk && tr->brk != tr->top_end) {
		tr->reasons |= TRIM_FOREIGN_ABOVE;
	} else {
		tr->now = systrim(g, tr->top_size, 0);
		by_free = systrim(g, tr->top_size, g->mp.top_pad);
		if (tr->top_size < g->mp.trim_threshold)
			tr->reasons |= TRIM_BELOW_THRESHOLD;
		else if (by_free)
			tr->reasons |= TRIM_WAITING;
		tr->by_free = tr->reasons & TRIM_WAITING ? by_free : 0;
	}
	if (tr->pins && tr->free_below + tr->cached >= MUCH)
		tr->reasons |= TRIM_PINNED;
}

/**
 * trim_analyse - find out why the break does not go down
 * @h: the heap; malloc was used in it
 * @tr: filled
 *
 * The pins' "lowers" and "now" are what malloc_trim(0) would do.
 */
void trim_analyse(struct heap *h, struct trim *tr)
{
	struct pass p = { .tr = tr, .g = &h->g };
	struct survey s = { .what = "why", .fn = take_batch, .ctx = &p };
	const struct arena *a = &h->g.arena[0];

	memset(tr, 0, sizeof(*tr));
	tr->top = a->has_top ? a->top : 0;
	tr->top_size = a->top_size;
	tr->top_end = a->top + a->top_size;
	tr->brk = h->k.known ? h->k.brk : 0;
	p.pm = pagemap_open(h->t);
	survey(h, &s);
	survey_free(&s);
	if (!p.pm || p.unknown)
		tr->resident = UINT64_MAX;
	pagemap_close(p.pm);
	order_pins(&p);
	if (tr->top)
		find_reasons(h, tr);
}
