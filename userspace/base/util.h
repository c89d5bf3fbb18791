/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Types, arithmetic that cannot overflow unseen, and the one way to fail.
 *
 * THE LAYERS of heapinfo; a lower one knows nothing of a higher one:
 *
 *   (this)    types, error
 *   maps.h    the mappings of an address space, looked up by address
 *   target.h  memory, text files (maps, stat, heapinfo) and threads of a live
 *             process, a core file or a snapshot; stopping a live one
 *   elfinfo.h what the mapped ELF files say: modules, data images, symbols;
 *             elf_bound.h bounds what reading one takes
 *   kernel.h  what the kernel says of the break: stat and /proc/PID/heapinfo
 *   layout.h  the one table of glibc versions, and struct layout made from it
 *   glibc.h   malloc found in a target: arenas, regions, mp_, tcaches
 *   walk.h    every chunk of every region, in one sequential pass
 *   lists.h   the free lists, followed and checked, and marks for the walk;
 *             free_table.h where they jump about
 *   mmapped.h chunks that have a mapping of their own
 *   check.h   the invariants, with glibc's own words for each violation
 *   heap.h    all of the above opened for one command: struct heap
 *   text.h json.h  output: safe, plain in a pipe, streamed
 *   cmd.h     one struct command for each file of commands/, listed in commands.c
 *
 * A command begins with heap_open(), then calls walk_heap() with a
 * function that gets chunks in batches, or lists_walk() for the lists alone.
 */
#ifndef HEAPINFO_UTIL_H
#define HEAPINFO_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/cdefs.h>	/* __always_inline */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define __printf(a, b) __attribute__((__format__(printf, a, b)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096u	/* the smallest page: holes are looked for in these */

/* Exit statuses, also in the manual page. */
enum {
	EXIT_CLEAN = 0,		/* answered; check: nothing wrong */
	EXIT_DAMAGED = 1,	/* check: the heap is damaged */
	EXIT_UNKNOWN = 2,	/* no answer: why is on stderr */
	EXIT_USAGE = 64,	/* wrong options */
};

/* What went wrong and what to do about it, in one line. */
struct error {
	char text[512];
};

int error_set(struct error *e, const char *fmt, ...) __printf(2, 3);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
void *xgrow(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
void *xmap(size_t len);
void sort_array(void *p, size_t n, size_t size,
		int (*cmp)(const void *a, const void *b));

static inline u64 align_up(u64 v, u64 to)
{
	return (v + to - 1) & ~(to - 1);
}

static inline u64 align_down(u64 v, u64 to)
{
	return v & ~(to - 1);
}

/* Is [addr, addr + len) inside [start, end)?  Nothing wraps. */
static inline bool range_inside(u64 addr, u64 len, u64 start, u64 end)
{
	return addr >= start && addr <= end && len <= end - addr;
}

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* A little-endian word of 4 or 8 bytes at @p, which need not be aligned. */
static inline u64 get_word(const void *p, unsigned int wordsize)
{
	if (wordsize == 8) {
		u64 v;

		__builtin_memcpy(&v, p, 8);
		return v;
	}
	u32 v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

static inline u32 get_u32(const void *p)
{
	u32 v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

static inline u16 get_u16(const void *p)
{
	u16 v;

	__builtin_memcpy(&v, p, 2);
	return v;
}

#endif
