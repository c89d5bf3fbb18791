// SPDX-License-Identifier: GPL-2.0
/* Count what each run of pages of a heap is used for. */
#include <stdlib.h>
#include <string.h>

#include "heap/cells.h"
#include "heap/survey.h"

/**
 * cell_char - how a kind of cell is drawn
 * @kind: the kind
 *
 * Return: a character of ASCII.
 */
char cell_char(enum cell_kind kind)
{
	return "#o.-=F!%"[kind];
}

/**
 * cell_name - the words for a kind of cell
 * @kind: the kind
 *
 * Return: the words.
 */
const char *cell_name(enum cell_kind kind)
{
	static const char *const name[CELL_KINDS] = {
		"in use", "cached", "free", "top", "other", "foreign",
		"damaged", "mixed"
	};

	return name[kind];
}

static enum cell_kind kind_of(enum chunk_state state)
{
	switch (state) {
	case CHUNK_IN_USE:
		return CELL_IN_USE;
	case CHUNK_TOP:
		return CELL_TOP;
	case CHUNK_FOREIGN:
		return CELL_FOREIGN;
	case CHUNK_DAMAGED:
		return CELL_DAMAGED;
	default:
		if (chunk_state_is_cached(state))
			return CELL_CACHED;
		return chunk_state_is_free(state) ? CELL_FREE : CELL_OTHER;
	}
}

struct pass {
	struct cells *c;
	size_t *first;	/* cell of each region, in ->sum */
};

static void add_range(struct pass *p, size_t region, enum cell_kind kind,
		      u64 from, u64 to)
{
	const struct region *r = p->c->row[region].region;
	u64 unit = p->c->cell_bytes;

	from = max_u64(from, r->start);
	to = min_u64(to, r->end);
	while (from < to) {
		u64 i = (from - r->start) / unit;
		u64 end = min_u64(to, r->start + (i + 1) * unit);

		p->c->sum[p->first[region] + i][kind] += end - from;
		p->c->bytes[kind] += end - from;
		from = end;
	}
}

static int take_batch(const struct batch *b, void *ctx)
{
	struct pass *p = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];

		add_range(p, c->region, kind_of(c->state), c->addr,
			  c->addr + c->size);
	}
	return 0;
}

/*
 * Choose what each cell of a region is drawn as. Bytes in no chunk are "other". Drawn
 * as what just holds the larger part, a heap with a third of it free would look full.
 */
static void decide(struct pass *p, size_t region)
{
	struct cell_row *row = &p->c->row[region];
	const struct region *r = row->region;
	size_t i;

	for (i = 0; i < row->n; i++) {
		u64 *sum = p->c->sum[p->first[region] + i], all = 0, len;
		unsigned int k, best = CELL_OTHER;

		for (k = 0; k < CELL_KINDS; k++)
			all += sum[k];
		len = min_u64(p->c->cell_bytes,
			      r->end - r->start - i * p->c->cell_bytes);
		if (all < len) {
			sum[CELL_OTHER] += len - all;
			p->c->bytes[CELL_OTHER] += len - all;
		}
		for (k = 0; k < CELL_KINDS; k++)
			if (sum[k] > sum[best])
				best = k;
		if (sum[best] < len - len / 4)
			best = CELL_MIXED;
		/* A cell with any damage is drawn as damaged. */
		row->kind[i] = sum[CELL_DAMAGED] ? CELL_DAMAGED : best;
		p->c->mixed += row->kind[i] == CELL_MIXED;
	}
}

static void choose_unit(const struct heap *h, struct cells *c, u64 max_cells)
{
	u64 bytes = 0;
	size_t i;

	for (i = 0; i < h->regions; i++)
		bytes += h->region[i].end - h->region[i].start;
	c->cell_bytes = PAGE;
	while (bytes / c->cell_bytes > max_cells)
		c->cell_bytes *= 2;
}

/**
 * cells_count - count what each run of pages is used for
 * @h: the heap, with an allocator
 * @c: filled; cells_free() it
 * @max_cells: about how many there may be; each region has at least one
 */
void cells_count(struct heap *h, struct cells *c, u64 max_cells)
{
	struct pass p = { .c = c };
	struct survey s = { .what = "map", .fn = take_batch, .ctx = &p };
	size_t i, total = 0;

	memset(c, 0, sizeof(*c));
	choose_unit(h, c, max_cells);
	c->rows = h->regions;
	c->row = xcalloc(c->rows, sizeof(*c->row));
	p.first = xcalloc(c->rows, sizeof(*p.first));
	for (i = 0; i < c->rows; i++) {
		struct cell_row *row = &c->row[i];

		row->region = &h->region[i];
		row->n = (row->region->end - row->region->start +
			  c->cell_bytes - 1) / c->cell_bytes;
		row->kind = xcalloc(row->n, 1);
		p.first[i] = total;
		total += row->n;
	}
	c->sum = xcalloc(total, sizeof(*c->sum));
	if (c->rows) {
		survey(h, &s);
		survey_free(&s);
	}
	for (i = 0; i < c->rows; i++)
		decide(&p, i);
	free(c->sum);
	c->sum = NULL;
	free(p.first);
}

/**
 * cells_free - give the cells back
 * @c: from cells_count()
 */
void cells_free(struct cells *c)
{
	size_t i;

	for (i = 0; i < c->rows; i++)
		free(c->row[i].kind);
	free(c->row);
	memset(c, 0, sizeof(*c));
}
