// SPDX-License-Identifier: GPL-2.0
/* heapinfo chunks: every chunk of the heap, one line each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/cmd.h"
#include "commands/document.h"
#include "heap/chunk_out.h"
#include "heap/survey.h"

enum {
	KEY_STATE = 1, KEY_MIN, KEY_MAX, KEY_RANGE, KEY_ARENA, KEY_LIMIT,
	KEY_HEXDUMP, KEY_NO_LISTS,
};

static struct {
	u32 states;		/* one bit each; 0: all */
	u64 min;
	u64 max;
	u64 from;
	u64 to;
	long arena;		/* -1: all */
	u64 limit;
	u64 hexdump;
	bool no_lists;
} opt = { .max = UINT64_MAX, .arena = -1, .limit = UINT64_MAX };

#define STATES "in-use, free, cached, tcache, fastbin, unsorted, small, large, top, fencepost, foreign, damaged"

static const struct argp_option options[] = {
	{ "state", KEY_STATE, "STATE,...", 0,
	  "Only these: " STATES,
	  1 },
	{ "min", KEY_MIN, "BYTES", 0, "Only chunks of this size or more", 1 },
	{ "max", KEY_MAX, "BYTES", 0, "Only chunks of this size or less", 1 },
	{ "range", KEY_RANGE, "LOW,HIGH", 0,
	  "Only chunks that touch these addresses, HIGH not included", 1 },
	{ "arena", KEY_ARENA, "N", 0,
	  "Only this arena's; 0 is the main arena ('heapinfo arenas')", 1 },
	{ "limit", KEY_LIMIT, "N", 0, "Stop after N chunks", 1 },
	{ "hexdump", KEY_HEXDUMP, "N", 0,
	  "Also the first N bytes of each, its header first", 1 },
	{ "no-lists", KEY_NO_LISTS, NULL, 0,
	  "Do not follow free lists: cached chunks then show as in use", 1 },
	{ 0 }
};

static void take_state(char *arg, const struct argp_state *state)
{
	char *save = NULL, *word;

	for (word = strtok_r(arg, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		u32 before = opt.states;
		unsigned int s;

		for (s = 0; s < CHUNK_STATES; s++)
			if (!strcmp(word, chunk_state_name(s)) ||
			    (s == CHUNK_IN_USE && !strcmp(word, "in-use")) ||
			    (chunk_state_is_free(s) && !strcmp(word, "free")) ||
			    (chunk_state_is_cached(s) &&
			     !strcmp(word, "cached")))
				opt.states |= 1u << s;
		if (opt.states == before)
			argp_error(state, "'%s' is no state of a chunk; there are: %s",
				   word, STATES);
	}
}

static void take_range(char *arg, const struct argp_state *state)
{
	char *comma = strchr(arg, ',');

	if (!comma)
		argp_error(state, "--range wants two addresses: LOW,HIGH");
	*comma = '\0';
	opt.from = cmd_number(arg, state);
	opt.to = cmd_number(comma + 1, state);
	if (opt.to <= opt.from)
		argp_error(state, "--range wants the lower address first");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_STATE:
		take_state(arg, state);
		break;
	case KEY_MIN:
		opt.min = cmd_number(arg, state);
		break;
	case KEY_MAX:
		opt.max = cmd_number(arg, state);
		break;
	case KEY_RANGE:
		take_range(arg, state);
		break;
	case KEY_ARENA:
		opt.arena = cmd_number(arg, state);
		if (opt.arena < 0 || opt.arena > INT32_MAX)
			argp_error(state, "'%s' is no arena; 'heapinfo arenas' numbers them",
				   arg);
		break;
	case KEY_LIMIT:
		opt.limit = cmd_number(arg, state);
		break;
	case KEY_HEXDUMP:
		opt.hexdump = cmd_number(arg, state);
		if (opt.hexdump > MAX_HEXDUMP)
			argp_error(state, "--hexdump shows %u bytes at most",
				   MAX_HEXDUMP);
		break;
	case KEY_NO_LISTS:
		opt.no_lists = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

struct printer {
	struct heap *h;
	struct fast out;
	bool as_json;
	u64 printed;
	u64 total;
};

static bool wanted(const struct heap *h, const struct chunk *c)
{
	return (!opt.states || opt.states >> c->state & 1) &&
	       c->size >= opt.min && c->size <= opt.max &&
	       (opt.arena < 0 ||
		h->region[c->region].arena == (size_t)opt.arena);
}

/* An element of the array that json_stream_start() has begun. */
static void print_json(struct printer *p, const struct batch *b,
		       const struct chunk *c)
{
	fast_room(&p->out, 2);
	fast_pad(&p->out, p->printed ? ",\n" : "\n", 0);
	chunk_json_text(&p->out, b, c, opt.hexdump);
}

static int print_batch(const struct batch *b, void *ctx)
{
	struct printer *p = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		if (!wanted(b->h, &b->chunk[i]))
			continue;
		if (p->printed == opt.limit)
			return 1;
		if (p->as_json)
			print_json(p, b, &b->chunk[i]);
		else
			chunk_line(&p->out, b, &b->chunk[i], opt.hexdump);
		p->printed++;
	}
	return p->out.failed;
}

static void print_all(struct printer *p)
{
	struct survey s = { .what = "chunks", .no_lists = opt.no_lists, .from = opt.from,
			    .to = opt.to, .fn = print_batch, .ctx = p };

	survey(p->h, &s);
	survey_free(&s);
}

static int run(const struct common *c)
{
	struct heap h;
	struct printer p = { .h = &h, .as_json = c->json };
	struct json_stream json;
	struct error e;

	if (cmd_open(c, &h, &e)) {
		heap_close(&h);
		return cmd_fail(&e);
	}
	if (c->json)
		json_stream_start(&json, stdout, json_document(&h, "chunks"),
				  "chunks");
	fast_init(&p.out, stdout);
	print_all(&p);
	fast_end(&p.out);
	target_thaw(h.t);
	if (c->json)
		json_stream_end(&json, json_tail(&h));
	else
		cmd_show_notes(&h);
	heap_close(&h);
	return EXIT_CLEAN;
}

const struct command cmd_chunks = {
	.name = "chunks",
	.args_doc = "PID",
	.brief = "every chunk: address, size, state, flags",
	.doc = "Show every chunk of the heap in order of address: the address of its header, its size, its state and the flags in its size field. prev_size stands where it means something: where the chunk before it is free.",
	.options = options,
	.parse = parse,
	.needs = NEED_CHUNKS,
	.run = run,
};
