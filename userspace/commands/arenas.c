// SPDX-License-Identifier: GPL-2.0
/* heapinfo arenas: main and thread arenas, their heaps and what is in them. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "heap/mmapped.h"
#include "heap/usage.h"

/* Chunks that the program has or had, as 'show' counts them: not top. */
static u64 chunks(const struct usage *u)
{
	return u->chunks_in_use + u->chunks_cached + u->chunks_free;
}

static const char *region_name(enum region_kind kind)
{
	static const char *const name[] = {
		[REGION_BRK] = "brk", [REGION_MMAP] = "mmap",
		[REGION_HEAP] = "heap",
	};

	return name[kind];
}

static void print_regions(const struct heap *h, size_t arena)
{
	char human[HUMAN_ROOM];
	size_t i;

	for (i = 0; i < h->regions; i++) {
		const struct region *r = &h->region[i];

		if (r->arena == arena)
			printf("      %-5s %#" PRIx64 "-%#" PRIx64 " %s%s\n",
			       region_name(r->kind), r->start, r->end,
			       text_human(human, r->end - r->start),
			       r->top ? ", with top" : "");
	}
}

static void print_text(const struct heap *h, const struct usages *usages,
		       const struct mmapped *m)
{
		char human[5][HUMAN_ROOM];
	size_t i;

	printf("%s%-5s %-16s %7s %10s %10s %10s %10s %10s %10s%s\n",
	       text_color(COLOR_BOLD), "ARENA", "ADDRESS", "THREADS", "SYSTEM",
	       "IN USE", "CACHED", "FREE", "TOP", "CHUNKS", text_plain());
	for (i = 0; i < h->arenas; i++) {
		const struct arena *a = &h->arena[i];
		const struct usage *u = &usages->arena[i];

		printf("%-5zu %#-16" PRIx64 " %7" PRIu64 " %10s %10s %10s %10s %10s %10" PRIu64 "%s%s\n",
		       i, a->addr, a->attached,
		       text_human(human[0], a->system_mem),
		       text_human(human[1], u->in_use),
		       text_human(human[2], u->cached),
		       text_human(human[3], u->free),
		       text_human(human[4], u->top), chunks(u),
		       a->main ? "  main" : "",
		       a->main && !a->contiguous ? ", not contiguous" : "");
		print_regions(h, i);
	}
	if (h->mmaps.known)
		printf("\nmmapped chunks: %" PRIu64 " with %s; %zu found%s\n",
		       h->mmaps.chunks, text_human(human[0], h->mmaps.bytes),
		       m->n, m->complete ? "" : m->ambiguous ?
		       "; other headers fit these numbers as well" :
		       m->n < h->mmaps.chunks ? ", the others are not known" :
		       "; which of these only look like chunks is not known");
	for (i = 0; i < m->n; i++)
		printf("      %#" PRIx64 " %12" PRIu64 " usable, mapping of %s\n",
		       m->chunk[i].addr, m->chunk[i].usable,
		       text_human(human[0], m->chunk[i].map_len));
	printf("%zu thread%s, %zu tcache%s found\n", h->threads,
	       text_s(h->threads), h->caches, text_s(h->caches));
}

static struct json_object *regions_json(const struct heap *h, size_t arena)
{
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < h->regions; i++) {
		if (h->region[i].arena != arena)
			continue;
		o = json_object_new_object();
		json_add_text(o, "kind", region_name(h->region[i].kind));
		json_add_address(o, "start", h->region[i].start);
		json_add_address(o, "first_chunk", h->region[i].first);
		json_add_address(o, "end", h->region[i].end);
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *arena_json(const struct heap *h, size_t i,
				      const struct usage *u)
{
	struct json_object *o = json_object_new_object();
	const struct arena *a = &h->arena[i];

	json_add_u64(o, "index", i);
	json_add_address(o, "address", a->addr);
	json_add_bool(o, "main", a->main);
	json_add_bool(o, "contiguous", a->contiguous);
	json_add_u64(o, "attached_threads", a->attached);
	json_add_u64(o, "system_mem", a->system_mem);
	json_add_u64(o, "max_system_mem", a->max_system_mem);
	json_add_address(o, "top", a->has_top ? a->top : 0);
	json_add_u64(o, "top_size", a->top_size);
	json_add_u64(o, "in_use", u->in_use);
	json_add_u64(o, "cached", u->cached);
	json_add_u64(o, "free", u->free);
	json_add_u64(o, "other", u->overhead + u->foreign + u->damaged);
	json_add_u64(o, "chunks", chunks(u));
	json_object_object_add(o, "regions", regions_json(h, i));
	return o;
}

static void print_json(const struct heap *h, const struct usages *usages,
		       const struct mmapped *m)
{
	struct json_object *doc = json_document(h, "arenas");
	struct json_object *a = json_object_new_array(), *o;
		size_t i;

	for (i = 0; i < h->arenas; i++)
		json_object_array_add(a, arena_json(h, i, &usages->arena[i]));
	json_object_object_add(doc, "arenas", a);
	a = json_object_new_array();
	for (i = 0; i < m->n; i++) {
		o = json_object_new_object();
		json_add_address(o, "address", m->chunk[i].addr);
		json_add_u64(o, "usable", m->chunk[i].usable);
		json_add_address(o, "mapping", m->chunk[i].map);
		json_add_u64(o, "mapping_bytes", m->chunk[i].map_len);
		json_object_array_add(a, o);
	}
	o = json_object_new_object();
	json_add_u64(o, "count", h->mmaps.chunks);
	json_add_u64(o, "bytes", h->mmaps.bytes);
	json_add_bool(o, "complete", m->complete);
	json_object_object_add(o, "found", a);
	json_object_object_add(doc, "mmapped", o);
	json_add_u64(doc, "threads", h->threads);
	json_add_u64(doc, "tcaches", h->caches);
	json_print(doc, h);
}

static int run(const struct common *c)
{
	struct mmapped m = { 0 };
	struct usages u;
	struct error e;
	struct heap h;

	if (cmd_open(c, &h, &e)) {
		heap_close(&h);
		return cmd_fail(&e);
	}
	usages_read(&h, &u);
	mmapped_find(&h, &m);
	target_thaw(h.t);
	if (c->json) {
		print_json(&h, &u, &m);
	} else {
		print_text(&h, &u, &m);
		cmd_show_notes(&h);
	}
	mmapped_free(&m);
	usages_free(&u);
	heap_close(&h);
	return EXIT_CLEAN;
}

const struct command cmd_arenas = {
	.name = "arenas",
	.args_doc = "PID",
	.brief = "main and thread arenas, their heaps, mmapped chunks",
	.needs = NEED_CHUNKS,
	.run = run,
};
