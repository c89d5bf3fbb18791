// SPDX-License-Identifier: GPL-2.0
/* Nothing from malloc, twice. */
#include "chunk.h"

int main(void)
{
	void *one = malloc(0), *two = malloc(0);

	say("malloc(0) = %p\n", one);
	say("malloc(0) = %p\n", two);
	say_header(header_of(one));
	say("the chunk has %zu bytes\n", size_of(header_of(one)));
	stop_here();
	free(two);
	free(one);
	return 0;
}
