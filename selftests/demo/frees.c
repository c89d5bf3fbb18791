// SPDX-License-Identifier: GPL-2.0
/*
 * What is freed stays with the process, but for a large piece at the end of
 * the heap: and that only while nothing in use lies above it.
 */
#include "demo.h"

#define PIECE	(100 * 1024)	/* below the size that gets a mapping of its own */
#define PIECES	4

int main(void)
{
	void *piece[PIECES], *pin;
	int i;

	for (i = 0; i < PIECES; i++)
		piece[i] = malloc(PIECE);
	pin = malloc(2000);
	say_break("4 mallocs of 100 KiB, one of 2000");
	for (i = 0; i < PIECES; i++)
		free(piece[i]);
	say_break("the 4 freed, 2000 bytes above in use");
	free(pin);
	say_break("those freed too");
	return wait_here();
}
