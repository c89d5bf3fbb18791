// SPDX-License-Identifier: GPL-2.0
/*
 * A program with a small known heap and 64 MiB of reserved addresses, for
 * tests/run-views.  It says where they are; for each line that it reads it
 * allocates 30 chunks of 4000 bytes and frees 5 of 1000.  With arguments it does
 * one thing and ends, for 'heapinfo run'.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNKS 100
#define MIB (1u << 20)
#define RESERVED (64u << 20)

char *message;

void checkpoint(int i)
{
	__asm__ volatile("" : : "r"(i));
}

static void *thread(void *arg)
{
	checkpoint(3);
	return arg;
}

static int once(const char *what, const char *arg)
{
	pthread_t t;
	int i;

	message = malloc(100);
	if (!strcmp(what, "exit"))
		return atoi(arg);
	if (!strcmp(what, "abort"))
		abort();
	if (!strcmp(what, "calls")) {
		for (i = 0; i < 3; i++)
			checkpoint(i);
		pthread_create(&t, NULL, thread, NULL);
		pthread_join(t, NULL);
		/* A child that calls the function is not stopped there. */
		if (!fork()) {
			checkpoint(4);
			_exit(0);
		}
		puts("said by the program");
		return system("exit 0");
	}
	/*
	 * Damage that the reader can see, and that malloc itself does not run
	 * into.
	 */
	if (!strcmp(what, "damages")) {
		((size_t *)message)[-1] |= 8;
		message = calloc(1, 100);
		if (!strcmp(arg, "stop"))
			raise(SIGSTOP);
		return 0;
	}
	if (!strcmp(what, "leader-exits")) {
		pthread_create(&t, NULL, thread, NULL);
		pthread_exit(NULL);
	}
	if (!strcmp(what, "raise"))
		raise(SIGUSR1);
	if (!strcmp(what, "wait"))
		pause();
	return 64;
}

int main(int argc, char **argv)
{
	static char *chunk[CHUNKS];
	static char line[32], out[256];
	size_t n = 0;
	char *big, *reserved;
	int i;

	if (argc > 1)
		return once(argv[1], argc > 2 ? argv[2] : "");
	message = malloc(1000);
	strcpy(message, "found by gdb in the heap");
	for (i = 0; i < CHUNKS; i++)
		chunk[i] = malloc(1000);
	big = malloc(1 << 20);
	/* Addresses for 64 MiB, of which one is used. */
	reserved = mmap(NULL, RESERVED + MIB, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	mprotect(reserved, MIB, PROT_READ | PROT_WRITE);
	memset(reserved, 1, MIB);
	i = snprintf(out, sizeof(out), "pid %d break %p message %p big %p reserved %p\n",
		     (int)getpid(), sbrk(0), message, big,
		     reserved + MIB);
	while (write(1, out, i) == i && read(0, line, sizeof(line)) > 0) {
		for (i = 0; i < 5; i++)
			free(chunk[n++]);
		for (i = 0; i < 30; i++)
			memset(malloc(4000), 'x', 4000);
		i = snprintf(out, sizeof(out), "grown\n");
	}
	return 0;
}
