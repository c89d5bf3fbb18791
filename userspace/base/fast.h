/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Print lines by the million: a buffer, and formatting that is faster than
 * printf(). All is in the header, so that the compiler can put it into the loop
 * that prints.
 */
#ifndef HEAPINFO_FAST_H
#define HEAPINFO_FAST_H

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

#define FAST_ROOM (128u << 10)

struct fast {
	FILE *f;
	char *buf;
	size_t n;
	bool failed;
};

void fast_init(struct fast *o, FILE *f);
void fast_end(struct fast *o);
void fast_flush(struct fast *o);

/* Make room for so many bytes; the functions below need that done before. */
static inline void fast_room(struct fast *o, size_t bytes)
{
	if (FAST_ROOM - o->n < bytes)
		fast_flush(o);
}

static inline void fast_text(struct fast *o, const char *s, size_t len)
{
	memcpy(o->buf + o->n, s, len);
	o->n += len;
}

/* Text, filled up with blanks to the width of a column. */
static inline void fast_pad(struct fast *o, const char *s, unsigned int width)
{
	size_t len = strlen(s);

	fast_text(o, s, len);
	for (; len < width; len++)
		o->buf[o->n++] = ' ';
}

/*
 * The eight hexadecimal digits of a 32-bit number, all at once: each nibble is
 * moved to a byte of its own, then all bytes are turned into digits.
 */
static inline u64 fast_hex_digits(u64 v)
{
	u64 above_9;

	v = (v << 16 | v) & 0x0000ffff0000ffffull;
	v = (v << 8 | v) & 0x00ff00ff00ff00ffull;
	v = (v << 4 | v) & 0x0f0f0f0f0f0f0f0full;
	above_9 = (v + 0x0606060606060606ull) >> 4 & 0x0101010101010101ull;
	v += 0x3030303030303030ull + above_9 * ('a' - '0' - 10);
	return htobe64(v);
}

/* A number as 0x..., without leading zeros. */
static inline void fast_hex(struct fast *o, u64 v)
{
	unsigned int n = v ? (67 - __builtin_clzll(v)) / 4 : 1;
	u64 digits[2] = { fast_hex_digits(v >> 32),
			  fast_hex_digits(v & UINT32_MAX) };

	fast_text(o, "0x", 2);
	fast_text(o, (const char *)digits + 16 - n, n);
}

/* A decimal number, right-aligned; a width of 0 gives it the room it needs. */
static inline void fast_dec(struct fast *o, u64 v, unsigned int width)
{
	char tmp[24];
	unsigned int n = 0;

	do {
		tmp[sizeof(tmp) - ++n] = '0' + v % 10;
		v /= 10;
	} while (v);
	for (; width > n; width--)
		o->buf[o->n++] = ' ';
	fast_text(o, tmp + sizeof(tmp) - n, n);
}

#endif
