// SPDX-License-Identifier: GPL-2.0
/*
 * Stop every thread of a process with PTRACE_SEIZE and PTRACE_INTERRUPT.
 *
 * PTRACE_O_EXITKILL is never set.  So when this program ends, even by a crash
 * or SIGKILL, the kernel detaches it and the process runs on.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <elf.h>

#include "target/freeze.h"
#include "target/target.h"

/*
 * How long to wait until a thread stops; less if it is in uninterruptible
 * sleep.
 */
#define PATIENCE_NS 5000000000ull
#define PATIENCE_KERNEL_NS 500000000ull

struct stopped {
	pid_t tid;
	int signal;	/* that it was about to get: to be passed on */
	u64 tcb;
	bool placed;	/* nr and pc are known */
	s64 nr;		/* of the system call; negative: in none */
	u64 pc;
};

struct freezer {
	struct stopped *thread;
	size_t n;
	u64 since;	/* ns */
	bool held;	/* a signal had stopped the process before */
	u64 until;
	/* Its time is over: it was let go. */
	volatile sig_atomic_t over;
};

static const struct stopped *find(const struct freezer *f, pid_t tid)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->thread[i].tid == tid)
			return &f->thread[i];
	return NULL;
}

#ifdef __x86_64__
/* The registers of a 32-bit thread, as the kernel gives them. */
struct regs32 {
	u32 bx, cx, dx, si, di, bp, ax, ds, es, fs, gs, orig_ax, ip;
	u32 cs, flags, sp, ss;
};

/* Where the thread is, and, of a 64-bit one, the address of its TCB. */
static void read_regs(struct stopped *s)
{
	union {
		struct user_regs_struct r64;
		struct regs32 r32;
	} u;
	struct iovec iov = { &u, sizeof(u) };

	if (ptrace(PTRACE_GETREGSET, s->tid, (void *)NT_PRSTATUS, &iov))
		return;
	if (iov.iov_len == sizeof(u.r64)) {
		s->tcb = u.r64.fs_base;
		s->nr = u.r64.orig_rax;
		s->pc = u.r64.rip;
	} else if (iov.iov_len == sizeof(u.r32)) {
		s->nr = (int)u.r32.orig_ax;
		s->pc = u.r32.ip;
	} else {
		return;
	}
	s->placed = true;
}
#else
static void read_regs(struct stopped *s)
{
	(void)s;
}
#endif

/* The thread's state as ps shows it, 'Z' or 'D' say; '?' if it is gone. */
static char state_of(pid_t pid, pid_t tid)
{
	char path[64], line[512];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid,
		 (int)tid);
	state = stat_field(fopen(path, "re"), line, sizeof(line), 3);
	return state ? *state : '?';
}

static bool is_gone(char state)
{
	return strchr("ZX?", state);
}

/*
 * Wait until a thread has stopped.  WNOWAIT leaves the stop unconsumed: should
 * this program be killed, the kernel still gives the thread the signal that it
 * was about to get.  A thread in uninterruptible sleep, such as the parent in
 * vfork(), does not stop before that is over.  Return: 1 stopped, 0 it ended,
 * -1 neither.
 */
static int wait_stop(pid_t pid, pid_t tid, int *status)
{
	const int flags = WSTOPPED | WEXITED | WNOWAIT | WNOHANG | __WALL;
	struct timespec nap = { .tv_nsec = 20000 };
	u64 since = now_ns();
	siginfo_t si;
	char state;

	for (;;) {
		si.si_pid = 0;
		if (waitid(P_PID, tid, &si, flags))
			return 0;
		if (si.si_pid)
			break;
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 1000000) {
			nap.tv_nsec *= 2;
			continue;
		}
		/*
		 * waitid() is silent on a first thread that ends before the
		 * others.
		 */
		state = state_of(pid, tid);
		if (is_gone(state))
			return 0;
		if (now_ns() - since > (state == 'D' ? PATIENCE_KERNEL_NS :
						       PATIENCE_NS))
			return -1;
	}
	*status = si.si_status;
	if (si.si_code == CLD_TRAPPED || si.si_code == CLD_STOPPED)
		return 1;
	waitpid(tid, status, __WALL);
	return 0;
}

/* Return: 1 stopped, 0 it ended meanwhile, -1 neither. */
static int stop_thread(struct freezer *f, pid_t pid, pid_t tid,
		       struct error *e)
{
	struct stopped *s;
	int status, ret;

	if (ptrace(PTRACE_SEIZE, tid, 0, 0)) {
		/*
		 * A thread that has ended is refused in the same way as one
		 * that a debugger holds: its state tells which it is.
		 */
		ret = errno;
		if (ret == ESRCH || is_gone(state_of(pid, tid)))
			return 0;
		return error_set(e, "cannot stop process %d: %s; look without --freeze, or as root, and see that no debugger holds it",
				 (int)pid, strerror(ret));
	}
	ret = ptrace(PTRACE_INTERRUPT, tid, 0, 0) ? 0 :
						    wait_stop(pid, tid, &status);
	if (ret < 0)
		return error_set(e, "cannot stop process %d: thread %d waits in the kernel (state %c); look without --freeze, or again when that is over",
				 (int)pid, (int)tid, state_of(pid, tid));
	if (!ret)
		return 0;
	f->thread = xgrow(f->thread, f->n, sizeof(*f->thread));
	s = &f->thread[f->n++];
	memset(s, 0, sizeof(*s));
	s->tid = tid;
	if (status >> 8 != PTRACE_EVENT_STOP)
		s->signal = status & 0x7f;
	else if ((status & 0x7f) != SIGTRAP)
		f->held = true;
	read_regs(s);
	return 1;
}

/* Stop the threads that /proc/PID/task lists and that are not stopped yet. */
static int stop_listed(struct freezer *f, pid_t pid, bool *found_new,
		       struct error *e)
{
	char path[64];
	struct dirent *d;
	DIR *dir;
	int ret = 0;

	*found_new = false;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && ret >= 0 && (d = readdir(dir))) {
		pid_t tid = atoi(d->d_name);

		if (tid <= 0 || find(f, tid))
			continue;
		ret = stop_thread(f, pid, tid, e);
		if (ret > 0)
			*found_new = true;
	}
	if (dir)
		closedir(dir);
	return ret < 0 ? -1 : 0;
}

/**
 * freezer_stop - stop every thread of a process
 * @pid: the process
 * @e: the reason, on failure
 *
 * Return: the stopped threads, for freezer_go(); or NULL with none stopped.
 */
struct freezer *freezer_stop(pid_t pid, struct error *e)
{
	struct freezer *f = xcalloc(1, sizeof(*f));
	bool found_new = true;

	f->since = now_ns();
	while (found_new) {
		if (stop_listed(f, pid, &found_new, e)) {
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

static void let_go(const struct freezer *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		ptrace(PTRACE_DETACH, f->thread[i].tid, 0,
		       (void *)(long)f->thread[i].signal);
}

/* The one whose time is limited, for the handler of the signal. */
static struct freezer *limited;

/*
 * Only the thread that stopped the process can let it go on, whatever that is
 * doing: it may wait for whoever reads its output.
 */
static void on_alarm(int sig)
{
	(void)sig;
	if (!limited || limited->over)
		return;
	let_go(limited);
	limited->until = now_ns();
	limited->over = 1;
}

static void set_alarm(u64 ns)
{
	struct itimerval it = { .it_value = { ns / 1000000000,
					      ns % 1000000000 / 1000 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

/**
 * freezer_limit - let the process go on by itself after a while
 * @f: from freezer_stop()
 * @ns: nanoseconds from now on, a microsecond at the least
 *
 * It uses SIGALRM, and works for one process at a time.
 */
void freezer_limit(struct freezer *f, u64 ns)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	sigset_t set;

	limited = f;
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	set_alarm(ns);
}

/**
 * freezer_is_over - was the time over, and does the process run?
 * @f: from freezer_stop()
 *
 * Return: true if so.
 */
bool freezer_is_over(const struct freezer *f)
{
	return f->over;
}

/**
 * freezer_go - let the process go on
 * @f: from freezer_stop(); freed here
 *
 * Return: for how many nanoseconds it was stopped.
 */
u64 freezer_go(struct freezer *f)
{
	u64 ns;

	if (limited == f) {
		set_alarm(0);
		limited = NULL;
	}
	if (!f->over) {
		let_go(f);
		f->until = now_ns();
	}
	ns = f->until - f->since;
	free(f->thread);
	free(f);
	return ns;
}

/**
 * freezer_tcb - the address of a stopped thread's thread control block (TCB)
 * @f: from freezer_stop(), or NULL
 * @tid: the thread
 *
 * Return: that address, or 0 where it is not known.
 */
u64 freezer_tcb(const struct freezer *f, pid_t tid)
{
	const struct stopped *s = f ? find(f, tid) : NULL;

	return s ? s->tcb : 0;
}

/**
 * freezer_where - where a stopped thread is
 * @f: from freezer_stop()
 * @th: the thread; filled if it is among the stopped ones
 */
void freezer_where(const struct freezer *f, struct thread *th)
{
	const struct stopped *s = find(f, th->tid);

	if (!s)
		return;
	th->stopped = true;
	th->placed = s->placed;
	th->nr = s->nr;
	th->pc = s->pc;
}

/**
 * freezer_was_held - had a signal stopped the process before?
 * @f: from freezer_stop()
 *
 * Return: true if so: then it stays stopped after freezer_go().
 */
bool freezer_was_held(const struct freezer *f)
{
	return f->held;
}
