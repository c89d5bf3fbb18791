// SPDX-License-Identifier: GPL-2.0
/*
 * A process whose threads count, and whose heap takes a while to read: for
 * tests/run-freeze.  It says "pid PID".  For each line that it reads it says
 * how far every thread has counted, and how many signals were lost.
 *
 * usage: frozen [vfork|leader-exits|raise]
 *   vfork         one of its threads waits in the kernel for a child
 *   leader-exits  its first thread ends
 *   raise         one of its threads sends itself signals
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 3
#define CHUNKS 200000

static volatile unsigned long counted[THREADS];
static volatile sig_atomic_t signals, lost;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void *count(void *arg)
{
	volatile unsigned long *n = arg;

	for (;;) {
		++*n;
		usleep(500);
	}
	return NULL;
}

/* vfork() returns in the parent when the child ends: here, never. */
static void *wait_in_kernel(void *arg)
{
	if (!vfork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return arg;
}

/* Each signal must arrive before the call that sends it returns. */
static void *raise_signals(void *arg)
{
	int sent = 0;

	for (;;) {
		syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
		if (signals != ++sent)
			lost++;
		signals = sent;
	}
	return arg;
}

static void *answer(void *arg)
{
	char line[200], byte[16];
	int n = snprintf(line, sizeof(line), "pid %d\n", (int)getpid());
	int i;

	while (write(STDOUT_FILENO, line, n) == n &&
	       read(STDIN_FILENO, byte, sizeof(byte)) > 0) {
		for (i = 0, n = 0; i < THREADS; i++)
			n += snprintf(line + n, sizeof(line) - n, "%lu ",
				      counted[i]);
		n += snprintf(line + n, sizeof(line) - n, "%d\n",
			      (int)lost);
	}
	_exit(0);
	return arg;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESTART };
	pthread_t t;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < CHUNKS; i++)
		if (!malloc(24 + i % 100))
			return 1;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&t, NULL, count, (void *)&counted[i]))
			return 1;
	if (!strcmp(how, "vfork")) {
		if (pthread_create(&t, NULL, wait_in_kernel, NULL))
			return 1;
		usleep(50000);
	}
	if (!strcmp(how, "raise") &&
	    pthread_create(&t, NULL, raise_signals, NULL))
		return 1;
	if (strcmp(how, "leader-exits"))
		answer(NULL);
	if (pthread_create(&t, NULL, answer, NULL))
		return 1;
	prctl(PR_SET_PDEATHSIG, 0);
	pthread_exit(NULL);
}
