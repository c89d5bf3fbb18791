// SPDX-License-Identifier: GPL-2.0
/* The processes whose files fileops looks at: they call brk(2) and come and go. */
#include "fileops.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS		3
#define STACK		(64 << 10)

/* Moves the break in every way; the heap is nobody else's. */
static void move_break(unsigned long random)
{
	unsigned long from = syscall(SYS_brk, 0);
	unsigned int i;

	for (i = 0; i < 5 + random % 60; i++) {
		syscall(SYS_brk, from + (random >> i % 48) % 300000);
		if (i % 8 == random % 8)
			syscall(SYS_brk, i % 3);
		count(&shared->events[EVENT_BRK]);
	}
	syscall(SYS_brk, from);
}

static void *move_in_thread(void *random)
{
	while (!shared->stop) {
		move_break((unsigned long)random);
		sched_yield();
	}
	return NULL;
}

static void start_thread(void)
{
	pthread_t thread;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	if (!pthread_create(&thread, &attr, move_in_thread,
			    (void *)draw(~0UL)))
		count(&shared->events[EVENT_THREAD]);
}

static void start_forked(void)
{
	pid_t pid = fork();

	if (!pid) {
		move_break(draw(~0UL));
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, NULL, 0) == pid)
		count(&shared->events[EVENT_FORK]);
}

/* The child moves the break of its parent, which waits. */
static void start_vforked(void)
{
	unsigned long from = syscall(SYS_brk, 0);
	pid_t pid = vfork();

	if (!pid) {
		syscall(SYS_brk, from + 8192);
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, NULL, 0) == pid)
		count(&shared->events[EVENT_VFORK]);
}

/* Until the end. Threads are left to race with the program that is run next. */
void be_target(void)
{
	unsigned int threads = 0;
	char name[16];

	/* What threads need is not to come from the heap that they move. */
	mallopt(M_MMAP_THRESHOLD, 0);

	for (;;) {
		if (shared->stop)
			_exit(0);
		switch (draw(10)) {
		case 0:
			if (threads++ < THREADS)
				start_thread();
			break;
		case 1:
			start_forked();
			break;
		case 2:
			start_vforked();
			break;
		case 3:
			count(&shared->events[EVENT_EXEC]);
			run_program("--target");
			break;
		case 4:
			if (chance(50))
				break;
			count(&shared->events[EVENT_END]);
			_exit(0);
		case 5:
			snprintf(name, sizeof(name), "%lu\nName:\t", draw(99));
			prctl(PR_SET_NAME, name);
			break;
		default:
			move_break(draw(~0UL));
		}
	}
}
