// SPDX-License-Identifier: GPL-2.0
/*
 * Follow the brk events of a process until it ends or the user stops it.
 *
 * The module's file is read again and again, and its new rows are shown. Where
 * the tracepoint may be used, it tells when to read the file. It also has the
 * events that the file no longer has: those that fell out of it between two
 * readings, and the last ones, which nobody could read in time before the
 * process ended.
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

#define LOOK_MS 200	/* between two readings, if nothing is traced */
#define PAUSE_MS 10	/* between two readings, at the least */
#define SAME_NS 10000000ull	/* file and trace time an event less far apart */

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/*
 * Catch the signals that would end us before tracefs is cleaned up; or, with
 * @on false, put the old handlers back.
 */
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
	/* Somebody removed the trace instance: wait for it no more. */
	if (p[1].revents & ~POLLIN)
		*news = -1;
	/*
	 * Do not read the file for each event: that takes the lock which brk(2)
	 * needs. What falls out of the file meanwhile is still in the trace.
	 */
	return p[0].revents || poll(p, 1, PAUSE_MS) > 0;
}

struct state {
	struct follow *f;
	struct kernel_facts last;	/* the file, when it was last readable */
	struct brk_event *traced;	/* events of the trace since then */
	size_t n;
	bool unreadable;		/* the last time it was tried */
};

static void keep(const struct brk_event *e, void *ctx)
{
	struct state *s = ctx;

	/*
	 * The file has no rows for calls that neither moved the break nor
	 * failed.
	 */
	if (!strcmp(e->call, "query") || !strcmp(e->call, "unchanged"))
		return;
	s->traced = xgrow(s->traced, s->n, sizeof(*s->traced));
	s->traced[s->n++] = *e;
}

static bool same_time(s64 a, s64 b)
{
	return (a > b ? (u64)a - (u64)b : (u64)b - (u64)a) < SAME_NS;
}

/* Does the file have a row for this event of the trace? */
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
 * Show the traced events from @i up to @end that are neither in this reading of
 * the file, @k, nor in the last one. All are older than the new rows of @k,
 * which was read after them. The trace has no numbers: they go on from the last
 * event shown.
 */
static void show_traced(struct state *s, const struct kernel_facts *k, size_t i,
			size_t end)
{
	bool same = true;

	for (; i < end; i++) {
		struct brk_event *e = &s->traced[i];

		if (is_row(&s->last, e) || is_row(k, e))
			continue;
		/*
		 * If the break was not where the last event left it, there was
		 * an exec: the rows do not have the names of this program's
		 * threads.
		 */
		same &= e->from == s->f->last.to;
		if (!name_by_proc(e, s->f->t->pid) &&
		    !(same && name_by_rows(e, &s->last)))
			strcpy(e->comm, "?");
		e->seq = s->f->last.seq + 1;
		show(s->f, e);
	}
}

/*
 * Find the first traced event of the program that the rows of @k are of.
 * Backwards: each call found the break where the call before it had left it.
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
 * Has an exec begun another program since the last event was shown, so that all
 * rows are of that program? If not, the row before the new ones is the last
 * event.
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
		f->again(f->ctx);
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
 * Read the file once. During an exec it cannot be read for a moment, which is
 * no error. Return: 0, or -1 where no process has such a file any more.
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
		/* Before the file, which then has at least what was traced. */
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
 * @f: the process, and the functions that get events and messages
 * @e: the reason, on failure
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
