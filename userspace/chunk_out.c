// SPDX-License-Identifier: GPL-2.0
/* Print chunks, by the million if need be. */
#include <stdio.h>
#include <string.h>

#include "chunk_out.h"

/* Where the bytes reach over the block, they are read for themselves. */
static const u8 *first_bytes(const struct batch *b, const struct chunk *c,
			     size_t want, u8 *room, size_t *len)
{
	const u8 *p = batch_bytes(b, c, len);

	want = min_u64(want, c->size);
	if (p && *len >= want) {
		*len = want;
		return p;
	}
	*len = target_read(b->g->t, c->addr, room, want);
	return room;
}

/* Else those bytes belong to the chunk before it. */
static bool has_prev_size(const struct chunk *c)
{
	return !(c->flags & (PREV_INUSE | IS_MMAPPED)) &&
	       c->state != CHUNK_DAMAGED && c->state != CHUNK_FOREIGN;
}

static void add_flags(struct fast *o, unsigned int flags)
{
	static const char *const text[8] = {
		"", "  prev_inuse", "  mmapped", "  mmapped",
		"  non_main", "  prev_inuse non_main", "  mmapped",
		"  mmapped",
	};
	const char *s = text[flags & SIZE_BITS];

	fast_text(o, s, strlen(s));
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
	u8 room[MAX_HEXDUMP];
	size_t len, i;
	const u8 *bytes;

	fast_room(o, 128 + 3 * hexdump);
	fast_hex(o, c->addr);
	fast_dec(o, c->size, 11);
	fast_text(o, "  ", 2);
	fast_pad(o, chunk_state_name(c->state), 9);
	add_flags(o, c->flags);
	if (has_prev_size(c)) {
		fast_text(o, "  prev_size ", 12);
		fast_dec(o, c->prev_size, 0);
	}
	if (hexdump) {
		bytes = first_bytes(b, c, hexdump, room, &len);
		fast_text(o, "  |", 3);
		for (i = 0; i < len; i++) {
			static const char digit[] = "0123456789abcdef";
			char two[3] = { ' ', digit[bytes[i] >> 4],
					digit[bytes[i] & 15] };

			fast_text(o, two, 3);
		}
	}
	fast_text(o, "\n", 1);
}

static void add_flag_names(struct json_object *o, unsigned int flags)
{
	struct json_object *a = json_object_new_array();

	if (flags & IS_MMAPPED)
		json_append_text(a, "mmapped");
	else if (flags & PREV_INUSE)
		json_append_text(a, "prev_inuse");
	if (flags & NON_MAIN_ARENA && !(flags & IS_MMAPPED))
		json_append_text(a, "non_main");
	json_object_object_add(o, "flags", a);
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
	struct json_object *o = json_object_new_object();
	char hex[2 * MAX_HEXDUMP + 1];
	u8 room[MAX_HEXDUMP];
	const u8 *bytes;
	size_t len, i;

	json_add_address(o, "address", c->addr);
	json_add_u64(o, "size", c->size);
	json_add_text(o, "state", chunk_state_name(c->state));
	json_add_u64(o, "arena", b->g->region[c->region].arena);
	add_flag_names(o, c->flags);
	if (has_prev_size(c))
		json_add_u64(o, "prev_size", c->prev_size);
	if (hexdump) {
		bytes = first_bytes(b, c, hexdump, room, &len);
		for (i = 0; i < len; i++)
			sprintf(hex + 2 * i, "%02x", bytes[i]);
		hex[2 * len] = '\0';
		json_add_text(o, "bytes", hex);
	}
	return o;
}
