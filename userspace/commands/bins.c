// SPDX-License-Identifier: GPL-2.0
/* heapinfo bins: every free list, checked both ways. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "heap/survey.h"

static int ignore(const struct batch *b, void *ctx)
{
	(void)b;
	(void)ctx;
	return 1;	/* the lists alone: no walk */
}

static void owner_name(const struct heap *h, const struct list *l, char *buf,
		       size_t room)
{
	if (!l->of_thread)
		snprintf(buf, room, "arena %zu", l->owner);
	else if (h->cache[l->owner].tid)
		snprintf(buf, room, "thread %d",
			 (int)h->cache[l->owner].tid);
	else
		snprintf(buf, room, "tcache %#" PRIx64,
			 h->cache[l->owner].addr);
}

static void size_range(const struct list *l, char *buf, size_t room)
{
	if (!l->count)
		snprintf(buf, room, "-");
	else if (l->min_size == l->max_size)
		snprintf(buf, room, "%" PRIu64, l->min_size);
	else
		snprintf(buf, room, "%" PRIu64 "..%" PRIu64, l->min_size,
			 l->max_size);
}

static void print_faults(const struct heap *h, const struct findings *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		printf("%s%#" PRIx64 "%s: %s\n", text_color(COLOR_RED),
		       f->found[i].addr, text_plain(), f->found[i].text);
		if (f->found[i].words)
			printf("\t%s would say: \"%s\"\n", h->a->name,
			       f->found[i].words);
	}
}

static void print_text(const struct heap *h, const struct lists *ls)
{
	char owner[48], sizes[48], human[HUMAN_ROOM];
	u64 count = 0, bytes = 0;
	size_t i;

	printf("%s%-16s %-9s %4s %18s %10s %12s  %-18s %s%s\n",
	       text_color(COLOR_BOLD), "OWNER", "LIST", "BIN", "SIZES",
	       "CHUNKS", "BYTES", "FIRST", "CHECK", text_plain());
	for (i = 0; i < ls->n; i++) {
		const struct list *l = &ls->list[i];

		owner_name(h, l, owner, sizeof(owner));
		size_range(l, sizes, sizeof(sizes));
		printf("%-16s %-9s %4u %18s %10" PRIu64 " %12" PRIu64 "  %#-18" PRIx64 " %s\n",
		       owner, l->name, l->index, sizes,
		       l->count, l->bytes, l->head,
		       l->faults ? "DAMAGED" : "sound");
		count += l->count;
		bytes += l->bytes;
	}
	printf("%zu lists, %" PRIu64 " chunks, %s; %zu tcaches, %zu arenas\n",
	       ls->n, count, text_human(human, bytes), h->caches,
	       h->arenas);
}

static struct json_object *list_json(const struct heap *h,
				     const struct list *l)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "kind", l->name);
	if (l->of_thread) {
		json_add_u64(o, "thread", h->cache[l->owner].tid);
		json_add_address(o, "tcache", h->cache[l->owner].addr);
		json_add_u64(o, "counter", l->claimed);
	} else {
		json_add_u64(o, "arena", l->owner);
	}
	json_add_u64(o, "bin", l->index);
	json_add_u64(o, "chunks", l->count);
	json_add_u64(o, "bytes", l->bytes);
	json_add_u64(o, "min_size", l->min_size);
	json_add_u64(o, "max_size", l->max_size);
	json_add_address(o, "first", l->head);
	json_add_bool(o, "sound", !l->faults);
	return o;
}

static void print_json(const struct heap *h, const struct lists *ls)
{
	struct json_object *doc = json_document(h, "bins");
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = 0; i < ls->n; i++)
		json_object_array_add(a, list_json(h, &ls->list[i]));
	json_object_object_add(doc, "lists", a);
	json_print(doc, h);
}

static int run(const struct common *c)
{
	struct findings found = { 0 };
	struct survey s = { .what = "bins", .all_lists = true,
			    .findings = &found, .fn = ignore };
	struct error e;
	struct heap h;

	if (cmd_open(c, &h, &e)) {
		heap_close(&h);
		return cmd_fail(&e);
	}
	survey(&h, &s);
	target_thaw(h.t);
	if (c->json) {
		print_json(&h, &s.lists);
	} else {
		print_text(&h, &s.lists);
		print_faults(&h, &found);
		cmd_show_notes(&h);
	}
	survey_free(&s);
	findings_free(&found);
	heap_close(&h);
	return EXIT_CLEAN;
}

const struct command cmd_bins = {
	.name = "bins",
	.args_doc = "PID",
	.brief = "every free list, checked both ways",
	.doc = "Show every free list that is not empty: the tcache of each thread, and the fastbins, the unsorted list, the small and the large bins of each arena.",
	.needs = NEED_LISTS,
	.run = run,
};
