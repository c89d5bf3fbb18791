// SPDX-License-Identifier: GPL-2.0
/* Read malloc's own structures: the ring of arenas and mp_. */
#include <stdlib.h>
#include <string.h>

#include "glibc/glibc.h"

#define MAX_ARENAS 65536u

static u64 at(const struct glibc *g, const u8 *raw, unsigned int offset)
{
	return get_word(raw + offset, g->l.word);
}

/**
 * glibc_bin_head - the address of a bin as the fake chunk that its list uses
 * @g: malloc
 * @a: the arena
 * @bin: 1 to 127
 *
 * Return: the address that fd and bk of the list's ends hold.
 */
u64 glibc_bin_head(const struct glibc *g, const struct arena *a,
		   unsigned int bin)
{
	return a->bins + 2 * (u64)g->l.word * (bin - 1) - 2 * g->l.word;
}

/**
 * glibc_read_arena - read one malloc_state
 * @g: malloc
 * @addr: where it is
 * @a: filled
 *
 * Return: true if it could be read.
 */
bool glibc_read_arena(struct glibc *g, u64 addr, struct arena *a)
{
	const struct layout *l = &g->l;
	u8 *raw = a->raw;

	memset(a, 0, sizeof(*a));
	if (target_read(g->t, addr, raw, l->state_size) != l->state_size)
		return false;
	a->addr = addr;
	a->main = addr == g->main_arena;
	a->mutex = get_u32(raw);
	a->flags = get_u32(raw + 4);
	a->top = at(g, raw, l->top);
	a->last_remainder = at(g, raw, l->last_remainder);
	a->next = at(g, raw, l->next);
	a->next_free = at(g, raw, l->next_free);
	a->attached = at(g, raw, l->attached);
	a->system_mem = at(g, raw, l->system_mem);
	a->max_system_mem = at(g, raw, l->max_system_mem);
	a->bins = addr + l->bins;
	if (a->top && a->top != glibc_bin_head(g, a, 1) &&
	    target_word(g->t, a->top + l->word, &a->top_field)) {
		a->has_top = true;
		a->top_size = a->top_field & ~(u64)SIZE_BITS;
	}
	return true;
}

static void read_arenas(struct glibc *g)
{
	u64 addr = g->main_arena, slow = addr;
	struct arena *a;

	g->arenas = 0;
	do {
		g->arena = xgrow(g->arena, g->arenas, sizeof(*a));
		a = &g->arena[g->arenas];
		if (!glibc_read_arena(g, addr, a)) {
			/* The dynamic linker has not relocated it yet. */
			if (g->arenas == 1 && !g->arena[0].system_mem)
				return;
			notes_add(&g->notes, "the list of arenas is damaged%s: %#llx is no memory; arenas behind it are not shown",
				  target_or(g->t), (unsigned long long)addr);
			return;
		}
		g->arenas++;
		addr = a->next;
		/* A ring that never comes back to main_arena is damage too. */
		if (addr == slow && addr != g->main_arena)
			break;
		if (!(g->arenas & (g->arenas - 1)))
			slow = addr;
	} while (addr != g->main_arena && g->arenas < MAX_ARENAS);
	if (addr != g->main_arena)
		notes_add(&g->notes, "the list of arenas does not come back to main_arena: it is damaged%s",
			  target_or(g->t));
}

static void read_mp(struct glibc *g)
{
	const struct layout *l = &g->l;
	struct malloc_par *mp = &g->mp;
	u64 addr = mp->addr;
	u8 raw[256];

	if (!addr || target_read(g->t, addr, raw, l->mp_size) != l->mp_size) {
		memset(mp, 0, sizeof(*mp));
		return;
	}
	mp->trim_threshold = at(g, raw, l->mp_trim_threshold);
	mp->top_pad = at(g, raw, l->mp_top_pad);
	mp->mmap_threshold = at(g, raw, l->mp_mmap_threshold);
	if (l->mp_hp_pagesize) {
		mp->thp_pagesize = at(g, raw, l->mp_thp_pagesize);
		mp->hp_pagesize = at(g, raw, l->mp_hp_pagesize);
	}
	mp->n_mmaps = get_u32(raw + l->mp_n_mmaps);
	mp->n_mmaps_max = get_u32(raw + l->mp_n_mmaps_max);
	mp->no_dyn_threshold = get_u32(raw + l->mp_no_dyn_threshold);
	mp->mmapped_mem = at(g, raw, l->mp_mmapped_mem);
	mp->max_mmapped_mem = at(g, raw, l->mp_max_mmapped_mem);
	mp->sbrk_base = at(g, raw, l->mp_sbrk_base);
	if (l->mp_tcache_count) {
		mp->tcache_max_bytes = at(g, raw, l->mp_tcache_max);
		mp->tcache_count = at(g, raw, l->mp_tcache_count);
	}
}

/* Heaps are aligned to this; with huge pages asked for, to less (2.35-2.41). */
static void set_heap_max(struct glibc *g)
{
	u64 hp = g->mp.hp_pagesize;

	g->heap_max = g->l.heap_max;
	if (g->l.heap_max_by_hp && hp >= PAGE && !(hp & (hp - 1)) &&
	    hp <= 1ull << 34)
		g->heap_max = 4 * hp;
}

/**
 * glibc_has_started - was malloc used in this process?
 * @g: malloc
 *
 * Return: true if some arena has memory.
 */
bool glibc_has_started(const struct glibc *g)
{
	size_t i;

	for (i = 0; i < g->arenas; i++)
		if (g->arena[i].system_mem)
			return true;
	return g->mp.n_mmaps;
}

static void forget(struct glibc *g)
{
	free(g->arena);
	free(g->region);
	free(g->tcache);
	g->arena = NULL;
	g->region = NULL;
	g->tcache = NULL;
	g->arenas = 0;
	g->regions = 0;
	g->tcaches = 0;
	g->missing = 0;
}

/**
 * glibc_reread - look at arenas, regions and tcaches again
 * @g: malloc
 * @e: why not
 *
 * Return: 0, or -1 where the process has gone.
 */
int glibc_reread(struct glibc *g, struct error *e)
{
	if (target_reload_maps(g->t, e))
		return -1;
	forget(g);
	notes_forget(&g->notes);
	read_mp(g);
	set_heap_max(g);
	read_arenas(g);
	if (!g->arenas)
		return error_set(e, "main_arena at %#llx is no longer readable: process %d has ended, or runs another program now; look again",
				 (unsigned long long)g->main_arena,
				 (int)g->t->pid);
	glibc_find_regions(g);
	glibc_find_tcaches(g);
	return 0;
}

/**
 * glibc_open - find glibc's malloc in a target
 * @t: the target
 * @mods: its modules
 * @g: filled; glibc_close() it in any case
 * @e: why not
 *
 * Return: true if it is there.
 */
bool glibc_open(struct target *t, const struct modules *mods,
		struct glibc *g, struct error *e)
{
	memset(g, 0, sizeof(*g));
	g->t = t;
	if (!glibc_find(g, mods, e))
		return false;
	notes_keep(&g->notes);
	return !glibc_reread(g, e);
}

/**
 * glibc_close - give back what glibc_open() took
 * @g: malloc
 */
void glibc_close(struct glibc *g)
{
	forget(g);
	notes_free(&g->notes);
	free(g->module);
	memset(g, 0, sizeof(*g));
}

/**
 * glibc_region_of - which region holds an address
 * @g: malloc
 * @addr: the address
 *
 * Return: the region, or NULL.
 */
const struct region *glibc_region_of(const struct glibc *g, u64 addr)
{
	size_t lo = 0, hi = g->regions;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr < g->region[mid].first)
			hi = mid;
		else if (addr >= g->region[mid].end)
			lo = mid + 1;
		else
			return &g->region[mid];
	}
	return NULL;
}
