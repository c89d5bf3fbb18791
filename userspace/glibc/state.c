// SPDX-License-Identifier: GPL-2.0
/* Read malloc's own structures: the ring of arenas and mp_. */
#include <string.h>

#include "glibc/ops.h"
#include "glibc/state.h"

#define MAX_ARENAS 65536u

static u64 at(const struct glibc *g, const u8 *raw, unsigned int offset)
{
	return get_word(raw + offset, g->l.word);
}

/**
 * glibc_bin_head - where a bin's head would be if it were a chunk
 * @g: malloc
 * @a: the arena
 * @bin: 1 to 127
 *
 * Return: that address, which the ends of its list point to.
 */
u64 glibc_bin_head(const struct glibc *g, const struct malloc_state *a,
		   unsigned int bin)
{
	return a->bins + 2 * (u64)g->l.word * (bin - 1) - 2 * g->l.word;
}

/**
 * glibc_read_state - read one malloc_state
 * @g: malloc
 * @addr: where it is
 * @a: filled
 *
 * Return: true if it could be read.
 */
bool glibc_read_state(struct glibc *g, u64 addr, struct malloc_state *a)
{
	const struct layout *l = &g->l;
	u8 *raw = a->raw;

	memset(a, 0, sizeof(*a));
	if (target_read(g->t, addr, raw, l->state_size) != l->state_size)
		return false;
	a->addr = addr;
	a->main = addr == g->main_arena;
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

/**
 * glibc_read_states - read the ring of all arenas
 * @g: malloc; g->states is 0 afterwards if main_arena is no longer mapped
 */
void glibc_read_states(struct glibc *g)
{
	u64 addr = g->main_arena, slow = addr;
	struct malloc_state *a;

	g->states = 0;
	do {
		g->state = xgrow(g->state, g->states, sizeof(*a));
		a = &g->state[g->states];
		if (!glibc_read_state(g, addr, a)) {
			/* The dynamic linker has not relocated "next" so far. */
			if (g->states == 1 && !g->state[0].system_mem)
				return;
			notes_add(&g->h->notes, "the list of arenas is damaged%s: %#llx is no memory; arenas behind it are not shown",
				  target_or(g->t), (unsigned long long)addr);
			return;
		}
		g->states++;
		addr = a->next;
		/* A ring that comes back to another arena is damaged, too. */
		if (addr == slow && addr != g->main_arena)
			break;
		if (!(g->states & (g->states - 1)))
			slow = addr;
	} while (addr != g->main_arena && g->states < MAX_ARENAS);
	if (addr != g->main_arena)
		notes_add(&g->h->notes, "the list of arenas does not come back to main_arena: it is damaged%s",
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

/* Thread heaps are aligned to heap_max; from 2.35 to 2.41 huge pages change it. */
static void set_heap_max(struct glibc *g)
{
	u64 hp = g->mp.hp_pagesize;

	g->heap_max = g->l.heap_max;
	if (g->l.heap_max_by_hp && hp >= PAGE && !(hp & (hp - 1)) &&
	    hp <= 1ull << 34)
		g->heap_max = 4 * hp;
}

/**
 * glibc_read_mp - read mp_, and what depends on it
 * @g: malloc; all of mp_ is 0 where it was not found
 */
void glibc_read_mp(struct glibc *g)
{
	read_mp(g);
	set_heap_max(g);
}

/**
 * glibc_is_locked - does a thread hold the lock of an arena?
 * @h: the heap
 *
 * Return: true if so, as far as can be read.
 */
bool glibc_is_locked(struct heap *h)
{
	const struct glibc *g = glibc_of(h);
	u8 mutex[4];
	size_t i;

	for (i = 0; i < g->states; i++)
		if (target_read(h->t, g->state[i].addr, mutex, 4) == 4 &&
		    get_u32(mutex))
			return true;
	return false;
}
