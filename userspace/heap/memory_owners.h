/* SPDX-License-Identifier: GPL-2.0 */
/* Whose anonymous memory is, told by its name or its shape: see the table. */
#ifndef HEAPINFO_MEMORY_OWNERS_H
#define HEAPINFO_MEMORY_OWNERS_H

#include "base/util.h"

/* What a row tells of memory. */
enum owner_kind {
	OWNER_OTHER,
	OWNER_STACK,	/* it is a thread's stack */
	OWNER_MALLOC,	/* it is glibc's malloc's */
};

/*
 * A row of the table. Memory is the owner's if all holds that the row says; what a
 * row leaves out (0, NULL) may be as it likes.
 */
struct memory_owner {
	const char *owner;	/* in words that fit into a line of 'show' */
	enum owner_kind kind;
	/*
	 * Patterns as of fnmatch(3). A row with a name is certain, since the owner
	 * itself gave the memory that name. Any other row is likely, and so shown.
	 */
	const char *named;	/* the mapping's name in /proc/PID/maps */
	const char *with[6];	/* a file that is mapped, without its folder */
	/* The shape. */
	u64 low;		/* it starts at this address or higher */
	u64 high;		/* and below this one */
	u64 min;		/* bytes */
	u64 max;
	u64 align;		/* its start is a multiple of this, a power of two, */
	u64 offset;		/* and so much behind that */
	bool exec;		/* it may be executed */
	bool guarded;		/* below is a guard; both are a power of two */
	bool beside_file;	/* it touches a mapping of a file */
};

/* The first row that fits is taken. */
extern const struct memory_owner memory_owners[];
extern const size_t memory_owners_n;

#endif
