// SPDX-License-Identifier: GPL-2.0
/* A loop that keeps what it allocates: the break moves up step by step. */
#include "demo.h"

int main(void)
{
	char *last = sbrk(0);
	int i;

	say_break("at the start");
	for (i = 1; i <= 500; i++) {
		if (!malloc(1000))
			return EXIT_FAILURE;
		if ((char *)sbrk(0) == last)
			continue;
		say("malloc %3d of 1000 bytes: break moved    sbrk(0) = %p (+%#tx)\n",
		    i, sbrk(0), (char *)sbrk(0) - last);
		last = sbrk(0);
	}
	return wait_here();
}
