// SPDX-License-Identifier: GPL-2.0
/*
 * Find the stretches of memory that hold chunks.
 *
 * Those of a thread arena are its heaps, from the one with top back by
 * heap_info.prev. The main arena's is the memory from mp_.sbrk_base to the end
 * of top.  If it has others, nothing leads to them, and region_search.c
 * searches for them.
 */
#include <stdlib.h>
#include <string.h>

#include "glibc/region_search.h"
#include "glibc/regions.h"

#define MAX_HEAPS 65536u
#define MAX_BYTES (1ull << 46)	/* of all regions: half of what x86-64 can map */

static int by_first(const void *a, const void *b)
{
	const struct region *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/*
 * A damaged core may have regions larger than any process, for which there is
 * no room for marks.  Cut a region down to @left bytes.  Return: what is left
 * for others.
 */
static u64 limit_region(struct heap *h, struct region *r, u64 left)
{
	if (r->end - r->first > left) {
		notes_add(&h->notes, "malloc's memory at %#llx is larger than a process can be: malloc's structures are damaged%s",
			  (unsigned long long)r->first, target_or(h->t));
		r->end = r->first + left;
		if (r->top >= r->end)
			r->top = 0;
	}
	return left - (r->end - r->first);
}

/* Sort the regions, and drop those that overlap: no byte is decoded twice. */
static void sort_regions(struct heap *h)
{
	u64 left = MAX_BYTES;
	size_t i, out = 0;

	sort_array(h->region, h->regions, sizeof(*h->region), by_first);
	for (i = 0; i < h->regions && left; i++) {
		if (out && h->region[i].first < h->region[out - 1].end) {
			notes_add(&h->notes, "two regions overlap at %#llx: malloc's structures are damaged%s",
				  (unsigned long long)h->region[i].first,
				  target_or(h->t));
			continue;
		}
		h->region[out] = h->region[i];
		left = limit_region(h, &h->region[out++], left);
	}
	h->regions = out;
}

/* One heap of a thread arena.  Return: its "prev". */
static u64 add_heap(struct glibc *g, size_t arena, u64 heap)
{
	const struct layout *l = &g->l;
	const struct malloc_state *a = &g->state[arena];
	struct region r = { .kind = REGION_HEAP, .arena = arena,
			    .start = heap };
	u64 ar_ptr, prev, size;

	if (!target_word(g->t, heap, &ar_ptr) || ar_ptr != a->addr ||
	    !target_word(g->t, heap + l->word, &prev) ||
	    !target_word(g->t, heap + 2 * l->word, &size)) {
		notes_add(&g->h->notes, "arena %#llx: %#llx should be one of its heaps and is not; its chunks are not shown",
			  (unsigned long long)a->addr,
			  (unsigned long long)heap);
		return 0;
	}
	if (size > g->heap_max || !maps_hold(&g->t->maps, heap, size)) {
		notes_add(&g->h->notes, "arena %#llx: the heap at %#llx says it has %#llx bytes, more than are mapped",
			  (unsigned long long)a->addr,
			  (unsigned long long)heap, (unsigned long long)size);
		size = min_u64(g->heap_max,
			       maps_run_end(&g->t->maps, heap) - heap);
	}
	r.end = heap + size;
	r.first = heap + l->heap_info_size;
	if (range_inside(a->addr, l->state_size, heap, r.end))
		r.first = layout_first_chunk(l, a->addr + l->state_size);
	if (a->has_top && a->top >= r.first && a->top < r.end)
		r.top = a->top;
	if (r.first < r.end)
		heap_add_region(g->h, &r);
	return prev;
}

static void find_heaps(struct glibc *g, size_t arena)
{
	const struct malloc_state *a = &g->state[arena];
	u64 mask = ~(g->heap_max - 1), own = a->addr & mask;
	u64 heap = a->has_top ? a->top & mask : own;
	bool seen_own = false;
	unsigned int i;

	for (i = 0; heap && i < MAX_HEAPS; i++) {
		seen_own |= heap == own;
		heap = add_heap(g, arena, heap);
		/* The first heap of an arena is that with the arena itself. */
		if (seen_own)
			break;
	}
	if (!seen_own)
		add_heap(g, arena, own);
}

/* May this be memory from brk(2)?  A kernel's core names no mapping: any may. */
static bool may_be_brk(const struct maps *maps, u64 addr)
{
	const struct mapping *m = maps_find(maps, addr);

	return m && (map_is_heap(m) || !maps_named(maps, "[stack]"));
}

/*
 * Is top lost with the end of a truncated core?  What lies below it may be there.
 */
static bool has_lost_top(const struct glibc *g)
{
	const struct malloc_state *a = &g->state[0];

	return g->t->partial && !a->has_top && a->system_mem && g->mp.sbrk_base;
}

/* Where memory ends that can be read, in whole pages behind @from. */
static u64 readable_end(struct glibc *g, u64 from, u64 end)
{
	u64 pages = (end - align_down(from, PAGE)) / PAGE, low = 0;
	u8 byte;

	while (low < pages) {
		u64 middle = low + (pages - low) / 2;

		if (target_read(g->t, align_down(from, PAGE) + middle * PAGE,
				&byte, 1))
			low = middle + 1;
		else
			pages = middle;
	}
	return max_u64(from, align_down(from, PAGE) + low * PAGE);
}

/* Return: the region at sbrk_base, or an empty one if that is not from brk(2). */
static struct region find_brk_region(struct glibc *g)
{
	const struct mapping *heap = maps_named(&g->t->maps, "[heap]");
	const struct malloc_state *a = &g->state[0];
	struct region r = { .kind = REGION_BRK, .start = g->mp.sbrk_base };
	u64 run_end;

	if (!r.start && heap && !g->mp.addr)
		r.start = heap->start;
	if (!r.start || !may_be_brk(&g->t->maps, r.start))
		return (struct region){ 0 };
	r.first = layout_first_chunk(&g->l, r.start);
	run_end = maps_run_end(&g->t->maps, r.start);
	r.end = run_end;
	if (a->has_top && a->top >= r.first && a->top < run_end) {
		r.top = a->top;
		if (state_top_end(a) > a->top)
			r.end = min_u64(state_top_end(a), run_end);
	} else if (has_lost_top(g)) {
		if (a->system_mem < run_end - r.start)
			r.end = r.start + a->system_mem;
		run_end = r.end;
		r.end = readable_end(g, r.first, r.end);
		notes_add(&g->h->notes, "the main arena's memory ends at %#llx; the truncated core holds it up to %#llx, without top",
			  (unsigned long long)run_end,
			  (unsigned long long)r.end);
	}
	if (r.first < r.end)
		heap_add_region(g->h, &r);
	return r;
}

/* What was searched for once is where it was; only its top may have moved. */
static void keep_searched(struct glibc *g, const struct region *brk,
			  const struct region *r)
{
	const struct malloc_state *a = &g->state[0];
	struct region now = *r;
	u64 end = state_top_end(a);

	if (r->kind == REGION_HEAP || (r->start < brk->end && r->end > brk->start))
		return;
	now.top = 0;
	if (a->has_top && a->top >= r->first &&
	    a->top < maps_run_end(&g->t->maps, r->start)) {
		now.top = a->top;
		if (end > a->top)
			now.end = min_u64(align_up(end, PAGE),
					  maps_run_end(&g->t->maps, r->start));
	}
	heap_add_region(g->h, &now);
}

/**
 * glibc_reread_regions - find every region again, without a search
 * @g: malloc, with its arenas read
 * @was: the heap with the regions that were found before
 */
void glibc_reread_regions(struct glibc *g, const struct heap *was)
{
	struct region brk = { 0 };
	size_t i;

	for (i = 1; i < g->states; i++)
		find_heaps(g, i);
	if (g->state[0].has_top)
		brk = find_brk_region(g);
	for (i = 0; i < was->regions; i++)
		keep_searched(g, &brk, &was->region[i]);
	sort_regions(g->h);
}

/**
 * glibc_find_regions - find every region of every arena
 * @g: malloc, with its arenas read
 */
void glibc_find_regions(struct glibc *g)
{
	const struct malloc_state *main = &g->state[0];
	struct region brk = { 0 };
	size_t i;

	for (i = 1; i < g->states; i++)
		find_heaps(g, i);
	if (main->has_top || has_lost_top(g))
		brk = find_brk_region(g);
	if (main->has_top &&
	    (main->flags & ARENA_NONCONTIGUOUS || !g->h->regions ||
	     !heap_region_of(g->h, main->top)))
		glibc_search_regions(g, &brk);
	sort_regions(g->h);
}
