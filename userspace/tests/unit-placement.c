// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of what the module tells of the placement of a heap, which is built here
 * as it is: for each range that a kernel may draw from, and each that is likely.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "placement.h"

#define PAGE	4096ul
#define NARROW	(32ul << 20)
#define WIDE	(1ul << 30)

/* Where a program may end, its loader may, and where heaps are put apart. */
#define END_BSS		0x561319448000ul
#define END_LOADER	0x7ffff7ffe000ul
#define APART		0x555555554000ul

static const struct {
	const char *what;
	unsigned long end_bss, start_brk, narrow, likely;
	bool may_be_random;
	enum heapinfo_base base;
	bool randomized;
	unsigned long window;
	bool seen;
} placings[] = {
	{ "right behind the program", END_BSS, END_BSS, NARROW, WIDE, true,
	  HEAPINFO_BASE_PROGRAM, false, 0, true },
	{ "behind the page that is left free", END_BSS, END_BSS + PAGE,
	  NARROW, WIDE, true, HEAPINFO_BASE_PROGRAM, false, 0, true },
	{ "the least offset", END_BSS, END_BSS + 2 * PAGE, NARROW, NARROW,
	  true, HEAPINFO_BASE_PROGRAM, true, NARROW, false },
	{ "not random, wherever it is", END_BSS, END_BSS + NARROW,
	  NARROW, WIDE, false, HEAPINFO_BASE_PROGRAM, false, 0, true },
	{ "within the narrow range, which is likely", END_BSS,
	  END_BSS + NARROW + 3 * PAGE, NARROW, NARROW, true,
	  HEAPINFO_BASE_PROGRAM, true, NARROW, false },
	{ "within the narrow range, which is not likely", END_BSS,
	  END_BSS + NARROW + 3 * PAGE, NARROW, WIDE, true,
	  HEAPINFO_BASE_PROGRAM, true, WIDE, false },
	{ "beyond the narrow range, though it is likely", END_BSS,
	  END_BSS + NARROW + 4 * PAGE, NARROW, NARROW, true,
	  HEAPINFO_BASE_PROGRAM, true, WIDE, true },
	{ "beyond the narrow range", END_BSS, END_BSS + NARROW + 4 * PAGE,
	  NARROW, WIDE, true, HEAPINFO_BASE_PROGRAM, true, WIDE, true },
	{ "at the end of the wide range", END_BSS, END_BSS + WIDE + 3 * PAGE,
	  NARROW, NARROW, true, HEAPINFO_BASE_PROGRAM, true, WIDE, true },
	{ "beyond the wide range", END_BSS, END_BSS + WIDE + 4 * PAGE,
	  NARROW, WIDE, true, HEAPINFO_BASE_UNKNOWN, false, 0, false },
	{ "below the program, and nowhere else", END_BSS, END_BSS - PAGE,
	  NARROW, WIDE, true, HEAPINFO_BASE_UNKNOWN, false, 0, false },
	{ "there is one range alone", END_BSS, END_BSS + 2 * PAGE, WIDE, WIDE,
	  true, HEAPINFO_BASE_PROGRAM, true, WIDE, true },
	{ "apart", END_LOADER, APART, NARROW, WIDE, true,
	  HEAPINFO_BASE_APART, false, 0, true },
	{ "apart, at random, likely narrow", END_LOADER, APART + 2 * PAGE,
	  NARROW, NARROW, true, HEAPINFO_BASE_APART, true, NARROW, false },
	{ "apart, at random, likely wide", END_LOADER, APART + NARROW,
	  NARROW, WIDE, true, HEAPINFO_BASE_APART, true, WIDE, false },
	{ "apart, beyond the narrow range", END_LOADER,
	  APART + NARROW + 4 * PAGE, NARROW, NARROW, true,
	  HEAPINFO_BASE_APART, true, WIDE, true },
	{ "apart, not random", END_LOADER, APART + PAGE, NARROW, WIDE, false,
	  HEAPINFO_BASE_APART, false, 0, true },
	{ "beyond where heaps are apart", END_LOADER,
	  APART + WIDE + 4 * PAGE, NARROW, WIDE, true,
	  HEAPINFO_BASE_UNKNOWN, false, 0, false },
	{ "below where heaps are apart", END_LOADER, APART - PAGE,
	  NARROW, WIDE, true, HEAPINFO_BASE_UNKNOWN, false, 0, false },
	{ "at the end of all addresses", END_LOADER, ~0ul & -PAGE,
	  NARROW, WIDE, true, HEAPINFO_BASE_UNKNOWN, false, 0, false },
	{ "nowhere", END_BSS, 0, NARROW, WIDE, true,
	  HEAPINFO_BASE_UNKNOWN, false, 0, false },
	{ "no program", 0, 0, NARROW, WIDE, true,
	  HEAPINFO_BASE_PROGRAM, false, 0, true },
};

static void each_placing(void **state)
{
	struct heapinfo_placement is;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(placings) / sizeof(*placings); i++) {
		const struct heapinfo_placing placing = {
			.start_brk = placings[i].start_brk,
			.end_bss = placings[i].end_bss,
			.apart = APART,
			.page = PAGE,
			.narrow = placings[i].narrow,
			.wide = WIDE,
			.likely = placings[i].likely,
			.may_be_random = placings[i].may_be_random,
		};

		print_message("%s\n", placings[i].what);
		/* What lies in the memory before is of no matter. */
		memset(&is, 0xa5, sizeof(is));
		heapinfo_placement_tell(&is, &placing);
		assert_int_equal(is.base, placings[i].base);
		assert_int_equal(is.randomized, placings[i].randomized);
		assert_int_equal(is.window, placings[i].window);
		assert_int_equal(is.window_seen, placings[i].seen);
	}
}

/*
 * A kernel that draws from a range of either width, and a module that takes the other
 * for likely: nothing that it says for sure may be wrong.
 */
static void whatever_is_likely(void **state)
{
	static const unsigned long widths[] = { NARROW, WIDE };
	struct heapinfo_placing placing = {
		.apart = APART, .page = PAGE, .narrow = NARROW, .wide = WIDE,
		.may_be_random = true,
	};
	unsigned int i, drawn, likely, apart, sure = 0;
	struct heapinfo_placement is;
	unsigned long offset;

	(void)state;
	srandom(1);
	for (i = 0; i < 100000; i++) {
		drawn = i & 1;
		likely = i >> 1 & 1;
		apart = i >> 2 & 1;
		offset = random() % (widths[drawn] / PAGE) * PAGE;
		placing.end_bss = apart ? END_LOADER : END_BSS;
		placing.start_brk = (apart ? APART : END_BSS) + offset;
		placing.likely = widths[likely];
		heapinfo_placement_tell(&is, &placing);
		assert_int_equal(is.base, apart ? HEAPINFO_BASE_APART :
				 HEAPINFO_BASE_PROGRAM);
		assert_int_equal(is.randomized, offset > PAGE);
		if (!is.randomized)
			continue;
		if (is.window_seen)
			assert_int_equal(is.window, widths[drawn]);
		else
			assert_int_equal(is.window, widths[likely]);
		sure += is.window_seen;
	}
	/* Nearly all that were drawn from the wide range prove it. */
	assert_true(sure > 100000 / 2 * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_placing),
		cmocka_unit_test(whatever_is_likely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
