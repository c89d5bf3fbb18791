// SPDX-License-Identifier: GPL-2.0
/* A program that never allocates: it has a program break but no heap. */
#include "demo.h"

int main(void)
{
	say_break("at the start");
	return wait_here();
}
