// SPDX-License-Identifier: GPL-2.0
/*
 * heapinfo history: the calls of brk(2), the functions that led to them, and what to do
 * about failures.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "brk/brk_text.h"
#include "brk/follow.h"
#include "brk/stack_text.h"
#include "commands/by_stack.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "commands/stack_notes.h"

#define KEY_FAILURES 1
#define KEY_POLL 2
#define KEY_STACKS 3
#define KEY_BY_STACK 4
#define KEY_FOLDED 5

#define INDENT "        "

static struct {
	bool stacks;
	bool by_stack;
	bool folded;
	bool verbose;
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
	{ "stacks", KEY_STACKS, NULL, 0,
	  "Below each event the functions that led to it", 1 },
	{ "by-stack", KEY_BY_STACK, NULL, 0,
	  "Which functions grew the heap, by how much, as a tree", 1 },
	{ "folded", KEY_FOLDED, NULL, 0,
	  "One line for each stack, with its bytes, for flame graphs", 1 },
	{ "verbose", 'v', NULL, 0,
	  "Of stacks also what is usually left out: libc's own functions, and small shares",
	  1 },
	{ 0 }
};

/* What does not go together. */
static void check_options(const struct argp_state *state)
{
	const char *sums = opt.by_stack ? "by-stack" : "folded";

	if (!opt.by_stack && !opt.folded)
		return;
	if (opt.by_stack && opt.folded)
		argp_error(state, "--by-stack and --folded are two forms of the same; give one of them");
	if (opt.follow)
		argp_error(state, "--%s adds up what was, and --follow shows what comes; --follow --stacks has the functions of each event",
			   sums);
	if (opt.failures)
		argp_error(state, "--%s adds up by how much the heap grew, and calls that failed did not grow it; --failures --stacks has the functions of each",
			   sums);
}

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
	case KEY_STACKS:
		opt.stacks = true;
		return 0;
	case KEY_BY_STACK:
		opt.by_stack = true;
		return 0;
	case KEY_FOLDED:
		opt.folded = true;
		return 0;
	case 'v':
		opt.verbose = true;
		return 0;
	case ARGP_KEY_END:
		check_options(state);
		return ARGP_ERR_UNKNOWN;
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

/* The stack of an event, below its line; in full the first time only. */
static void print_stack(struct stacks *s, const struct brk_event *e)
{
	const struct frames *f;
	struct stack *k;

	if (!s->read || !e->stack)
		return;
	k = stacks_find(s, e->stack);
	if (!k) {
		puts(INDENT "(its stack is not kept any more)");
		return;
	}
	if (k->shown) {
		printf(INDENT "(as event %" PRIu64 ")\n", k->shown);
		return;
	}
	f = stacks_frames(s, e->stack);
	stack_print(f, opt.verbose, INDENT);
	k->shown = e->seq;
}

static void print_event(struct heap *h, struct stacks *s,
			const struct brk_event *e, const struct clocks *clocks)
{
	brk_event_print(e, clocks);
	brk_failure_print(e, h->t, &h->k);
	if (opt.stacks)
		print_stack(s, e);
}

static void print_text(struct heap *h, struct stacks *s)
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
	for (i = first_shown(k); i < k->events; i++)
		if (wanted(&k->event[i]))
			print_event(h, s, &k->event[i], &clocks);
}

/* Sums are of the last events, too, if only those are asked for. */
static struct by_stack *add_up(const struct heap *h, struct stacks *s)
{
	size_t first = first_shown(&h->k);

	return by_stack_make(s, h->k.event + first, h->k.events - first,
			     opt.verbose || opt.folded);
}

static void print_sums(const struct heap *h, struct stacks *s)
{
	struct by_stack *b = add_up(h, s);

	if (opt.folded)
		by_stack_print_folded(b);
	else
		by_stack_print(b, opt.verbose);
	by_stack_free(b);
}

static struct json_object *event_json(const struct brk_event *e,
				      const struct clocks *clocks,
				      const struct heap *h)
{
	struct json_object *o = brk_event_json(e, clocks, h->t, &h->k);

	if (h->k.stacks)
		json_add_u64(o, "stack", e->stack);
	return o;
}

/* The stacks of the events that are shown, each once. */
static struct json_object *stacks_json(const struct heap *h, struct stacks *s)
{
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = first_shown(&h->k); i < h->k.events; i++) {
		const struct brk_event *e = &h->k.event[i];
		struct stack *k = wanted(e) ? stacks_find(s, e->stack) : NULL;

		if (!k || k->shown)
			continue;
		stacks_frames(s, e->stack);
		k->shown = e->seq;
		json_object_array_add(a, stack_json(k));
	}
	return a;
}

static void add_stacks(struct json_object *doc, const struct heap *h,
		       struct stacks *s)
{
	struct by_stack *b;

	if (opt.stacks)
		json_object_object_add(doc, "stacks", stacks_json(h, s));
	if (!opt.by_stack && !opt.folded)
		return;
	b = add_up(h, s);
	if (opt.by_stack)
		json_object_object_add(doc, "by_stack", by_stack_json(b));
	else
		json_object_object_add(doc, "folded", by_stack_folded_json(b));
	by_stack_free(b);
}

static void print_json(struct heap *h, struct stacks *s)
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
			json_object_array_add(a, event_json(&k->event[i],
							    &clocks, h));
	json_object_object_add(doc, "events", a);
	add_stacks(doc, h, s);
	stack_notes(h, s);
	json_print(doc, h);
}

struct live {
	struct heap *h;
	struct stacks *s;
	bool json;
};

/* The process has begun another program: numbers of stacks begin again. */
static void forget_program(void *ctx)
{
	const struct live *l = ctx;
	struct error gone;

	stacks_free(l->s);
	l->s->t = l->h->t;
	target_reload_maps(l->h->t, &gone);
}

/* Those of the last reading lack the newest ones. */
static void find_stack(const struct live *l, const struct brk_event *e)
{
	if (opt.stacks && e->stack && !stacks_find(l->s, e->stack))
		stacks_renew(l->h->t, l->s);
}

/* An event on a line of its own, with the frames that led to it. */
static void print_live_json(const struct live *l, const struct brk_event *e,
			    const struct clocks *clocks)
{
	struct json_object *o = event_json(e, clocks, l->h);
	const struct frames *f = opt.stacks ? stacks_frames(l->s, e->stack) :
					      NULL;

	if (f) {
		json_add_text(o, "frames_end", stack_end_name(f->end));
		json_object_object_add(o, "frames", stack_frames_json(f));
	}
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

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
	find_stack(l, e);
	if (l->json)
		print_live_json(l, e, &clocks);
	else
		print_event(l->h, l->s, e, &clocks);
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

static int follow(struct heap *h, struct stacks *s, bool json,
		  struct error *e)
{
	struct live l = { h, s, json };
	struct follow f = {
		.t = h->t, .poll_only = opt.poll, .fn = show_event, .say = say,
		.again = forget_program, .ctx = &l,
	};
	int ret;

	if (!h->t->live)
		return error_set(e, "a core file does not go on: --follow is for live processes");
	if (json) {
		/* Events recorded so far come first, in the same form. */
		size_t i;

		for (i = first_shown(&h->k); i < h->k.events; i++)
			show_event(&h->k.event[i], &l);
	} else {
		print_text(h, s);
		fflush(stdout);
	}
	if (h->k.events)
		f.last = h->k.event[h->k.events - 1];
	ret = follow_brk(&f, e);
	stack_notes(h, s);
	return ret;
}

/*
 * Read the stacks if they are asked for. Sums cannot do without them; beside events they
 * may be missing.
 */
static int read_stacks(struct heap *h, struct stacks *s, struct error *e)
{
	if ((!opt.stacks && !opt.by_stack && !opt.folded) ||
	    !stacks_read(h->t, &h->k, s, e))
		return 0;
	if (opt.by_stack || opt.folded)
		return -1;
	notes_add(&h->notes, "%s", e->text);
	return 0;
}

static int run(const struct common *c)
{
	bool sums = opt.by_stack || opt.folded;
	struct stacks s = { 0 };
	struct error e;
	struct heap h;
	int ret;

	ret = cmd_open(c, &h, &e);
	if (!ret && !h.k.module)
		ret = no_history(&h, &e);
	if (!ret) {
		target_thaw(h.t);
		ret = read_stacks(&h, &s, &e);
	}
	if (!ret && opt.follow)
		ret = follow(&h, &s, c->json, &e);
	else if (!ret && c->json)
		print_json(&h, &s);
	else if (!ret && sums)
		print_sums(&h, &s);
	else if (!ret)
		print_text(&h, &s);
	if (!ret && !c->json && (opt.stacks || sums)) {
		if (!opt.follow)
			stack_notes(&h, &s);
		cmd_show_notes(&h);
	}
	stacks_free(&s);
	heap_close(&h);
	return ret ? cmd_fail(&e) : EXIT_CLEAN;
}

const struct command cmd_history = {
	.name = "history",
	.args_doc = "PID",
	.brief = "the calls of brk(2): when, how much, and why one failed",
	.doc = "Show the calls of brk(2) that the module heapinfo recorded, which code made them, and say of each failure what to do about it.",
	.options = options,
	.parse = parse,
	.run = run,
};
