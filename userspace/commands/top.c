// SPDX-License-Identifier: GPL-2.0
/* heapinfo top: every process by heap size, with growth, refreshed. */
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/text.h"
#include "brk/procs.h"
#include "commands/cmd.h"
#include "commands/top_screen.h"

#define MAX_DELAY 3600.0
#define MIN_DELAY 0.1
#define ROW_ROOM 256u

static struct {
	bool batch;
	double delay;
	u64 looks;	/* 0: until the user has enough */
	u64 limit;
	int (*order)(const void *a, const void *b);
} opt = { .delay = 2, .order = procs_by_heap };

static const struct argp_option options[] = {
	{ "batch", 'b', NULL, 0,
	  "Print plain tables (as where the output is no terminal)", 1 },
	{ "delay", 'd', "SECONDS", 0, "Time between two looks (2)", 1 },
	{ "iterations", 'n', "N", 0,
	  "Look N times (as long as you like; in a pipe once)", 1 },
	{ "limit", 'l', "N", 0, "Show N processes at most", 1 },
	{ "sort", 's', "KEY", 0, "Sort by heap, growth or rss (heap)", 1 },
	{ 0 }
};

static const struct {
	const char *name;
	int (*order)(const void *a, const void *b);
} orders[] = {
	{ "heap", procs_by_heap },
	{ "growth", procs_by_growth },
	{ "rss", procs_by_rss },
};

/* A whole name, or the first letter of one. */
static bool take_order(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		if (strcmp(orders[i].name, name) &&
		    (orders[i].name[0] != name[0] || name[1]))
			continue;
		opt.order = orders[i].order;
		return true;
	}
	return false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char *end;

	switch (key) {
	case 'b':
		opt.batch = true;
		return 0;
	case 'd':
		opt.delay = strtod(arg, &end);
		if (*end || end == arg || !(opt.delay >= MIN_DELAY) ||
		    opt.delay > MAX_DELAY)
			argp_error(state, "'%s' is no delay; write seconds from 0.1 to 3600",
				   arg);
		return 0;
	case 'n':
		opt.looks = cmd_number(arg, state);
		return 0;
	case 'l':
		opt.limit = cmd_number(arg, state);
		return 0;
	case 's':
		if (!take_order(arg))
			argp_error(state, "cannot sort by '%s'; choose heap, growth or rss",
				   arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static const char *user_name(uid_t uid, char *buf, size_t room)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(buf, room, "%.*s", (int)room - 1, pw->pw_name);
	else
		snprintf(buf, room, "%u", uid);
	return buf;
}

static void format_heading(char *out, bool module)
{
	snprintf(out, ROW_ROOM, "%7s %-9s %10s %11s %10s%s  %s", "PID", "USER",
		 "HEAP", "GROWTH", "RSS", module ?
		 "       PEAK   CALLS  FAILED" : "", "COMMAND");
}

static void format_row(char *out, const struct proc *p, bool module,
		       bool first)
{
	char heap[HUMAN_ROOM], growth[HUMAN_ROOM + 1] = "", rss[HUMAN_ROOM];
	char peak[HUMAN_ROOM] = "?", more[64] = "", user[10], *comm;

	if (!p->seen)
		strcpy(growth, first ? "" : "new");
	else if (p->growth)
		text_change(growth, p->growth);
	if (p->k.peak_bytes)
		text_human(peak, p->k.peak_bytes);
	if (module)
		snprintf(more, sizeof(more), " %10s %7" PRIu64 " %7" PRIu64,
			 peak, kernel_number(&p->k, "BrkCalls", 0),
			 kernel_number(&p->k, "BrkFailures", 0));
	comm = text_safe_dup(p->comm, sizeof(p->comm));
	snprintf(out, ROW_ROOM, "%7d %-9s %10s %11s %10s%s  %s", (int)p->pid,
		 user_name(p->uid, user, sizeof(user)),
		 text_human(heap, p->heap), growth, text_human(rss, p->rss),
		 more, comm);
	free(comm);
}

static void format_summary(char *out, const struct procs *ps, bool first)
{
	char total[HUMAN_ROOM], by[HUMAN_ROOM + 1], hidden[64] = "";
	u64 sum = 0;
	s64 growth = 0;
	size_t i;

	for (i = 0; i < ps->n; i++) {
		sum += ps->p[i].heap;
		growth += ps->p[i].growth;
	}
	if (ps->hidden)
		snprintf(hidden, sizeof(hidden), "; %" PRIu64 " not permitted to see",
			 ps->hidden);
	text_change(by, growth);
	if (first)
		snprintf(out, ROW_ROOM, "%zu processes, heaps of %s%s", ps->n,
			 text_human(total, sum), hidden);
	else
		snprintf(out, ROW_ROOM, "%zu processes, heaps of %s, %s since the last look%s",
			 ps->n, text_human(total, sum), by, hidden);
}

static void print_table(const struct procs *ps, bool first)
{
	bool module = procs_know_module(ps);
	char row[ROW_ROOM];
	size_t i;

	format_summary(row, ps, first);
	printf("%s\n", row);
	format_heading(row, module);
	printf("%s%s%s\n", text_color(COLOR_BOLD), row, text_plain());
	for (i = 0; i < ps->n && (!opt.limit || i < opt.limit); i++) {
		format_row(row, &ps->p[i], module, first);
		puts(row);
	}
}

static struct json_object *proc_json(const struct proc *p)
{
	struct json_object *o = json_object_new_object();

	json_add_u64(o, "pid", p->pid);
	json_add_u64(o, "uid", p->uid);
	json_add_text(o, "name", p->comm);
	json_add_u64(o, "heap_bytes", p->heap);
	json_add_u64(o, "rss_bytes", p->rss);
	json_add_bool(o, "exact", p->k.brk_exact);
	if (p->seen)
		json_add_s64(o, "growth", p->growth);
	if (!p->k.module)
		return o;
	json_add_u64(o, "peak_bytes", p->k.peak_bytes);
	json_add_u64(o, "brk_calls", kernel_number(&p->k, "BrkCalls", 0));
	json_add_u64(o, "brk_failures",
		     kernel_number(&p->k, "BrkFailures", 0));
	return o;
}

/* One document a line. */
static void print_json(const struct procs *ps)
{
	struct json_object *doc = json_object_new_object();
	struct json_object *a = json_object_new_array();
	size_t i;

	json_add_text(doc, "heapinfo", VERSION);
	json_add_text(doc, "command", "top");
	json_add_u64(doc, "unix_s", time(NULL));
	json_add_u64(doc, "hidden", ps->hidden);
	for (i = 0; i < ps->n && (!opt.limit || i < opt.limit); i++)
		json_object_array_add(a, proc_json(&ps->p[i]));
	json_object_object_add(doc, "processes", a);
	puts(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(doc);
}

static void draw(const struct procs *ps, bool first)
{
	bool module = procs_know_module(ps);
	char row[ROW_ROOM];
	size_t i;

	screen_begin();
	format_summary(row, ps, first);
	screen_line(row, false);
	screen_line("q quits; sort by h heap, g growth, r rss", false);
	format_heading(row, module);
	screen_line(row, true);
	for (i = 0; i < ps->n && (!opt.limit || i < opt.limit); i++) {
		if (!screen_room())
			break;
		format_row(row, &ps->p[i], module, first);
		screen_line(row, false);
	}
}

/* Return: false when the user has enough. */
static bool show_screen(struct procs *ps, bool first)
{
	struct timespec now, end;
	double left = opt.delay;
	char name[2] = "";
	int key;

	clock_gettime(CLOCK_MONOTONIC, &end);
	while (left > 0 && !stop) {
		draw(ps, first);
		key = screen_wait(left);
		if (key == 'q' || key == 'Q')
			return false;
		name[0] = key < 128 ? key : 0;
		if (key && take_order(name))
			procs_sort(ps, opt.order);
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = opt.delay - (now.tv_sec - end.tv_sec) -
		       (now.tv_nsec - end.tv_nsec) / 1e9;
	}
	return !stop;
}

static void wait_delay(void)
{
	struct timespec ts = { .tv_sec = opt.delay };

	ts.tv_nsec = (opt.delay - ts.tv_sec) * 1e9;
	nanosleep(&ts, NULL);
}

static void loop(bool json, bool screen)
{
	struct procs now, before = { 0 };
	u64 look;

	for (look = 0; !stop && (!opt.looks || look < opt.looks); look++) {
		if (look && !screen) {
			wait_delay();
			if (stop)
				break;
			if (!json)
				putchar('\n');
		}
		procs_read(&now, look ? &before : NULL);
		procs_sort(&now, opt.order);
		procs_free(&before);
		before = now;
		if (screen) {
			if (!show_screen(&before, !look))
				break;
			continue;
		}
		if (json)
			print_json(&before);
		else
			print_table(&before, !look);
		if (fflush(stdout))
			break;
	}
	procs_free(&before);
}

static int run(const struct common *c)
{
	struct sigaction sa = { .sa_handler = on_signal };
	bool screen;

	screen = !opt.batch && !c->json && screen_open(text_has_color());
	if (!screen && !opt.looks)
		opt.looks = 1;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	loop(c->json, screen);
	if (screen)
		screen_close();
	return EXIT_CLEAN;
}

const struct command cmd_top = {
	.name = "top",
	.args_doc = "",
	.brief = "every process by heap size, with growth, refreshed",
	.doc = "Show every process that you may look at, by the size of its heap, and how much each grew since the last look.",
	.options = options,
	.parse = parse,
	.no_target = true,
	.run = run,
};
