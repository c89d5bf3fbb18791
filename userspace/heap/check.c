// SPDX-License-Identifier: GPL-2.0
/*
 * Look for damage, and look again where what seemed wrong may only have been a
 * change that the program had not finished.
 */
#include <string.h>
#include <time.h>

#include "heap/allocator.h"
#include "target/freeze.h"

static bool in(const struct findings *f, const struct finding *x)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->found[i].addr == x->addr &&
		    !strcmp(f->found[i].text, x->text))
			return true;
	return false;
}

/* Drop the findings that a second look did not find again. */
static void keep_common(struct findings *f, const struct findings *again)
{
	size_t i, out = 0;

	for (i = 0; i < f->n; i++)
		if (in(again, &f->found[i]))
			f->found[out++] = f->found[i];
	/*
	 * Those beyond MAX_FINDINGS are only counted: take them to be there
	 * still.
	 */
	f->total = f->n < f->total && out ? f->total - (f->n - out) : out;
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

/* Let the process run for a while, then look again.  Return: 0, or -1. */
static int look_again(struct heap *h, struct check *c, u64 ms,
		      struct error *e)
{
	const struct timespec ts = { .tv_nsec = ms * 1000000 };
	bool frozen = h->t->freezer;

	target_thaw(h->t);
	nanosleep(&ts, NULL);
	memset(c, 0, sizeof(*c));
	if (frozen ? heap_freeze(h, e) : heap_reread(h, e))
		return -1;
	h->a->check(h, c);
	return 0;
}

/**
 * check_heap - look for damage
 * @h: the heap
 * @c: filled; check_free() it
 * @e: why not
 *
 * In a process that runs, or was stopped inside malloc, what looks wrong may be a
 * change that is half done.  So it is looked at several times: what is wrong each
 * time is damage, and if one look finds nothing wrong, nothing is damaged.
 *
 * Return: 0, or -1 where the process has gone.
 */
int check_heap(struct heap *h, struct check *c, struct error *e)
{
	struct check again;
	bool held, stood;
	u64 ms;

	memset(c, 0, sizeof(*c));
	h->a->check(h, c);
	held = c->findings.n && h->t->freezer && is_held(h);
	for (ms = 5; ms <= 125 &&
	     (c->findings.n || c->unsure || h->missing) &&
	     h->t->live && h->t->doubt && !held; ms *= 5) {
		/* Somebody may have stopped it during the look before this. */
		stood = !h->t->freezer && is_held(h);
		if (look_again(h, &again, ms, e))
			return -1;
		held = stood && is_held(h);
		if (again.findings.n && h->t->doubt && !held) {
			keep_common(&c->findings, &again.findings);
			check_free(&again);
			c->unsure = !c->findings.n;
		} else {
			check_free(c);
			*c = again;
		}
	}
	if (held && !h->t->freezer && c->findings.n)
		settle_doubt(h);
	/* It stands still, so a second look would find the same. */
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
