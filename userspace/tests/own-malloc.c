// SPDX-License-Identifier: GPL-2.0
/*
 * A malloc that is not glibc's and has no name that anybody knows, for
 * tests/run-views: in a program that waits, or with -DLIBRARY in a library for
 * LD_PRELOAD.  It leaves memalign() to glibc, and a program with an argument calls
 * that.
 */
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static _Alignas(64) char memory[4 << 20];
static size_t used;

void *malloc(size_t size)
{
	char *p = memory + used;

	size = (size + 63) / 64 * 64;
	if (size > sizeof(memory) - used)
		return NULL;
	used += size;
	return p;
}

void free(void *p)
{
	(void)p;
}

void *calloc(size_t n, size_t size)
{
	/* It was never used before, so it is zero. */
	return malloc(n * size);
}

void *realloc(void *old, size_t size)
{
	char *p = malloc(size);

	/* What lies behind the old one is memory of the same array. */
	if (old && p)
		memmove(p, old, size);
	return p;
}

#ifndef LIBRARY
int main(int argc, char **argv)
{
	char *volatile p = argc > 1 ? memalign(64, 1000) : malloc(100000);

	(void)argv;

	for (;;)
		pause();
	return !p;
}
#endif
