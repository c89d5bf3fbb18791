// SPDX-License-Identifier: GPL-2.0
/*
 * Look for damage, and look again where what seemed wrong may only have been a
 * change that the program had not finished.
 */
#include <string.h>
#include <time.h>

#include "heap/allocator.h"
#include "heap/confirm.h"
#include "target/freeze.h"

#define REREADS 8u

/*
 * Keep what looks wrong for a second time, by the place: where nothing did in one
 * of two looks, all is in order.  Of places beyond those that are kept nothing is
 * known.
 */
static void keep_common(struct findings *f, const struct findings *before)
{
	size_t i, out = 0;

	for (i = 0; i < f->n; i++)
		if (findings_at(before, &f->found[i].at))
			f->found[out++] = f->found[i];
	f->lost |= before->lost;
	if (!f->lost)
		f->total = out;
	f->n = out;
}

/* Has somebody else stopped the process? Then it does not help to wait. */
static bool is_held(struct heap *h)
{
	return h->t->freezer ? freezer_was_held(h->t->freezer) :
	       heap_stand(h) != STAND_RUNS;
}

/* A held process does not change: only where its threads stand can be a doubt. */
static void settle_doubt(struct heap *h)
{
	enum stand stand = heap_stand(h);

	if (stand == STAND_MIDWAY)
		h->t->doubt = DOUBT_MIDWAY;
	else if (stand == STAND_QUIET)
		h->t->doubt = DOUBT_NONE;
}

/*
 * Let it go on for a while, then look again.  Where it has just got memory that was
 * not seen to be malloc's, a little later it is.
 * Return: 0, or -1 where the process has gone.
 */
static int look_again(struct heap *h, struct check *c, u64 ms,
		      struct error *e)
{
	const struct timespec ts = { .tv_nsec = ms * 1000000 };
	bool frozen = h->t->freezer;
	unsigned int i;

	memset(c, 0, sizeof(*c));
	target_thaw(h->t);
	for (i = 0; i < REREADS; i++) {
		nanosleep(&ts, NULL);
		if (frozen ? heap_freeze(h, e) : heap_reread(h, e))
			return -1;
		if (!h->missing)
			break;
	}
	h->a->check(h, c);
	return 0;
}

/*
 * A few looks at a process that goes on.  Return: 0 with what looks wrong in all
 * of them, or -1 where the process has gone.
 */
static int look_on(struct heap *h, struct check *c, bool *held,
		   struct error *e)
{
	struct check again;
	bool stood;
	u64 ms;

	for (ms = 5; ms <= 25 && (c->findings.total || h->missing) && !*held;
	     ms *= 5) {
		/* It may have been stopped while the first look went on. */
		stood = !h->t->freezer && is_held(h);
		if (look_again(h, &again, ms, e))
			return -1;
		*held = stood && is_held(h);
		if (h->t->doubt && !*held)
			keep_common(&again.findings, &c->findings);
		check_free(c);
		*c = again;
		if (!h->t->doubt)
			break;
	}
	return 0;
}

/* Only what is wrong while the process is stopped, outside of malloc, is damage. */
static void make_sure(struct heap *h, struct check *c)
{
	struct findings pending = c->findings;

	memset(&c->findings, 0, sizeof(c->findings));
	c->refused = heap_confirm(h, &pending, &c->findings);
	c->unsure = !c->findings.n && (pending.n || pending.lost);
	findings_free(&pending);
}

/**
 * check_heap - look for damage
 * @h: the heap
 * @c: filled; check_free() it
 * @e: why not
 *
 * What looks wrong in a process that is running, or that was stopped inside
 * malloc, may be a change half done.  What looks so in several looks may be one
 * as well, since a program does the same again and again.  So the process is
 * stopped for a moment to look at those places alone, and only what is wrong then
 * is damage; one look that finds nothing wrong tells that there is none.
 *
 * Return: 0, or -1 where the process has gone.
 */
int check_heap(struct heap *h, struct check *c, struct error *e)
{
	bool held;

	memset(c, 0, sizeof(*c));
	h->a->check(h, c);
	/* A process that may be stopped for so long only is not stopped again. */
	if (h->t->freeze_ns) {
		c->unsure = c->findings.n && h->t->doubt;
		return 0;
	}
	held = c->findings.n && h->t->freezer && is_held(h);
	if (h->t->live && h->t->doubt && look_on(h, c, &held, e))
		return -1;
	if (held && !h->t->freezer && c->findings.n)
		settle_doubt(h);
	if (h->t->live && h->t->doubt && c->findings.total && !held)
		make_sure(h, c);
	/* What cannot be looked at a second time. */
	c->held = held && c->findings.n && h->t->doubt;
	if (c->held || (c->findings.n && h->t->doubt && !h->t->live))
		c->unsure = true;
	return 0;
}

/**
 * check_free - give the results back
 * @c: from check_heap()
 */
void check_free(struct check *c)
{
	findings_free(&c->findings);
	mmapped_free(&c->mmapped);
}
