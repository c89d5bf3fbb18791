/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A table of all free chunks and where the fd of each leads, for lists that
 * jump to and fro in the heap.  To read 1 GiB in order of address is faster
 * than to read a hundred thousand chunks one at a time.
 *
 * The table shares the memory of the marks.  While it exists, a bit of the
 * marks only says that the chunk there has an entry, and the entry has the
 * chunk's mark. free_table_end() puts the marks back.
 *
 * An entry is trusted only where the chunk passes all of malloc's tests.  Any
 * other chunk's entry says ENTRY_READ, and whoever follows the list must read
 * that chunk.
 */
#ifndef HEAPINFO_FREE_TABLE_H
#define HEAPINFO_FREE_TABLE_H

#include "glibc/marks.h"

/*
 * Whether a free chunk's size is right and the chunk behind it agrees; for a
 * small chunk, this also tells its size.
 */
#define ENTRY_READ 0u		/* not all is right: read the chunk */
#define ENTRY_LARGE 1u		/* right, and too large for a small bin */
#define ENTRY_MAX 63u		/* from 2 to this: right, in that small bin */

/*
 * What an entry holds: in the low NEXT_BITS the entry that fd leads to, if the
 * bk of that one leads back; above them ENTRY_*, then two flags; and the mark.
 */
#define NEXT_BITS 40u
#define NO_ENTRY ((1ull << NEXT_BITS) - 1)
#define CODE_SHIFT NEXT_BITS
#define ON_RING (1ull << 46)	/* a large chunk, on the ring over the sizes */
#define LED_BACK (1ull << 47)	/* while the table is made: see judge_links() */
#define MARK_SHIFT 62u

struct free_table {
	struct glibc *g;
	struct marks *marks;
	u64 *entry;
	u32 *size;	/* of large chunks, in units of what chunks align to */
	size_t n;
	size_t room;	/* in both; grows with the chunks that are met */
	size_t max;	/* room may not become more than this */
	u32 *rank;	/* entries before each block of bits */
	size_t rank_len;	/* in bytes */
	size_t blocks;
	unsigned int block_shift;
	bool rings_sound;	/* all rings over sizes lead both ways */
	u64 end;	/* bits that stand for entries are below this one */
};

/*
 * Bytes that a table may take at most.  It never takes more than a quarter of
 * the machine's memory either.
 */
extern size_t free_table_max;

bool free_table_make(struct free_table *t, struct glibc *g, struct marks *m);
void free_table_end(struct free_table *t);
u64 free_table_find(const struct free_table *t, u64 chunk);
u64 free_table_addr(const struct free_table *t, u64 entry);
u64 free_table_large(const struct free_table *t, u64 entry);
u64 free_table_size(const struct layout *l, unsigned int code);

static inline u64 free_table_next(const struct free_table *t, u64 entry)
{
	return t->entry[entry] & NO_ENTRY;
}

static inline unsigned int free_table_code(const struct free_table *t,
					   u64 entry)
{
	return t->entry[entry] >> CODE_SHIFT & ENTRY_MAX;
}

static inline enum mark free_table_mark(const struct free_table *t, u64 entry)
{
	return t->entry[entry] >> MARK_SHIFT;
}

static inline void free_table_set_mark(struct free_table *t, u64 entry,
				       enum mark mark)
{
	t->entry[entry] = (t->entry[entry] & ~(3ull << MARK_SHIFT)) |
			  (u64)mark << MARK_SHIFT;
}

#endif
