// SPDX-License-Identifier: GPL-2.0
/*
 * A program to look at: says where its break is and where its memory of zeroes
 * ends, and waits until
 * its standard input does. It is built in every way in which a program can be.
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef BSS_SIZE
#define BSS_SIZE	300000
#endif

char target_data[5000] = "not zero, so that it is in the file";
char target_bss[BSS_SIZE];

int main(void)
{
	char text[80];
	int length;

	/* printf(3) would move the break after it was asked for. */
	length = snprintf(text, sizeof(text), "0x%lx 0x%lx\n",
			  syscall(SYS_brk, 0), (unsigned long)(target_bss + BSS_SIZE));
	if (write(STDOUT_FILENO, text, length) != length)
		return 1;
	while (read(STDIN_FILENO, text, 1) > 0)
		;
	return 0;
}
