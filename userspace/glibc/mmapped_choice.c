// SPDX-License-Identifier: GPL-2.0
/*
 * Tell mmapped chunks from what only looks like one.
 *
 * Memory of others can hold the two words that make a header. malloc counts its
 * mappings and their bytes, so a choice of headers is right only where it meets
 * both numbers and no two of its mappings overlap.
 */
#include <stdlib.h>
#include <string.h>

#include "glibc/mmapped_choice.h"

#define MAX_STEPS 200000u

struct choice {
	const struct mmapped_chunk *c;
	size_t n;
	bool *keep;		/* as it is tried */
	bool *first;		/* that fits */
	unsigned int found;	/* 2: more than one */
	unsigned int steps;	/* that may still be tried */
};

static void note_choice(struct choice *x)
{
	if (!x->found) {
		memcpy(x->first, x->keep, x->n * sizeof(*x->keep));
		x->found = 1;
	} else if (memcmp(x->first, x->keep, x->n * sizeof(*x->keep))) {
		x->found = 2;
	}
}

/* Two that are kept and overlap.  Return: false if there are none. */
static bool find_overlap(const struct choice *x, size_t *one, size_t *other)
{
	size_t i, last = x->n;

	for (i = 0; i < x->n; i++) {
		if (!x->keep[i])
			continue;
		if (last < x->n &&
		    x->c[i].map < x->c[last].map + x->c[last].map_len) {
			*one = last;
			*other = i;
			return true;
		}
		last = i;
	}
	return false;
}

static void choose(struct choice *x, size_t from, size_t drops, u64 bytes);

static void choose_without(struct choice *x, size_t i, size_t from,
			   size_t drops, u64 bytes)
{
	if (x->c[i].map_len > bytes)
		return;
	x->keep[i] = false;
	choose(x, from, drops - 1, bytes - x->c[i].map_len);
	x->keep[i] = true;
}

/* Drop so many more, with so many bytes in all, from those at @from on. */
static void choose(struct choice *x, size_t from, size_t drops, u64 bytes)
{
	size_t i, j;

	if (x->found > 1 || !x->steps)
		return;
	x->steps--;
	if (find_overlap(x, &i, &j)) {
		if (!drops)
			return;
		choose_without(x, i, from, drops, bytes);
		choose_without(x, j, from, drops, bytes);
		return;
	}
	if (!drops && !bytes)
		note_choice(x);
	for (i = from; drops && i < x->n; i++)
		if (x->keep[i] && (drops > 1 || x->c[i].map_len == bytes))
			choose_without(x, i, i + 1, drops, bytes);
}

/**
 * mmapped_choose - which of them are chunks, by malloc's own numbers?
 * @c: what looks like chunks, in order of the start of their mappings
 * @n: how many
 * @count: how many chunks there are
 * @bytes: of their mappings in all
 * @keep: filled, for each of @c: is it one of the first choice that fits?
 *
 * Return: how many choices fit: 0; 1; or 2 for more than one, or for one where
 * not all could be tried.
 */
unsigned int mmapped_choose(const struct mmapped_chunk *c, size_t n, u64 count,
			    u64 bytes, bool *keep)
{
	struct choice x = { .c = c, .n = n, .steps = MAX_STEPS };
	u64 sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += c[i].map_len;
	if (!n || n < count || sum < bytes)
		return 0;
	x.first = keep;
	x.keep = xcalloc(n, sizeof(*x.keep));
	memset(x.keep, true, n * sizeof(*x.keep));
	choose(&x, 0, n - count, sum - bytes);
	free(x.keep);
	return x.found && !x.steps ? 2 : x.found;
}
