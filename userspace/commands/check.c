// SPDX-License-Identifier: GPL-2.0
/* heapinfo check: is the heap damaged, where, and what would glibc say? */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "heap/allocator.h"

static void note_doubt(struct heap *h, const struct check *c)
{
	const char *why = "the heap changed while it was read";
	const char *what;

	if (h->t->doubt == DOUBT_TRUNCATED) {
		notes_add(&h->notes, "what looks wrong may only be missing, and what is missing was not looked at; check the disk space and 'ulimit -c' where the core was written");
		return;
	}
	if (c->held)
		why = h->t->doubt == DOUBT_MIDWAY ?
		      "the process was stopped, by a signal or a debugger, in the middle of malloc or free" :
		      "the process was stopped, by a signal or a debugger, perhaps in the middle of malloc or free";
	else if (h->t->doubt == DOUBT_MIDWAY)
		why = "a thread was stopped in the middle of malloc or free";
	else if (h->t->doubt == DOUBT_SNAPSHOT)
		why = "the process ran while the snapshot was taken";
	if (c->refused)
		what = " and the process could not be stopped to make sure; look again as root, while no debugger holds it";
	else if (h->t->doubt == DOUBT_RUNNING)
		what = "; look again when the process does less";
	else
		what = c->held ? "; look again when it goes on" :
		       h->t->live ? "; look again" :
				    "; 'heapinfo check --freeze' on the process tells";
	notes_add(&h->notes, "%s, so what looks wrong may be a change half done%s",
		  why, what);
}

/* Memory that was not found was not tested, so the heap cannot be called clean. */
static bool is_unsure(const struct heap *h, const struct check *c)
{
	return c->unsure || h->t->partial ||
	       ((h->missing || h->t->expired) && !c->findings.total);
}

static bool is_changing(const struct heap *h, const struct check *c)
{
	return c->unsure && h->t->live && !c->held;
}

static void print_text(const struct heap *h, const struct check *c)
{
	size_t shown = min_u64(c->findings.n, MAX_SHOWN), i;

	for (i = 0; i < shown; i++) {
		const struct finding *f = &c->findings.found[i];

		printf("%s%#" PRIx64 "%s: %s\n", text_color(COLOR_RED),
		       f->addr, text_plain(), f->text);
		if (f->words)
			printf("\t%s %s: \"%s\"\n", h->a->name, h->version,
			       f->words);
	}
	if (c->findings.total > shown)
		printf("... and %" PRIu64 " more\n",
		       c->findings.total - shown);
	printf("%s%s: %" PRIu64 " chunk%s in %zu arena%s, %" PRIu64 " on %" PRIu64 " free list%s, %zu mmapped; %" PRIu64 " violation%s\n",
	       is_unsure(h, c) && is_changing(h, c) ? "changing, " : "",
	       is_unsure(h, c) ? "not sure" : c->findings.total ? "damaged" : "clean",
	       c->chunks, text_s(c->chunks), h->arenas, text_s(h->arenas),
	       c->listed, c->lists, text_s(c->lists), c->mmapped.n,
	       c->findings.total, text_s(c->findings.total));
}

static void print_json(const struct heap *h, const struct check *c)
{
	struct json_object *doc = json_document(h, "check"), *a, *o;
	size_t i;

	json_add_text(doc, "result", is_unsure(h, c) ? "unsure" :
				     c->findings.total ? "damaged" : "clean");
	json_add_u64(doc, "chunks", c->chunks);
	json_add_u64(doc, "listed", c->listed);
	json_add_u64(doc, "mmapped", c->mmapped.n);
	json_add_u64(doc, "violations", c->findings.total);
	a = json_object_new_array();
	for (i = 0; i < min_u64(c->findings.n, MAX_SHOWN); i++) {
		const struct finding *f = &c->findings.found[i];

		o = json_object_new_object();
		json_add_address(o, "address", f->addr);
		json_add_text(o, "text", f->text);
		json_add_text(o, "glibc_says", f->words);
		json_object_array_add(a, o);
	}
	json_object_object_add(doc, "findings", a);
	json_print(doc, h);
}

static int run(const struct common *co)
{
	struct error e;
	struct check c = { 0 };
	struct heap h;
	int ret;

	if (cmd_open(co, &h, &e) || check_heap(&h, &c, &e)) {
		check_free(&c);
		heap_close(&h);
		return cmd_fail(&e);
	}
	target_thaw(h.t);
	ret = is_unsure(&h, &c) ? EXIT_UNKNOWN :
	      c.findings.total ? EXIT_DAMAGED : EXIT_CLEAN;
	if (c.unsure || h.t->partial)
		note_doubt(&h, &c);
	if (co->json) {
		print_json(&h, &c);
	} else {
		print_text(&h, &c);
		cmd_show_notes(&h);
	}
	check_free(&c);
	heap_close(&h);
	return ret;
}

const struct command cmd_check = {
	.name = "check",
	.args_doc = "PID",
	.brief = "test every invariant of malloc; exit status 1: damaged",
	.doc = "Test everything that glibc tests before it aborts, and more, on every chunk and every list, and go on after damage. Exit status: 0 clean, 1 damaged, 2 could not tell.",
	.needs = NEED_CHECK,
	.copies = 6,
	.run = run,
};
