// SPDX-License-Identifier: GPL-2.0
/* Open a target and find what there is of a heap in it. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "heap.h"
#include "other_allocators.h"

static void say_why_not(struct heap *h)
{
	h->other = other_allocator(h->t, &h->mods);
	if (h->other)
		snprintf(h->why_not, sizeof(h->why_not),
			 "this program uses %s, whose chunks heapinfo cannot decode; 'show', 'history' and 'map' say what the kernel knows",
			 h->other);
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

/* As late as can be, so that files are read while the process runs. */
static int freeze(struct heap *h, struct error *e)
{
	if (target_freeze(h->t, e))
		return -1;
	kernel_free(&h->k);
	kernel_read(h->t, &h->k);
	return h->has_glibc ? glibc_reread(&h->g, e) : 0;
}

/**
 * heap_open - open what the command line asked for
 * @h: filled; heap_close() it in any case
 * @c: the command line
 * @need_glibc: without glibc's malloc there is nothing to say
 * @e: why not
 *
 * With --freeze the process is stopped from here to heap_close(), or to
 * target_thaw().
 *
 * Return: 0, or -1.
 */
int heap_open(struct heap *h, const struct common *c, bool need_glibc,
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
	return c->freeze ? freeze(h, e) : 0;
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
