// SPDX-License-Identifier: GPL-2.0
/*
 * glibc's malloc as one of the allocators.
 *
 * To open it, which_malloc.c chooses the module that the malloc is in; find.c
 * finds main_arena and the layout there.  To read it, state.c reads arenas and
 * mp_, then regions.c and region_search.c find where chunks lie, and threads.c
 * finds each thread's tcache.
 * total.c does without all that.
 */
#include <stdlib.h>

#include "glibc/allocator.h"
#include "glibc/ops.h"
#include "glibc/regions.h"
#include "glibc/state.h"
#include "glibc/threads.h"
#include "glibc/which_malloc.h"

static bool open_glibc(struct heap *h)
{
	struct glibc *g = xcalloc(1, sizeof(*g));

	h->priv = g;
	g->h = h;
	g->t = h->t;
	if (!glibc_find(g, &h->mods))
		return false;
	h->version = g->version;
	h->module = g->module;
	h->found_by = g->found_by;
	h->header = 2 * g->l.word;
	h->shared = g->l.word;
	return true;
}

static void forget(struct glibc *g)
{
	free(g->state);
	free(g->tcache);
	g->state = NULL;
	g->tcache = NULL;
	g->states = 0;
	g->tcaches = 0;
}

/**
 * glibc_look_now - look at malloc as it is now, beside what was seen of it before
 * @was: the heap
 * @now: filled; glibc_forget_now() it
 * @g: filled: malloc of @now
 *
 * For a look that shall not last: memory that nothing in malloc leads to is not
 * searched for again, but taken to be where it was.
 *
 * Return: false where malloc is no longer there.
 */
bool glibc_look_now(const struct heap *was, struct heap *now, struct glibc *g)
{
	*g = *glibc_of(was);
	*now = *was;
	g->h = now;
	now->priv = g;
	now->notes = (struct notes){ 0 };
	now->region = NULL;
	now->regions = 0;
	g->state = NULL;
	g->states = 0;
	g->tcache = NULL;
	g->tcaches = 0;
	glibc_read_mp(g);
	glibc_read_states(g);
	if (!g->states)
		return false;
	glibc_reread_regions(g, was);
	glibc_find_tcaches(g);
	return true;
}

/**
 * glibc_forget_now - give back what glibc_look_now() made
 * @now: the heap
 */
void glibc_forget_now(struct heap *now)
{
	forget(glibc_of(now));
	free(now->region);
	notes_free(&now->notes);
}

/* Fill in what heap/ and the commands see of arenas and tcaches. */
static void show(struct heap *h, const struct glibc *g)
{
	size_t i;

	h->root = g->main_arena;
	h->origin = g->mp.sbrk_base;
	h->mmaps = (struct mmap_count){ g->mp.addr, g->mp.n_mmaps,
					g->mp.mmapped_mem };
	h->arenas = g->states;
	h->arena = xcalloc(h->arenas, sizeof(*h->arena));
	for (i = 0; i < h->arenas; i++) {
		const struct malloc_state *a = &g->state[i];

		h->arena[i] = (struct arena){
			.addr = a->addr, .main = a->main,
			.contiguous = a->main &&
				      !(a->flags & ARENA_NONCONTIGUOUS),
			.has_top = a->has_top, .top = a->top,
			.top_size = a->top_size, .attached = a->attached,
			.system_mem = a->system_mem,
			.max_system_mem = a->max_system_mem,
		};
	}
	h->caches = g->tcaches;
	h->cache = xcalloc(h->caches, sizeof(*h->cache));
	for (i = 0; i < h->caches; i++)
		h->cache[i] = (struct thread_cache){
			.addr = g->tcache[i].addr, .tid = g->tcache[i].tid,
			.tcb = g->tcache[i].tcb,
			.bytes = g->l.tcache_chunk - heap_overhead(h),
		};
}

static int reread_glibc(struct heap *h, struct error *e)
{
	struct glibc *g = glibc_of(h);

	forget(g);
	glibc_read_mp(g);
	glibc_read_states(g);
	if (!g->states)
		return error_set(e, "main_arena at %#llx is no longer readable: process %d has ended, or runs another program now; look again",
				 (unsigned long long)g->main_arena,
				 (int)h->t->pid);
	glibc_find_regions(g);
	glibc_find_tcaches(g);
	show(h, g);
	return 0;
}

static void close_glibc(struct heap *h)
{
	struct glibc *g = glibc_of(h);

	forget(g);
	free(g->module);
	free(g);
}

/* The loader defined malloc, too, up to 2.30. */
static const char *const files[] = {
	"libc.so.6", "libc-2.", "libc_malloc_debug.so", "ld-linux", "ld-2.", NULL
};

const struct allocator glibc_allocator = {
	.name = "glibc",
	.files = files,
	.open = open_glibc,
	.reread = reread_glibc,
	.close = close_glibc,
	.walk = glibc_walk,
	.is_locked = glibc_is_locked,
	.lists = glibc_lists,
	.lists_free = glibc_lists_free,
	.sums_begin = glibc_sums_begin,
	.sums_add = glibc_sums_add,
	.sums_end = glibc_sums_end,
	.check = glibc_check,
	.confirm = glibc_confirm,
	.trim = glibc_trim,
	.mmapped = glibc_mmapped,
	.total = glibc_total,
};
