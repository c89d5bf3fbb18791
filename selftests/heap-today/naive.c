// SPDX-License-Identifier: GPL-2.0
/* A malloc that moves the break by what it is asked for, and never frees. */
#include "chunk.h"

static void *naive_malloc(size_t size)
{
	void *p = sbrk(size);

	return p == (void *)-1 ? NULL : p;
}

int main(void)
{
	say("naive_malloc(1024) = %p\n", naive_malloc(1024));
	say("naive_malloc(3)    = %p\n", naive_malloc(3));
	say("naive_malloc(1024) = %p\n", naive_malloc(1024));
	stop_here();
	return 0;
}
