// SPDX-License-Identifier: GPL-2.0
/* More than one step of the break holds, and then all of it freed again. */
#include "chunk.h"

#define CHUNKS	(0x25000 / 1024)

int main(void)
{
	void *p[CHUNKS];
	int i;

	p[0] = malloc(1024);
	say("1 chunk, the break is at %p\n", sbrk(0));
	stop_here();
	for (i = 1; i < CHUNKS; i++)
		p[i] = malloc(1024);
	say("%d chunks, the break is at %p\n", CHUNKS, sbrk(0));
	stop_here();
	for (i = 0; i < CHUNKS; i++)
		free(p[i]);
	say("all freed, the break is at %p\n", sbrk(0));
	stop_here();
	return 0;
}
