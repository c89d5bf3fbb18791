// SPDX-License-Identifier: GPL-2.0
/* Sums over the links of the bins: see bin_sums.h. */
#include <stdlib.h>
#include <sys/random.h>

#include "glibc/bin_sums.h"
#include "glibc/glibc.h"
#include "glibc/ops.h"
#include "glibc/state.h"

/**
 * bin_sums_init - set the sums to 0, and choose keys
 * @s: the sums
 *
 * Nobody can make a heap whose wrong links add up to 0: the keys are random.
 */
void bin_sums_init(struct bin_sums *s)
{
	*s = (struct bin_sums){ .key = { 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93,
					 0xa0761d6478bd642f } };
	if (getrandom(s->key, sizeof(s->key), GRND_NONBLOCK) < 0)
		return;		/* weaker, but still a check */
}

static void link_both(struct bin_sums *s, u64 *sum, u64 here, u64 next,
		      u64 before, u64 bin)
{
	*sum += link_hash(s, here, next, bin) - link_hash(s, before, here, bin);
}

/* What glibc_sums_begin() returns. */
struct sums {
	struct bin_sums s;
	struct glibc *g;
};

/**
 * glibc_sums_begin - begin to check every list while walking
 * @h: the heap
 *
 * Return: the sums, for glibc_sums_add() and glibc_sums_end().
 */
void *glibc_sums_begin(struct heap *h)
{
	struct sums *sums = xcalloc(1, sizeof(*sums));

	bin_sums_init(&sums->s);
	sums->g = glibc_of(h);
	return sums;
}

/**
 * glibc_sums_add - add the links of a free chunk
 * @ctx: the sums
 * @b: its batch
 * @c: the chunk; its state is unsorted, small or large
 */
void glibc_sums_add(void *ctx, const struct batch *b, const struct chunk *c)
{
	struct sums *sums = ctx;
	struct bin_sums *s = &sums->s;
	const struct layout *l = &sums->g->l;
	unsigned int w = l->word;
	u64 bin = c->state == CHUNK_UNSORTED ? 1 :
		  layout_bin_index(l, c->size);
	size_t avail;
	const u8 *p = batch_bytes(b, c, &avail);

	if (avail < 4 * w)
		return;
	link_both(s, &s->links, c->addr, get_word(p + 2 * w, w),
		  get_word(p + 3 * w, w), bin);
	if (c->state == CHUNK_LARGE && avail >= 6 * w && get_word(p + 4 * w, w))
		link_both(s, &s->ring, c->addr, get_word(p + 4 * w, w),
			  get_word(p + 5 * w, w), bin);
}

static void add_heads(struct bin_sums *s, const struct glibc *g)
{
	unsigned int w = g->l.word, bin;
	size_t i;

	for (i = 0; i < g->states; i++) {
		const struct malloc_state *a = &g->state[i];

		for (bin = 1; bin < NBINS; bin++) {
			const u8 *p = a->raw + g->l.bins + 2 * w * (bin - 1);
			u64 fd = get_word(p, w), bk = get_word(p + w, w);

			if (fd || bk)
				link_both(s, &s->links,
					  glibc_bin_head(g, a, bin), fd, bk,
					  bin);
		}
	}
}

/**
 * glibc_sums_end - is every list sound, now that all chunks were added?
 * @ctx: the sums, which are given back
 *
 * The heads of the bins are taken as they were when the arenas were read.
 *
 * Return: true if so.
 */
bool glibc_sums_end(void *ctx)
{
	struct sums *sums = ctx;
	bool agree;

	add_heads(&sums->s, sums->g);
	agree = !sums->s.links && !sums->s.ring;
	free(sums);
	return agree;
}
