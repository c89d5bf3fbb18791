// SPDX-License-Identifier: GPL-2.0
/* A large piece from malloc, which does not come from the heap. */
#include "chunk.h"

int main(void)
{
	struct header *chunk = header_of(malloc(1024 * 1024));

	say("its header: %zu bytes, M is %s\n", size_of(chunk),
	    chunk->size & MAPPED ? "set" : "clear");
	stop_here();
	return 0;
}
