// SPDX-License-Identifier: GPL-2.0
/* heapinfo why: why does the break not go down? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "brk/stack_text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "commands/stack_notes.h"
#include "heap/allocator.h"

#define KEY_PINS 1

static u64 show_pins = 3;

static const struct argp_option options[] = {
	{ "pins", KEY_PINS, "N", 0,
	  "Show the N highest chunks that are not free (3)", 1 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != KEY_PINS)
		return ARGP_ERR_UNKNOWN;
	show_pins = cmd_number(arg, state);
	if (show_pins > MAX_PINS)
		argp_error(state, "--pins shows %u at most", MAX_PINS);
	return 0;
}

static const struct {
	enum trim_reason reason;
	const char *name;
} reason_names[] = {
	{ TRIM_BELOW_THRESHOLD, "top_below_threshold" },
	{ TRIM_FOREIGN_ABOVE, "foreign_memory_above_top" },
	{ TRIM_TOP_IN_MMAP, "top_not_in_brk_heap" },
	{ TRIM_PINNED, "pinned" },
	{ TRIM_WAITING, "next_large_free_trims" },
	{ TRIM_PAD, "top_within_pad" },
	{ TRIM_TOP_DAMAGED, "top_damaged" },
};

/* Which brk call made the memory at @addr part of the heap? */
static const struct brk_event *event_of(const struct kernel_facts *k, u64 addr)
{
	size_t i;

	for (i = k->events; i; i--) {
		const struct brk_event *e = &k->event[i - 1];

		if (!strcmp(e->call, "grow") && !strcmp(e->result, "ok") &&
		    addr >= e->from && addr < e->to)
			return e;
	}
	return NULL;
}

static void print_threshold(const struct trim *tr)
{
	char human[HUMAN_ROOM];

	if (!tr->threshold_known)
		return;
	printf("trim threshold  %s%s\n", text_human(human, tr->threshold),
	       tr->threshold_fixed ? ", set by the program or a tunable" :
	       tr->threshold_raised ?
	       ", raised when a large mmapped chunk was freed" : "");
}

static void print_numbers(const struct heap *h, const struct trim *tr)
{
	char human[HUMAN_ROOM];

	if (tr->brk)
		printf("break           %#" PRIx64 "%s\n", tr->brk,
		       h->k.brk_exact ? "" : " (end of [heap])");
	printf("top             %#" PRIx64 ", %s, ends ", tr->top,
	       text_human(human, tr->top_size));
	if (tr->top_end)
		printf("at %#" PRIx64 "\n", tr->top_end);
	else
		puts("behind all memory");
	print_threshold(tr);
	printf("free below top  %s in bins", text_human(human, tr->free_below));
	printf(", %s cached (tcache, fastbins)\n",
	       text_human(human, tr->cached));
}

static void print_reasons(const struct heap *h, const struct trim *tr)
{
	char a[HUMAN_ROOM], b[HUMAN_ROOM];

	putchar('\n');
	if (tr->reasons & TRIM_TOP_IN_MMAP)
		puts(tr->huge_pages ?
		     "glibc.malloc.hugetlb has malloc ask mmap(2) for huge pages, and never brk(2): top is in a mapping, so free() never lowers the break." :
		     "brk(2) failed once, and malloc went on in an anonymous mapping: top is there, so free() never lowers the break.");
	if (tr->reasons & TRIM_TOP_DAMAGED)
		printf("Top is not in malloc's memory, or not of a size that it can have: malloc's structures are damaged%s; 'heapinfo check' tells.\n",
		       target_or(h->t));
	if (tr->reasons & TRIM_FOREIGN_ABOVE)
		printf("The break is not where top ends: somebody else called sbrk() and holds %s above top; malloc cannot lower a break that is not its own.\n",
		       text_human(a, tr->brk - tr->top_end));
	if (tr->reasons & TRIM_BELOW_THRESHOLD)
		printf("Top has %s, less than the trim threshold of %s: free() leaves the break alone.\n",
		       text_human(a, tr->top_size),
		       text_human(b, tr->threshold));
	if (tr->reasons & TRIM_WAITING)
		printf("Top is over the trim threshold: the next free() that merges 64 KiB or more lowers the break by %s.\n",
		       text_human(a, tr->by_free));
	if (tr->reasons & TRIM_PAD)
		printf("Top is over the trim threshold, but free() leaves %s of it, top_pad, and that is all but less than a page; malloc_trim(0) leaves none.\n",
		       text_human(a, tr->pad));
	if (tr->reasons & TRIM_PINNED)
		printf("%s are free below a chunk that is not: the break cannot go under the highest chunk in use or cached.\n",
		       text_human(a, tr->free_below));
	if (tr->changed)
		printf("Break and top were in the middle of a change, so why the break is where it is cannot be told%s.\n",
		       h->t->freezer || !h->t->live ? "; look again" :
						      "; --freeze tells");
	else if (!tr->reasons && !tr->threshold_known)
		puts("The trim threshold was not found: whether free() would lower the break is not known.");
	else if (!tr->reasons)
		puts("Nothing worth trimming is free.");
}

static void print_bytes(const struct pin *pin)
{
	size_t i;

	text_hexdump(stdout, pin->bytes, min_u64(pin->len, 16));
	fputs("  ", stdout);
	for (i = 0; i < min_u64(pin->len, 16); i++)
		putchar(pin->bytes[i] >= 0x20 && pin->bytes[i] < 0x7f ?
			pin->bytes[i] : '.');
}

static void print_event(const struct heap *h, struct stacks *s, u64 addr)
{
	const struct frames *f;
	const struct brk_event *e = event_of(&h->k, addr);
	u64 time;

	if (!h->k.module)
		return;
	if (!e) {
		puts("    which brk call added its memory is not in the history any more");
		return;
	}
	time = e->time_ns < 0 ? -(u64)e->time_ns : (u64)e->time_ns;
	printf("    its memory came with brk call %" PRIu64 " at %s%" PRIu64 ".%06" PRIu64 " s, thread %d (",
	       e->seq, e->time_ns < 0 ? "-" : "", time / 1000000000,
	       time / 1000 % 1000000, (int)e->tid);
	text_safe(stdout, e->comm, sizeof(e->comm));
	f = stacks_frames(s, e->stack);
	puts(f ? "), made by" : ")");
	if (f)
		stack_print(f, false, "        ");
}

static const char *pin_hint(const struct pin *pin)
{
	switch (pin->state) {
	case CHUNK_TCACHE:
		return "cached only: in a tcache until its thread uses it again or ends; malloc_trim() does not touch it";
	case CHUNK_FASTBIN:
		return "cached only: in a fastbin; malloc_trim(0) or a large request merges it";
	case CHUNK_FOREIGN:
		return "not malloc's: somebody else called sbrk()";
	case CHUNK_FENCEPOST:
		return "a fencepost: malloc's memory has a hole behind it";
	case CHUNK_DAMAGED:
		return "damaged; see 'heapinfo check'";
	default:
		return "in use by the program";
	}
}

static void print_pins(const struct heap *h, struct stacks *s,
		       const struct trim *tr)
{
	char human[HUMAN_ROOM];
	size_t i;

	if (!tr->pins || !show_pins)
		return;
	printf("\n%sWhat pins it, from top down%s\n", text_color(COLOR_BOLD),
	       text_plain());
	for (i = 0; i < min_u64(tr->pins, show_pins); i++) {
		const struct pin *pin = &tr->pin[i];

		printf("%#" PRIx64 " %10" PRIu64 "  %-9s ", pin->addr,
		       pin->size, chunk_state_name(pin->state));
		print_bytes(pin);
		printf("\n    %s\n", pin_hint(pin));
		print_event(h, s, pin->addr);
		if (pin->free_below)
			printf("    %s are free right below it\n",
			       text_human(human, pin->free_below));
		printf("    with %s free too, malloc_trim(0) would lower the break by %s\n",
		       i ? "this and those above" : "this one",
		       text_human(human, pin->lowers));
	}
}

static void print_trim(const struct trim *tr)
{
	char human[HUMAN_ROOM];

	printf("\nmalloc_trim(0) now: the break would go down by %s",
	       text_human(human, tr->now));
	printf("; %s in whole free pages would go back without moving it",
	       text_human(human, tr->whole_pages));
	if (tr->resident != UINT64_MAX)
		printf(", of which %s are in memory",
		       text_human(human, tr->resident));
	puts(".");
}

static struct json_object *pin_json(const struct heap *h, struct stacks *s,
				    const struct pin *pin)
{
	const struct brk_event *e = event_of(&h->k, pin->addr);
	const struct frames *f = e ? stacks_frames(s, e->stack) : NULL;
	struct json_object *o = json_object_new_object();
	char hex[2 * sizeof(pin->bytes) + 1] = "";
	size_t i;

	json_add_address(o, "address", pin->addr);
	json_add_u64(o, "size", pin->size);
	json_add_text(o, "state", chunk_state_name(pin->state));
	json_add_u64(o, "free_below", pin->free_below);
	json_add_u64(o, "lowers_break_by", pin->lowers);
	for (i = 0; i < pin->len; i++)
		sprintf(hex + 2 * i, "%02x", pin->bytes[i]);
	json_add_text(o, "bytes", hex);
	if (e) {
		json_add_u64(o, "brk_seq", e->seq);
		json_add_s64(o, "brk_time_ns", e->time_ns);
		json_add_u64(o, "brk_tid", e->tid);
		json_add_text(o, "brk_comm", e->comm);
	}
	if (f) {
		json_add_text(o, "brk_frames_end", stack_end_name(f->end));
		json_object_object_add(o, "brk_frames", stack_frames_json(f));
	}
	return o;
}

static void print_json(struct heap *h, struct stacks *s, const struct trim *tr)
{
	struct json_object *doc = json_document(h, "why");
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reason_names); i++)
		if (tr->reasons & reason_names[i].reason)
			json_append_text(a, reason_names[i].name);
	json_object_object_add(doc, "reasons", a);
	json_add_address(doc, "break", tr->brk);
	json_add_address(doc, "top", tr->top);
	json_add_u64(doc, "top_size", tr->top_size);
	json_add_u64(doc, "trim_threshold", tr->threshold);
	json_add_bool(doc, "dynamic_threshold", !tr->threshold_fixed);
	json_add_u64(doc, "free_below_top", tr->free_below);
	json_add_u64(doc, "cached", tr->cached);
	json_add_u64(doc, "trim_lowers_break_by", tr->now);
	json_add_u64(doc, "whole_free_pages", tr->whole_pages);
	if (tr->resident != UINT64_MAX)
		json_add_u64(doc, "whole_free_pages_resident", tr->resident);
	a = json_object_new_array();
	for (i = 0; i < tr->pins; i++)
		json_object_array_add(a, pin_json(h, s, &tr->pin[i]));
	json_object_object_add(doc, "pins", a);
	stack_notes(h, s);
	json_print(doc, h);
}

static int run(const struct common *c)
{
	struct stacks s = { 0 };
	struct error e, none;
	struct trim tr;
	struct heap h;

	if (cmd_open(c, &h, &e) || h.a->trim(&h, &tr, &e)) {
		heap_close(&h);
		return cmd_fail(&e);
	}
	target_thaw(h.t);
	if (!tr.top && h.t->partial && heap_has_started(&h)) {
		error_set(&e, "top, the last chunk of the heap, is not in this truncated core, so nobody can tell what keeps the break where it is; 'stats' and 'chunks' show what there is");
		heap_close(&h);
		return cmd_fail(&e);
	}
	/* Without them the call alone is told, as for modules that keep none. */
	if (tr.pins && h.k.stacks)
		stacks_read(h.t, &h.k, &s, &none);
	if (c->json) {
		print_json(&h, &s, &tr);
	} else if (!tr.top) {
		puts("This program has not used malloc's heap: there is no top chunk, and nothing to give back.");
		cmd_show_notes(&h);
	} else {
		print_numbers(&h, &tr);
		print_reasons(&h, &tr);
		print_pins(&h, &s, &tr);
		if (!tr.changed)
			print_trim(&tr);
		stack_notes(&h, &s);
		cmd_show_notes(&h);
	}
	stacks_free(&s);
	heap_close(&h);
	return EXIT_CLEAN;
}

const struct command cmd_why = {
	.name = "why",
	.args_doc = "PID",
	.brief = "why the break does not go down: what pins it",
	.doc = "Tell why the break stays where it is: top against the trim threshold, the chunks that pin it, and what malloc_trim() would give back.",
	.options = options,
	.parse = parse,
	.needs = NEED_TRIM,
	.run = run,
};
