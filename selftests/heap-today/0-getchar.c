// SPDX-License-Identifier: GPL-2.0
/* A program that never calls malloc, but reads a character. */
#include "chunk.h"

int main(void)
{
	getchar();
	stop_here();
	return 0;
}
