// SPDX-License-Identifier: GPL-2.0
/* One byte from malloc, and where it is. */
#include "chunk.h"

int main(void)
{
	void *p = malloc(1);

	say("malloc(1) = %p\n", p);
	stop_here();
	free(p);
	return 0;
}
