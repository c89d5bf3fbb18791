// SPDX-License-Identifier: GPL-2.0
/* Ten sizes from malloc, and the 16 bytes in front of each. */
#include "chunk.h"

int main(void)
{
	int i;

	for (i = 1; i <= 10; i++)
		say_header(header_of(malloc(1024 * i)));
	stop_here();
	return 0;
}
