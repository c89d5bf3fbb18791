// SPDX-License-Identifier: GPL-2.0
/*
 * A program that waits, for tests/run-views.  It has no C library, and so no
 * malloc; or, built with -DOTHER, one that is not glibc's.
 */
#include <sys/syscall.h>

#ifdef OTHER
void *mi_malloc(unsigned long size);

void *mi_malloc(unsigned long size)
{
	static char byte;

	return size ? &byte : (void *)0;
}
#endif

void _start(void);

void _start(void)
{
	long ret;

	for (;;)
		__asm__ volatile("syscall" : "=a" (ret) : "a" (SYS_pause) :
				 "rcx", "r11", "memory");
}
