// SPDX-License-Identifier: GPL-2.0
/* Stop a process for a moment, to tell damage from a change half done. */
#include <time.h>

#include "heap/allocator.h"
#include "heap/confirm.h"
#include "target/freeze.h"

/*
 * A look meets a thread in the middle of malloc as often as the program is
 * there, which may be most of the time.
 */
#define TRIES 40u
#define FIRST_NAP_NS 200000u
#define LONGEST_NAP_NS 100000000u

/* Look once.  Return: 0, or -1 where it cannot be stopped. */
static int look(struct heap *h, struct findings *pending,
		struct findings *sure, bool *held)
{
	struct error e;
	int ret = target_freeze(h->t, &e);

	if (!ret) {
		*held = freezer_was_held(h->t->freezer);
		h->a->confirm(h, pending, sure);
	}
	target_thaw(h->t);
	return ret;
}

/**
 * heap_confirm - look again, with the process stopped, at what looked wrong
 * @h: the heap of a process that runs
 * @pending: what looked wrong; what is left could not be told
 * @sure: what is wrong is added
 *
 * Only the places of @pending are looked at, and the process goes on in between:
 * what a thread is in the middle of changing is looked at another time.
 *
 * Return: 0, or -1 where the process cannot be stopped.
 */
int heap_confirm(struct heap *h, struct findings *pending,
		 struct findings *sure)
{
	struct timespec nap = { .tv_nsec = FIRST_NAP_NS };
	bool held = false;
	unsigned int i;

	if (!h->a->confirm)
		return 0;
	for (i = 0; i < TRIES && pending->n && !held; i++) {
		if (i)
			nanosleep(&nap, NULL);
		if (look(h, pending, sure, &held))
			return -1;
		nap.tv_nsec = min_u64(nap.tv_nsec * 3 / 2, LONGEST_NAP_NS);
	}
	return 0;
}
