// SPDX-License-Identifier: GPL-2.0
/* Show several processes one after the other, and sum up. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/document.h"
#include "commands/several.h"
#include "commands/sizes.h"

/* Sums over the processes that were shown; bytes where nothing else is said. */
struct sum {
	size_t shown;
	/* All memory of the processes; UINT64_MAX where not known of each. */
	bool memory;
	u64 mapped;
	u64 resident;
	u64 swapped;
	u64 proportional;
	/* Malloc's memory, of the processes of which it is known. */
	size_t known;
	struct usage malloc;
	u64 mmapped_chunks;
	u64 mmapped_bytes;
};

struct several {
	const struct common *c;
	const struct several_ops *ops;
	bool sums;	/* there is more than one to show, or there may be */
	struct sum sum;
	size_t left_out;
	/* Only with --json: */
	struct json_stream stream;	/* begun with the first that is shown */
	struct json_object *why;	/* of those that are left out */
};

/**
 * several_sums - are there sums at the end?
 * @s: the processes
 *
 * Return: true if so.
 */
bool several_sums(const struct several *s)
{
	return s->sums;
}

/**
 * several_json - is JSON to be printed?
 * @s: the processes
 *
 * Return: true if so.
 */
bool several_json(const struct several *s)
{
	return s->c->json;
}

/**
 * several_add_malloc - add malloc's memory of a process to the sums
 * @s: the processes
 * @h: the heap, with an allocator
 * @u: what its memory is used for
 */
void several_add_malloc(struct several *s, const struct heap *h,
			const struct usages *u)
{
	s->sum.known++;
	usage_add(&s->sum.malloc, &u->all);
	s->sum.mmapped_chunks += h->mmaps.chunks;
	s->sum.mmapped_bytes += h->mmaps.bytes;
}

static void add_known(u64 *to, bool known, u64 bytes)
{
	*to = known && *to != UINT64_MAX ? *to + bytes : UINT64_MAX;
}

/**
 * several_add_memory - add all memory of a process to the sums
 * @s: the processes
 * @mem: its memory
 */
void several_add_memory(struct several *s, const struct memory *mem)
{
	s->sum.memory = true;
	s->sum.mapped += mem->mapped;
	add_known(&s->sum.resident, mem->resident_known, mem->resident);
	add_known(&s->sum.swapped, mem->counted, mem->swapped);
	add_known(&s->sum.proportional, mem->counted, mem->proportional);
}

/**
 * several_notes - end the text of a process with its notes
 * @s: the processes
 * @h: the heap
 */
void several_notes(const struct several *s, const struct heap *h)
{
	if (s->sums)
		cmd_show_named_notes(h);
	else
		cmd_show_notes(h);
}

/* What a document of several processes begins with. */
static void start_document(struct several *s)
{
	struct json_object *head = json_object_new_object();

	json_add_text(head, "heapinfo", VERSION);
	json_add_text(head, "command", s->c->cmd->name);
	json_stream_start(&s->stream, stdout, head, "processes");
}

/**
 * several_document - print the document of a process, or make it part of one
 * @s: the processes
 * @doc: the document, from json_document(); freed
 * @h: the heap
 */
void several_document(struct several *s, struct json_object *doc,
		      const struct heap *h)
{
	if (!s->sums) {
		json_print(doc, h);
		return;
	}
	if (!s->stream.f)
		start_document(s);
	json_notes(doc, h);
	json_stream_add(&s->stream, doc);
}

static void add_why(struct several *s, pid_t pid, const struct error *e)
{
	struct json_object *o = json_object_new_object();

	if (pid)
		json_add_u64(o, "pid", pid);
	json_add_text(o, "why", e->text);
	json_object_array_add(s->why, o);
}

static void leave_out(struct several *s, pid_t pid, const struct error *e)
{
	struct error line;

	if (!s->sums) {
		cmd_fail(e);
		return;
	}
	s->left_out++;
	error_set(&line, "process %d is left out: %.440s", (int)pid, e->text);
	cmd_fail(&line);
	if (s->why)
		add_why(s, pid, e);
}

static void show_one(struct several *s, const struct chosen_process *p)
{
	struct common c = *s->c;
	struct error e;
	struct heap h;
	int ret;

	if (p)
		c.target.pid = p->pid;
	ret = cmd_open(&c, &h, &e);
	if (!ret && p && !chosen_is_same(p))
		ret = error_set(&e, "process %d has ended; 'ps -e' lists those that run",
				(int)p->pid);
	if (ret) {
		leave_out(s, c.target.pid, &e);
	} else {
		if (s->sums && !c.json && s->sum.shown)
			putchar('\n');
		s->sum.shown++;
		s->ops->show(s, &h);
	}
	heap_close(&h);
}

/* "\nMalloc's memory of 2 processes (1 left out)" */
static void heading(const struct several *s, const char *what, size_t of,
		    size_t unknown)
{
	printf("\n%s%s of %zu process%s", text_color(COLOR_BOLD), what, of,
	       of == 1 ? "" : "es");
	if (s->left_out || unknown) {
		fputs(" (", stdout);
		if (unknown)
			printf("unknown of %zu%s", unknown,
			       s->left_out ? ", " : "");
		if (s->left_out)
			printf("%zu left out", s->left_out);
		fputc(')', stdout);
	}
	printf("%s\n", text_plain());
}

static void memory_row(const char *name, u64 bytes, const char *words)
{
	char human[HUMAN_ROOM];

	printf("  %-14s %10s         %s\n", name, bytes == UINT64_MAX ?
	       "unknown" : text_human(human, bytes), words);
}

static void print_sum(const struct several *s)
{
	const struct sum *sum = &s->sum;
	char human[HUMAN_ROOM], words[80];

	if (sum->memory) {
		heading(s, "Memory", sum->shown, 0);
		snprintf(words, sizeof(words), "of %s mapped; shared pages count in each",
			 text_human(human, sum->mapped));
		memory_row("resident", sum->resident, words);
		memory_row("share", sum->proportional,
			   "shared pages divided among all who have them");
		if (sum->swapped && sum->swapped != UINT64_MAX)
			memory_row("swapped", sum->swapped, "");
	}
	heading(s, "Malloc's memory", sum->known, sum->shown - sum->known);
	if (sum->known)
		sizes_print(&sum->malloc, sum->mmapped_chunks,
			    sum->mmapped_bytes);
	if (s->ops->print_sum)
		s->ops->print_sum();
}

static struct json_object *memory_json(const struct sum *sum)
{
	struct json_object *o = json_object_new_object();

	json_add_u64(o, "mapped", sum->mapped);
	if (sum->resident != UINT64_MAX)
		json_add_u64(o, "resident", sum->resident);
	if (sum->proportional != UINT64_MAX)
		json_add_u64(o, "proportional", sum->proportional);
	if (sum->swapped != UINT64_MAX)
		json_add_u64(o, "swapped", sum->swapped);
	return o;
}

static void add_malloc(struct json_object *o, const struct sum *sum)
{
	json_object_object_add(o, "malloc", sizes_json(&sum->malloc));
	json_object_object_add(o, "mmapped",
			       sizes_total_json(sum->mmapped_chunks,
						sum->mmapped_bytes));
}

static void end_document(struct several *s)
{
	struct json_object *tail = json_object_new_object();
	struct json_object *o = json_object_new_object();
	const struct sum *sum = &s->sum;

	json_add_u64(o, "processes", sum->shown);
	json_add_u64(o, "left_out", s->left_out);
	json_add_u64(o, "malloc_known", sum->known);
	if (sum->memory)
		json_object_object_add(o, "memory", memory_json(sum));
	if (sum->known)
		add_malloc(o, sum);
	if (s->ops->sum_json)
		s->ops->sum_json(o);
	json_object_object_add(tail, "left_out", s->why);
	s->why = NULL;
	json_object_object_add(tail, "sum", o);
	json_stream_end(&s->stream, tail);
}

/**
 * several_run - run a command that can show several processes
 * @c: what the command was told
 * @ops: what it does for each process, and for all together
 *
 * A process that cannot be shown is left out, which is said on stderr.
 *
 * Return: EXIT_CLEAN, or EXIT_UNKNOWN where none could be shown.
 */
int several_run(const struct common *c, const struct several_ops *ops)
{
	struct several s = { .c = c, .ops = ops };
	size_t n = c->chosen.n, i;

	s.sums = c->json ? cmd_asks_many(c) : n + c->chosen.misses > 1;
	s.left_out = c->chosen.misses;
	if (c->json && s.sums) {
		s.why = json_object_new_array();
		for (i = 0; i < c->chosen.misses; i++)
			add_why(&s, 0, &c->chosen.miss[i]);
	}
	for (i = 0; i < n; i++)
		show_one(&s, &c->chosen.p[i]);
	if (!n)		/* a core, or a thread of a process that ends */
		show_one(&s, NULL);
	if (s.sums && s.sum.shown) {
		if (c->json)
			end_document(&s);
		else
			print_sum(&s);
	}
	json_object_put(s.why);
	return s.sum.shown ? EXIT_CLEAN : EXIT_UNKNOWN;
}
