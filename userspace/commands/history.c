// SPDX-License-Identifier: GPL-2.0
/* heapinfo history: the calls of brk(2), and what to do about failures. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "brk/brk_text.h"
#include "brk/follow.h"
#include "commands/cmd.h"
#include "commands/document.h"

#define KEY_FAILURES 1
#define KEY_POLL 2

static struct {
	bool follow;
	bool poll;
	bool failures;
	u64 limit;
} opt;

static const struct argp_option options[] = {
	{ "follow", 'f', NULL, 0,
	  "Go on with new events until the process ends; with --json one line each",
	  1 },
	{ "poll", KEY_POLL, NULL, 0,
	  "Follow by looking at the module's file only, not through tracefs",
	  1 },
	{ "failures", KEY_FAILURES, NULL, 0, "Only calls that failed", 1 },
	{ "limit", 'n', "N", 0, "Only the last N events", 1 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'f':
		opt.follow = true;
		return 0;
	case KEY_POLL:
		opt.poll = true;
		return 0;
	case KEY_FAILURES:
		opt.failures = true;
		return 0;
	case 'n':
		opt.limit = cmd_number(arg, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool wanted(const struct brk_event *e)
{
	return !opt.failures || brk_event_failed(e);
}

/* The first event to show. */
static size_t first_shown(const struct kernel_facts *k)
{
	size_t i = k->events;
	u64 n = 0;

	if (!opt.limit)
		return 0;
	while (i && n < opt.limit)
		n += wanted(&k->event[--i]);
	return i;
}

static int no_history(const struct heap *h, struct error *e)
{
	if (!h->t->live)
		return error_set(e, "this core has no history of brk calls: only 'heapinfo snapshot', with the module heapinfo loaded, puts it into one");
	if (access("/proc/heapinfo", F_OK))
		return error_set(e, "the history of brk calls comes from the module heapinfo, which is not loaded; 'modprobe heapinfo' as root records from then on");
	return error_set(e, "not permitted to read /proc/%d/heapinfo; run as the process's user, or as root",
			 (int)h->t->pid);
}

/* The module records nobody, or not this process; a core does not tell which. */
static void print_no_record(const struct target *t)
{
	struct kernel_facts module = { 0 };
	u64 rows = UINT64_MAX;

	if (t->live) {
		kernel_read_module(&module);
		rows = kernel_number(&module, "History", UINT64_MAX);
		kernel_free(&module);
	}
	if (!rows)
		puts("Nothing is recorded: the module was loaded with history=0.");
	else if (rows != UINT64_MAX)
		puts("Nothing is recorded: the module's bound on memory, or that of the process's cgroup, refused it; load the module with a larger memory=, or raise the cgroup's limit.");
	else
		puts("Nothing is recorded: the module was loaded with history=0, or its bound on memory, memory=, or that of the process's cgroup refused it.");
}

static void print_summary(const struct target *t, const struct kernel_facts *k)
{
	const char *recorded = kernel_key(k, "Recorded");
	char grown[HUMAN_ROOM], shrunk[HUMAN_ROOM];
	u64 lost = kernel_number(k, "EventsLost", 0);
	u64 summed = brk_spans_calls(k);

	if (recorded && !strcmp(recorded, "no")) {
		print_no_record(t);
		return;
	}
	printf("Recorded %s: %" PRIu64 " calls, %s grown, %s shrunk, %" PRIu64 " failed",
	       recorded ? recorded : "?", kernel_number(k, "BrkCalls", 0),
	       text_human(grown, kernel_number(k, "BytesGrown", 0)),
	       text_human(shrunk, kernel_number(k, "BytesShrunk", 0)),
	       kernel_number(k, "BrkFailures", 0));
	if (lost && summed >= lost)
		printf("; the oldest %" PRIu64 " events are only summed up",
		       lost);
	else if (lost && summed)
		printf("; of the oldest %" PRIu64 " events %" PRIu64 " are only summed up, and the others no longer kept",
		       lost, summed);
	else if (lost)
		printf("; the oldest %" PRIu64 " events are no longer kept",
		       lost);
	puts(".");
}

static void print_text(struct heap *h)
{
	const struct kernel_facts *k = &h->k;
	struct clocks clocks;
	size_t i;

	print_summary(h->t, k);
	clocks_of(h->t, &clocks);
	/* Of a span it is not known what failed, and it is none of the last events. */
	if (!opt.failures && !opt.limit)
		brk_spans_print(k, &clocks);
	if (k->events || opt.follow) {
		putchar('\n');
		brk_event_heading();
	}
	for (i = first_shown(k); i < k->events; i++) {
		if (!wanted(&k->event[i]))
			continue;
		brk_event_print(&k->event[i], &clocks);
		brk_failure_print(&k->event[i], h->t, k);
	}
}

static void print_json(struct heap *h)
{
	struct json_object *doc = json_document(h, "history");
	struct json_object *a = json_object_new_array();
	struct json_object *spans = json_object_new_array();
	const struct kernel_facts *k = &h->k;
	struct clocks clocks;
	size_t i;

	clocks_of(h->t, &clocks);
	json_add_text(doc, "recorded", kernel_key(k, "Recorded"));
	json_add_u64(doc, "events_lost", kernel_number(k, "EventsLost", 0));
	for (i = 0; i < k->spans; i++)
		json_object_array_add(spans, brk_span_json(&k->span[i],
							   &clocks));
	json_object_object_add(doc, "spans", spans);
	for (i = first_shown(k); i < k->events; i++)
		if (wanted(&k->event[i]))
			json_object_array_add(a, brk_event_json(&k->event[i],
								&clocks, h->t,
								k));
	json_object_object_add(doc, "events", a);
	json_print(doc, h);
}

struct live {
	struct heap *h;
	bool json;
};

static void show_event(const struct brk_event *e, void *ctx)
{
	const struct live *l = ctx;
	struct clocks clocks;
	struct error gone;

	if (!wanted(e))
		return;
	clocks_now(&clocks);
	/* Read the mappings again: the one in the way may be new. */
	if (e->overlap)
		target_reload_maps(l->h->t, &gone);
	if (l->json) {
		struct json_object *o = brk_event_json(e, &clocks, l->h->t,
						       &l->h->k);

		puts(json_object_to_json_string_ext(o,
				JSON_C_TO_STRING_PLAIN |
				JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(o);
	} else {
		brk_event_print(e, &clocks);
		brk_failure_print(e, l->h->t, &l->h->k);
	}
	fflush(stdout);
}

static void say(const char *line, void *ctx)
{
	(void)ctx;
	fflush(stdout);
	fputs("heapinfo: note: ", stderr);
	text_safe(stderr, line, strlen(line));
	fputc('\n', stderr);
}

static int follow(struct heap *h, bool json, struct error *e)
{
	struct live l = { h, json };
	struct follow f = {
		.t = h->t, .poll_only = opt.poll, .fn = show_event, .say = say,
		.ctx = &l,
	};

	if (!h->t->live)
		return error_set(e, "a core file does not go on: --follow is for live processes");
	if (json) {
		/* Events recorded so far come first, in the same form. */
		size_t i;

		for (i = first_shown(&h->k); i < h->k.events; i++)
			show_event(&h->k.event[i], &l);
	} else {
		print_text(h);
		fflush(stdout);
	}
	if (h->k.events)
		f.last = h->k.event[h->k.events - 1];
	return follow_brk(&f, e);
}

static int run(const struct common *c)
{
	struct error e;
	struct heap h;
	int ret;

	ret = cmd_open(c, &h, &e);
	if (!ret && !h.k.module)
		ret = no_history(&h, &e);
	if (!ret) {
		target_thaw(h.t);
		if (opt.follow)
			ret = follow(&h, c->json, &e);
		else if (c->json)
			print_json(&h);
		else
			print_text(&h);
	}
	heap_close(&h);
	return ret ? cmd_fail(&e) : EXIT_CLEAN;
}

const struct command cmd_history = {
	.name = "history",
	.args_doc = "PID",
	.brief = "the calls of brk(2): when, how much, and why one failed",
	.doc = "Show the calls of brk(2) that the module heapinfo recorded, and say of each failure what to do about it.",
	.options = options,
	.parse = parse,
	.run = run,
};
