// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of what the module writes of a name as it is, which is built here as it
 * is: against the table of Unicode's standard, and character by character.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "plain.h"

/* Bytes that begin or end a range somewhere, and their neighbours. */
static const unsigned char edges[] = {
	0x00, 0x0a, 0x1f, 0x20, 0x5c, 0x7e, 0x7f, 0x80, 0x81, 0x8d, 0x8e, 0x8f,
	0x90, 0x9c, 0x9f, 0xa0, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xae, 0xaf,
	0xbe, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xff,
};

/* The well-formed sequences of more than one byte: table 3-7 of the standard. */
static const struct {
	unsigned char from[4], to[4];
	unsigned int bytes;
} well_formed[] = {
	{ { 0xc2, 0x80 }, { 0xdf, 0xbf }, 2 },
	{ { 0xe0, 0xa0, 0x80 }, { 0xe0, 0xbf, 0xbf }, 3 },
	{ { 0xe1, 0x80, 0x80 }, { 0xec, 0xbf, 0xbf }, 3 },
	{ { 0xed, 0x80, 0x80 }, { 0xed, 0x9f, 0xbf }, 3 },
	{ { 0xee, 0x80, 0x80 }, { 0xef, 0xbf, 0xbf }, 3 },
	{ { 0xf0, 0x90, 0x80, 0x80 }, { 0xf0, 0xbf, 0xbf, 0xbf }, 4 },
	{ { 0xf1, 0x80, 0x80, 0x80 }, { 0xf3, 0xbf, 0xbf, 0xbf }, 4 },
	{ { 0xf4, 0x80, 0x80, 0x80 }, { 0xf4, 0x8f, 0xbf, 0xbf }, 4 },
};

/* Those of them that are not shown: controls, ends of lines, directions. */
static const char *const hidden[] = {
	"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b",
	"\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069",
};

static bool begins_with(const unsigned char *s, unsigned int len,
			const char *text)
{
	size_t n = strlen(text);

	return n <= len && !memcmp(s, text, n);
}

static bool is_hidden(const unsigned char *s, unsigned int len)
{
	size_t i;

	if (len >= 2 && s[0] == 0xc2 && s[1] < 0xa0)
		return true;
	for (i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (begins_with(s, len, hidden[i]))
			return true;
	return false;
}

static unsigned int model(const unsigned char *s, unsigned int len)
{
	unsigned int row, i;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] <= 0x7e && s[0] != '\\';
	for (row = 0; row < sizeof(well_formed) / sizeof(*well_formed); row++) {
		for (i = 0; i < well_formed[row].bytes && i < len; i++)
			if (s[i] < well_formed[row].from[i] ||
			    s[i] > well_formed[row].to[i])
				break;
		if (i == well_formed[row].bytes)
			return is_hidden(s, len) ? 0 : i;
	}
	return 0;
}

/* Also where it is cut off. What lies behind the end is of no matter. */
static void check(const unsigned char s[4])
{
	unsigned int len;

	for (len = 1; len <= 4; len++)
		if (heapinfo_plain_bytes(s, len) != model(s, len))
			fail_msg("%02x %02x %02x %02x, of which %u: %u, not %u",
				 s[0], s[1], s[2], s[3], len,
				 heapinfo_plain_bytes(s, len), model(s, len));
}

static void all_of_three_bytes(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 1 << 24; i++) {
		const unsigned char s[4] = { i >> 16, i >> 8, i, i >> 12 };

		check(s);
	}
}

static void edges_of_four_bytes(void **state)
{
	size_t i, j, first, second;

	(void)state;
	for (first = 0xee; first <= 0xff; first++)
		for (second = 0; second <= 0xff; second++)
			for (i = 0; i < sizeof(edges); i++)
				for (j = 0; j < sizeof(edges); j++) {
					const unsigned char s[4] = {
						first, second, edges[i],
						edges[j],
					};

					check(s);
				}
}

static unsigned int encode(uint32_t c, unsigned char s[4])
{
	if (c < 0x80) {
		s[0] = c;
		return 1;
	}
	if (c < 0x800) {
		s[0] = 0xc0 | c >> 6;
		s[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000) {
		s[0] = 0xe0 | c >> 12;
		s[1] = 0x80 | (c >> 6 & 0x3f);
		s[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	s[0] = 0xf0 | c >> 18;
	s[1] = 0x80 | (c >> 12 & 0x3f);
	s[2] = 0x80 | (c >> 6 & 0x3f);
	s[3] = 0x80 | (c & 0x3f);
	return 4;
}

static bool may_be_shown(uint32_t c)
{
	return c >= 0x20 && c != '\\' && !(c >= 0x7f && c <= 0x9f) &&
	       !(c >= 0xd800 && c <= 0xdfff) && c != 0x061c && c != 0x200e &&
	       c != 0x200f && !(c >= 0x2028 && c <= 0x202e) &&
	       !(c >= 0x2066 && c <= 0x2069) && c <= 0x10ffff;
}

/* Also surrogates and what is above U+10FFFF, as if they were characters. */
static void each_character(void **state)
{
	unsigned char s[4] = { 0 };
	unsigned int n, len, shown = 0;
	uint32_t c;

	(void)state;
	for (c = 0; c < 0x200000; c++) {
		n = encode(c, s);
		for (len = 1; len < n; len++)
			assert_int_equal(heapinfo_plain_bytes(s, len), 0);
		for (; len <= 4; len++)
			if (heapinfo_plain_bytes(s, len) !=
			    (may_be_shown(c) ? n : 0))
				fail_msg("U+%04X", c);
		shown += may_be_shown(c);
	}
	/* All but 65 control characters, 2 ends of lines, 12 directions and \. */
	assert_int_equal(shown, 1112064 - 65 - 2 - 12 - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_three_bytes),
		cmocka_unit_test(edges_of_four_bytes),
		cmocka_unit_test(each_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
