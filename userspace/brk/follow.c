// SPDX-License-Identifier: GPL-2.0
/*
 * Follow the brk events of a process until it ends or the user has enough. They
 * are shown as the module's file has them, which is looked at again and again;
 * where the tracepoint may be used it says when, and has what the file has no
 * more: what came too fast, and what the process did last.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "brk/follow.h"
#include "brk/brk_text.h"

#define LOOK_MS 200
#define PAUSE_MS 10	/* between looks at a process that calls all the time */
#define SAME_NS 1000000ull	/* the file and the trace time one event apart */

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* So that tracefs is cleaned up; handlers go back to what they were. */
static void catch_signals(struct sigaction old[3], bool on)
{
	static const int sig[3] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sig); i++)
		sigaction(sig[i], on ? &sa : &old[i], on ? &old[i] : NULL);
}

/* Wait for events. Return: true if the process has ended. */
static bool wait_a_little(int pidfd, int *news)
{
	struct pollfd p[2] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = *news, .events = POLLIN },
	};

	if (poll(p, ARRAY_SIZE(p), LOOK_MS) <= 0)
		return false;
	/* Somebody removed the trace: it is not waited for any more. */
	if (p[1].revents & ~POLLIN)
		*news = -1;
	/* Each look takes the lock that brk(2) takes. The trace has the rest. */
	return p[0].revents || poll(p, 1, PAUSE_MS) > 0;
}

struct state {
	struct follow *f;
	struct kernel_facts last;	/* the file, when it was last readable */
	struct brk_event *traced;	/* since then */
	size_t n;
	bool unreadable;		/* when it was last looked at */
};

static void keep(const struct brk_event *e, void *ctx)
{
	struct state *s = ctx;

	/* The history has rows for what moved the break, or failed to. */
	if (!strcmp(e->call, "query") || !strcmp(e->call, "unchanged"))
		return;
	s->traced = xgrow(s->traced, s->n, sizeof(*s->traced));
	s->traced[s->n++] = *e;
}

static bool same_time(u64 a, u64 b)
{
	return (a > b ? a - b : b - a) < SAME_NS;
}

/* Is the event one of the rows? */
static bool is_row(const struct kernel_facts *k, const struct brk_event *e)
{
	size_t i;

	for (i = k->events; i; i--) {
		const struct brk_event *row = &k->event[i - 1];

		if (row->tid == e->tid && row->asked == e->asked &&
		    row->from == e->from && row->to == e->to &&
		    same_time(row->time_ns, e->time_ns))
			return true;
	}
	return false;
}

static void show(struct follow *f, const struct brk_event *e)
{
	f->fn(e, f->ctx);
	f->last = *e;
}

static bool name_by_proc(struct brk_event *e, pid_t pid)
{
	char path[64];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)pid,
		 (int)e->tid);
	f = fopen(path, "re");
	ok = f && fgets(e->comm, sizeof(e->comm), f);
	e->comm[ok ? strcspn(e->comm, "\n") : 0] = '\0';
	if (f)
		fclose(f);
	return ok;
}

static bool name_by_rows(struct brk_event *e, const struct kernel_facts *k)
{
	size_t i;

	for (i = k->events; i; i--) {
		if (k->event[i - 1].tid != e->tid)
			continue;
		memcpy(e->comm, k->event[i - 1].comm, sizeof(e->comm));
		return true;
	}
	return false;
}

/*
 * Show what was traced, up to @end, and is in no reading of the file. It is older
 * than the rows of @k that are new, since that was read later; and it is numbered
 * on from what was shown last.
 */
static void show_traced(struct state *s, const struct kernel_facts *k, size_t i,
			size_t end)
{
	bool same = true;

	for (; i < end; i++) {
		struct brk_event *e = &s->traced[i];

		if (is_row(&s->last, e) || is_row(k, e))
			continue;
		/* It may be another program, which is over before it is seen. */
		same &= e->from == s->f->last.to;
		if (!name_by_proc(e, s->f->t->pid) &&
		    !(same && name_by_rows(e, &s->last)))
			strcpy(e->comm, "?");
		e->seq = s->f->last.seq + 1;
		show(s->f, e);
	}
}

/*
 * From where on is what was traced of the program whose rows these are? Each
 * call goes on from where the one before it left the break.
 */
static size_t first_of_program(const struct state *s,
			       const struct kernel_facts *k)
{
	u64 brk = k->event[0].from;
	size_t i;

	for (i = s->n; i; i--) {
		const struct brk_event *e = &s->traced[i - 1];

		if (is_row(k, e))
			continue;
		if (e->to != brk)
			break;
		brk = e->from;
	}
	return i;
}

static void say(struct follow *f, const char *fmt, u64 n)
{
	char line[128];

	snprintf(line, sizeof(line), fmt, n);
	f->say(line, f->ctx);
}

/* The first row of the file that was not shown; k->events if there is none. */
static size_t first_new(const struct follow *f, const struct kernel_facts *k)
{
	size_t i = k->events;

	while (i && k->event[i - 1].seq > f->last.seq)
		i--;
	return i;
}

/*
 * Are the rows those of another program, of an exec since the last was shown? The
 * one before the new ones is that last one, else.
 */
static bool begins_again(const struct follow *f, const struct kernel_facts *k,
			 size_t new)
{
	return new && (k->event[new - 1].seq != f->last.seq ||
		       !same_time(k->event[new - 1].time_ns, f->last.time_ns));
}

/* Show the rows of the file that were not shown yet. */
static void show_new(struct state *s, const struct kernel_facts *k)
{
	struct follow *f = s->f;
	size_t i = first_new(f, k), traced = s->n;
	bool again = begins_again(f, k, i);

	if (again)
		traced = first_of_program(s, k);
	show_traced(s, k, 0, traced);
	if (again) {
		say(f, "the process has begun another program: its record starts again", 0);
		f->last.seq = 0;
		i = 0;
		show_traced(s, k, traced, s->n);
	}
	for (; i < k->events; i++) {
		const struct brk_event *e = &k->event[i];

		if (e->seq > f->last.seq + 1)
			say(f, "%" PRIu64 " events came too fast to be seen",
			    e->seq - f->last.seq - 1);
		show(f, e);
	}
}

/*
 * Look at the file once; it may be unreadable for a moment, in an exec. Return: 0,
 * or -1 where there is none for anybody.
 */
static int look(struct state *s, bool ended, struct error *e)
{
	struct kernel_facts k;

	kernel_read(s->f->t, &k);
	if (k.module) {
		show_new(s, &k);
		kernel_free(&s->last);
		s->last = k;
		s->n = 0;
		s->unreadable = false;
		return 0;
	}
	if (s->unreadable || ended) {
		show_traced(s, &k, 0, s->n);
		s->n = 0;
	}
	s->unreadable = true;
	kernel_free(&k);
	if (access("/proc/heapinfo", F_OK))
		return error_set(e, "the module heapinfo was unloaded: there is nothing to follow any more");
	return 0;
}

static int follow_events(struct follow *f, struct follow_trace *ft, int pidfd,
			 struct error *e)
{
	struct state s = { .f = f };
	int news = ft ? follow_trace_fd(ft) : -1;
	bool ended = false;
	int ret;

	do {
		/* First: what is traced later is looked for next time. */
		if (ft)
			follow_trace_read(ft, keep, &s);
		ret = look(&s, ended, e);
		if (ended || ret)
			break;
		ended = wait_a_little(pidfd, &news);
	} while (!stop);
	kernel_free(&s.last);
	free(s.traced);
	return ret;
}

/**
 * follow_brk - hand on brk events until the process ends, or a signal comes
 * @f: which, and to whom
 * @e: why not
 *
 * Return: 0, or -1.
 */
int follow_brk(struct follow *f, struct error *e)
{
	int pidfd = syscall(SYS_pidfd_open, f->t->pid, 0);
	struct follow_trace *ft = NULL;
	struct sigaction old[3];
	struct error why;
	int ret;

	if (pidfd < 0)
		return error_set(e, "cannot follow process %d: %s",
				 (int)f->t->pid, strerror(errno));
	stop = 0;
	catch_signals(old, true);
	if (!f->poll_only) {
		ft = follow_trace_open(f->t->pid, &why);
		if (!ft) {
			char line[600];

			snprintf(line, sizeof(line), "looking five times a second, since %s",
				 why.text);
			f->say(line, f->ctx);
		}
	}
	ret = follow_events(f, ft, pidfd, e);
	follow_trace_close(ft);
	catch_signals(old, false);
	close(pidfd);
	return ret;
}
