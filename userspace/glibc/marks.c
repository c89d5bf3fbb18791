// SPDX-License-Identifier: GPL-2.0
/* The bitmap behind marks.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "glibc/marks.h"

/* Two bytes more, so that marks_get() never reads behind the end. */
static size_t bytes_of(const struct marks *m, const struct mark_map *map)
{
	return align_up(((map->end - map->first) >> (m->shift + 3)) + 3,
			MARKS_ALIGN / 8);
}

/**
 * marks_init - room for a mark on every chunk
 * @m: filled; marks_free() it
 * @h: the heap, with its regions found
 */
void marks_init(struct marks *m, const struct heap *h)
{
	u8 *bits;
	size_t i;

	m->n = h->regions;
	m->shift = glibc_of(h)->l.word == 8 ? 4 : 3;
	m->map = xcalloc(m->n, sizeof(*m->map));
	m->len = MARKS_ALIGN / 8;
	for (i = 0; i < m->n; i++) {
		m->map[i].first = h->region[i].first;
		m->map[i].end = h->region[i].end;
		m->len += bytes_of(m, &m->map[i]);
	}
	m->bits = xmap(m->len);
	bits = m->bits;
	for (i = 0; i < m->n; i++) {
		m->map[i].bits = bits;
		bits += bytes_of(m, &m->map[i]);
	}
}

/**
 * marks_free - give the marks back
 * @m: from marks_init()
 */
void marks_free(struct marks *m)
{
	munmap(m->bits, m->len);
	free(m->map);
	memset(m, 0, sizeof(*m));
}

/**
 * marks_set - mark a chunk
 * @m: the marks
 * @region: the chunk's region
 * @chunk: its address, inside the region
 * @mark: what to say of it
 */
void marks_set(struct marks *m, size_t region, u64 chunk, enum mark mark)
{
	struct mark_map *map = &m->map[region];
	u64 bit = (chunk - map->first) >> m->shift;
	u16 pair;

	memcpy(&pair, map->bits + bit / 8, 2);
	pair |= (unsigned int)mark << bit % 8;
	memcpy(map->bits + bit / 8, &pair, 2);
}

/**
 * marks_inside - find the first bit that is set in a range
 * @m: the marks
 * @region: the range's region
 * @from: start of the range, inside the region
 * @to: its end
 *
 * Return: the address that the bit stands for: a chunk begins there, or one bit
 * before.  Or @to, if no bit is set.
 */
u64 marks_inside(const struct marks *m, size_t region, u64 from, u64 to)
{
	const struct mark_map *map = &m->map[region];
	u64 bit = (from - map->first) >> m->shift;
	u64 end = (min_u64(to, map->end) - map->first) >> m->shift;

	while (bit < end) {
		u64 word;

		/* Skip words without any bit set as a whole. */
		if (bit % 8 == 0 && bit + 64 <= end) {
			memcpy(&word, map->bits + bit / 8, 8);
			if (!word) {
				bit += 64;
				continue;
			}
		}
		if (map->bits[bit / 8] >> bit % 8 & 1)
			return map->first + (bit << m->shift);
		bit++;
	}
	return to;
}
