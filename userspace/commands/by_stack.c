// SPDX-License-Identifier: GPL-2.0
/*
 * Add up by how much the heap grew, by the functions on the stacks: as a tree from where
 * the threads began, with the share of each branch; or as the lines that flame graph
 * tools read.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "brk/stack_text.h"
#include "commands/by_stack.h"

#define SMALL 100u	/* a branch with less than this part of all is small */
#define MAX_DEPTH 2048u

struct node {
	char *label;
	char *file;	/* its path; "" where it is in none */
	u64 bytes;
	u64 events;
	struct node **child;
	size_t n;
};

struct by_stack {
	struct node root;
};

static struct node *child_of(struct node *n, const char *label,
			     const char *file)
{
	struct node *c;
	size_t i;

	for (i = 0; i < n->n; i++)
		if (!strcmp(n->child[i]->label, label) &&
		    !strcmp(n->child[i]->file, file))
			return n->child[i];
	c = xcalloc(1, sizeof(*c));
	c->label = xstrdup(label);
	c->file = xstrdup(file);
	n->child = xgrow(n->child, n->n, sizeof(*n->child));
	n->child[n->n++] = c;
	return c;
}

static void add_to(struct node *n, const struct brk_event *e)
{
	n->bytes += e->delta;
	n->events++;
}

/* From the outermost function inwards; first that the outermost ones are not known. */
static void add_stack(struct by_stack *b, const struct frames *f,
		      const struct brk_event *e, bool all)
{
	struct stack_calls calls;
	struct node *n = &b->root;
	size_t i;

	stack_calls(f, all, &calls);
	if (calls.end != UNWIND_WHOLE) {
		n = child_of(n, "[not known]", "");
		add_to(n, e);
	}
	for (i = calls.n; i--;) {
		const struct code_file *file = calls.call[i].frame->place->file;

		n = child_of(n, calls.call[i].label,
			     file ? file->mod.path : "");
		add_to(n, e);
	}
	stack_calls_free(&calls);
}

/**
 * by_stack_make - add up what grew the heap
 * @s: the stacks
 * @event: the events
 * @events: how many
 * @all: with libc's functions one by one
 *
 * Return: the sums, for by_stack_free().
 */
struct by_stack *by_stack_make(struct stacks *s, const struct brk_event *event,
			       size_t events, bool all)
{
	struct by_stack *b = xcalloc(1, sizeof(*b));
	size_t i;

	for (i = 0; i < events; i++) {
		const struct brk_event *e = &event[i];
		const struct frames *f;

		if (e->delta <= 0)
			continue;
		add_to(&b->root, e);
		f = stacks_frames(s, e->stack);
		if (f)
			add_stack(b, f, e, all);
		else
			add_to(child_of(&b->root, "[no stack]", ""), e);
	}
	return b;
}

static void free_children(struct node *n)
{
	size_t i;

	for (i = 0; i < n->n; i++) {
		free_children(n->child[i]);
		free(n->child[i]->label);
		free(n->child[i]->file);
		free(n->child[i]);
	}
	free(n->child);
}

/**
 * by_stack_free - free the sums
 * @b: from by_stack_make()
 */
void by_stack_free(struct by_stack *b)
{
	free_children(&b->root);
	free(b);
}

static int by_bytes(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a;
	const struct node *y = *(const struct node *const *)b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->label, y->label);
}

/* The branches in order, the largest first; for free(). */
static struct node **sorted(const struct node *n)
{
	struct node **list = xcalloc(n->n, sizeof(*list));

	if (n->n)
		memcpy(list, n->child, n->n * sizeof(*list));
	sort_array(list, n->n, sizeof(*list), by_bytes);
	return list;
}

static void print_node(const struct by_stack *b, const struct node *n,
		       unsigned int depth, bool begins, bool all)
{
	char human[HUMAN_ROOM];
	struct node **list;
	unsigned int in;
	u64 hidden = 0;
	size_t i, left_out = 0;

	if (begins)
		printf("%9s %5.1f%%  %6" PRIu64 "  ",
		       text_human(human, n->bytes),
		       100.0 * n->bytes / b->root.bytes, n->events);
	else
		printf("%9s  %5s  %6s  ", "", "", "");
	printf("%*s%s\n", 2 * (int)depth, "", n->label);
	/* A function with one caller below it stands in the same column. */
	begins = n->n > 1 || (n->n == 1 && n->child[0]->bytes != n->bytes);
	in = depth + begins;
	list = sorted(n);
	for (i = 0; i < n->n; i++) {
		if (!all && begins && list[i]->bytes < b->root.bytes / SMALL) {
			hidden += list[i]->bytes;
			left_out++;
			continue;
		}
		print_node(b, list[i], in, begins, all);
	}
	if (left_out)
		printf("%9s %5.1f%%  %6s  %*s(%zu smaller; -v shows them)\n",
		       text_human(human, hidden),
		       100.0 * hidden / b->root.bytes, "", 2 * (int)in, "",
		       left_out);
	free(list);
}

/**
 * by_stack_print - print the tree
 * @b: the sums
 * @all: also branches with less than a hundredth of all
 */
void by_stack_print(const struct by_stack *b, bool all)
{
	const struct node *root = &b->root;
	char human[HUMAN_ROOM];
	struct node **list;
	size_t i;

	if (!root->events) {
		puts("No event that is kept grew the heap.");
		return;
	}
	printf("The %" PRIu64 " event%s that %s kept and grew the heap did so by %s:\n\n",
	       root->events, text_s(root->events),
	       root->events == 1 ? "is" : "are",
	       text_human(human, root->bytes));
	printf("%s%9s  %5s  %6s  %s%s\n", text_color(COLOR_BOLD), "GROWN",
	       "SHARE", "EVENTS", "BY", text_plain());
	list = sorted(root);
	for (i = 0; i < root->n; i++)
		print_node(b, list[i], 0, true, all);
	free(list);
}

/* The way from the root to a node. */
struct trail {
	const struct node *node[MAX_DEPTH];
	size_t n;
};

typedef void folded_fn(const struct trail *t, u64 bytes, void *ctx);

/* Hand on each way to where a stack ends, with what its own stacks grew the heap by. */
static void each_folded(const struct node *n, struct trail *t, folded_fn *fn,
			void *ctx)
{
	u64 own = n->bytes;
	size_t i;

	if (t->n == MAX_DEPTH)
		return;
	t->node[t->n++] = n;
	for (i = 0; i < n->n; i++) {
		own -= n->child[i]->bytes;
		each_folded(n->child[i], t, fn, ctx);
	}
	if (own)
		fn(t, own, ctx);
	t->n--;
}

static void all_folded(const struct by_stack *b, folded_fn *fn, void *ctx)
{
	struct trail *t = xcalloc(1, sizeof(*t));
	size_t i;

	for (i = 0; i < b->root.n; i++)
		each_folded(b->root.child[i], t, fn, ctx);
	free(t);
}

/* A ";" ends a function there; names of C++ with lambdas have some. */
static void print_line(const struct trail *t, u64 bytes, void *ctx)
{
	const char *c;
	size_t i;

	(void)ctx;
	for (i = 0; i < t->n; i++) {
		if (i)
			putchar(';');
		for (c = t->node[i]->label; *c; c++)
			putchar(*c == ';' ? ':' : *c);
	}
	printf(" %" PRIu64 "\n", bytes);
}

/**
 * by_stack_print_folded - print a line for each stack, as flame graph tools read it
 * @b: the sums
 */
void by_stack_print_folded(const struct by_stack *b)
{
	all_folded(b, print_line, NULL);
}

static struct json_object *node_json(const struct node *n);

/* What a function called, the largest first. */
static struct json_object *calls_json(const struct node *n)
{
	struct json_object *a = json_object_new_array();
	struct node **list = sorted(n);
	size_t i;

	for (i = 0; i < n->n; i++)
		json_object_array_add(a, node_json(list[i]));
	free(list);
	return a;
}

static struct json_object *node_json(const struct node *n)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "function", n->label);
	json_add_text(o, "file", n->file[0] ? n->file : NULL);
	json_add_u64(o, "bytes", n->bytes);
	json_add_u64(o, "events", n->events);
	json_object_object_add(o, "calls", calls_json(n));
	return o;
}

/**
 * by_stack_json - the tree as JSON
 * @b: the sums
 *
 * Return: a new object, whose calls are the functions that threads began with.
 */
struct json_object *by_stack_json(const struct by_stack *b)
{
	struct json_object *o = json_object_new_object();

	json_add_u64(o, "bytes", b->root.bytes);
	json_add_u64(o, "events", b->root.events);
	json_object_object_add(o, "calls", calls_json(&b->root));
	return o;
}

static void add_folded(const struct trail *t, u64 bytes, void *ctx)
{
	struct json_object *o = json_object_new_object();
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = 0; i < t->n; i++)
		json_append_text(a, t->node[i]->label);
	json_object_object_add(o, "functions", a);
	json_add_u64(o, "bytes", bytes);
	json_object_array_add(ctx, o);
}

/**
 * by_stack_folded_json - the lines as JSON
 * @b: the sums
 *
 * Return: a new array.
 */
struct json_object *by_stack_folded_json(const struct by_stack *b)
{
	struct json_object *a = json_object_new_array();

	all_folded(b, add_folded, a);
	return a;
}
