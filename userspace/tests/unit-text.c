// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of how the module writes numbers, times and names, which is built here as
 * it is: against what printf(3) writes.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "plain.h"
#include "text.h"

#define RANDOM_ROUNDS	300000

/* Where they write; what is not theirs stays as it was. */
#define UNTOUCHED	'#'
static char written[80];

static char *begin(void)
{
	memset(written, UNTOUCHED, sizeof(written));
	return written;
}

/* Up to @end was written what should be, and nothing outside of @room bytes. */
static void check(const char *end, const char *should_be, size_t room)
{
	size_t len = strlen(should_be), i;

	if ((size_t)(end - written) != len || memcmp(written, should_be, len))
		fail_msg("%.*s, not %s", (int)(end - written), written,
			 should_be);
	assert_true(len <= room);
	for (i = room; i < sizeof(written); i++)
		assert_int_equal(written[i], UNTOUCHED);
}

static void check_number(u64 value)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	check(heapinfo_text_decimal(begin(), value), text,
	      HEAPINFO_TEXT_DECIMAL);
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	check(heapinfo_text_hex(begin(), value), text, HEAPINFO_TEXT_HEX);
	snprintf(text, sizeof(text), "+%" PRIu64, value);
	check(heapinfo_text_change(begin(), 0, value), text,
	      HEAPINFO_TEXT_CHANGE);
	if (!value)
		return;
	text[0] = '-';
	check(heapinfo_text_change(begin(), ~(u64)0, ~(u64)0 - value), text,
	      HEAPINFO_TEXT_CHANGE);
}

static void check_time(s64 ns)
{
	/* The whole microseconds that had passed. */
	s64 us = ns / 1000 - (ns % 1000 < 0);
	u64 far = us < 0 ? -(u64)us : (u64)us;
	char text[64];

	snprintf(text, sizeof(text), "%s%" PRIu64 ".%06" PRIu64,
		 us < 0 ? "-" : "", far / 1000000, far % 1000000);
	check(heapinfo_text_time(begin(), ns), text, HEAPINFO_TEXT_TIME);
}

static void check_both(u64 value)
{
	check_number(value);
	check_time(value);
	check_time(-value);
}

static u64 seed = 88172645463325252ull;

static u64 draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void small_numbers(void **state)
{
	u64 value;

	(void)state;
	for (value = 0; value <= 100000; value++)
		check_both(value);
}

/* Where numbers become one digit longer, in either form, or no 32 bits hold them. */
static void edges_of_numbers(void **state)
{
	unsigned int i;
	u64 ten = 1;
	int by;

	(void)state;
	for (i = 0; i < 64; i++)
		for (by = -101; by <= 101; by++)
			check_both(((u64)1 << i) + by);
	for (i = 0; i < 20; i++, ten *= 10)
		for (by = -1001; by <= 1001; by++)
			check_both(ten + by);
	check_both(~(u64)0);
}

static void random_numbers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < RANDOM_ROUNDS; i++)
		check_both(draw() >> draw() % 64);
}

static void words(void **state)
{
	(void)state;
	check(heapinfo_text_word(begin(), ""), "", 0);
	check(heapinfo_text_word(begin(), "grow"), "grow", 4);
}

static const struct {
	const char *name;
	const char *shown;
} names[] = {
	{ "", "" },
	{ "cat", "cat" },
	{ "two words (x)", "two words (x)" },
	{ "a\nb\tc\\d\033", "a\\012b\\011c\\134d\\033" },
	{ "\177\200\377", "\\177\\200\\377" },
	{ "h\u00e9\u20ac\U0001f600", "h\u00e9\u20ac\U0001f600" },
	{ "\u202ex", "\\342\\200\\256x" },
	/* Cut off where the room for a name ends. */
	{ "0123456789abcd\u20ac", "0123456789abcd\\342" },
};

static void known_names(void **state)
{
	char name[15];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		/* Behind the end of a name lies what was there before. */
		memset(name, 'x', sizeof(name));
		memcpy(name, names[i].name,
		       strnlen(names[i].name, sizeof(name) - 1) + 1);
		check(heapinfo_text_name(begin(), name, sizeof(name)),
		      names[i].shown, HEAPINFO_TEXT_NAME(sizeof(name)));
	}
}

static void random_names(void **state)
{
	char name[15], shown[HEAPINFO_TEXT_NAME(sizeof(name)) + 1];
	size_t i, j, len, at, n;

	(void)state;
	for (i = 0; i < RANDOM_ROUNDS; i++) {
		for (j = 0; j < sizeof(name); j++)
			name[j] = draw() % 2 ? 'a' + draw() % 26 : draw();
		len = strnlen(name, sizeof(name));
		at = 0;
		for (j = 0; j < len; j += n ? n : 1) {
			n = heapinfo_plain_bytes((unsigned char *)name + j,
						 len - j);
			if (n)
				memcpy(shown + at, name + j, n);
			else
				sprintf(shown + at, "\\%03o",
					(unsigned char)name[j]);
			at += n ? n : 4;
		}
		shown[at] = '\0';
		check(heapinfo_text_name(begin(), name, sizeof(name)), shown,
		      HEAPINFO_TEXT_NAME(sizeof(name)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_numbers),
		cmocka_unit_test(edges_of_numbers),
		cmocka_unit_test(random_numbers),
		cmocka_unit_test(words),
		cmocka_unit_test(known_names),
		cmocka_unit_test(random_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
