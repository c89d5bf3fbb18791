// SPDX-License-Identifier: GPL-2.0
/* Which bits of the offset between bss and heap differ from start to start. */
#include <sys/personality.h>
#include <sys/wait.h>

#include "chunk.h"

#define STARTS	64

/* Tell the parent how far above the end of bss, in whole pages, the heap is. */
static int tell_offset(void)
{
	unsigned long page = sysconf(_SC_PAGESIZE);
	unsigned long bss = ((unsigned long)&end + page - 1) & -page;
	unsigned long offset = (unsigned long)sbrk(0) - bss;

	return write(STDOUT_FILENO, &offset, sizeof(offset)) != sizeof(offset);
}

/* Start this program again, with its heap placed at random, and ask it. */
static unsigned long ask_offset(void)
{
	unsigned long offset;
	int ends[2];

	if (pipe(ends))
		exit(EXIT_FAILURE);
	if (!fork()) {
		personality(PER_LINUX);		/* undoes setarch -R */
		dup2(ends[1], STDOUT_FILENO);
		execl("/proc/self/exe", "12-offset", "tell", NULL);
		_exit(EXIT_FAILURE);
	}
	close(ends[1]);
	if (read(ends[0], &offset, sizeof(offset)) != sizeof(offset))
		exit(EXIT_FAILURE);
	close(ends[0]);
	wait(NULL);
	return offset - sysconf(_SC_PAGESIZE);	/* the page that is always there */
}

int main(int argc, char **argv)
{
	unsigned long first, differ = 0;
	int i;

	(void)argv;
	if (argc > 1)
		return tell_offset();
	first = ask_offset();
	for (i = 1; i < STARTS; i++)
		differ |= first ^ ask_offset();
	say("in %d starts these bits differed: %#lx\n", STARTS, differ);
	return 0;
}
