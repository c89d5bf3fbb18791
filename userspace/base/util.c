// SPDX-License-Identifier: GPL-2.0
/* Say in one line what failed; allocate memory, or end the program. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/util.h"

/**
 * error_set - say what failed and what to do
 * @e: where the line goes; an earlier one is replaced
 * @fmt: as printf; one line, no newline at its end
 *
 * Return: always -1, so that a caller can return it on.
 */
int error_set(struct error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

static void *or_die(void *p)
{
	if (!p) {
		fputs("heapinfo: out of memory; free some and try again\n",
		      stderr);
		exit(EXIT_UNKNOWN);
	}
	return p;
}

/**
 * now_ns - what time it is
 *
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/**
 * xcalloc - zeroed memory, or the end of the program
 * @n: how many
 * @size: bytes of each
 *
 * Return: the memory, never NULL.
 */
void *xcalloc(size_t n, size_t size)
{
	return or_die(calloc(n ? n : 1, size));
}

/**
 * xrealloc - grow an array, or end the program
 * @p: the array, or NULL
 * @n: how many elements it shall have
 * @size: bytes of each
 *
 * Return: the array, never NULL.
 */
void *xrealloc(void *p, size_t n, size_t size)
{
	return or_die(reallocarray(p, n ? n : 1, size));
}

/**
 * xgrow - make room for one element more in an array, or end the program
 * @p: the array, or NULL; no other function may have grown it
 * @n: how many elements are in it
 * @size: bytes of each
 *
 * The array is doubled whenever the number of its elements is a power of two,
 * so that nobody needs to store how much room it has.
 *
 * Return: the array, never NULL.
 */
void *xgrow(void *p, size_t n, size_t size)
{
	return n & (n - 1) ? p : xrealloc(p, n ? 2 * n : 1, size);
}

/**
 * xstrdup - copy a string, or end the program
 * @s: the string
 *
 * Return: the copy, never NULL.
 */
char *xstrdup(const char *s)
{
	return or_die(strdup(s));
}

/**
 * sort_array - qsort(), also of an array that was never allocated
 * @p: the array; NULL while @n is 0
 * @n: how many elements
 * @size: bytes of each
 * @cmp: as qsort() wants it
 */
void sort_array(void *p, size_t n, size_t size,
		int (*cmp)(const void *a, const void *b))
{
	/* qsort() may not be given NULL, not even for no elements. */
	if (n)
		qsort(p, n, size, cmp);
}

/**
 * xmap - zeroed memory that costs nothing until it is written to
 * @len: bytes
 *
 * Return: the memory, never NULL; munmap() it.
 */
void *xmap(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return or_die(p == MAP_FAILED ? NULL : p);
}
