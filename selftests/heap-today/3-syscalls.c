// SPDX-License-Identifier: GPL-2.0
/* A word before malloc and one after it, to find its system calls by. */
#include "chunk.h"

int main(void)
{
	void *p;

	say("before malloc\n");
	p = malloc(1);
	say("after malloc: %p\n", p);
	free(p);
	return 0;
}
