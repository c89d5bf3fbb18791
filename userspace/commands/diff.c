// SPDX-License-Identifier: GPL-2.0
/* heapinfo diff: what was allocated and freed between two snapshots. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "brk/brk_text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "heap/mmapped.h"
#include "heap/survey.h"

#define KEY_TOP 1
#define DEFAULT_TOP 10u

static u64 show_top = DEFAULT_TOP;

static const struct argp_option options[] = {
	{ "top", KEY_TOP, "N", 0,
	  "Show the N sizes that changed most, and the N largest new chunks (10)",
	  1 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != KEY_TOP)
		return ARGP_ERR_UNKNOWN;
	show_top = cmd_number(arg, state);
	return 0;
}

/* A chunk in use. */
struct used {
	u64 addr;
	u64 size;
};

struct total {
	u64 chunks;
	u64 bytes;
};

struct side {
	struct heap h;
	struct clocks clocks;
	struct used *used;	/* in order of address */
	size_t n;
	u64 system;		/* bytes of all regions and mmapped chunks */
	struct total in_use;
	struct total cached;
	struct total free;
};

/* What became of the chunks of one size. */
struct size_change {
	u64 size;
	struct total allocated;
	struct total freed;
};

struct diff {
	struct side a;
	struct side b;
	bool same;		/* one process: addresses can be compared */
	struct total allocated;
	struct total freed;
	struct total kept;
	struct total resized;	/* same address, other size; counts the new size */
	s64 resized_by;
	struct size_change *size;
	size_t sizes;
	struct used *fresh;	/* the largest allocated ones */
	size_t freshes;
};

static void count(struct total *t, u64 size)
{
	t->chunks++;
	t->bytes += size;
}

static void add_used(struct side *s, u64 addr, u64 size)
{
	s->used = xgrow(s->used, s->n, sizeof(*s->used));
	s->used[s->n++] = (struct used){ addr, size };
	count(&s->in_use, size);
}

static int take_batch(const struct batch *b, void *ctx)
{
	struct side *s = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];

		if (c->state == CHUNK_IN_USE)
			add_used(s, c->addr, c->size);
		else if (chunk_state_is_cached(c->state))
			count(&s->cached, c->size);
		else if (chunk_state_is_free(c->state))
			count(&s->free, c->size);
	}
	return 0;
}

static int by_addr(const void *a, const void *b)
{
	const struct used *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void read_side(struct side *s)
{
	struct survey sv = { .what = "diff", .fn = take_batch, .ctx = s };
	struct mmapped m;
	size_t i;

	survey(&s->h, &sv);
	survey_free(&sv);
	mmapped_find(&s->h, &m);
	for (i = 0; i < m.n; i++) {
		add_used(s, m.chunk[i].addr, m.chunk[i].map_len);
		s->system += m.chunk[i].map_len;
	}
	mmapped_free(&m);
	for (i = 0; i < s->h.regions; i++)
		s->system += s->h.region[i].end - s->h.region[i].start;
	/* compare() wants an array, even if there is no chunk. */
	if (!s->used)
		s->used = xcalloc(1, sizeof(*s->used));
	sort_array(s->used, s->n, sizeof(*s->used), by_addr);
	clocks_of(s->h.t, &s->clocks);
}

static int open_side(struct side *s, const char *path, struct error *e)
{
	const struct target_choice of = { .core = path };
	struct error why;

	if (!heap_open(&s->h, &of, cmd_diff.needs, &why))
		return 0;
	if (strstr(why.text, path))
		return error_set(e, "%s", why.text);
	return error_set(e, "%s: %.*s", path, 400, why.text);
}

/*
 * Are both heaps of one process?  ASLR gives each process other addresses; a
 * child after fork(2) has its parent's, and counts as the same process here.
 */
static bool same_process(const struct heap *a, const struct heap *b)
{
	return a->t->wordsize == b->t->wordsize &&
	       a->a == b->a && a->root == b->root && a->origin == b->origin &&
	       a->k.start_brk == b->k.start_brk;
}

static int by_size(const void *a, const void *b)
{
	const struct used *x = *(struct used *const *)a;
	const struct used *y = *(struct used *const *)b;

	return x->size < y->size ? -1 : x->size > y->size;
}

/* Chunks that only one side has. */
struct only {
	const struct used **used;
	size_t n;
};

static void add_only(struct only *o, const struct used *u)
{
	o->used = xgrow(o->used, o->n, sizeof(*o->used));
	o->used[o->n++] = u;
}

/*
 * In one process, a chunk at the same address on both sides is the same chunk.
 * In two processes, each chunk is on one side only.
 */
static void compare(struct diff *d, struct only *gone, struct only *fresh)
{
	const struct used *a = d->a.used, *a_end = a + d->a.n;
	const struct used *b = d->b.used, *b_end = b + d->b.n;

	while (a < a_end || b < b_end) {
		if (d->same && a < a_end && b < b_end && a->addr == b->addr) {
			if (a->size == b->size) {
				count(&d->kept, a->size);
			} else {
				count(&d->resized, b->size);
				d->resized_by += b->size - a->size;
			}
			a++;
			b++;
		} else if (b == b_end || (a < a_end && a->addr < b->addr)) {
			count(&d->freed, a->size);
			add_only(gone, a++);
		} else {
			count(&d->allocated, b->size);
			add_only(fresh, b++);
		}
	}
}

static s64 growth(const struct size_change *s)
{
	return s->allocated.bytes - s->freed.bytes;
}

/* The sizes that grew most first. */
static int by_growth(const void *a, const void *b)
{
	s64 x = growth(a), y = growth(b);

	return x > y ? -1 : x < y;
}

static void merge_sizes(struct diff *d, struct only *gone, struct only *fresh)
{
	size_t i = 0, j = 0;

	sort_array(gone->used, gone->n, sizeof(*gone->used), by_size);
	sort_array(fresh->used, fresh->n, sizeof(*fresh->used), by_size);
	while (i < gone->n || j < fresh->n) {
		struct size_change *s;
		u64 size = UINT64_MAX;

		if (i < gone->n)
			size = gone->used[i]->size;
		if (j < fresh->n)
			size = min_u64(size, fresh->used[j]->size);
		d->size = xgrow(d->size, d->sizes, sizeof(*d->size));
		s = &d->size[d->sizes++];
		*s = (struct size_change){ .size = size };
		for (; i < gone->n && gone->used[i]->size == size; i++)
			count(&s->freed, size);
		for (; j < fresh->n && fresh->used[j]->size == size; j++)
			count(&s->allocated, size);
	}
	sort_array(d->size, d->sizes, sizeof(*d->size), by_growth);
	d->freshes = min_u64(fresh->n, show_top);
	d->fresh = xcalloc(d->freshes, sizeof(*d->fresh));
	for (i = 0; i < d->freshes; i++)
		d->fresh[i] = *fresh->used[fresh->n - 1 - i];
}

static void make_diff(struct diff *d)
{
	struct only gone = { 0 }, fresh = { 0 };

	read_side(&d->a);
	read_side(&d->b);
	d->same = same_process(&d->a.h, &d->b.h);
	compare(d, &gone, &fresh);
	merge_sizes(d, &gone, &fresh);
	free(gone.used);
	free(fresh.used);
}

static void print_row(const char *name, u64 a, u64 b)
{
	char from[HUMAN_ROOM], to[HUMAN_ROOM], by[HUMAN_ROOM + 1];

	printf("  %-14s %10s -> %10s  %s\n", name, text_human(from, a),
	       text_human(to, b), text_change(by, b - a));
}

static void print_heading(const struct diff *d)
{
	const struct clocks *a = &d->a.clocks, *b = &d->b.clocks;
	char age[AGE_ROOM];

	printf("%s", text_color(COLOR_BOLD));
	text_safe(stdout, d->a.h.t->comm, sizeof(d->a.h.t->comm));
	printf("%s (%d)", text_plain(), (int)d->a.h.t->pid);
	if (!d->same) {
		fputs(" and ", stdout);
		text_safe(stdout, d->b.h.t->comm, sizeof(d->b.h.t->comm));
		printf(" (%d): two processes, compared by size only",
		       (int)d->b.h.t->pid);
	} else if (a->real_ns && b->real_ns >= a->real_ns) {
		printf(", %s apart", age_text(age, b->real_ns - a->real_ns));
	} else if (a->real_ns && b->real_ns) {
		fputs(": the second snapshot is the older one", stdout);
	}
	puts("\n");
}

static void print_total(const char *name, const struct total *t,
			const char *words)
{
	char human[HUMAN_ROOM];

	printf("  %-14s %10s in %" PRIu64 " chunk%s%s\n", name,
	       text_human(human, t->bytes), t->chunks,
	       t->chunks == 1 ? "" : "s", words);
}

static void print_sizes(const struct diff *d)
{
	char by[HUMAN_ROOM + 1];
	u64 shown = 0;
	size_t i;

	if (!d->sizes)
		return;
	printf("\n%s%12s %12s %12s %12s  %s%s\n", text_color(COLOR_BOLD),
	       "SIZE", "ALLOCATED", "FREED", "CHUNKS", "BYTES", text_plain());
	/* The most grown, then the most shrunk. */
	for (i = 0; i < d->sizes; i++) {
		const struct size_change *s = &d->size[i];

		if (i >= show_top && d->sizes - i > show_top)
			continue;
		printf("%12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %+12" PRId64 "  %s\n",
		       s->size, s->allocated.chunks, s->freed.chunks,
		       (s64)(s->allocated.chunks - s->freed.chunks),
		       text_change(by, growth(s)));
		shown++;
	}
	if (shown < d->sizes)
		printf("%12s %zu more sizes changed less; --top shows more\n",
		       "", d->sizes - shown);
}

static void print_text(const struct diff *d)
{
	char by[HUMAN_ROOM + 1];
	size_t i;

	print_heading(d);
	print_row("address space", d->a.system, d->b.system);
	print_row("in use", d->a.in_use.bytes, d->b.in_use.bytes);
	print_row("cached", d->a.cached.bytes, d->b.cached.bytes);
	print_row("free", d->a.free.bytes, d->b.free.bytes);
	putchar('\n');
	print_total("allocated", &d->allocated, d->same ? "" :
		    " of the second");
	print_total("freed", &d->freed, d->same ? "" : " of the first");
	if (d->same) {
		print_total("resized", &d->resized,
			    ", at the same address");
		if (d->resized.chunks)
			printf("  %-14s %10s\n", "",
			       text_change(by, d->resized_by));
		print_total("kept", &d->kept,
			    ", or freed and allocated again alike");
	}
	print_sizes(d);
	if (d->freshes && d->same)
		printf("\n%sLargest new chunks%s ('heapinfo chunk --core FILE ADDRESS' shows one)\n",
		       text_color(COLOR_BOLD), text_plain());
	for (i = 0; d->same && i < d->freshes; i++)
		printf("  %#" PRIx64 " %12" PRIu64 "\n", d->fresh[i].addr,
		       d->fresh[i].size);
}

static void add_total(struct json_object *o, const char *key,
		      const struct total *t)
{
	struct json_object *c = json_object_new_object();

	json_add_u64(c, "chunks", t->chunks);
	json_add_u64(c, "bytes", t->bytes);
	json_object_object_add(o, key, c);
}

static struct json_object *side_json(const struct side *s)
{
	struct json_object *o = json_object_new_object();

	json_add_u64(o, "pid", s->h.t->pid);
	json_add_text(o, "name", s->h.t->comm);
	if (s->clocks.real_ns)
		json_add_u64(o, "unix_ns", s->clocks.real_ns);
	json_add_u64(o, "address_space", s->system);
	add_total(o, "in_use", &s->in_use);
	add_total(o, "cached", &s->cached);
	add_total(o, "free", &s->free);
	return o;
}

static void print_json(const struct diff *d)
{
	struct json_object *doc = json_document(&d->b.h, "diff"), *a, *o;
	size_t i;

	json_add_bool(doc, "same_process", d->same);
	json_object_object_add(doc, "before", side_json(&d->a));
	json_object_object_add(doc, "after", side_json(&d->b));
	add_total(doc, "allocated", &d->allocated);
	add_total(doc, "freed", &d->freed);
	if (d->same) {
		add_total(doc, "kept", &d->kept);
		add_total(doc, "resized", &d->resized);
		json_add_s64(doc, "resized_by", d->resized_by);
	}
	a = json_object_new_array();
	for (i = 0; i < d->sizes; i++) {
		o = json_object_new_object();
		json_add_u64(o, "size", d->size[i].size);
		json_add_u64(o, "allocated", d->size[i].allocated.chunks);
		json_add_u64(o, "freed", d->size[i].freed.chunks);
		json_add_s64(o, "bytes", growth(&d->size[i]));
		json_object_array_add(a, o);
	}
	json_object_object_add(doc, "sizes", a);
	a = json_object_new_array();
	for (i = 0; d->same && i < d->freshes; i++) {
		o = json_object_new_object();
		json_add_address(o, "address", d->fresh[i].addr);
		json_add_u64(o, "size", d->fresh[i].size);
		json_object_array_add(a, o);
	}
	json_object_object_add(doc, "largest_new", a);
	json_print(doc, &d->b.h);
}

/* The JSON document ends with the notes of one heap: give it those of both. */
static void join_notes(struct diff *d)
{
	const struct notes *from = &d->a.h.notes;
	struct notes *to = &d->b.h.notes;
	const char *note = target_note(d->a.h.t);
	size_t i;

	for (i = 0; i < from->n; i++)
		notes_add(to, "%s", from->line[i]);
	if (note && !target_note(d->b.h.t))
		notes_add(to, "%s", note);
}

static void close_side(struct side *s)
{
	free(s->used);
	heap_close(&s->h);
}

static int run(const struct common *c)
{
	struct diff *d = xcalloc(1, sizeof(*d));
	struct error e;
	int ret = 0;

	if (c->args != 2)
		ret = error_set(&e, "diff wants two files that 'heapinfo snapshot' wrote, the older one first");
	if (!ret)
		ret = open_side(&d->a, c->arg[0], &e);
	if (!ret)
		ret = open_side(&d->b, c->arg[1], &e);
	if (!ret) {
		make_diff(d);
		if (c->json) {
			join_notes(d);
			print_json(d);
		} else {
			print_text(d);
			cmd_show_notes(&d->a.h);
			cmd_show_notes(&d->b.h);
		}
	}
	close_side(&d->a);
	close_side(&d->b);
	free(d->size);
	free(d->fresh);
	free(d);
	return ret ? cmd_fail(&e) : EXIT_CLEAN;
}

const struct command cmd_diff = {
	.name = "diff",
	.args_doc = "A B",
	.brief = "what was allocated and freed between two snapshots",
	.doc = "Compare two files that 'heapinfo snapshot' wrote, or any two core files: what was allocated, freed and resized between them, by size.",
	.options = options,
	.parse = parse,
	.no_target = true,
	.max_args = 2,
	.needs = NEED_CHUNKS,
	.run = run,
};
