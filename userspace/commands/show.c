// SPDX-License-Identifier: GPL-2.0
/* heapinfo show: all memory, the break, the heap's sizes, arenas, last brk events. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "brk/brk_text.h"
#include "commands/document.h"
#include "commands/several.h"
#include "commands/show_memory.h"
#include "commands/sizes.h"
#include "heap/allocator.h"

#define KEY_EVENTS 1
#define DEFAULT_EVENTS 3u
#define MAX_ARENAS 8u	/* lines of text; --json and 'arenas' have them all */

static u64 show_events = DEFAULT_EVENTS;

static const struct argp_option options[] = {
	{ "events", KEY_EVENTS, "N", 0, "Show the last N brk events (3)", 1 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != KEY_EVENTS)
		return ARGP_ERR_UNKNOWN;
	show_events = cmd_number(arg, state);
	return 0;
}

/* What is not known where the module is not loaded, in JSON. */
static const char *const unknown[] = {
	"exact_break", "window", "peak", "history",
};

static void heading(const char *text)
{
	printf("\n%s%s%s\n", text_color(COLOR_BOLD), text, text_plain());
}

static void row(const char *name, const char *fmt, ...) __printf(2, 3);

static void row(const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("  %-14s ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* Print how far the start of the heap is above or below @from. */
static void print_offset(const struct kernel_facts *k, const char *name,
			 u64 from, const char *what)
{
	bool below = k->start_brk < from;
	u64 gap = below ? from - k->start_brk : k->start_brk - from;
	char human[HUMAN_ROOM];

	if (from)
		row(name, "%s%#" PRIx64 " (%s) %s %s", below ? "-" : "", gap,
		    text_human(human, gap), below ? "below" : "above", what);
}

static void print_drawn(const struct kernel_facts *k)
{
	const char *base = kernel_key(k, "BrkBase");
	const char *randomized = kernel_key(k, "BrkRandomized");
	char human[HUMAN_ROOM];

	if (!k->module)
		return;
	if (k->brk_window)
		row("randomised", "yes, drawn from %s%s above %s",
		    k->brk_window_likely ? "likely " : "",
		    text_human(human, k->brk_window),
		    base && !strcmp(base, "apart") ?
		    "the kernel's base for programs without a loader" :
		    "the end of bss");
	else
		row("randomised", "%s", randomized ? randomized : "no");
}

static void print_break(const struct heap *h)
{
	const struct kernel_facts *k = &h->k;
	char size[HUMAN_ROOM], peak[HUMAN_ROOM];

	heading("Break");
	if (!k->known) {
		if (h->t->live)
			row("start", "not known: the kernel shows it to the process's user and to root only");
		else if (h->a && h->origin)
			row("start", "not in the core; malloc's memory from brk(2) begins at %#"
			    PRIx64, h->origin);
		else
			row("start", "not in the core");
		return;
	}
	row("start", "%#" PRIx64, k->start_brk);
	row("break", "%#" PRIx64 "%s", k->brk, k->brk_exact ? "" :
	    k->brk > k->start_brk ? " (end of [heap])" :
	    " (there is no [heap])");
	print_offset(k, "offset", k->end_bss, "the end of bss");
	print_offset(k, "", k->end_data, "the end of data");
	print_drawn(k);
	text_human(size, k->brk - k->start_brk);
	if (k->peak_bytes)
		row("size", "%s, at most %s so far", size,
		    text_human(peak, k->peak_bytes));
	else
		row("size", "%s", size);
	if (k->data_limit != UINT64_MAX)
		row("data limit", "%s for data and heap",
		    text_human(size, k->data_limit));
}

static void print_arenas(const struct heap *h, const struct usages *u)
{
	char human[5][HUMAN_ROOM];
	size_t i;

	printf("\n%s%-25s %10s %10s %10s %10s %10s%s\n",
	       text_color(COLOR_BOLD), "Arenas", "ALL", "IN USE", "CACHED",
	       "FREE", "TOP", text_plain());
	for (i = 0; i < h->arenas && i < MAX_ARENAS; i++) {
		const struct usage *a = &u->arena[i];

		printf("  %#-16" PRIx64 " %-6s %10s %10s %10s %10s %10s\n",
		       h->arena[i].addr, h->arena[i].main ? "main" : "thread",
		       text_human(human[0], a->size),
		       text_human(human[1], a->in_use),
		       text_human(human[2], a->cached),
		       text_human(human[3], a->free),
		       text_human(human[4], a->top));
	}
	if (i < h->arenas)
		printf("  and %zu more; see 'heapinfo arenas'\n",
		       h->arenas - i);
}

/* Of a process whose first calls are only summed up: when its heap grew most. */
static void print_growth(const struct kernel_facts *k, const struct clocks *c)
{
	char by[HUMAN_ROOM + 1], within[AGE_ROOM], ago[AGE_ROOM];
	struct brk_span most;

	if (!brk_grew_most(k, &most))
		return;
	text_change(by, most.up - most.down);
	age_text(within, most.to_ns - most.from_ns);
	if (brk_age(most.from_ns, c))
		row("grew most", "%s in %" PRIu64 " calls within %s, from %s ago on",
		    by, most.calls, within,
		    age_text(ago, brk_age(most.from_ns, c)));
	else
		row("grew most", "%s in %" PRIu64 " calls within %s", by,
		    most.calls, within);
}

static void print_events(struct heap *h)
{
	const struct kernel_facts *k = &h->k;
	const char *recorded = kernel_key(k, "Recorded");
	const char *failures = kernel_key(k, "BrkFailures");
	struct clocks clocks;
	size_t i;

	if (!k->module)
		return;
	heading("Calls of brk(2)");
	row("recorded", "%s", recorded ? recorded : "?");
	if (kernel_key(k, "BrkCalls"))
		row("calls", "%" PRIu64 ": %" PRIu64 " grew it, %" PRIu64
		    " shrank it, %" PRIu64 " asked, %" PRIu64
		    " changed nothing", kernel_number(k, "BrkCalls", 0),
		    kernel_number(k, "BrkGrows", 0),
		    kernel_number(k, "BrkShrinks", 0),
		    kernel_number(k, "BrkQueries", 0),
		    kernel_number(k, "BrkUnchanged", 0));
	if (failures && strcmp(failures, "0"))
		row("failed", "%s", failures);
	clocks_of(h->t, &clocks);
	print_growth(k, &clocks);
	if (!k->events || !show_events)
		return;
	putchar('\n');
	brk_event_heading();
	for (i = k->events - min_u64(k->events, show_events); i < k->events;
	     i++) {
		brk_event_print(&k->event[i], &clocks);
		brk_failure_print(&k->event[i], h->t, k);
	}
}

static void print_unknown(const struct heap *h)
{
	if (h->k.module)
		return;
	printf("\n%s the module heapinfo it is not known: the exact break, its\n"
	       "highest so far, the range of the offset, when and why the break moved.\n",
	       h->t->live ? "Without" : "From a core without");
}

static void print_text(const struct several *s, struct heap *h,
		       const struct usages *u, const struct memory *mem)
{
	cmd_show_process(h);
	show_memory(h, mem);
	print_break(h);
	if (h->a && heap_has_started(h)) {
		heading("Malloc's memory");
		sizes_print(&u->all, h->mmaps.chunks, h->mmaps.bytes);
		print_arenas(h, u);
	} else {
		heading("Malloc's memory");
		printf("  %s\n", h->a ?
		       "nothing was allocated so far" : h->why_not);
	}
	print_events(h);
	print_unknown(h);
	several_notes(s, h);
}

static struct json_object *break_json(struct heap *h, const struct memory *mem)
{
	struct json_object *o = json_object_new_object();
	const struct kernel_facts *k = &h->k;

	json_add_bool(o, "module", k->module);
	json_add_bool(o, "known", k->known);
	if (!k->known)
		return o;
	json_add_address(o, "start", k->start_brk);
	json_add_address(o, "break", k->brk);
	json_add_bool(o, "exact", k->brk_exact);
	json_add_u64(o, "bytes", k->brk - k->start_brk);
	json_add_address(o, "end_data", k->end_data);
	json_add_address(o, "end_bss", k->end_bss);
	json_add_s64(o, "offset", k->start_brk - k->end_bss);
	json_add_s64(o, "offset_data", k->start_brk - k->end_data);
	if (k->module) {
		json_add_u64(o, "window", k->brk_window);
		json_add_bool(o, "window_likely", k->brk_window_likely);
		json_add_text(o, "base", kernel_key(k, "BrkBase"));
		json_add_text(o, "randomized",
			      kernel_key(k, "BrkRandomized"));
		json_add_u64(o, "peak_bytes", k->peak_bytes);
	}
	if (k->data_limit != UINT64_MAX)
		json_add_u64(o, "data_limit", k->data_limit);
	if (mem->counted && k->brk > k->start_brk)
		json_add_u64(o, "resident", mem->heap_resident);
	return o;
}

static void add_malloc(struct json_object *doc, const struct heap *h,
		       const struct usages *u)
{
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	json_object_object_add(doc, "malloc", sizes_json(&u->all));
	for (i = 0; i < h->arenas; i++) {
		o = sizes_json(&u->arena[i]);
		json_add_address(o, "address", h->arena[i].addr);
		json_add_bool(o, "main", h->arena[i].main);
		json_object_array_add(a, o);
	}
	json_object_object_add(doc, "arenas", a);
	json_object_object_add(doc, "mmapped",
			       sizes_total_json(h->mmaps.chunks,
						h->mmaps.bytes));
}

static void add_events(struct json_object *doc, struct heap *h)
{
	static const char *const count[][2] = {
		{ "calls", "BrkCalls" }, { "queries", "BrkQueries" },
		{ "grows", "BrkGrows" }, { "shrinks", "BrkShrinks" },
		{ "unchanged", "BrkUnchanged" }, { "sets", "BrkSets" },
		{ "failures", "BrkFailures" },
		{ "moves", "BrkMoves" }, { "bytes_grown", "BytesGrown" },
		{ "bytes_shrunk", "BytesShrunk" },
		{ "events_lost", "EventsLost" },
	};
	struct json_object *o = json_object_new_object(), *a;
	const struct kernel_facts *k = &h->k;
	struct brk_span most;
	struct clocks clocks;
	size_t i;

	json_add_text(o, "recorded", kernel_key(k, "Recorded"));
	for (i = 0; i < ARRAY_SIZE(count); i++)
		if (kernel_key(k, count[i][1]))
			json_add_u64(o, count[i][0],
				     kernel_number(k, count[i][1], 0));
	clocks_of(h->t, &clocks);
	if (brk_grew_most(k, &most))
		json_object_object_add(o, "grew_most",
				       brk_span_json(&most, &clocks));
	a = json_object_new_array();
	for (i = k->events - min_u64(k->events, show_events); i < k->events;
	     i++)
		json_object_array_add(a, brk_event_json(&k->event[i], &clocks,
							h->t, k));
	json_object_object_add(o, "events", a);
	json_object_object_add(doc, "brk", o);
}

static void print_json(struct several *s, struct heap *h,
		       const struct usages *u, const struct memory *mem)
{
	struct json_object *doc = json_document(h, "show"), *a;
	size_t i;

	json_object_object_add(doc, "memory", memory_json(mem));
	json_object_object_add(doc, "break", break_json(h, mem));
	if (h->a)
		add_malloc(doc, h, u);
	else
		json_add_text(doc, "malloc_unknown", h->why_not);
	if (h->k.module)
		add_events(doc, h);
	a = json_object_new_array();
	for (i = 0; !h->k.module && i < ARRAY_SIZE(unknown); i++)
		json_object_array_add(a,
				      json_object_new_string(unknown[i]));
	json_object_object_add(doc, "unknown", a);
	several_document(s, doc, h);
}

/* Let a stopped process go on as soon as all is read, before printing. */
static void show_heap(struct several *s, struct heap *h)
{
	struct usages u = { 0 };
	struct memory mem;

	if (h->a)
		usages_read(h, &u);
	memory_read(h, &mem);
	target_thaw(h->t);
	if (several_sums(s) && h->a)
		several_add_malloc(s, h, &u);
	if (several_sums(s))
		several_add_memory(s, &mem);
	if (several_json(s))
		print_json(s, h, &u, &mem);
	else
		print_text(s, h, &u, &mem);
	memory_free(&mem);
	usages_free(&u);
}

static const struct several_ops several = {
	.show = show_heap,
};

static int run(const struct common *c)
{
	return several_run(c, &several);
}

const struct command cmd_show = {
	.name = "show",
	.args_doc = "PID|NAME...",
	.brief = "overview: all memory, the break, the heap's sizes, arenas, brk calls",
	.doc = "Show where all memory of the process is, where the break is and how it got there, what malloc's memory is used for, the arenas and the last calls of brk(2); of several processes, their sums. 'heapinfo PID' does the same.",
	.many = true,
	.options = options,
	.parse = parse,
	.run = run,
};
