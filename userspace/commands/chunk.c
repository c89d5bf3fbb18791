// SPDX-License-Identifier: GPL-2.0
/* heapinfo chunk PID ADDRESS: which chunk holds this address? */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "heap/chunk_out.h"
#include "heap/mmapped.h"
#include "heap/survey.h"

#define DEFAULT_HEXDUMP 64u
#define KEY_HEXDUMP 1

static u64 hexdump = DEFAULT_HEXDUMP;
static u64 wanted;

static const struct argp_option options[] = {
	{ "hexdump", KEY_HEXDUMP, "N", 0,
	  "Show the first N bytes of the chunk (64)", 1 },
	{ 0 }
};

struct answer {
	bool found;
	struct chunk c;
	u8 bytes[MAX_HEXDUMP];
	size_t len;
	struct json_object *json;
};

/*
 * While a chunk is in use, the first bytes of the next chunk's header are the
 * last of its user memory.
 */
static bool belongs_to_previous(const struct heap *h, const struct chunk *c)
{
	return wanted - c->addr < h->shared && c->flags & PREV_INUSE &&
	       !(c->flags & IS_MMAPPED) && c->state != CHUNK_DAMAGED;
}

/*
 * The walk begins a little before the address, so it may give the chunk before,
 * too: take that one if the address is its memory.
 */
static int take(const struct batch *b, void *ctx)
{
	struct answer *a = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];

		if (c->addr > wanted ||
		    (a->found && c->addr <= wanted &&
		     belongs_to_previous(b->h, c)))
			break;
		if (a->json)
			json_object_put(a->json);
		a->found = true;
		a->c = *c;
		a->len = target_read(b->h->t, c->addr, a->bytes,
				     min_u64(hexdump, c->size));
		a->json = chunk_json(b, c, hexdump);
	}
	return 0;
}

static const char *part_of(const struct heap *h, const struct chunk *c)
{
	u64 off = wanted - c->addr;

	if (c->state == CHUNK_DAMAGED)
		return "in a damaged part of the heap";
	if (off >= c->size)
		return "in the last usable word of this chunk, which is the first of the next one's header";
	if (c->state == CHUNK_FOREIGN)
		return "in memory that somebody else took with sbrk()";
	if (off < h->header)
		return "in the header of this chunk";
	if (c->state == CHUNK_TOP)
		return "in the top chunk, which malloc has not given out yet";
	return "in this chunk";
}

static void print_flags(const struct chunk *c)
{
	fputs("flags      ", stdout);
	if (c->flags & PREV_INUSE)
		fputs(" prev_inuse", stdout);
	if (c->flags & IS_MMAPPED)
		fputs(" mmapped", stdout);
	if (c->flags & NON_MAIN_ARENA)
		fputs(" non_main", stdout);
	puts(c->flags ? "" : " none");
}

static void print_text(const struct heap *h, const struct answer *a)
{
	const struct region *r = &h->region[a->c.region];
	const struct thread_cache *cache = chunk_cache(h, &a->c);
	u64 user = a->c.addr + h->header;
	char whose[CACHE_TEXT];

	printf("%#" PRIx64 " lies %s", wanted, part_of(h, &a->c));
	if (wanted >= user)
		printf(", %" PRIu64 " bytes into the user's part",
		       wanted - user);
	printf("\n\nchunk       %#" PRIx64 "\nuser part   %#" PRIx64 "\n"
	       "size        %" PRIu64 " (%" PRIu64 " usable)\n"
	       "state       %s%s%s\n",
	       a->c.addr, user, a->c.size,
	       a->c.size > heap_overhead(h) ?
	       a->c.size - heap_overhead(h) : 0,
	       chunk_state_name(a->c.state), cache ? ": " : "",
	       cache ? chunk_cache_text(cache, whose, sizeof(whose)) : "");
	print_flags(&a->c);
	printf("arena       %zu, at %#" PRIx64 "%s\n", r->arena,
	       h->arena[r->arena].addr,
	       h->arena[r->arena].main ? " (main)" : "");
	fputs("bytes       ", stdout);
	text_hexdump(stdout, a->bytes, a->len);
	putchar('\n');
}

static void print_mmapped(struct heap *h, const struct mmapped_chunk *m)
{
	printf("%#" PRIx64 " lies in an mmapped chunk\n\n"
	       "chunk       %#" PRIx64 "\nuser part   %#" PRIx64 "\n"
	       "usable      %" PRIu64 "\n"
	       "state       mmapped\n"
	       "mapping     %#" PRIx64 ", %" PRIu64 " bytes\n",
	       wanted, m->addr, m->addr + h->header, m->usable,
	       m->map, m->map_len);
}

static struct json_object *mmapped_json(const struct mmapped_chunk *m)
{
	struct json_object *o = json_object_new_object();

	json_add_address(o, "address", m->addr);
	json_add_u64(o, "size", m->map_len);
	json_add_u64(o, "usable", m->usable);
	json_add_text(o, "state", "mmapped");
	json_add_address(o, "mapping", m->map);
	return o;
}

static const struct mmapped_chunk *mmapped_at(const struct mmapped *m,
					      u64 addr)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (range_inside(addr, 1, m->chunk[i].map,
				 m->chunk[i].map + m->chunk[i].map_len))
			return &m->chunk[i];
	return NULL;
}

static int no_chunk(const struct heap *h, struct error *e)
{
	const struct mapping *m = maps_find(&h->t->maps, wanted);

	if (!m)
		return error_set(e, "%#" PRIx64 " is not mapped in this process; 'heapinfo map' shows what is",
				 wanted);
	return error_set(e, "%#" PRIx64 " is in no chunk; it lies in the mapping %#" PRIx64 "-%#" PRIx64 " %s",
			 wanted, m->start, m->end,
			 m->path[0] ? m->path : "(anonymous)");
}

static void print_answer(struct heap *h, const struct common *c,
			 struct answer *a, const struct mmapped_chunk *m)
{
	struct json_object *doc;

	if (c->json) {
		doc = json_document(h, "chunk");
		json_add_address(doc, "asked", wanted);
		json_object_object_add(doc, "chunk", m ? mmapped_json(m) :
				       json_object_get(a->json));
		json_print(doc, h);
		return;
	}
	if (m)
		print_mmapped(h, m);
	else
		print_text(h, a);
	cmd_show_notes(h);
}

static int look(struct heap *h, const struct common *c, struct error *e)
{
	struct answer a = { 0 };
	struct survey s = { .what = "chunk", .from = wanted - h->shared,
			    .to = wanted + 1, .fn = take, .ctx = &a };
	const struct mmapped_chunk *m = NULL;
	struct mmapped mm = { 0 };
	int ret = 0;

	survey(h, &s);
	/* Only the chunk before was met: the address is behind the last one. */
	if (a.found && wanted >= a.c.addr + a.c.size + h->shared)
		a.found = false;
	if (!a.found) {
		mmapped_find(h, &mm);
		m = mmapped_at(&mm, wanted);
	}
	target_thaw(h->t);
	if (a.found || m)
		print_answer(h, c, &a, m);
	else
		ret = no_chunk(h, e);
	if (a.json)
		json_object_put(a.json);
	mmapped_free(&mm);
	survey_free(&s);
	return ret;
}

static int run(const struct common *c)
{
	struct error e;
	struct heap h;
	int ret;

	ret = cmd_open(c, &h, &e) || look(&h, c, &e);
	heap_close(&h);
	return ret ? cmd_fail(&e) : EXIT_CLEAN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const struct common *c;

	switch (key) {
	case KEY_HEXDUMP:
		hexdump = cmd_number(arg, state);
		if (hexdump > MAX_HEXDUMP)
			argp_error(state, "--hexdump shows %u bytes at most",
				   MAX_HEXDUMP);
		return 0;
	case ARGP_KEY_END:
		c = cmd_common(state);
		if (!c->args)
			argp_error(state, "which address? give it behind PID, as 0x55...");
		wanted = cmd_number(c->arg[0], state);
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct command cmd_chunk = {
	.name = "chunk",
	.args_doc = "PID ADDRESS",
	.brief = "which chunk holds this address?",
	.max_args = 1,
	.options = options,
	.parse = parse,
	.needs = NEED_CHUNKS,
	.run = run,
};
