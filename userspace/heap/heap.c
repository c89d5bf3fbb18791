// SPDX-License-Identifier: GPL-2.0
/* Open a target and find what there is of a heap in it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "heap/heap.h"
#include "heap/other_allocators.h"
#include "target/freeze.h"

static void say_why_not(struct heap *h)
{
	h->other = other_allocator(h->t, &h->mods);
	if (h->other)
		snprintf(h->why_not, sizeof(h->why_not),
			 "this program uses %s, whose chunks heapinfo cannot decode; 'show', 'history' and 'map' say what the kernel knows",
			 h->other);
	else if (h->t->partial)
		snprintf(h->why_not, sizeof(h->why_not),
			 "no glibc malloc was found in what is left of this truncated core; check the disk space and 'ulimit -c' where it was written; 'show', 'history' and 'map' say what the kernel knows");
	else
		snprintf(h->why_not, sizeof(h->why_not),
			 "no glibc malloc was found in this program: it has none, or an allocator that heapinfo does not know; 'show', 'history' and 'map' say what the kernel knows");
}

/* glibc is mapped, but another allocator may do its work. */
static void look_for_replacement(struct heap *h)
{
	if (glibc_has_started(&h->g))
		return;
	h->other = other_allocator(h->t, &h->mods);
	if (!h->other)
		return;
	h->has_glibc = false;
	glibc_close(&h->g);
	say_why_not(h);
}

static void sleep_us(u64 us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

/**
 * heap_freeze - stop the process, where it can be had at a quiet moment
 * @h: the heap; where the process is stopped already, it goes on first
 * @e: why not
 *
 * A thread that is stopped inside malloc leaves lists half made.  So let it go
 * on for a little while, a few times; after that ->doubt says so.
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
		h->t->doubt = h->has_glibc && heap_stand(h) != STAND_MIDWAY ?
			      DOUBT_NONE : DOUBT_MIDWAY;
		if (!h->has_glibc || !h->t->doubt ||
		    freezer_was_held(h->t->freezer))
			break;
	}
	kernel_free(&h->k);
	kernel_read(h->t, &h->k);
	return h->has_glibc ? glibc_reread(&h->g, e) : 0;
}

/**
 * heap_open - open a process or a core, and find its heap
 * @h: filled; heap_close() it in any case
 * @c: which one
 * @need_glibc: without glibc's malloc there is nothing to say
 * @e: why not
 *
 * With @c->freeze the process is stopped from here to heap_close(), or to
 * target_thaw().
 *
 * Return: 0, or -1.
 */
int heap_open(struct heap *h, const struct target_choice *c, bool need_glibc,
	      struct error *e)
{
	memset(h, 0, sizeof(*h));
	h->t = c->core ? target_open_core(c->core, e) :
			 target_open_live(c->pid, c->via ? c->via : c->pid, e);
	if (!h->t)
		return -1;
	modules_find(h->t, &h->mods);
	kernel_read(h->t, &h->k);
	h->has_glibc = !h->t->denied.text[0] &&
		       glibc_open(h->t, &h->mods, &h->g, e);
	if (h->t->denied.text[0])
		snprintf(h->why_not, sizeof(h->why_not), "%s",
			 h->t->denied.text);
	else if (h->has_glibc)
		look_for_replacement(h);
	else
		say_why_not(h);
	if (need_glibc && !h->has_glibc)
		return error_set(e, "%s", h->why_not);
	/* What a snapshot did not say of itself, or the kernel wrote. */
	if (!h->t->live && h->has_glibc && !h->t->doubt &&
	    heap_stand(h) == STAND_MIDWAY)
		h->t->doubt = DOUBT_MIDWAY;
	/* As late as can be, so that files are read while the process runs. */
	return c->freeze && h->t->live ? heap_freeze(h, e) : 0;
}

/**
 * heap_close - let go of it, and let the process go on
 * @h: from heap_open()
 */
void heap_close(struct heap *h)
{
	glibc_close(&h->g);
	kernel_free(&h->k);
	modules_free(&h->mods);
	target_close(h->t);
	memset(h, 0, sizeof(*h));
}
