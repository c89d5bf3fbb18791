// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of which words of a stack the module keeps; that file is built here as it
 * is: on stacks made at random, against the rule applied to all words at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "code.h"
#include "stack_scan.h"

#define TOP	0x7ffe12340000UL
#define CODE	0x7f0012340000UL

static u32 random_state;

static u32 chance(u32 n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

static bool is_code(void *data, unsigned long address)
{
	(void)data;
	return address >= CODE && address < CODE + 0x1000;
}

static struct heapinfo_stack_scan scan;
static u64 words[HEAPINFO_SCAN_SLOTS];

/* Looks at the first @nr words in parts, and leaves holes of some of them out. */
static bool look(unsigned int nr, bool *hole)
{
	unsigned int at = 0, part, i;
	bool whole = true;

	heapinfo_stack_scan_begin(&scan, TOP, TOP + nr * 8, 3);
	while (whole && at < nr) {
		part = 1 + chance(200);
		part = part < nr - at ? part : nr - at;
		if (hole && !chance(8)) {
			for (i = at; i < at + part; i++)
				hole[i] = true;
			heapinfo_stack_scan_skip(&scan, part);
		} else {
			whole = heapinfo_stack_scan_part(&scan, words + at,
							 part, is_code, NULL);
		}
		at += part;
	}
	return heapinfo_stack_scan_end(&scan) && whole;
}

static bool code_at(unsigned int nr, const bool *hole, long slot)
{
	return slot >= 0 && slot < (long)nr && !hole[slot] &&
	       is_code(NULL, words[slot]);
}

/* The rule: code; and what points up to a frame, or was saved by a signal. */
static bool keeps(unsigned int nr, const bool *hole, unsigned int slot)
{
	u64 value = words[slot];
	long to;

	if (hole[slot])
		return false;
	if (value < TOP || value >= TOP + nr * 8)
		return is_code(NULL, value);
	to = (value - TOP) / 8;
	if (value % 8 || to <= (long)slot)
		return false;
	return code_at(nr, hole, to + 1) || code_at(nr, hole, to + 3) ||
	       code_at(nr, hole, to - 1) ||
	       (code_at(nr, hole, slot + HEAPINFO_SIGNAL_SP_WIDE) &&
		code_at(nr, hole, (long)slot + HEAPINFO_SIGNAL_SP_WIDE -
				  HEAPINFO_SIGNAL_WIDE));
}

static void fill(unsigned int nr, unsigned int code, unsigned int frames)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (chance(1000) < code)
			words[i] = CODE + chance(0x1000);
		else if (chance(1000) < frames)
			words[i] = TOP + chance(nr * 8 + 64);
		else
			words[i] = (u64)chance(1u << 24) << chance(40);
	}
}

static void compare(unsigned int nr, const bool *hole, bool whole)
{
	unsigned int slot, kept = 0;

	for (slot = 0; slot < nr; slot++) {
		if (!keeps(nr, hole, slot))
			continue;
		/* Of too many, the lowest are kept. */
		if (kept == scan.nr) {
			assert_false(whole);
			return;
		}
		assert_int_equal(scan.words[kept].slot, slot);
		assert_int_equal(scan.words[kept].value, words[slot]);
		kept++;
	}
	assert_int_equal(kept, scan.nr);
}

static void test_rule(void **state)
{
	static bool hole[HEAPINFO_SCAN_SLOTS];
	unsigned int i, nr;
	bool whole;

	(void)state;
	for (i = 0; i < 3000; i++) {
		random_state = i;
		nr = 1 + chance(chance(2) ? 100 : 1500);
		memset(hole, 0, sizeof(hole));
		fill(nr, chance(60), chance(60));
		whole = look(nr, chance(2) ? hole : NULL);
		assert_true(scan.nr <= HEAPINFO_WORDS_MAX);
		/* Where it gave up, what lies above was not looked at. */
		if (whole || scan.nr == HEAPINFO_WORDS_MAX)
			compare(whole ? nr : scan.slots, hole, whole);
	}
}

/* A signal's frame, whose stack pointer leads to where no frame can be told. */
static void test_signal(void **state)
{
	(void)state;
	memset(words, 0, sizeof(words));
	words[3] = CODE + 8;
	words[3 + HEAPINFO_SIGNAL_WIDE] = CODE + 16;
	words[3 + HEAPINFO_SIGNAL_WIDE - HEAPINFO_SIGNAL_SP_WIDE] = TOP + 400 * 8;
	assert_true(look(1000, NULL));
	assert_int_equal(scan.nr, 3);
	words[3] = 0;
	assert_true(look(1000, NULL));
	assert_int_equal(scan.nr, 1);
}

static bool is_narrow_code(void *data, unsigned long address)
{
	(void)data;
	return address >= 0x8049000 && address < 0x804a000;
}

/* The words of 32-bit programs have 4 bytes. */
static void test_narrow(void **state)
{
	static const u32 narrow[] = {
		0xff801000u + 16, 7, 0x8049000u, 0, 0, 0x8049004u, 0xff801000u,
	};

	(void)state;
	heapinfo_stack_scan_begin(&scan, 0xff801000u, 0xff802000u, 2);
	assert_true(heapinfo_stack_scan_part(&scan, narrow, 7, is_narrow_code,
					     NULL));
	assert_true(heapinfo_stack_scan_end(&scan));
	assert_int_equal(scan.nr, 3);
	assert_int_equal(scan.words[0].slot, 0);
	assert_int_equal(scan.words[1].slot, 2);
	assert_int_equal(scan.words[2].slot, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests_name("stack_scan", tests, NULL, NULL);
}
