// SPDX-License-Identifier: GPL-2.0
/*
 * A process that is busy with its heap, for tests/run-busy.
 *
 * usage: busy [THREADS [DAMAGE]]; so many threads allocate and free, each in the
 * arena that malloc gives it, and the first one too if there are no others.  It
 * says "pid PID ADDRESS", where ADDRESS is that of a chunk that was damaged
 * before: with DAMAGE "size" its size is overwritten, with "links" it is on the
 * unsorted list and its bk is.
 *
 * usage: busy traced; it is busy in a child that it traces, so that nobody else
 * can stop it.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS 20000u
#define LARGEST 5000u
#define SMALL 300u
#define W sizeof(size_t)

/* What an interpreter does: long strings come and go, and small objects at once. */
static void *work(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg + 1, i;
	void **slot = calloc(SLOTS, sizeof(*slot)), *small[SMALL];

	for (;;) {
		unsigned int n = rand_r(&seed) % SLOTS;
		size_t size = rand_r(&seed) % LARGEST;

		free(slot[n]);
		slot[n] = malloc(size);
		if (slot[n])
			memset(slot[n], 'x', size);
		for (i = 0; i < SMALL; i++)
			small[i] = malloc(16 + rand_r(&seed) % 64);
		for (i = 0; i < SMALL; i++)
			free(small[i]);
	}
	return arg;
}

/* One between two that stay, so that nothing touches its header any more. */
static char *damage(const char *how)
{
	size_t *before = malloc(3000), *p = malloc(3000), *behind = malloc(3000);

	if (!before || !p || !behind)
		_exit(1);
	if (!strcmp(how, "size")) {
		p[-1] = 0x4141414141414141;
	} else {
		free(p);
		p[1] = 0x4141414141414140;
	}
	return (char *)p - 2 * W;
}

static void trace(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		_exit(1);
	printf("pid %d 0\n", (int)pid);
	while (waitpid(pid, &status, 0) == pid && !WIFEXITED(status) &&
	       !WIFSIGNALED(status))
		ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status));
	_exit(0);
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 0, i;
	char *damaged = NULL;
	pthread_t t;
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc > 1 && !strcmp(argv[1], "traced")) {
		pid = fork();
		if (pid)
			trace(pid);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(NULL);
	}
	for (i = 0; i < threads; i++)
		if (pthread_create(&t, NULL, work, (void *)(uintptr_t)i))
			return 1;
	/* Nobody uses the arena of the first thread from here on. */
	if (argc > 2)
		damaged = damage(argv[2]);
	printf("pid %d %p\n", (int)getpid(), damaged);
	if (!threads)
		work(NULL);
	for (;;)
		pause();
}
