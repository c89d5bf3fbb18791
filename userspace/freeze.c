// SPDX-License-Identifier: GPL-2.0
/*
 * Stop every thread of a process with PTRACE_SEIZE and PTRACE_INTERRUPT.
 *
 * PTRACE_O_EXITKILL is never set: when this program ends, by a signal or a
 * crash too, the kernel detaches and the process goes on.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <elf.h>

#include "freeze.h"

struct stopped {
	pid_t tid;
	int signal;	/* it was about to get this one: hand it on */
	u64 tcb;
};

struct freezer {
	struct stopped *thread;
	size_t n;
	u64 since;	/* ns */
};

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static const struct stopped *find(const struct freezer *f, pid_t tid)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->thread[i].tid == tid)
			return &f->thread[i];
	return NULL;
}

/* Where the thread keeps its TCB; 64-bit threads only. */
static u64 read_tcb(pid_t tid)
{
#ifdef __x86_64__
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (!ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &iov) &&
	    iov.iov_len == sizeof(regs))
		return regs.fs_base;
#endif
	(void)tid;
	return 0;
}

/* Return: 1 stopped, 0 it ended meanwhile, -1 not permitted. */
static int stop_thread(struct freezer *f, pid_t tid)
{
	struct stopped *s;
	int status;

	if (ptrace(PTRACE_SEIZE, tid, 0, 0))
		return errno == ESRCH ? 0 : -1;
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) ||
	    waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return 0;
	f->thread = xrealloc(f->thread, f->n + 1, sizeof(*f->thread));
	s = &f->thread[f->n++];
	s->tid = tid;
	s->signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
	s->tcb = read_tcb(tid);
	return 1;
}

/* Stop what the task folder lists and is not stopped yet. */
static int stop_listed(struct freezer *f, pid_t pid, bool *found_new)
{
	char path[64];
	struct dirent *d;
	DIR *dir;
	int ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -1;
	*found_new = false;
	while (ret >= 0 && (d = readdir(dir))) {
		pid_t tid = atoi(d->d_name);

		if (tid <= 0 || find(f, tid))
			continue;
		ret = stop_thread(f, tid);
		if (ret > 0)
			*found_new = true;
	}
	closedir(dir);
	return ret < 0 ? -1 : 0;
}

/**
 * freezer_stop - stop every thread of a process
 * @pid: the process
 * @e: why not
 *
 * Return: what freezer_go() wants, or NULL with nothing stopped.
 */
struct freezer *freezer_stop(pid_t pid, struct error *e)
{
	struct freezer *f = xcalloc(1, sizeof(*f));
	bool found_new = true;

	f->since = now_ns();
	while (found_new) {
		if (stop_listed(f, pid, &found_new)) {
			error_set(e, "cannot stop process %d: %s; look without --freeze, or as root, and see that no debugger holds it",
				  (int)pid, strerror(errno));
			freezer_go(f);
			return NULL;
		}
	}
	if (!f->n) {
		error_set(e, "process %d has ended", (int)pid);
		freezer_go(f);
		return NULL;
	}
	return f;
}

/**
 * freezer_go - let the process go on
 * @f: from freezer_stop(); freed here
 *
 * Return: for how many nanoseconds it was stopped.
 */
u64 freezer_go(struct freezer *f)
{
	u64 since = f->since;
	size_t i;

	for (i = 0; i < f->n; i++)
		ptrace(PTRACE_DETACH, f->thread[i].tid, 0,
		       (void *)(long)f->thread[i].signal);
	free(f->thread);
	free(f);
	return now_ns() - since;
}

/**
 * freezer_tcb - where a stopped thread has its thread control block
 * @f: from freezer_stop(), or NULL
 * @tid: the thread
 *
 * Return: the address, or 0 where it is not known.
 */
u64 freezer_tcb(const struct freezer *f, pid_t tid)
{
	const struct stopped *s = f ? find(f, tid) : NULL;

	return s ? s->tcb : 0;
}
