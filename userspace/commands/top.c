// SPDX-License-Identifier: GPL-2.0
/* heapinfo top: every process by what malloc has, with growth, refreshed. */
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
#include "heap/malloc_total.h"

#define MAX_DELAY 3600.0
#define MIN_DELAY 0.1
#define ROW_ROOM 256u

static struct {
	bool batch;
	double delay;
	u64 looks;	/* 0: until the user has enough */
	u64 limit;
	int (*order)(const void *a, const void *b);
} opt = { .delay = 2, .order = procs_by_malloc };

static const struct argp_option options[] = {
	{ "batch", 'b', NULL, 0,
	  "Print plain tables (as where the output is no terminal)", 1 },
	{ "delay", 'd', "SECONDS", 0, "Time between two looks (2)", 1 },
	{ "iterations", 'n', "N", 0,
	  "Look N times (as long as you like; in a pipe once)", 1 },
	{ "limit", 'l', "N", 0, "Show N processes at most", 1 },
	{ "sort", 's', "KEY", 0, "Sort by malloc, growth, rss or heap (malloc)", 1 },
	{ 0 }
};

static const struct {
	const char *name;
	int (*order)(const void *a, const void *b);
} orders[] = {
	{ "malloc", procs_by_malloc },
	{ "growth", procs_by_growth },
	{ "rss", procs_by_rss },
	{ "heap", procs_by_heap },	/* the break */
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
			argp_error(state, "cannot sort by '%s'; choose malloc, growth, rss or heap",
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

/* With all that the module adds, this fits into 80 columns. */
static void format_heading(char *out, bool module)
{
	snprintf(out, ROW_ROOM, "%7s %-7s %8s %8s %8s %9s%s %s", "PID", "USER",
		 "MALLOC", "RSS", "BREAK", "GROWTH", module ?
		 "     PEAK CALLS FAIL" : "", "COMMAND");
}

/* A number in @width columns; one that is wider comes in thousands. */
static const char *short_count(char buf[32], u64 n, unsigned int width)
{
	static const char unit[] = " kMGTPE";
	unsigned int i = 0;

	snprintf(buf, 32, "%" PRIu64, n);
	while (strlen(buf) > width && unit[i + 1]) {
		n /= 1000;
		snprintf(buf, 32, "%" PRIu64 "%c", n, unit[++i]);
	}
	return buf;
}

static void format_row(char *out, const struct proc *p, bool module,
		       bool first)
{
	char heap[HUMAN_ROOM], growth[HUMAN_ROOM + 1] = "", rss[HUMAN_ROOM];
	char peak[HUMAN_ROOM] = "?", total[HUMAN_ROOM] = "?", more[96] = "";
	char calls[32], failed[32], user[8], *comm;

	if (!p->seen)
		strcpy(growth, first ? "" : "new");
	else if (p->more)
		text_change(growth, p->more);
	if (p->k.peak_bytes)
		text_human(peak, p->k.peak_bytes);
	if (p->malloc != UINT64_MAX)
		text_human(total, p->malloc);
	if (module)
		snprintf(more, sizeof(more), " %8s %5s %4s", peak,
			 short_count(calls,
				     kernel_number(&p->k, "BrkCalls", 0), 5),
			 short_count(failed,
				     kernel_number(&p->k, "BrkFailures", 0),
				     4));
	comm = text_safe_dup(p->comm, sizeof(p->comm));
	snprintf(out, ROW_ROOM, "%7d %-7s %8s %8s %8s %9s%s %s", (int)p->pid,
		 user_name(p->uid, user, sizeof(user)), total,
		 text_human(rss, p->rss), text_human(heap, p->heap), growth,
		 more, comm);
	free(comm);
}

/* Over all that were looked at, with those beyond --limit; bytes but for .known. */
struct sums {
	size_t known;	/* processes whose .malloc is */
	u64 malloc;
	u64 rss;
	u64 heap;
	s64 more;
};

static struct sums sum_up(const struct procs *ps)
{
	struct sums s = { 0 };
	size_t i;

	for (i = 0; i < ps->n; i++) {
		const struct proc *p = &ps->p[i];

		s.rss += p->rss;
		s.heap += p->heap;
		s.more += p->more;
		if (p->malloc == UINT64_MAX)
			continue;
		s.malloc += p->malloc;
		s.known++;
	}
	return s;
}

static void format_summary(char *out, const struct procs *ps, bool first)
{
	char total[HUMAN_ROOM], by[HUMAN_ROOM + 1], hidden[64] = "";
	const struct sums s = sum_up(ps);
	char not[48] = "";

	if (s.known < ps->n)
		snprintf(not, sizeof(not), " (unknown of %zu)",
			 ps->n - s.known);
	if (ps->hidden)
		snprintf(hidden, sizeof(hidden), "; %" PRIu64 " not permitted to see",
			 ps->hidden);
	text_change(by, s.more);
	snprintf(out, ROW_ROOM, "%zu process%s, malloc has %s%s%s%s%s", ps->n,
		 ps->n == 1 ? "" : "es", text_human(total, s.malloc), not, first ? "" : ", ",
		 first ? "" : by, hidden);
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
	if (p->malloc != UINT64_MAX)
		json_add_u64(o, "malloc_bytes", p->malloc);
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

static struct json_object *sum_json(const struct procs *ps)
{
	struct json_object *o = json_object_new_object();
	const struct sums s = sum_up(ps);

	json_add_u64(o, "processes", ps->n);
	json_add_u64(o, "malloc_known", s.known);
	json_add_u64(o, "malloc_bytes", s.malloc);
	json_add_u64(o, "rss_bytes", s.rss);
	json_add_u64(o, "heap_bytes", s.heap);
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
	json_object_object_add(doc, "sum", sum_json(ps));
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
	screen_line("q quits; sort by m malloc, g growth, r rss, h heap: the break", false);
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

/*
 * Those that are asked for are looked for each time: others of that name, or in that
 * cgroup, may have come.
 */
static void look(struct procs *now, const struct procs *before,
		 const struct proc_malloc *pm, const struct common *c)
{
	struct chosen chosen;

	if (c->n_wanted) {
		choose(&chosen, c->wanted, c->n_wanted);
		procs_read(now, before, pm, &chosen);
		chosen_free(&chosen);
	} else {
		procs_read(now, before, pm, NULL);
	}
	procs_sort(now, opt.order);
}

/* Return: false when there is to be no other look. */
static bool show(struct procs *ps, bool first, bool json, bool screen)
{
	if (screen)
		return show_screen(ps, first);
	if (json)
		print_json(ps);
	else
		print_table(ps, first);
	return !fflush(stdout);
}

/* Return: the exit status. */
static int loop(const struct common *c, bool screen)
{
	struct proc_malloc pm = malloc_totals_new();
	struct procs now, before = { 0 };
	int ret = EXIT_CLEAN;
	u64 n;

	for (n = 0; !stop && (!opt.looks || n < opt.looks); n++) {
		if (n && !screen) {
			wait_delay();
			if (stop)
				break;
			if (!c->json)
				putchar('\n');
		}
		look(&now, n ? &before : NULL, &pm, c);
		procs_free(&before);
		before = now;
		/* None of those that are asked for shows anything. */
		if (!n && c->n_wanted && !before.n && before.why.text[0]) {
			ret = EXIT_UNKNOWN;
			break;
		}
		if (!show(&before, !n, c->json, screen))
			break;
	}
	if (screen)
		screen_close();
	if (ret)
		cmd_fail(&before.why);
	procs_free(&before);
	malloc_totals_free(&pm);
	return ret;
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
	return loop(c, screen);
}

const struct command cmd_top = {
	.name = "top",
	.args_doc = "[PID|NAME...]",
	.brief = "every process by what malloc has, with growth, refreshed",
	.doc = "Show every process that you may look at, by how much memory malloc has in it, with what is in memory, the size below the break, and how much each grew since the last look. Of a program with another malloc than glibc's that is not known. With PIDs, names, --tree or --cgroup it shows only those.",
	.many = true,
	.options = options,
	.parse = parse,
	.no_target = true,
	.run = run,
};
