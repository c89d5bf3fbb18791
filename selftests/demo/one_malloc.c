// SPDX-License-Identifier: GPL-2.0
/* The first malloc moves the break, by much more than was asked for. */
#include "demo.h"

int main(void)
{
	void *p;

	say_break("at the start");
	p = malloc(1);
	say("malloc(1) = %p\n", p);
	say_break("after it");
	return wait_here();
}
