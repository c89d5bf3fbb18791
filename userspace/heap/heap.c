// SPDX-License-Identifier: GPL-2.0
/* Open a target and find what there is of a heap in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "heap/allocator.h"
#include "heap/malloc_owner.h"
#include "heap/other_allocators.h"
#include "target/freeze.h"

/* @unsure: one was not used, and what tells whether it would be is lost. */
static void say_why_not(struct heap *h, bool unsure)
{
	if (h->other)
		snprintf(h->why_not, sizeof(h->why_not),
			 "this program uses %s, whose chunks heapinfo cannot decode",
			 h->other);
	else if (unsure)
		snprintf(h->why_not, sizeof(h->why_not),
			 "no malloc that heapinfo knows was used, and whether the program calls another is missing in this truncated core; check the disk space and 'ulimit -c' where it was written");
	else if (h->t->partial)
		snprintf(h->why_not, sizeof(h->why_not),
			 "no glibc malloc was found in what is left of this truncated core; check the disk space and 'ulimit -c' where it was written");
	else
		snprintf(h->why_not, sizeof(h->why_not),
			 "no glibc malloc was found in this program: it has none, or an allocator that heapinfo does not know");
}

/* Drop what allocator.reread() found. */
static void forget(struct heap *h)
{
	free(h->arena);
	free(h->region);
	free(h->cache);
	h->root = 0;
	h->origin = 0;
	h->arena = NULL;
	h->arenas = 0;
	h->region = NULL;
	h->regions = 0;
	h->cache = NULL;
	h->caches = 0;
	h->threads = 0;
	h->mmaps = (struct mmap_count){ 0 };
	h->missing = 0;
}

/*
 * A malloc that wraps glibc's leads to this; and so does one that replaces only
 * some of its functions, and leaves memalign() to glibc.
 */
static void note_other(struct heap *h)
{
	if (h->other)
		notes_add(&h->notes, "this program uses %s, whose chunks heapinfo cannot decode; shown is only what %s was asked for by it or beside it",
			  h->other, h->a->name);
}

/**
 * heap_reread - look at arenas and regions again
 * @h: the heap, with an allocator
 * @e: why not
 *
 * Return: 0, or -1 where the process has gone.
 */
int heap_reread(struct heap *h, struct error *e)
{
	if (target_reload_maps(h->t, e))
		return -1;
	forget(h);
	notes_forget(&h->notes);
	note_other(h);
	return h->a->reread(h, e);
}

static void close_allocator(struct heap *h)
{
	if (h->a)
		h->a->close(h);
	forget(h);
	notes_free(&h->notes);
	h->a = NULL;
	h->priv = NULL;
	h->version = NULL;
	h->module = NULL;
	h->found_by = NULL;
}

static bool open_allocator(struct heap *h, const struct allocator *a)
{
	struct error gone;

	h->a = a;
	if (a->open(h)) {
		notes_keep(&h->notes);
		if (!heap_reread(h, &gone))
			return true;
	}
	close_allocator(h);
	return false;
}

static bool is_of_allocator(const struct module *mod)
{
	const char *base = strrchr(mod->path, '/') + 1;
	const char *const *file;
	size_t i;

	for (i = 0; allocators[i]; i++)
		for (file = allocators[i]->files; *file; file++)
			if (!strncmp(base, *file, strlen(*file)))
				return true;
	return false;
}

/*
 * Name the malloc that the program calls, if it is not one that heapinfo decodes:
 * one of its own, or of a library that comes before libc.  Return: NULL if it is,
 * or if nothing tells.
 */
static const char *name_owner(struct heap *h)
{
	const struct module *owner = malloc_owner(h->t, &h->mods);
	const char *base, *known;
	char *safe;

	if (!owner || is_of_allocator(owner) ||
	    (h->a && !strcmp(owner->path, h->module)))
		return NULL;
	known = other_allocator_in(h->t, owner);
	if (known)
		return known;
	if (owner->exe)
		return "a malloc of its own";
	base = strrchr(owner->path, '/') + 1;
	safe = text_safe_dup(base, strlen(base));
	snprintf(h->owner, sizeof(h->owner), "the malloc of %s", safe);
	free(safe);
	return h->owner;
}

/*
 * A process may have several allocators: libc brings one into most.  Take the one
 * that was used; if none was, the first of the table that is there.
 */
static void find_allocator(struct heap *h)
{
	const struct allocator *unused = NULL;
	bool unsure;
	size_t i;

	for (i = 0; allocators[i]; i++) {
		if (!open_allocator(h, allocators[i]))
			continue;
		if (heap_has_started(h)) {
			h->other = name_owner(h);
			note_other(h);
			return;
		}
		/* It is the last and the only one: keep it open. */
		if (!unused && !allocators[i + 1])
			break;
		if (!unused)
			unused = allocators[i];
		close_allocator(h);
	}
	if (unused)
		open_allocator(h, unused);
	h->other = name_owner(h);
	if (!h->other)
		h->other = other_allocator(h->t, &h->mods);
	/* Of a part of a core, it would not follow that nothing was allocated. */
	unsure = h->a && h->t->partial && !malloc_owner(h->t, &h->mods);
	if (h->a && (h->other || unsure))
		close_allocator(h);
	if (!h->a)
		say_why_not(h, unsure);
}

/**
 * heap_has_started - was the allocator used in this process?
 * @h: the heap, with an allocator
 *
 * Return: true if it ever got memory.
 */
bool heap_has_started(const struct heap *h)
{
	size_t i;

	for (i = 0; i < h->arenas; i++)
		if (h->arena[i].system_mem)
			return true;
	return h->mmaps.chunks;
}

/**
 * heap_add_region - keep a region that was found
 * @h: the heap
 * @r: the region, copied
 */
void heap_add_region(struct heap *h, const struct region *r)
{
	h->region = xgrow(h->region, h->regions, sizeof(*r));
	h->region[h->regions++] = *r;
}

/**
 * heap_region_of - which region holds an address
 * @h: the heap
 * @addr: the address
 *
 * Return: the region, or NULL.
 */
const struct region *heap_region_of(const struct heap *h, u64 addr)
{
	size_t lo = 0, hi = h->regions;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr < h->region[mid].first)
			hi = mid;
		else if (addr >= h->region[mid].end)
			lo = mid + 1;
		else
			return &h->region[mid];
	}
	return NULL;
}

/**
 * heap_cache_in - is this the chunk that a thread's cache lies in?
 * @h: the heap
 * @addr: of the chunk
 * @size: of the chunk, in bytes
 *
 * Called for every chunk in use, so most are told by their size.
 *
 * Return: the cache, or NULL.
 */
const struct thread_cache *heap_cache_in(const struct heap *h, u64 addr,
					 u64 size)
{
	size_t i;

	for (i = 0; i < h->caches; i++) {
		u64 least = h->cache[i].bytes + heap_overhead(h);

		/* A rest that is too small for a chunk of its own is added. */
		if (size < least || size >= least + 2 * h->header)
			return NULL;
		if (h->cache[i].addr == addr + h->header)
			return &h->cache[i];
	}
	return NULL;
}

static void sleep_us(u64 us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

/**
 * heap_freeze - stop the process while no thread is inside malloc
 * @h: the heap; if the process is stopped already, it goes on first
 * @e: why not
 *
 * A thread that is stopped inside malloc leaves lists half changed.  Then let
 * the process run for a moment and try again, a few times.  If a thread is
 * still inside malloc after that, it stays stopped there, and target.doubt says
 * so.
 *
 * Return: 0, or -1.
 */
int heap_freeze(struct heap *h, struct error *e)
{
	u64 us;

	for (us = 100; us <= 10000; us *= 2) {
		if (h->t->freezer) {
			target_thaw(h->t);
			sleep_us(us);
		}
		if (target_freeze(h->t, e))
			return -1;
		h->t->doubt = h->a && heap_stand(h) != STAND_MIDWAY ?
			      DOUBT_NONE : DOUBT_MIDWAY;
		if (!h->a || !h->t->doubt ||
		    freezer_was_held(h->t->freezer))
			break;
	}
	kernel_free(&h->k);
	kernel_read(h->t, &h->k);
	if (!h->a)
		return 0;
	if (heap_reread(h, e) || h->t->expired)
		return h->t->expired ?
		       error_set(e, "the time that --freeze gave was over before the heap was found; give more, or none") :
		       -1;
	return 0;
}

/**
 * heap_need - is enough known of a heap for what is asked?
 * @h: the heap
 * @what: what must be known
 * @e: what is not known, and what there is instead
 *
 * Return: 0, or -1.
 */
int heap_need(const struct heap *h, enum need what, struct error *e)
{
	const struct allocator *a = h->a;
	const char *lacks = NULL;

	if (what == NEED_NOTHING)
		return 0;
	if (!a && h->t->denied.text[0])
		return error_set(e, "%s", h->why_not);
	/* There is a history where the module is, or was for a snapshot. */
	if (!a)
		return error_set(e, "%s; %s say what the kernel knows",
				 h->why_not, h->k.module ?
				 "'show', 'history' and 'map'" :
				 "'show' and 'map'");
	if (what == NEED_LISTS && !a->lists)
		lacks = "the free lists of";
	else if (what == NEED_CHECK && !a->check)
		lacks = "what must hold in a heap of";
	else if (what == NEED_TRIM && !a->trim)
		lacks = "when the break goes down in a program with";
	if (!lacks)
		return 0;
	return error_set(e, "heapinfo does not know %s %s, which is this program's allocator; 'chunks' and 'stats' show what it knows",
			 lacks, a->name);
}

/**
 * heap_open - open a process or a core, and find its heap
 * @h: filled; heap_close() it in any case
 * @c: which one
 * @what: what must be known of its heap
 * @e: why not
 *
 * With @c->freeze the process is to be stopped with heap_freeze() then, which is
 * left to the caller: the process runs while files are read here.
 *
 * Return: 0, or -1.
 */
int heap_open(struct heap *h, const struct target_choice *c, enum need what,
	      struct error *e)
{
	memset(h, 0, sizeof(*h));
	h->t = c->core ? target_open_core(c->core, e) :
			 target_open_live(c->pid, c->via ? c->via : c->pid, e);
	if (!h->t)
		return -1;
	modules_find(h->t, &h->mods);
	kernel_read(h->t, &h->k);
	if (h->t->denied.text[0])
		snprintf(h->why_not, sizeof(h->why_not), "%s",
			 h->t->denied.text);
	else
		find_allocator(h);
	h->t->freeze_ns = c->freeze_ns;
	if (heap_need(h, what, e))
		return -1;
	/* A core does not say whether a thread was inside malloc: look. */
	if (!h->t->live && h->a && !h->t->doubt &&
	    heap_stand(h) == STAND_MIDWAY)
		h->t->doubt = DOUBT_MIDWAY;
	return 0;
}

/**
 * heap_close - give all of it back, and let the process go on
 * @h: from heap_open()
 */
void heap_close(struct heap *h)
{
	close_allocator(h);
	kernel_free(&h->k);
	modules_free(&h->mods);
	target_close(h->t);
	memset(h, 0, sizeof(*h));
}
