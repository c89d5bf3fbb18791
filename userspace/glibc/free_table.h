/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The free chunks of the heap and what each fd leads to, for lists that jump
 * about in it: one pass in order of address reads 1 GiB sooner than a hundred
 * thousand reads of one chunk each.
 *
 * While there is a table, one bit of the marks says where an entry is, and the
 * entry has the chunk's mark: that is how all of it fits in free_table_max bytes
 * and the marks' own memory.  free_table_end() puts the marks back.
 *
 * What the table says of a chunk is what malloc would find in order; of a chunk
 * where something is not, it only says that: whoever follows the list reads
 * that one.
 */
#ifndef HEAPINFO_FREE_TABLE_H
#define HEAPINFO_FREE_TABLE_H

#include "glibc/marks.h"

/*
 * What is in order about a free chunk: its size, and what the chunk behind it
 * says of it.  Of a small one this says which size.
 */
#define ENTRY_READ 0u		/* something is not: read the chunk */
#define ENTRY_LARGE 1u		/* too large for a small bin */
#define ENTRY_MAX 63u		/* from 2 on: its small bin */

struct free_table {
	struct glibc *g;
	struct marks *marks;
	/*
	 * The entry that fd leads to, if that one's bk leads back, in
	 * NEXT_BITS; info above them.
	 */
	u32 *entry;
	bool made;
	u8 *info;	/* until then: ENTRY_* in 6 bits, enum mark above */
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

/* Bytes that it may have; 2.3 million free chunks' worth. */
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
