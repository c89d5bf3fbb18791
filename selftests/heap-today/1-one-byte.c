// SPDX-License-Identifier: GPL-2.0
/* One byte from malloc. */
#include "chunk.h"

int main(void)
{
	void *p = malloc(1);

	stop_here();
	free(p);
	return 0;
}
