// SPDX-License-Identifier: GPL-2.0
/* From the start of the heap to its end, by the sizes in the headers. */
#include "chunk.h"

int main(void)
{
	struct header *chunk = sbrk(0), *end;
	int i;

	for (i = 1; i <= 10; i++)
		*(int *)malloc(1024 * i) = i;
	end = sbrk(0);
	for (; chunk < end; chunk = next_of(chunk))
		say("%p: %6zu bytes, begins with %d\n", (void *)chunk,
		    size_of(chunk), *(int *)(chunk + 1));
	say("%p: the break\n", (void *)chunk);
	stop_here();
	return 0;
}
