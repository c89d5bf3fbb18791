// SPDX-License-Identifier: GPL-2.0
/* heapinfo bins: every free list, checked both ways. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "heap/confirm.h"
#include "heap/survey.h"

/* What is known of the lists that were not in order when they were followed. */
struct verdict {
	struct findings wrong;	/* damage */
	struct findings open;	/* damage, or a change half done */
	bool certain;		/* nothing could change: all of it is damage */
	bool truncated;		/* what looks like damage may only be missing */
	size_t damaged;
	size_t changing;
	size_t incomplete;
};

/* In the column CHECK, and in JSON. */
static const char *const check_text[] = {
	"sound", "DAMAGED", "changing", "incomplete"
};

static const char *const check_json[] = {
	"sound", "damaged", "changing", "incomplete"
};

enum { SOUND, DAMAGED, CHANGING, INCOMPLETE };

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

static bool may_have_changed(const struct heap *h)
{
	return h->t->doubt == DOUBT_RUNNING || h->t->doubt == DOUBT_MIDWAY ||
	       h->t->doubt == DOUBT_SNAPSHOT;
}

static int check_of(const struct list *l, const struct verdict *v)
{
	return !l->faults ? SOUND : v->truncated ? INCOMPLETE :
	       v->certain || findings_at(&v->wrong, &l->at) ? DAMAGED : CHANGING;
}

/* A process that runs is stopped for a moment, to look at those lists again. */
static void judge(struct heap *h, const struct lists *ls,
		  const struct findings *found, struct verdict *v)
{
	bool refused = false;
	size_t i;

	v->certain = !may_have_changed(h);
	v->truncated = h->t->doubt == DOUBT_TRUNCATED;
	findings_take(v->certain ? &v->wrong : &v->open, found);
	if (v->open.n && h->t->live && !h->t->freeze_ns)
		refused = heap_confirm(h, &v->open, &v->wrong);
	for (i = 0; i < ls->n; i++) {
		v->damaged += check_of(&ls->list[i], v) == DAMAGED;
		v->changing += check_of(&ls->list[i], v) == CHANGING;
		v->incomplete += check_of(&ls->list[i], v) == INCOMPLETE;
	}
	if (v->incomplete)
		notes_add(&h->notes, "%zu list%s could not be followed to the end: there is damage, or memory that is missing in the truncated core",
			  v->incomplete, text_s(v->incomplete));
	if (v->changing)
		notes_add(&h->notes, "%zu list%s %s not in order when followed, %s: what is shown of them is of no one moment%s",
			  v->changing, text_s(v->changing),
			  v->changing == 1 ? "was" : "were", refused ?
			  "and the process could not be stopped to tell damage from a change half done" :
			  "as they are while malloc changes them",
			  h->t->doubt == DOUBT_RUNNING ?
			  "; --freeze gives an exact answer" : "");
}

static void print_faults(const struct heap *h, const struct findings *f)
{
	size_t i;

	for (i = 0; i < min_u64(f->n, MAX_SHOWN); i++) {
		printf("%s%#" PRIx64 "%s: %s\n", text_color(COLOR_RED),
		       f->found[i].addr, text_plain(), f->found[i].text);
		if (f->found[i].words)
			printf("\t%s would say: \"%s\"\n", h->a->name,
			       f->found[i].words);
	}
}

static void print_sums(const struct heap *h, const struct lists *ls,
		       const struct verdict *v)
{
	u64 count = 0, bytes = 0;
	char human[HUMAN_ROOM];
	size_t i;

	for (i = 0; i < ls->n; i++) {
		count += ls->list[i].count;
		bytes += ls->list[i].bytes;
	}
	printf("%zu list%s, %" PRIu64 " chunk%s, %s; %zu tcache%s, %zu arena%s",
	       ls->n, text_s(ls->n), count, text_s(count),
	       text_human(human, bytes), h->caches, text_s(h->caches),
	       h->arenas, text_s(h->arenas));
	if (v->damaged || v->changing)
		printf("; %zu damaged, %zu changing", v->damaged, v->changing);
	if (v->incomplete)
		printf("; %zu incomplete", v->incomplete);
	putchar('\n');
}

static void print_text(const struct heap *h, const struct lists *ls,
		       const struct verdict *v)
{
	char owner[48], sizes[48];
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
		       check_text[check_of(l, v)]);
	}
	print_sums(h, ls, v);
}

static struct json_object *list_json(const struct heap *h,
				     const struct list *l,
				     const struct verdict *v)
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
	json_add_text(o, "check", check_json[check_of(l, v)]);
	return o;
}

static void print_json(const struct heap *h, const struct lists *ls,
		       const struct verdict *v)
{
	struct json_object *doc = json_document(h, "bins");
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = 0; i < ls->n; i++)
		json_object_array_add(a, list_json(h, &ls->list[i], v));
	json_object_object_add(doc, "lists", a);
	json_add_u64(doc, "damaged", v->damaged);
	json_add_u64(doc, "changing", v->changing);
	json_add_u64(doc, "incomplete", v->incomplete);
	json_print(doc, h);
}

static int run(const struct common *c)
{
	struct findings found = { 0 };
	struct verdict v = { 0 };
	struct survey s = { .what = "bins", .all_lists = true,
			    .findings = &found, .fn = ignore };
	struct error e;
	struct heap h;
	int ret;

	if (cmd_open(c, &h, &e)) {
		heap_close(&h);
		return cmd_fail(&e);
	}
	survey(&h, &s);
	judge(&h, &s.lists, &found, &v);
	target_thaw(h.t);
	if (c->json) {
		print_json(&h, &s.lists, &v);
	} else {
		print_text(&h, &s.lists, &v);
		if (!v.truncated)
			print_faults(&h, &v.wrong);
		cmd_show_notes(&h);
	}
	ret = v.damaged ? EXIT_DAMAGED :
	      v.incomplete ? EXIT_UNKNOWN : EXIT_CLEAN;
	survey_free(&s);
	findings_free(&found);
	findings_free(&v.wrong);
	findings_free(&v.open);
	heap_close(&h);
	return ret;
}

const struct command cmd_bins = {
	.name = "bins",
	.args_doc = "PID",
	.brief = "every free list, checked both ways",
	.doc = "Show every free list that is not empty: the tcache of each thread, and the fastbins, the unsorted list, the small and the large bins of each arena. Exit status: 1 if a list is damaged, 2 if that cannot be told.",
	.needs = NEED_LISTS,
	.run = run,
};
