// SPDX-License-Identifier: GPL-2.0
/* A program that never calls malloc. */
#include "chunk.h"

int main(void)
{
	stop_here();
	return 0;
}
