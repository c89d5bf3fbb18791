// SPDX-License-Identifier: GPL-2.0
/* Sums over the links of the bins, see bin_sums.h. */
#include <sys/random.h>

#include "glibc/bin_sums.h"

/**
 * bin_sums_init - begin
 * @s: the sums
 *
 * The keys are random, so that no heap can be made to fit them.
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

/**
 * bin_sums_chunk - take a free chunk in
 * @s: the sums
 * @b: its batch
 * @c: the chunk; its state is unsorted, small or large
 */
void bin_sums_chunk(struct bin_sums *s, const struct batch *b,
		    const struct chunk *c)
{
	const struct layout *l = &b->g->l;
	unsigned int w = l->word;
	u64 bin = c->state == CHUNK_UNSORTED ? 1 :
		  layout_bin_index(l, c->size);
	size_t avail;
	const u8 *p = batch_bytes(b, c, &avail);

	s->chunks++;
	if (avail < 4 * w)
		return;
	link_both(s, &s->links, c->addr, get_word(p + 2 * w, w),
		  get_word(p + 3 * w, w), bin);
	if (c->state == CHUNK_LARGE && avail >= 6 * w && get_word(p + 4 * w, w))
		link_both(s, &s->ring, c->addr, get_word(p + 4 * w, w),
			  get_word(p + 5 * w, w), bin);
}

/**
 * bin_sums_agree - is every list sound, now that all chunks are in?
 * @s: the sums
 * @g: malloc; the heads of its bins are taken in as they were when arenas
 *     were read
 *
 * Return: true if so.
 */
bool bin_sums_agree(struct bin_sums *s, struct glibc *g)
{
	unsigned int w = g->l.word, bin;
	size_t i;

	for (i = 0; i < g->arenas; i++) {
		const struct arena *a = &g->arena[i];

		for (bin = 1; bin < NBINS; bin++) {
			const u8 *p = a->raw + g->l.bins + 2 * w * (bin - 1);
			u64 fd = get_word(p, w), bk = get_word(p + w, w);

			if (fd || bk)
				link_both(s, &s->links,
					  glibc_bin_head(g, a, bin), fd, bk,
					  bin);
		}
	}
	return !s->links && !s->ring;
}
