// SPDX-License-Identifier: GPL-2.0
/* Two chunks of ten are freed: what the headers say then. */
#include "chunk.h"

int main(void)
{
	void *p[10];
	int i;

	for (i = 0; i < 10; i++)
		p[i] = malloc(1024 * (i + 1));
	free(p[3]);
	free(p[7]);
	for (i = 0; i < 10; i++)
		say_header(header_of(p[i]));
	stop_here();
	return 0;
}
