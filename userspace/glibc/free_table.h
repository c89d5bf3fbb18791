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

struct free_table {
	struct glibc *g;
	struct marks *marks;
	/*
	 * In the low NEXT_BITS the entry that fd leads to, if the bk of
	 * that one leads back; above them what info was.
	 */
	u32 *entry;
	bool made;
	u8 *info;	/* until made: ENTRY_* in 6 bits, enum mark above */
	size_t n;
	size_t room;
	u32 *rank;	/* entries before each block of bits */
	size_t blocks;
	size_t len;	/* of all three, in bytes */
	unsigned int block_shift;
	u64 end;	/* bits that stand for entries are below this one */
};

#define NEXT_BITS 24u
#define NO_ENTRY ((1u << NEXT_BITS) - 1)

/* Bytes that a table may take: enough for 2.3 million free chunks. */
extern size_t free_table_max;

bool free_table_make(struct free_table *t, struct glibc *g, struct marks *m);
void free_table_end(struct free_table *t);
u32 free_table_find(const struct free_table *t, u64 chunk);
u64 free_table_addr(const struct free_table *t, u32 entry);
u64 free_table_size(const struct layout *l, unsigned int code);

static inline u32 free_table_next(const struct free_table *t, u32 entry)
{
	return t->entry[entry] & NO_ENTRY;
}

static inline unsigned int free_table_code(const struct free_table *t,
					   u32 entry)
{
	return t->entry[entry] >> NEXT_BITS & ENTRY_MAX;
}

static inline enum mark free_table_mark(const struct free_table *t, u32 entry)
{
	return t->entry[entry] >> 30;
}

static inline void free_table_set_mark(struct free_table *t, u32 entry,
				       enum mark mark)
{
	t->entry[entry] = (t->entry[entry] & ~(3u << 30)) | mark << 30;
}

#endif
