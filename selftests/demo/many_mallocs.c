// SPDX-License-Identifier: GPL-2.0
/* Later mallocs are served from what the first one got: the break stays. */
#include "demo.h"

int main(void)
{
	int i;

	say_break("at the start");
	for (i = 0; i < 4; i++) {
		say("malloc(1024) = %p\n", malloc(1024));
		say_break("after it");
	}
	return wait_here();
}
