// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of which words of a stack the module keeps, whose file is built here as
 * it is: against another way to find them, that knows the whole stack at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "code.h"
#include "stack_scan.h"

#define TOP	0x7ffc00001230UL
#define CODE	0x555500000000UL
#define CODE_END (CODE + 0x10000)
#define SLOTS	HEAPINFO_SCAN_SLOTS

static u64 stack[SLOTS];
static struct heapinfo_stack_scan scan;
static u32 random_state;

static u32 chance(u32 n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

static bool is_code(void *data, unsigned long address)
{
	(void)data;
	return address >= CODE && address < CODE_END;
}

/* Hands words over as the module does: those alone that are asked for. */
static bool hand_over(const u64 *words, unsigned int nr)
{
	static struct heapinfo_word asked[SLOTS];
	unsigned int first = scan.slots, n = 0, i;

	for (i = 0; i < nr; i++)
		if (words[i] >= scan.lowest && words[i] < scan.highest)
			asked[n++] = (struct heapinfo_word) {
				.slot = first + i, .value = words[i],
			};
	if (!heapinfo_stack_scan_words(&scan, asked, n, is_code, NULL))
		return false;
	heapinfo_stack_scan_to(&scan, first + nr);
	return true;
}

/* Has the first words of the stack looked at, in parts of any size. */
static bool look(unsigned int nr, unsigned int end)
{
	unsigned int at, part;

	heapinfo_stack_scan_begin(&scan, TOP, TOP + 8UL * end, 3);
	scan.lowest = 0x10000;
	for (at = 0; at < nr; at += part) {
		part = 1 + chance(128);
		if (part > nr - at)
			part = nr - at;
		if (!hand_over(stack + at, part)) {
			heapinfo_stack_scan_end(&scan);
			return false;
		}
	}
	return heapinfo_stack_scan_end(&scan);
}

static bool code_at(long slot, unsigned int nr)
{
	return slot >= 0 && slot < (long)nr && is_code(NULL, stack[slot]);
}

/* Whether a word is to be kept, by the rule. */
static bool kept(unsigned int slot, unsigned int nr)
{
	u64 value = stack[slot], at = TOP + 8UL * slot;
	long to = ((long)value - (long)TOP) / 8;

	if (is_code(NULL, value))
		return true;
	if (value <= at || value >= TOP + 8UL * nr || value % 8 != TOP % 8)
		return false;
	return code_at(to + 1, nr) || code_at(to + 3, nr) ||
	       code_at(to - 1, nr) ||
	       (code_at(slot + HEAPINFO_SIGNAL_SP_WIDE, nr) &&
		code_at((long)slot + HEAPINFO_SIGNAL_SP_WIDE -
			HEAPINFO_SIGNAL_WIDE, nr));
}

static void check(unsigned int nr)
{
	unsigned int slot, at = 0;

	for (slot = 0; slot < nr && at < HEAPINFO_WORDS_MAX; slot++) {
		if (!kept(slot, nr))
			continue;
		assert_true(at < scan.nr);
		assert_int_equal(scan.words[at].slot, slot);
		assert_int_equal(scan.words[at].value, stack[slot]);
		at++;
	}
	assert_int_equal(at, scan.nr);
}

/* Data, addresses of code and of the stack, so many of a hundred. */
static void fill(unsigned int nr, unsigned int code, unsigned int frames)
{
	unsigned int i, what;

	for (i = 0; i < nr; i++) {
		what = chance(100);
		if (what < code)
			stack[i] = CODE + chance(0x10000);
		else if (what < code + frames)
			stack[i] = TOP + chance(8 * nr);
		else if (what < code + 2 * frames)
			stack[i] = TOP + 8UL * chance(nr);
		else
			stack[i] = chance(2) ? chance(~0u) :
				   (u64)chance(~0u) << 32 | chance(~0u);
	}
}

static void test_rule(void **state)
{
	static const unsigned int sizes[] = { 1, 2, 24, 128, 500, SLOTS };
	unsigned int i, size;

	(void)state;
	random_state = 1;
	for (i = 0; i < 3000; i++) {
		size = sizes[i % 6];
		/* No more than may be kept, nor than may be undecided. */
		fill(size, size > 128 ? 1 : 20, size > 128 ? 1 : 20);
		if (look(size, size))
			check(size);
		else
			assert_true(scan.nr >= HEAPINFO_WORDS_MAX);
	}
}

/* So many that they are decided before the end: what is kept is right, and the first. */
static void test_more_than_room(void **state)
{
	unsigned int i;

	(void)state;
	random_state = 2;
	for (i = 0; i < 300; i++) {
		fill(SLOTS, 1 + i % 40, i % 30);
		if (look(SLOTS, SLOTS))
			check(SLOTS);
		assert_true(scan.nr <= HEAPINFO_WORDS_MAX);
	}
	/* Nothing but frames that turn out to be none. */
	for (i = 0; i < SLOTS; i++)
		stack[i] = TOP + 8 * (SLOTS - 1);
	look(SLOTS, SLOTS);
	assert_int_equal(scan.nr, 0);
}

/* What is not in memory has slots, and nothing in them. */
static void test_hole(void **state)
{
	u64 words[2] = { TOP + 8 * 500, CODE };
	u64 other[2] = { 0, CODE + 1 };

	(void)state;
	heapinfo_stack_scan_begin(&scan, TOP, TOP + 8UL * SLOTS, 3);
	scan.lowest = 1;
	assert_true(hand_over(words, 2));
	heapinfo_stack_scan_to(&scan, 500);
	assert_true(hand_over(other, 2));
	heapinfo_stack_scan_to(&scan, 2 * SLOTS);
	assert_true(heapinfo_stack_scan_end(&scan));
	assert_int_equal(scan.slots, SLOTS);
	assert_int_equal(scan.nr, 3);
	assert_int_equal(scan.words[0].slot, 0);
	assert_int_equal(scan.words[1].value, CODE);
	assert_int_equal(scan.words[2].slot, 501);
}

/* Words of 4 bytes. */
static void test_narrow(void **state)
{
	u64 words[] = { 0xff000010, 7, 0xff00000c, 0, 0xff000001, 0x8000 };

	(void)state;
	heapinfo_stack_scan_begin(&scan, 0xff000000, 0xff000018, 2);
	scan.lowest = 0x1000;
	assert_true(hand_over(words, 6));
	assert_true(heapinfo_stack_scan_end(&scan));
	/* Nothing of it is code here. */
	assert_int_equal(scan.nr, 0);
	assert_int_equal(scan.slots, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_more_than_room),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests_name("stack_scan", tests, NULL, NULL);
}
