// SPDX-License-Identifier: GPL-2.0
/* Four times 1024 bytes from malloc. */
#include "chunk.h"

int main(void)
{
	int i;

	for (i = 0; i < 4; i++)
		say("malloc(1024) = %p\n", malloc(1024));
	stop_here();
	return 0;
}
