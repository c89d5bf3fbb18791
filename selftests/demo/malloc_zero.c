// SPDX-License-Identifier: GPL-2.0
/* malloc(0) is an allocation like any other: it needs a chunk and a heap. */
#include "demo.h"

int main(void)
{
	void *first, *second;

	say_break("at the start");
	first = malloc(0);
	second = malloc(0);
	say("malloc(0) = %p\n", first);
	say("malloc(0) = %p, %td bytes on\n", second,
	    (char *)second - (char *)first);
	say_break("after them");
	return wait_here();
}
