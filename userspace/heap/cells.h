/* SPDX-License-Identifier: GPL-2.0 */
/* A heap as cells, each a run of pages, by what holds most of it. */
#ifndef HEAPINFO_CELLS_H
#define HEAPINFO_CELLS_H

#include "heap/heap.h"

enum cell_kind {
	CELL_IN_USE,
	CELL_CACHED,
	CELL_FREE,
	CELL_TOP,
	CELL_OTHER,	/* fenceposts, headers of arenas, unused ends */
	CELL_FOREIGN,
	CELL_DAMAGED,
	CELL_MIXED,	/* none of the others has three quarters of it */
	CELL_KINDS
};

struct cell_row {
	const struct region *region;
	size_t n;
	u8 *kind;	/* of each cell, an enum cell_kind */
};

struct cells {
	u64 cell_bytes;
	struct cell_row *row;	/* one for each region */
	size_t rows;
	u64 bytes[CELL_KINDS];
	size_t mixed;		/* how many cells are */
	u64 (*sum)[CELL_KINDS];	/* while counting */
};

void cells_count(struct heap *h, struct cells *c, u64 max_cells);
void cells_free(struct cells *c);
char cell_char(enum cell_kind kind);
const char *cell_name(enum cell_kind kind);

#endif
