// SPDX-License-Identifier: GPL-2.0
/* Choose the malloc that the program uses: a process may have several. */
#include <stdlib.h>

#include "glibc/find.h"
#include "glibc/which_malloc.h"

#define MAX_NAMESPACES 16u	/* more libcs than dlmopen() can load */

/* Forget what was found: it is not the malloc that the program uses. */
static void unfind(struct glibc *g)
{
	notes_forget(&g->h->notes);
	free(g->module);
	g->module = NULL;
	g->version[0] = '\0';
	g->mp.addr = 0;
}

/* Did this malloc ever get memory from the kernel? */
static bool has_memory(struct glibc *g)
{
	u64 arena = 0, mmapped = 0;

	target_word(g->t, g->main_arena + g->l.system_mem, &arena);
	if (g->mp.addr)
		target_word(g->t, g->mp.addr + g->l.mp_max_mmapped_mem,
			    &mmapped);
	return arena || mmapped;
}

/* How likely is it that the program uses this libc? */
static int rate_libc(struct glibc *g, const struct module *libc)
{
	u64 flags = 0;
	int rate = 0;

	if (!glibc_search_module(g, libc, libc))
		return -1;
	if (target_peek(g->t, g->main_arena + 4, &flags, 4) &&
	    !(flags & ARENA_NONCONTIGUOUS))
		rate = has_memory(g) ? 2 : 1;
	unfind(g);
	return rate;
}

/*
 * Choose the program's libc: LD_AUDIT and dlmopen() load further ones, for
 * others than the program.  Only the program's takes memory from brk(2).  If
 * none has so far, it is the one at the highest address, since it was mapped
 * first.
 */
static const struct module *choose_libc(struct glibc *g,
					const struct modules *mods)
{
	static const char *const names[] = { "libc.so.6", "libc-2.", NULL };
	const struct module *libc = modules_matching(mods, names, NULL);
	const struct module *next = libc, *best = libc;
	int rate, best_rate = -1;
	unsigned int i;

	if (!libc || !modules_matching(mods, names, libc))
		return libc;
	for (i = 0; next && i < MAX_NAMESPACES; i++) {
		rate = rate_libc(g, next);
		if (rate >= best_rate) {
			best = next;
			best_rate = rate;
		}
		next = modules_matching(mods, names, next);
	}
	return best;
}

/*
 * From 2.34 on, MALLOC_CHECK_ and its like are done by another malloc, in a
 * library of its own.  Where that is loaded, one of both is used.
 */
static bool search_debug_malloc(struct glibc *g, const struct modules *mods,
				const struct module *libc)
{
	static const char *const names[] = { "libc_malloc_debug.so", NULL };
	const struct module *mod = modules_matching(mods, names, NULL);

	if (!mod || !glibc_search_module(g, mod, libc))
		return false;
	if (has_memory(g))
		return true;
	unfind(g);
	return false;
}

/**
 * glibc_find - find main_arena, mp_ and the layout
 * @g: its target is set; the rest is filled in
 * @mods: the target's modules
 *
 * Return: true if glibc's malloc is in the target.
 */
bool glibc_find(struct glibc *g, const struct modules *mods)
{
	const struct module *libc = choose_libc(g, mods), *m;
	size_t i;

	if (libc && (search_debug_malloc(g, mods, libc) ||
		     glibc_search_module(g, libc, libc)))
		return true;
	for (i = 0; i < mods->n; i++) {
		m = &mods->mod[i];
		if (m != libc && m->exe && glibc_search_module(g, m, m))
			return true;
	}
	for (i = 0; i < mods->n; i++) {
		m = &mods->mod[i];
		if (m != libc && !m->exe && m->rw_start &&
		    glibc_search_module(g, m, m))
			return true;
	}
	g->banner[0] = '\0';
	return false;
}
