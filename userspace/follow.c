// SPDX-License-Identifier: GPL-2.0
/*
 * Follow the brk events of a process until it ends or the user has enough:
 * from the tracepoint where that is permitted, else by looking at the
 * module's file again and again.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "brk_text.h"
#include "follow.h"

#define LOOK_MS 200
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

/* Return: true if the process has ended. */
static bool wait_a_little(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, LOOK_MS) > 0;
}

struct state {
	struct follow *f;
	struct brk_event *known;	/* of the file, when tracing began */
	size_t n;
	u64 since;			/* older ones are in the file */
	u64 seq;
	u64 brk;			/* where the last event left it */
};

static bool is_known(const struct state *s, const struct brk_event *e)
{
	size_t i;

	if (e->time_ns < s->since)
		return true;
	for (i = s->n; i; i--) {
		const struct brk_event *k = &s->known[i - 1];
		u64 apart = k->time_ns > e->time_ns ?
			    k->time_ns - e->time_ns : e->time_ns - k->time_ns;

		if (k->tid == e->tid && k->asked == e->asked &&
		    k->from == e->from && k->to == e->to && apart < SAME_NS)
			return true;
	}
	return false;
}

/* The history has rows for what changed the break, or failed to. */
static void take_traced(const struct brk_event *e, void *ctx)
{
	struct state *s = ctx;
	struct brk_event row = *e;

	if (is_known(s, e))
		return;
	if (s->brk && e->from != s->brk) {
		struct brk_event moved = {
			.seq = ++s->seq, .time_ns = e->time_ns, .tid = e->tid,
			.call = "moved", .asked = e->from, .from = s->brk,
			.to = e->from, .delta = e->from - s->brk,
			.result = "ok",
		};

		memcpy(moved.comm, e->comm, sizeof(moved.comm));
		s->f->fn(&moved, s->f->ctx);
	}
	s->brk = e->to;
	if (!strcmp(e->call, "query") || !strcmp(e->call, "unchanged"))
		return;
	row.seq = ++s->seq;
	s->f->fn(&row, s->f->ctx);
}

static void say(struct follow *f, const char *fmt, u64 n)
{
	char line[128];

	snprintf(line, sizeof(line), fmt, n);
	f->say(line, f->ctx);
}

/* Show the rows of the file that were not shown yet. */
static void show_new(struct follow *f, const struct kernel_facts *k)
{
	size_t i;

	if (k->events && k->event[k->events - 1].seq < f->last_seq) {
		say(f, "the process has begun another program: its record starts again", 0);
		f->last_seq = 0;
	}
	for (i = 0; i < k->events; i++) {
		const struct brk_event *e = &k->event[i];

		if (e->seq <= f->last_seq)
			continue;
		if (e->seq > f->last_seq + 1)
			say(f, "%" PRIu64 " events came too fast to be seen",
			    e->seq - f->last_seq - 1);
		f->fn(e, f->ctx);
		f->last_seq = e->seq;
	}
}

static void follow_traced(struct follow *f, struct follow_trace *ft, int pidfd)
{
	struct state s = { .f = f };
	struct kernel_facts k;
	struct clocks clocks;
	bool ended = false;

	clocks_now(&clocks);
	kernel_read(f->t, &k);
	show_new(f, &k);
	s.since = clocks.boot_ns;
	s.known = k.event;
	s.n = k.events;
	s.seq = f->last_seq;
	s.brk = k.brk;
	while (!stop && !ended) {
		ended = wait_a_little(pidfd);
		follow_trace_read(ft, take_traced, &s);
	}
	kernel_free(&k);
}

static void follow_polled(struct follow *f, int pidfd)
{
	struct kernel_facts k;
	bool ended = false;

	while (!stop && !ended) {
		kernel_read(f->t, &k);
		if (k.module)
			show_new(f, &k);
		kernel_free(&k);
		ended = wait_a_little(pidfd);
	}
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

	if (pidfd < 0)
		return error_set(e, "cannot follow process %d: %s",
				 (int)f->t->pid, strerror(errno));
	stop = 0;
	catch_signals(old, true);
	if (!f->poll_only)
		ft = follow_trace_open(f->t, &why);
	if (ft) {
		follow_traced(f, ft, pidfd);
	} else {
		if (!f->poll_only) {
			char line[600];

			snprintf(line, sizeof(line), "looking five times a second, since %s",
				 why.text);
			f->say(line, f->ctx);
		}
		follow_polled(f, pidfd);
	}
	follow_trace_close(ft);
	catch_signals(old, false);
	close(pidfd);
	return 0;
}
