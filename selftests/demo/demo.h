/* SPDX-License-Identifier: GPL-2.0 */
/* How the demo's programs talk without calling malloc, as printf(3) would. */
#ifndef HEAPINFO_DEMO_H
#define HEAPINFO_DEMO_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define say(...) do {							\
	char text_[160];						\
	int len_ = snprintf(text_, sizeof(text_), __VA_ARGS__);		\
									\
	if (write(STDOUT_FILENO, text_, len_) != len_)			\
		_exit(EXIT_FAILURE);					\
} while (0)

/* Say where the program break is now, as sbrk(3) tells it. */
static inline void say_break(const char *when)
{
	say("%-36s sbrk(0) = %p\n", when, sbrk(0));
}

/* Tell the script that everything is said, and stay until a signal ends us. */
static inline int wait_here(void)
{
	say("ready\n");
	pause();
	return EXIT_SUCCESS;
}

#endif
