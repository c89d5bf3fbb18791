// SPDX-License-Identifier: GPL-2.0
/* heapinfo map: a picture of the address space, and of the heap in it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "heap/areas.h"
#include "heap/cells.h"

#define KEY_ALL 1
#define KEY_WIDTH 2
#define KEY_ROWS 3
#define MIN_WIDTH 60u
#define MAX_WIDTH 400u
#define MAX_ROWS 10000u
#define COMFORTABLE 120u	/* wider pictures are no easier to read */
#define DEFAULT_WIDTH 80u
#define DEFAULT_ROWS 16u
#define MARGIN 19u		/* an address and a blank */

static struct {
	bool all;
	u64 width;
	u64 rows;
} opt = { .rows = DEFAULT_ROWS };

static const struct argp_option options[] = {
	{ "all", KEY_ALL, NULL, 0,
	  "Draw each mapping, not neighbouring ones as one", 1 },
	{ "width", KEY_WIDTH, "N", 0,
	  "Draw N columns wide (as the terminal, 120 at most; 80 in a pipe)",
	  1 },
	{ "rows", KEY_ROWS, "N", 0, "Draw the heap in about N rows (16)", 1 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_ALL:
		opt.all = true;
		return 0;
	case KEY_WIDTH:
		opt.width = cmd_number(arg, state);
		if (opt.width < MIN_WIDTH || opt.width > MAX_WIDTH)
			argp_error(state, "--width is %u to %u", MIN_WIDTH,
				   MAX_WIDTH);
		return 0;
	case KEY_ROWS:
		opt.rows = cmd_number(arg, state);
		if (!opt.rows || opt.rows > MAX_ROWS)
			argp_error(state, "--rows is 1 to %u", MAX_ROWS);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static unsigned int width(void)
{
	struct winsize ws;

	if (opt.width)
		return opt.width;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) || !ws.ws_col)
		return DEFAULT_WIDTH;
	if (ws.ws_col < MIN_WIDTH)
		return MIN_WIDTH;
	return min_u64(ws.ws_col, COMFORTABLE);
}

static enum color area_color(enum area_kind kind)
{
	static const enum color color[] = {
		[AREA_TEXT] = COLOR_GREEN, [AREA_RODATA] = COLOR_GREEN,
		[AREA_DATA] = COLOR_BLUE, [AREA_BSS] = COLOR_BLUE,
		[AREA_OFFSET] = COLOR_DIM, [AREA_HEAP] = COLOR_YELLOW,
		[AREA_MAPPINGS] = COLOR_NONE, [AREA_STACK] = COLOR_RED,
		[AREA_RESERVED] = COLOR_DIM, [AREA_BEYOND] = COLOR_DIM, [AREA_KERNEL] = COLOR_DIM,
		[AREA_UNMAPPED] = COLOR_DIM,
	};

	return color[kind];
}

static bool is_hole(const struct area *a)
{
	return a->kind == AREA_OFFSET || a->kind == AREA_UNMAPPED ||
	       a->kind == AREA_BEYOND;
}

/* A border at @addr; @above and @below may be NULL. */
static void print_border(u64 addr, const struct area *above,
			 const struct area *below, const char *says,
			 unsigned int w)
{
	bool open = (!above || is_hole(above)) && (!below || is_hole(below));
	unsigned int i, room = w - MARGIN - 2, len = says ? strlen(says) : 0;
	unsigned int from = room > len + 4 ? room - len - 4 : 0;

	printf("%#18" PRIx64 " +", addr);
	for (i = 0; i < room; i++) {
		if (len && i == from) {
			printf(" %s%s%s ", text_color(COLOR_BOLD), says,
			       text_plain());
			i += len + 1;
		} else {
			putchar(open ? ' ' : '-');
		}
	}
	puts("+");
}

static const char *area_words(const struct area *a, const struct heap *h,
			      char *buf, size_t room)
{
	const struct kernel_facts *k = &h->k;
	char human[HUMAN_ROOM];

	switch (a->kind) {
	case AREA_TEXT:
		return "text (program, executable)";
	case AREA_RODATA:
		return "read-only data (program)";
	case AREA_DATA:
		return "data (program)";
	case AREA_BSS:
		return "bss (program)";
	case AREA_HEAP:
		return "heap";
	case AREA_STACK:
		return "stack";
	case AREA_RESERVED:
		return "reserved: addresses only";
	case AREA_BEYOND:
		return "(no process can map these)";
	case AREA_UNMAPPED:
		return "";
	case AREA_OFFSET:
		if (!k->brk_window || k->brk_window_likely)
			return "offset of the heap";
		snprintf(buf, room, "offset of the heap, drawn from %s",
			 text_human(human, k->brk_window));
		return buf;
	default:
		return a->label;
	}
}

/* Columns for the name of an area, beside its size and what is resident. */
static int name_room(const struct areas *as, unsigned int w)
{
	return w - MARGIN - 4 - 11 - (as->counted ? 11 : 0);
}

static void print_area(const struct area *a, const struct heap *h,
		       const struct areas *as, unsigned int w)
{
	char buf[96], human[HUMAN_ROOM], resident[HUMAN_ROOM] = "", *safe;
	const char *words = area_words(a, h, buf, sizeof(buf));
	int room = name_room(as, w), len;
	char side = is_hole(a) ? '.' : a->kind == AREA_RESERVED ? ':' : '|';

	safe = text_safe_dup(words, strlen(words));
	len = strlen(safe);
	if (len > room)
		memcpy(safe + room - 3, "...", 4);
	if (a->counted && (a->kind != AREA_RESERVED || a->resident))
		text_human(resident, a->resident);
	printf("%*s%c %s%-*s %10s", (int)MARGIN, "", side,
	       text_color(area_color(a->kind)), room, safe,
	       a->kind == AREA_BEYOND ? "" :
	       text_human(human, a->end - a->start));
	if (as->counted)
		printf(" %10s", resident);
	printf("%s %c\n", text_plain(), side);
	free(safe);
}

/* The words for an address where two areas meet, or NULL. */
static const char *border_says(u64 addr, const struct kernel_facts *k)
{
	if (!k->known)
		return NULL;
	if (addr == k->start_brk)
		return k->brk == k->start_brk ?
		       /* of 35 characters at most: the narrowest map has 39 */
		       "start of heap = break: no heap yet" :
		       "start of the heap";
	return addr == align_up(k->brk, PAGE) ? "program break" : NULL;
}

/* With no heap so far, its start is shown in the middle of an unmapped area. */
static void print_area_or_start(const struct area *a, const struct heap *h,
				const struct areas *as, unsigned int w)
{
	u64 start = h->k.start_brk;
	struct area part = *a;

	if (!is_hole(a) || !h->k.known || h->k.brk != start ||
	    start <= a->start || start >= a->end) {
		print_area(a, h, as, w);
		return;
	}
	part.start = start;
	print_area(&part, h, as, w);
	print_border(start, a, a, border_says(start, &h->k), w);
	part.start = a->start;
	part.end = start;
	if (a->start == h->k.end_bss)
		part.kind = AREA_OFFSET;
	print_area(&part, h, as, w);
}

static void print_areas(const struct heap *h, const struct areas *as,
			unsigned int w)
{
	const struct area *above = NULL, *a = NULL;
	const char *says;
	size_t i;

	if (as->counted)
		printf("%s%*s %10s %10s%s\n", text_color(COLOR_BOLD),
		       (int)MARGIN + 2 + name_room(as, w), "", "SIZE",
		       "RESIDENT", text_plain());
	for (i = as->n; i; i--) {
		a = &as->area[i - 1];
		says = border_says(a->end, &h->k);
		print_border(a->end, above, a, says, w);
		print_area_or_start(a, h, as, w);
		above = a;
	}
	if (a)
		print_border(a->start, a, NULL, NULL, w);
	if (!h->k.known)
		return;
	printf("program break: %#" PRIx64 "%s\n", h->k.brk,
	       h->k.brk_exact ? "" : h->k.brk == h->k.start_brk ?
	       " (there is no [heap])" : " (the end of [heap])");
}

static enum color cell_color(enum cell_kind kind)
{
	static const enum color color[CELL_KINDS] = {
		[CELL_IN_USE] = COLOR_RED, [CELL_CACHED] = COLOR_YELLOW,
		[CELL_FREE] = COLOR_GREEN, [CELL_TOP] = COLOR_BLUE,
		[CELL_OTHER] = COLOR_DIM, [CELL_FOREIGN] = COLOR_BOLD,
		[CELL_DAMAGED] = COLOR_BOLD, [CELL_MIXED] = COLOR_NONE,
	};

	return color[kind];
}

static void print_cells(const struct cells *c, const struct cell_row *row,
			unsigned int w)
{
	unsigned int per_line = w - MARGIN - 2;
	enum cell_kind was = CELL_KINDS;
	size_t i;

	for (i = 0; i < row->n; i++) {
		if (i % per_line == 0) {
			printf("%s%s%#18" PRIx64 "  ",
			       was < CELL_KINDS ? text_plain() : "",
			       i ? "\n" : "",
			       row->region->start + i * c->cell_bytes);
			was = CELL_KINDS;
		}
		if (row->kind[i] != was)
			printf("%s%s", was < CELL_KINDS ? text_plain() : "",
			       text_color(cell_color(row->kind[i])));
		was = row->kind[i];
		putchar(cell_char(was));
	}
	printf("%s\n", was < CELL_KINDS ? text_plain() : "");
}

static void print_legend(const struct cells *c)
{
	char human[HUMAN_ROOM];
	unsigned int k;

	printf("\nOne character is %s, drawn as what holds three quarters of it:\n",
	       text_human(human, c->cell_bytes));
	for (k = 0; k < CELL_KINDS; k++)
		if (c->bytes[k])
			printf("  %s%c%s %-8s %10s\n",
			       text_color(cell_color(k)), cell_char(k),
			       text_plain(), cell_name(k),
			       text_human(human, c->bytes[k]));
	if (c->mixed)
		printf("  %c %s\n", cell_char(CELL_MIXED),
		       "mixed: nothing holds three quarters");
}

static const char *region_words(const struct heap *h, const struct region *r)
{
	if (r->kind == REGION_HEAP)
		return "heap of a thread arena";
	if (r->kind == REGION_MMAP)
		return "main arena, in a mapping and not from brk(2)";
	return h->arenas > 1 ? "main arena, the heap of brk(2)" : "heap";
}

static void print_heap(const struct heap *h, const struct cells *c,
		       unsigned int w)
{
	size_t i;

	for (i = 0; i < c->rows; i++) {
		const struct region *r = c->row[i].region;

		printf("\n%s%s%s %#" PRIx64 "-%#" PRIx64 "\n",
		       text_color(COLOR_BOLD), region_words(h, r),
		       text_plain(), r->start, r->end);
		print_cells(c, &c->row[i], w);
	}
	if (c->rows)
		print_legend(c);
}

static struct json_object *areas_json(const struct areas *as)
{
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < as->n; i++) {
		if (as->area[i].kind == AREA_BEYOND)
			continue;
		o = json_object_new_object();
		json_add_text(o, "kind", area_kind_name(as->area[i].kind));
		json_add_address(o, "start", as->area[i].start);
		json_add_address(o, "end", as->area[i].end);
		json_add_u64(o, "bytes",
			     as->area[i].end - as->area[i].start);
		json_add_u64(o, "mappings", as->area[i].mappings);
		if (as->area[i].counted) {
			json_add_u64(o, "resident", as->area[i].resident);
			json_add_u64(o, "swapped", as->area[i].swapped);
		}
		json_add_text(o, "label", as->area[i].label);
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *cells_json(const struct cells *c)
{
	struct json_object *all = json_object_new_object();
	struct json_object *a = json_object_new_array(), *o;
	struct json_object *legend = json_object_new_object();
	char key[2] = "", *line;
	unsigned int k;
	size_t i, j;

	json_add_u64(all, "cell_bytes", c->cell_bytes);
	for (k = 0; k < CELL_KINDS; k++) {
		key[0] = cell_char(k);
		json_add_text(legend, key, cell_name(k));
	}
	json_object_object_add(all, "legend", legend);
	for (i = 0; i < c->rows; i++) {
		const struct cell_row *row = &c->row[i];

		line = xcalloc(row->n + 1, 1);
		for (j = 0; j < row->n; j++)
			line[j] = cell_char(row->kind[j]);
		o = json_object_new_object();
		json_add_address(o, "start", row->region->start);
		json_add_address(o, "end", row->region->end);
		json_add_text(o, "cells", line);
		json_object_array_add(a, o);
		free(line);
	}
	json_object_object_add(all, "regions", a);
	return all;
}

static void print_json(const struct heap *h, const struct areas *as,
		       const struct cells *c)
{
	struct json_object *doc = json_document(h, "map");

	if (h->k.known) {
		json_add_address(doc, "start_brk", h->k.start_brk);
		json_add_address(doc, "break", h->k.brk);
		json_add_bool(doc, "break_exact", h->k.brk_exact);
	}
	json_object_object_add(doc, "areas", areas_json(as));
	if (h->a)
		json_object_object_add(doc, "heap", cells_json(c));
	json_print(doc, h);
}

static int run(const struct common *c)
{
	struct cells cells = { 0 };
	unsigned int w = width();
	struct areas areas;
	struct error e;
	struct heap h;

	if (cmd_open(c, &h, &e)) {
		heap_close(&h);
		return cmd_fail(&e);
	}
	areas_find(&h, opt.all, &areas);
	areas_count(&h, &areas);
	if (h.a)
		cells_count(&h, &cells, opt.rows * (w - MARGIN - 2));
	target_thaw(h.t);
	if (c->json) {
		print_json(&h, &areas, &cells);
	} else {
		printf("%s", text_color(COLOR_BOLD));
		text_safe(stdout, h.t->comm, sizeof(h.t->comm));
		printf("%s (%d), the highest address on top, not to scale\n\n",
		       text_plain(), (int)h.t->pid);
		print_areas(&h, &areas, w);
		if (h.a)
			print_heap(&h, &cells, w);
		else
			printf("\n%s\n", h.why_not);
		cmd_show_notes(&h);
	}
	cells_free(&cells);
	areas_free(&areas);
	heap_close(&h);
	return EXIT_CLEAN;
}

const struct command cmd_map = {
	.name = "map",
	.args_doc = "PID",
	.brief = "a picture of the address space, and of the heap in it",
	.doc = "Draw the address space, highest address on top, with what of it is in memory and what is only reserved, and below it the heap as characters: one is a run of pages, by what holds most of it.",
	.options = options,
	.parse = parse,
	.run = run,
};
