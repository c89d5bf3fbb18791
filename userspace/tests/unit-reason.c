// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the reasons for which brk(2) fails, which are told by the module's
 * own file: each at its limit, and any of them at once in the kernel's order.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reason.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define SHIFT 12
#define PAGE (1ul << SHIFT)
#define HUGE (512 * PAGE)

/* Where the heap of a world begins and ends: in the middle of a huge page. */
#define START (16 * HUGE + 3 * PAGE)
#define BREAK (START + 64 * PAGE)

/* What a growing world asks more, and a shrinking one less, in pages. */
#define MORE 4ul
#define LESS 8ul

/* Where the next mapping above the heap begins. */
#define NEXT (BREAK + 1024 * PAGE)

#define TOP (1ul << 47)
#define DATA_LIMIT (1ul << 39)
#define SIZE_LIMIT (1ul << 60)
#define MAX_MAP_COUNT 100

static const char *const words[] = { HEAPINFO_RESULTS(HEAPINFO_AS_WORD) };

/* An address space with all its mappings, the lowest first; @end of others is 0. */
struct world {
	struct heapinfo_space space;
	struct heapinfo_settings settings;
	struct heapinfo_mapping map[4];
};

static struct heapinfo_mapping mapping(unsigned long start, unsigned long end)
{
	return (struct heapinfo_mapping) {
		.start = start, .end = end, .gap_start = start,
	};
}

/* In these nothing stands in the way of a call. */
static struct world growing(void)
{
	return (struct world) {
		.space = {
			.asked = BREAK + MORE * PAGE,
			.from = BREAK,
			.lowest = START,
			.top = TOP,
			.start_brk = START,
			.data_size = 3 * PAGE,
			.data_limit = DATA_LIMIT,
			.data_limit_max = DATA_LIMIT,
			.size_limit = SIZE_LIMIT,
			.lock_limit = 0,
			.page_shift = SHIFT,
			.locks_first = true,
			.looked = true,
			.pages = 1000,
			.data_pages = 500,
			.locked_pages = 10,
			.map_count = 20,
		},
		.settings = { .max_map_count = MAX_MAP_COUNT },
		.map = {
			mapping(START, BREAK), mapping(NEXT, NEXT + 8 * PAGE),
		},
	};
}

static struct world shrinking(void)
{
	struct world w = growing();

	w.space.asked = BREAK - LESS * PAGE;
	return w;
}

/* What is unmapped lies in the middle of a mapping. */
static struct world making_a_hole(void)
{
	struct world w = shrinking();

	w.map[0].end = BREAK + 8 * PAGE;
	return w;
}

/* As long as more mappings are asked for. Returns how many that were. */
static size_t describe(struct world *w)
{
	unsigned long start = heapinfo_space_start(&w->space);
	size_t i, nr = 0;

	for (i = 0; i < LENGTH(w->map); i++) {
		if (w->map[i].end <= start)
			continue;
		nr++;
		if (!heapinfo_space_meets(&w->space, &w->map[i]))
			break;
	}
	return nr;
}

static struct heapinfo_reason find(struct world w)
{
	describe(&w);
	return heapinfo_reason_find(&w.space, &w.settings);
}

/* Whether any other settings give another reason. */
static bool depends_on_settings(struct world w)
{
	enum heapinfo_result is = find(w).result;
	int counts[] = { 0, w.space.map_count, INT_MAX };
	size_t i;

	for (i = 0; i < 2 * LENGTH(counts); i++) {
		w.settings.max_map_count = counts[i / 2];
		w.settings.ignore_rlimit_data = i % 2;
		if (find(w).result != is)
			return true;
	}
	return false;
}

/* What is found of a world, and all that goes with it. */
static void finds(const struct world *w, enum heapinfo_result be,
		  const char *what)
{
	struct heapinfo_reason is = find(*w);
	bool overlap = be == HEAPINFO_OVERLAP;

	if (is.result != be)
		fail_msg("%s: %s, and not %s", what, words[is.result],
			 words[be]);
	if (!is.by_settings && depends_on_settings(*w))
		fail_msg("%s: other settings would tell otherwise", what);
	if (overlap == !is.mapping)
		fail_msg("%s: mapping 0x%lx", what, is.mapping);
}

static void nothing_in_the_way(void **state)
{
	struct world w = growing();

	(void)state;
	finds(&w, HEAPINFO_NOMEM, "growing");
	w = shrinking();
	finds(&w, HEAPINFO_NOMEM, "shrinking");
	w = making_a_hole();
	finds(&w, HEAPINFO_NOMEM, "making a hole");
	/* Of no matter where nothing is locked, or nothing is mapped. */
	w = growing();
	w.space.locked_pages = ~0ul >> SHIFT;
	finds(&w, HEAPINFO_NOMEM, "growing, much is locked");
	w = shrinking();
	w.space.locks = true;
	w.space.map_count = MAX_MAP_COUNT + 1;
	w.space.pages = SIZE_LIMIT;
	w.space.data_pages = DATA_LIMIT;
	w.map[1] = mapping(BREAK, BREAK + PAGE);
	w.map[1].gap_start = 0;
	finds(&w, HEAPINFO_NOMEM, "shrinking over all limits of what grows");
}

static void no_data_but_the_heap(struct world *w)
{
	w->space.data_pages = 0;
}

static void locked(struct world *w)
{
	w->space.locks = true;
	w->space.lock_limit = (w->space.locked_pages + MORE) << SHIFT;
}

static void nearest(struct world *w)
{
	w->map[2] = mapping(BREAK + 16 * PAGE, BREAK + 17 * PAGE);
	w->map[1] = mapping(BREAK + 8 * PAGE, BREAK + 9 * PAGE);
	w->map[3] = mapping(NEXT, NEXT + PAGE);
}

/* As below a stack: nothing may come nearer. */
static void with_gap(struct world *w)
{
	w->map[1].gap_start = NEXT - 256 * PAGE;
}

static void nothing_below_the_top(struct world *w)
{
	w->map[1] = mapping(TOP + 8 * PAGE, TOP + 9 * PAGE);
	w->space.data_limit = ~0ul;
}

/* Its first test of the limit passes for a heap that is nowhere. */
static void no_heap(struct world *w)
{
	w->space.start_brk = w->space.asked + w->space.data_size;
	w->space.data_limit = 0;
}

static void ignored(struct world *w)
{
	w->settings.ignore_rlimit_data = true;
	w->space.data_pages = 0;
}

static void many_mappings(struct world *w)
{
	w->space.map_count = MAX_MAP_COUNT;
}

static void no_next(struct world *w)
{
	w->map[1].end = 0;
}

static void alone(struct world *w)
{
	no_next(w);
	no_data_but_the_heap(w);
}

static void sealed_next(struct world *w)
{
	w->map[1].sealed = true;
	w->map[1].end = NEXT + 8 * PAGE;
	w->map[0].end = BREAK - PAGE;
}

/* The whole heap lies in huge pages, and its end at one's. */
static void huge(struct world *w)
{
	w->map[0] = mapping(16 * HUGE, 24 * HUGE);
	w->map[0].huge_page = HUGE;
	w->space.start_brk = 16 * HUGE;
	w->space.lowest = 16 * HUGE;
	w->space.from = 20 * HUGE;
	w->space.asked = 18 * HUGE;
}

/* A boundary of mappings is no cut, wherever it lies. */
static void huge_behind(struct world *w)
{
	w->map[0].end = BREAK - 6 * PAGE;
	w->map[1] = mapping(BREAK - 6 * PAGE, BREAK);
	w->map[1].huge_page = HUGE;
}

static void huge_from_the_end(struct world *w)
{
	w->map[0].huge_page = HUGE;
	w->map[0].start = w->space.asked;
}

/*
 * Of a world one number at its limit: one step before and at it nothing fails, one
 * step behind it the call does.
 */
static const struct limit {
	const char *what;
	struct world (*world)(void);
	void (*setup)(struct world *w);
	size_t offset;
	unsigned long at;
	int step;
	enum heapinfo_result result;
} limits[] = {
#define OF(field) offsetof(struct world, field)
	{ "the start of the heap, asked", shrinking, NULL,
	  OF(space.asked), START, -1, HEAPINFO_BELOW_START },
	{ "the start of the heap, lowest", growing, NULL,
	  OF(space.lowest), BREAK + MORE * PAGE, 1, HEAPINFO_BELOW_START },

	{ "the limit on the heap", growing, no_data_but_the_heap,
	  OF(space.data_limit), (64 + MORE + 3) * PAGE, -1,
	  HEAPINFO_RLIMIT_DATA },
	{ "the limit on the heap, that shrinks", shrinking, NULL,
	  OF(space.data_limit), (64 - LESS + 3) * PAGE, -1,
	  HEAPINFO_RLIMIT_DATA },
	{ "the limit on the heap, asked", growing, alone,
	  OF(space.asked), START + DATA_LIMIT - 3 * PAGE, 1,
	  HEAPINFO_RLIMIT_DATA },
	{ "the limit on the heap, its start", shrinking, no_data_but_the_heap,
	  OF(space.start_brk), BREAK - LESS * PAGE + 3 * PAGE - DATA_LIMIT, -1,
	  HEAPINFO_RLIMIT_DATA },
	{ "the limit on the heap, data", growing, no_data_but_the_heap,
	  OF(space.data_size), DATA_LIMIT - (64 + MORE) * PAGE, 1,
	  HEAPINFO_RLIMIT_DATA },

	{ "the limit on locked memory", growing, locked,
	  OF(space.lock_limit), (10 + MORE) * PAGE, -1, HEAPINFO_MLOCK },
	{ "the limit on locked memory, locked", growing, locked,
	  OF(space.locked_pages), 10, 1, HEAPINFO_MLOCK },
	{ "the limit on locked memory, asked", growing, locked,
	  OF(space.asked), BREAK + MORE * PAGE, 1, HEAPINFO_MLOCK },

	{ "the end of all addresses", growing, NULL,
	  OF(space.top), BREAK + MORE * PAGE, -1, HEAPINFO_OVERLAP },
	{ "the end of all addresses, asked", growing, nothing_below_the_top,
	  OF(space.asked), TOP, 1, HEAPINFO_OVERLAP },

	{ "the next mapping", growing, NULL,
	  OF(space.asked), NEXT - PAGE, 1, HEAPINFO_OVERLAP },
	{ "the nearest of several", growing, nearest,
	  OF(space.asked), BREAK + 7 * PAGE, 1, HEAPINFO_OVERLAP },
	{ "the gap below the next mapping", growing, with_gap,
	  OF(space.asked), NEXT - 257 * PAGE, 1, HEAPINFO_OVERLAP },
	{ "the gap below the next mapping, its start", growing, NULL,
	  OF(map[1].gap_start), BREAK + (MORE + 1) * PAGE, -1,
	  HEAPINFO_OVERLAP },
	{ "a mapping that ends at the break", growing, with_gap,
	  OF(map[0].end), BREAK, 1, HEAPINFO_OVERLAP },

	{ "the limit on all memory", growing, NULL,
	  OF(space.size_limit), (1000 + MORE) * PAGE, -1, HEAPINFO_RLIMIT_AS },
	{ "the limit on all memory, mapped", growing, NULL,
	  OF(space.pages), (SIZE_LIMIT >> SHIFT) - MORE, 1,
	  HEAPINFO_RLIMIT_AS },

	{ "the limit on all data", growing, NULL,
	  OF(space.data_limit), (500 + MORE) * PAGE, -1, HEAPINFO_RLIMIT_DATA },
	{ "the limit on all data, mapped", growing, NULL,
	  OF(space.data_pages), (DATA_LIMIT >> SHIFT) - MORE, 1,
	  HEAPINFO_RLIMIT_DATA },
	{ "the hard limit, where none is the other", growing, no_heap,
	  OF(space.data_limit_max), (500 + MORE) * PAGE, -1,
	  HEAPINFO_RLIMIT_DATA },
	{ "the limit on the heap, though limits on data are ignored", growing,
	  ignored, OF(space.data_size), DATA_LIMIT - (64 + MORE) * PAGE, 1,
	  HEAPINFO_RLIMIT_DATA },

	{ "mappings", growing, NULL,
	  OF(space.map_count), MAX_MAP_COUNT, 1, HEAPINFO_MAP_COUNT },
	{ "mappings, the setting", growing, NULL,
	  OF(settings.max_map_count), 20, -1, HEAPINFO_MAP_COUNT },
	{ "mappings, of a hole", making_a_hole, NULL,
	  OF(space.map_count), MAX_MAP_COUNT - 1, 1, HEAPINFO_MAP_COUNT },
	{ "mappings, of a hole, the setting", making_a_hole, NULL,
	  OF(settings.max_map_count), 21, -1, HEAPINFO_MAP_COUNT },
	{ "a hole, its start", making_a_hole, many_mappings,
	  OF(map[0].start), BREAK - LESS * PAGE, -1, HEAPINFO_MAP_COUNT },
	{ "a hole, its end", shrinking, many_mappings,
	  OF(map[0].end), BREAK, 1, HEAPINFO_MAP_COUNT },

	{ "a mapping in what shrinks, its start", shrinking, NULL,
	  OF(map[0].start), BREAK - 1, 1, HEAPINFO_UNMAPPED },
	{ "a mapping in what shrinks, its end", shrinking, NULL,
	  OF(map[0].end), BREAK - LESS * PAGE + 1, -1, HEAPINFO_UNMAPPED },
	{ "the only mapping", shrinking, no_next,
	  OF(map[0].end), BREAK - LESS * PAGE + 1, -1, HEAPINFO_UNMAPPED },

	{ "a sealed mapping behind what shrinks", shrinking, sealed_next,
	  OF(map[1].start), BREAK, -1, HEAPINFO_SEALED },

	{ "a huge page, cut at the new end", shrinking, huge,
	  OF(space.asked), 18 * HUGE, 1, HEAPINFO_HUGETLB },
	{ "a huge page, cut at the old end", shrinking, huge,
	  OF(space.from), 20 * HUGE, 1, HEAPINFO_HUGETLB },
	{ "mappings of huge pages end at the break", shrinking, huge_behind,
	  OF(map[1].end), BREAK, 1, HEAPINFO_HUGETLB },
	{ "mappings of huge pages begin at the new end", shrinking,
	  huge_from_the_end, OF(map[0].start), BREAK - LESS * PAGE, -1,
	  HEAPINFO_HUGETLB },
#undef OF
};

/* All numbers have the same type but these. */
static bool is_int(size_t offset)
{
	return offset == offsetof(struct world, space.map_count) ||
	       offset == offsetof(struct world, settings.max_map_count);
}

static void set(struct world *w, size_t offset, unsigned long value)
{
	char *field = (char *)w + offset;
	int narrow = value;

	if (is_int(offset))
		memcpy(field, &narrow, sizeof(narrow));
	else
		memcpy(field, &value, sizeof(value));
}

static void each_at_its_limit(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(limits); i++) {
		const struct limit *limit = &limits[i];
		struct world w = limit->world();
		char what[100];
		int steps;

		if (limit->setup)
			limit->setup(&w);
		for (steps = -1; steps <= 1; steps++) {
			snprintf(what, sizeof(what), "%s, %d", limit->what,
				 steps);
			set(&w, limit->offset, limit->at +
			    (unsigned long)(steps * limit->step));
			finds(&w, steps > 0 ? limit->result : HEAPINFO_NOMEM,
			      what);
		}
	}
}

/* No two of these touch the same number. */
static void below_start(struct world *w)
{
	w->space.lowest = w->space.asked + 1;
}

static void heap_too_large(struct world *w)
{
	w->space.data_size = DATA_LIMIT;
}

static void beyond_the_top(struct world *w)
{
	w->space.top = w->space.asked - 1;
}

static void too_much_locked(struct world *w)
{
	w->space.locks = true;
}

static void in_the_way(struct world *w)
{
	w->map[1].gap_start = BREAK;
}

static void too_much_memory(struct world *w)
{
	w->space.pages = SIZE_LIMIT;
}

static void too_much_data(struct world *w)
{
	w->space.data_pages = DATA_LIMIT;
}

static void too_many_mappings(struct world *w)
{
	w->space.map_count = MAX_MAP_COUNT + 1;
}

static void not_mapped(struct world *w)
{
	w->map[0].start = BREAK;
}

static void sealed(struct world *w)
{
	w->map[0].sealed = true;
}

static void of_huge_pages(struct world *w)
{
	w->map[0].huge_page = HUGE;
}

struct cause {
	void (*bring)(struct world *w);
	enum heapinfo_result result;
};

/* In the order in which the kernel asks. */
static const struct cause of_growth[] = {
	{ below_start, HEAPINFO_BELOW_START },
	{ heap_too_large, HEAPINFO_RLIMIT_DATA },
	{ beyond_the_top, HEAPINFO_OVERLAP },
	{ too_much_locked, HEAPINFO_MLOCK },
	{ in_the_way, HEAPINFO_OVERLAP },
	{ too_much_memory, HEAPINFO_RLIMIT_AS },
	{ too_much_data, HEAPINFO_RLIMIT_DATA },
	{ too_many_mappings, HEAPINFO_MAP_COUNT },
};

static const struct cause of_growth_in_older_kernels[] = {
	{ below_start, HEAPINFO_BELOW_START },
	{ heap_too_large, HEAPINFO_RLIMIT_DATA },
	{ in_the_way, HEAPINFO_OVERLAP },
	{ beyond_the_top, HEAPINFO_OVERLAP },
	{ too_much_locked, HEAPINFO_MLOCK },
	{ too_much_memory, HEAPINFO_RLIMIT_AS },
	{ too_much_data, HEAPINFO_RLIMIT_DATA },
	{ too_many_mappings, HEAPINFO_MAP_COUNT },
};

static const struct cause of_shrinking[] = {
	{ below_start, HEAPINFO_BELOW_START },
	{ heap_too_large, HEAPINFO_RLIMIT_DATA },
	{ not_mapped, HEAPINFO_UNMAPPED },
	{ too_many_mappings, HEAPINFO_MAP_COUNT },
	{ sealed, HEAPINFO_SEALED },
	{ of_huge_pages, HEAPINFO_HUGETLB },
};

/* Whatever of it holds at once, the first of it is the reason. */
static void all_sets(struct world calm, const struct cause *causes, size_t nr)
{
	size_t i, bits;

	for (bits = 0; bits < 1ul << nr; bits++) {
		enum heapinfo_result be = HEAPINFO_NOMEM;
		struct world w = calm;
		char what[100];

		for (i = nr; i-- > 0; ) {
			if (!(bits & 1ul << i))
				continue;
			causes[i].bring(&w);
			if (causes[i].bring != too_much_data ||
			    !w.settings.ignore_rlimit_data)
				be = causes[i].result;
		}
		snprintf(what, sizeof(what), "causes 0x%zx", bits);
		finds(&w, be, what);
	}
}

static void growth_in_order(void **state)
{
	struct world w = growing();

	(void)state;
	all_sets(w, of_growth, LENGTH(of_growth));
	w.space.locks_first = false;
	all_sets(w, of_growth_in_older_kernels,
		 LENGTH(of_growth_in_older_kernels));
}

static void growth_with_ignored_limit(void **state)
{
	struct world w = growing();

	(void)state;
	w.settings.ignore_rlimit_data = true;
	all_sets(w, of_growth, LENGTH(of_growth));
}

static void shrinking_in_order(void **state)
{
	(void)state;
	all_sets(making_a_hole(), of_shrinking, LENGTH(of_shrinking));
}

/* Three mappings are to go, each of them sealed or not, of huge pages or not. */
static void several_mappings(void **state)
{
	unsigned int bits;
	int i;

	(void)state;
	for (bits = 0; bits < 64; bits++) {
		enum heapinfo_result be = HEAPINFO_NOMEM;
		struct world w = shrinking();
		char what[100];

		w.map[0] = mapping(START, BREAK - 6 * PAGE);
		w.map[1] = mapping(BREAK - 5 * PAGE, BREAK - 4 * PAGE);
		w.map[2] = mapping(BREAK - 4 * PAGE, BREAK + 6 * PAGE);
		w.map[3] = mapping(BREAK + 6 * PAGE, NEXT);
		w.map[3].sealed = true;
		for (i = 2; i >= 0; i--) {
			bool seal = bits & 1u << 2 * i;
			bool of_huge = bits & 2u << 2 * i;

			w.map[i].sealed = seal;
			w.map[i].huge_page = of_huge ? HUGE : 0;
			if (seal)
				be = HEAPINFO_SEALED;
			else if (of_huge && i != 1)
				be = HEAPINFO_HUGETLB;
		}
		snprintf(what, sizeof(what), "mappings 0x%x", bits);
		finds(&w, be, what);
	}
}

static size_t asked_for(struct world w)
{
	return describe(&w);
}

/* An address space may have very many, and its lock is held meanwhile. */
static void no_more_than_needed(void **state)
{
	struct world w = growing();

	(void)state;
	nearest(&w);
	assert_int_equal(asked_for(w), 1);
	w.space.asked = NEXT;
	assert_int_equal(asked_for(w), 1);
	/* Two mappings are to go, two more lie behind. */
	w.space.asked = BREAK - LESS * PAGE;
	w.map[0] = mapping(START, BREAK - 2 * PAGE);
	w.map[1] = mapping(BREAK - 2 * PAGE, BREAK);
	assert_int_equal(asked_for(w), 3);
	w.map[1].sealed = true;
	assert_int_equal(asked_for(w), 2);
	w.map[0].sealed = true;
	assert_int_equal(asked_for(w), 1);
}

/* The nearest is the one that is named. */
static void which_mapping(void **state)
{
	struct world w = growing();

	(void)state;
	w.space.asked = NEXT + 100 * PAGE;
	assert_int_equal(find(w).mapping, NEXT);
	nearest(&w);
	assert_int_equal(find(w).mapping, BREAK + 8 * PAGE);
	with_gap(&w);
	w.space.asked = BREAK + PAGE;
	w.map[1].gap_start = BREAK;
	assert_int_equal(find(w).mapping, BREAK + 8 * PAGE);
}

/* Sums of what lies there may wrap. */
static void end_of_addresses(void **state)
{
	unsigned long top[] = { TOP + 1, -PAGE, -PAGE + 1, ~0ul };
	struct world w = growing();
	char what[100];
	size_t i;

	(void)state;
	w.space.data_limit = ~0ul;
	w.space.locks = true;
	for (i = 0; i < LENGTH(top); i++) {
		w.space.asked = top[i];
		w.map[1].end = NEXT + PAGE;
		snprintf(what, sizeof(what), "0x%lx", top[i]);
		finds(&w, HEAPINFO_OVERLAP, what);
		w.map[1].end = 0;
		snprintf(what, sizeof(what), "0x%lx, no mapping", top[i]);
		finds(&w, HEAPINFO_NOMEM, what);
		assert_false(find(w).by_settings);
	}
}

/* The largest limit is none, however the sum of what is limited wraps. */
static void no_limit(void **state)
{
	struct world w = shrinking();

	(void)state;
	w.space.start_brk = w.space.asked + 1;
	w.space.data_size = 0;
	w.space.data_limit = ~0ul - 1;
	finds(&w, HEAPINFO_RLIMIT_DATA, "the largest limit but none");
	w.space.data_limit = ~0ul;
	finds(&w, HEAPINFO_NOMEM, "no limit");
}

/* Where the lock could not be had, only that is told which needs none. */
static void not_looked_at(void **state)
{
	struct world (*const worlds[])(void) = { growing, making_a_hole };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(worlds); i++) {
		struct world w = worlds[i]();

		w.space.looked = false;
		finds(&w, HEAPINFO_UNKNOWN, "not looked at");
		assert_false(find(w).by_settings);
		heap_too_large(&w);
		finds(&w, HEAPINFO_RLIMIT_DATA, "not looked at, too large");
		below_start(&w);
		finds(&w, HEAPINFO_BELOW_START, "not looked at, below");
	}
}

/* They cost a reading each time, so they are asked for only if they can matter. */
static void when_settings_matter(void **state)
{
	struct world w = growing();

	(void)state;
	assert_true(find(w).by_settings);
	too_much_data(&w);
	assert_true(find(w).by_settings);
	too_much_memory(&w);
	assert_false(find(w).by_settings);
	w = growing();
	in_the_way(&w);
	assert_false(find(w).by_settings);
	w = growing();
	too_much_locked(&w);
	assert_false(find(w).by_settings);
	w = growing();
	heap_too_large(&w);
	assert_false(find(w).by_settings);
	w = making_a_hole();
	assert_true(find(w).by_settings);
	w = shrinking();
	assert_false(find(w).by_settings);
	not_mapped(&w);
	assert_false(find(w).by_settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in_the_way),
		cmocka_unit_test(each_at_its_limit),
		cmocka_unit_test(growth_in_order),
		cmocka_unit_test(growth_with_ignored_limit),
		cmocka_unit_test(shrinking_in_order),
		cmocka_unit_test(several_mappings),
		cmocka_unit_test(no_more_than_needed),
		cmocka_unit_test(which_mapping),
		cmocka_unit_test(end_of_addresses),
		cmocka_unit_test(no_limit),
		cmocka_unit_test(not_looked_at),
		cmocka_unit_test(when_settings_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
