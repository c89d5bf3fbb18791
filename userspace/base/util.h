/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every file of the reader uses: fixed-width types, arithmetic on
 * addresses that cannot wrap unseen, allocation that cannot fail, and struct
 * error, in which a function says why it failed.
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
#define PAGE 4096u	/* the smallest page of any machine */

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

u64 now_ns(void);

static inline u64 align_up(u64 v, u64 to)
{
	return (v + to - 1) & ~(to - 1);
}

static inline u64 align_down(u64 v, u64 to)
{
	return v & ~(to - 1);
}

/* Is [addr, addr + len) inside [start, end)?  No sum of this can wrap. */
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
