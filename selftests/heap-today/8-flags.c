// SPDX-License-Identifier: GPL-2.0
/* A large chunk and a small one are freed: what the flag P says of them. */
#include "chunk.h"

static void say_of(const char *which, void *p)
{
	const struct header *next = next_of(header_of(p));

	say("%s, %4zu bytes: P of the next says %s\n", which,
	    size_of(header_of(p)), next->size & PREV_IN_USE ? "in use" : "free");
}

int main(void)
{
	void *large = malloc(4000), *used = malloc(100), *small = malloc(100);

	malloc(100);	/* keeps the small one apart from the rest of the heap */
	free(large);
	free(small);
	say_of("large, freed ", large);
	say_of("small, in use", used);
	say_of("small, freed ", small);
	stop_here();
	return 0;
}
