// SPDX-License-Identifier: GPL-2.0
/* Print chunks, by the million if need be. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "heap/chunk_out.h"
#include "heap/heap.h"

/*
 * The first bytes of a chunk: from the block, or read anew where it ends too
 * early.
 */
static const u8 *first_bytes(const struct batch *b, const struct chunk *c,
			     size_t want, u8 *room, size_t *len)
{
	const u8 *p = batch_bytes(b, c, len);

	want = min_u64(want, c->size);
	if (p && *len >= want) {
		*len = want;
		return p;
	}
	*len = target_read(b->h->t, c->addr, room, want);
	return room;
}

/* In other chunks the field is user memory of the chunk before. */
static bool has_prev_size(const struct chunk *c)
{
	return !(c->flags & (PREV_INUSE | IS_MMAPPED)) &&
	       c->state != CHUNK_DAMAGED && c->state != CHUNK_FOREIGN;
}

static const char *flags_text(unsigned int flags)
{
	static const char *const text[8] = {
		"", "  prev_inuse", "  mmapped", "  mmapped",
		"  non_main", "  prev_inuse non_main", "  mmapped",
		"  mmapped",
	};

	return text[flags % ARRAY_SIZE(text)];
}

/*
 * What a line says behind the address depends on size, flags and state alone,
 * and a heap has few combinations of these.  So that text is made once and
 * kept.  It is copied in whole, since a copy of constant length is very cheap.
 */
#define KEPT_TEXT 48u
#define KEPT_BITS 9
#define GOLDEN 0x9e3779b97f4a7c15ull	/* spreads keys, as in linux/hash.h */

struct kept {
	u64 size;
	u8 flags;
	u8 state;
	u8 len;		/* 0: nothing kept yet */
	char text[KEPT_TEXT];
};

static struct kept *keep(const struct chunk *c)
{
	static struct kept kept[1u << KEPT_BITS];
	u64 key = c->size << 7 ^ c->flags << 4 ^ c->state;
	struct kept *k = &kept[key * GOLDEN >> (64 - KEPT_BITS)];
	int len;

	if (k->len && k->size == c->size && k->flags == c->flags &&
	    k->state == c->state)
		return k;
	len = snprintf(k->text, sizeof(k->text), " %10" PRIu64 "  %-9s%s",
		       c->size, chunk_state_name(c->state),
		       flags_text(c->flags));
	if (len < 0 || (size_t)len >= sizeof(k->text)) {
		k->len = 0;
		return NULL;
	}
	k->size = c->size;
	k->flags = c->flags;
	k->state = c->state;
	k->len = len;
	return k;
}

/* The first bytes in hexadecimal, with this in front of each. */
static void add_bytes(struct fast *o, const struct batch *b,
		      const struct chunk *c, size_t hexdump,
		      const char *in_front)
{
	static const char digit[] = "0123456789abcdef";
	u8 room[MAX_HEXDUMP];
	const u8 *bytes;
	size_t len, i;

	bytes = first_bytes(b, c, hexdump, room, &len);
	for (i = 0; i < len; i++) {
		char two[2] = { digit[bytes[i] >> 4], digit[bytes[i] & 15] };

		fast_pad(o, in_front, 0);
		fast_text(o, two, 2);
	}
}

/**
 * chunk_cache - the thread's cache that a chunk is there for
 * @h: the heap
 * @c: the chunk
 *
 * Return: the cache, or NULL.
 */
const struct thread_cache *chunk_cache(const struct heap *h,
				       const struct chunk *c)
{
	return c->state == CHUNK_IN_USE ? heap_cache_in(h, c->addr, c->size) :
					  NULL;
}

/**
 * chunk_cache_text - whose cache it is, in words
 * @cache: the cache
 * @room: room for the text
 * @size: of @room
 *
 * Return: @room.
 */
const char *chunk_cache_text(const struct thread_cache *cache, char *room,
			     size_t size)
{
	if (cache->tid)
		snprintf(room, size, "tcache of thread %d", (int)cache->tid);
	else
		snprintf(room, size, "tcache of a thread");
	return room;
}

/**
 * chunk_line - print a chunk as one line
 * @o: where to
 * @b: its batch
 * @c: the chunk
 * @hexdump: how many of its first bytes to show, up to MAX_HEXDUMP
 */
void chunk_line(struct fast *o, const struct batch *b, const struct chunk *c,
		size_t hexdump)
{
	const struct thread_cache *cache = chunk_cache(b->h, c);
	const struct kept *k = keep(c);
	char whose[CACHE_TEXT];

	fast_room(o, 192 + 3 * hexdump);
	fast_hex(o, c->addr);
	if (k) {
		memcpy(o->buf + o->n, k->text, KEPT_TEXT);
		o->n += k->len;
	} else {
		fast_text(o, " ", 1);
		fast_dec(o, c->size, 10);
		fast_text(o, "  ", 2);
		fast_pad(o, chunk_state_name(c->state), 9);
		fast_pad(o, flags_text(c->flags), 0);
	}
	if (has_prev_size(c)) {
		fast_text(o, "  prev_size ", 12);
		fast_dec(o, c->prev_size, 0);
	}
	if (hexdump) {
		fast_text(o, "  |", 3);
		add_bytes(o, b, c, hexdump, " ");
	}
	if (cache) {
		fast_text(o, "  ", 2);
		fast_pad(o, chunk_cache_text(cache, whose, sizeof(whose)), 0);
	}
	fast_text(o, "\n", 1);
}

static const char *flags_json(unsigned int flags)
{
	static const char *const text[8] = {
		"", "\"prev_inuse\"", "\"mmapped\"", "\"mmapped\"",
		"\"non_main\"", "\"prev_inuse\",\"non_main\"", "\"mmapped\"",
		"\"mmapped\"",
	};

	return text[flags % ARRAY_SIZE(text)];
}

/* A member that is a number, as json_add_u64() writes it. */
static void add_number(struct fast *o, const char *name, u64 v)
{
	const char *quote = v > LARGEST_EXACT ? "\"" : "";

	fast_pad(o, name, 0);
	fast_pad(o, quote, 0);
	fast_dec(o, v, 0);
	fast_pad(o, quote, 0);
}

/**
 * chunk_json_text - print a chunk as a JSON object in one line
 * @o: where to
 * @b: its batch
 * @c: the chunk
 * @hexdump: how many of its first bytes to add, up to MAX_HEXDUMP
 *
 * No member can have a text that JSON would want escaped.  There may be many
 * millions of chunks, for which objects of json-c take too long.
 */
void chunk_json_text(struct fast *o, const struct batch *b,
		     const struct chunk *c, size_t hexdump)
{
	const struct thread_cache *cache = chunk_cache(b->h, c);

	fast_room(o, 320 + 2 * hexdump);
	fast_pad(o, "{\"address\":\"", 0);
	fast_hex(o, c->addr);
	add_number(o, "\",\"size\":", c->size);
	fast_pad(o, ",\"state\":\"", 0);
	fast_pad(o, chunk_state_name(c->state), 0);
	add_number(o, "\",\"arena\":", b->h->region[c->region].arena);
	fast_pad(o, ",\"flags\":[", 0);
	fast_pad(o, flags_json(c->flags), 0);
	fast_text(o, "]", 1);
	if (has_prev_size(c))
		add_number(o, ",\"prev_size\":", c->prev_size);
	if (cache) {
		fast_pad(o, ",\"holds\":\"tcache\"", 0);
		if (cache->tid)
			add_number(o, ",\"tid\":", cache->tid);
	}
	if (hexdump) {
		fast_pad(o, ",\"bytes\":\"", 0);
		add_bytes(o, b, c, hexdump, "");
		fast_text(o, "\"", 1);
	}
	fast_text(o, "}", 1);
}

/**
 * chunk_json - a chunk as an object
 * @b: its batch
 * @c: the chunk
 * @hexdump: how many of its first bytes to add, up to MAX_HEXDUMP
 *
 * Return: the object.
 */
struct json_object *chunk_json(const struct batch *b, const struct chunk *c,
			       size_t hexdump)
{
	struct json_object *object;
	struct fast o;

	fast_init(&o, NULL);
	chunk_json_text(&o, b, c, hexdump);
	fast_text(&o, "", 1);
	object = json_tokener_parse(o.buf);
	o.n = 0;
	fast_end(&o);
	return object;
}
