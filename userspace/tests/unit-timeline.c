// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the module's timeline, which is built here as it is: against a slow
 * model that forgets nothing, for rows that come in many rhythms.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "timeline.h"

#define US ((u64)1000)
#define MS (1000 * US)
#define SEC (1000 * MS)
#define HOUR (3600 * SEC)
#define DAY (24 * HOUR)

#define ROWS_MAX 300000u
#define BASE 0x100000ul

/* All rows of one process: what is pushed out of a ring of @lag rows is folded. */
static struct {
	struct heapinfo_timeline *timeline;
	struct heapinfo_event row[ROWS_MAX];
	size_t rows;
	size_t folded;
	size_t lag;
	size_t opened;
} life;

/* With at most so many spans. */
static void begin_with(size_t lag, unsigned int most)
{
	static _Alignas(u64) char memory[2048];

	assert_true(heapinfo_timeline_size(most) <= sizeof(memory));
	life.rows = 0;
	life.folded = 0;
	life.lag = lag;
	life.opened = 0;
	/* What lies in the memory before is of no matter. */
	life.timeline = (void *)memory;
	memset(memory, 0xa5, sizeof(memory));
	heapinfo_timeline_init(life.timeline, most);
}

static void begin(size_t lag)
{
	begin_with(lag, HEAPINFO_SPANS);
}

static void happens(u64 time, enum heapinfo_call call, unsigned long from,
		    unsigned long other)
{
	struct heapinfo_timeline *t = life.timeline;
	const struct heapinfo_event *oldest;

	assert_true(life.rows < ROWS_MAX);
	life.row[life.rows++] = (struct heapinfo_event) {
		.time = time, .from = from, .other = other, .call = call,
	};
	if (life.rows <= life.lag)
		return;
	oldest = &life.row[life.folded++];
	if (heapinfo_timeline_needs_span(t, oldest->time)) {
		heapinfo_timeline_open(t, oldest->time, time);
		life.opened++;
	}
	heapinfo_timeline_add(t, oldest);
}

/* What rows add up to, looked up one by one. The clock may go back by a little. */
static struct heapinfo_span model(size_t first, size_t rows)
{
	struct heapinfo_span sum = { .low = ~0ul };
	u64 time = 0;
	size_t i;

	for (i = 0; i < first + rows; i++) {
		const struct heapinfo_event *row = &life.row[i];
		bool failed = row->call == HEAPINFO_FAILED;
		unsigned long breaks[2] = {
			row->from, failed ? row->from : row->other
		};
		int j;

		time = row->time > time ? row->time : time;
		if (i < first)
			continue;
		if (i == first)
			sum.from = time;
		sum.to = time;
		sum.calls++;
		if (row->call == HEAPINFO_GROW)
			sum.up += row->other - row->from;
		if (row->call == HEAPINFO_SHRINK)
			sum.down += row->from - row->other;
		for (j = 0; j < 2; j++) {
			if (breaks[j] < sum.low)
				sum.low = breaks[j];
			if (breaks[j] > sum.high)
				sum.high = breaks[j];
		}
	}
	return sum;
}

static void same(const struct heapinfo_span *is, const struct heapinfo_span *be)
{
	assert_int_equal(is->from, be->from);
	assert_int_equal(is->to, be->to);
	assert_int_equal(is->calls, be->calls);
	assert_int_equal(is->up, be->up);
	assert_int_equal(is->down, be->down);
	assert_int_equal(is->low, be->low);
	assert_int_equal(is->high, be->high);
}

/* Each span is the sum of the rows that follow those of the span before it. */
static void check(void)
{
	const struct heapinfo_timeline *t = life.timeline;
	struct heapinfo_span be;
	size_t i, first = 0;

	assert_true(t->nr <= t->most);
	for (i = 0; i < t->nr; i++) {
		const struct heapinfo_span *is = &t->spans[i];

		assert_true(is->calls);
		assert_true(first + is->calls <= life.folded);
		be = model(first, is->calls);
		same(is, &be);
		assert_true(!i || is[-1].to <= is->from);
		first += is->calls;
	}
	assert_int_equal(first, life.folded);
}

static void nothing_at_first(void **state)
{
	(void)state;
	begin(16);
	check();
	assert_int_equal(life.timeline->nr, 0);
}

/* As long as there is a span for each row, nothing is lost. */
static void first_rows_stay(void **state)
{
	size_t i;

	(void)state;
	begin(0);
	for (i = 0; i < HEAPINFO_SPANS; i++) {
		happens(DAY + i * US, HEAPINFO_GROW, BASE, BASE + 16 * (i + 1));
		check();
		assert_int_equal(life.timeline->nr, i + 1);
	}
	happens(DAY + i * US, HEAPINFO_GROW, BASE, BASE + 16);
	check();
	assert_int_equal(life.timeline->nr, HEAPINFO_SPANS);
}

static const struct {
	const char *what;
	enum heapinfo_call call;
	unsigned long from, other;
	u64 up, down;
	unsigned long low, high;
} kinds[] = {
	{ "grow", HEAPINFO_GROW, BASE, BASE + 48, 48, 0, BASE, BASE + 48 },
	{ "shrink", HEAPINFO_SHRINK, BASE, BASE - 32, 0, 32, BASE - 32, BASE },
	{ "failed: what was asked is no break", HEAPINFO_FAILED,
	  BASE, BASE << 8, 0, 0, BASE, BASE },
	{ "moved: no call", HEAPINFO_MOVED,
	  BASE, BASE + 64, 0, 0, BASE, BASE + 64 },
	{ "set: which way is not known", HEAPINFO_SET,
	  BASE, BASE, 0, 0, BASE, BASE },
	{ "query", HEAPINFO_QUERY, BASE, BASE, 0, 0, BASE, BASE },
	{ "the whole address space", HEAPINFO_GROW,
	  0, ~0ul, ~0ul, 0, 0, ~0ul },
};

static void each_kind_of_row(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct heapinfo_span be = {
			.from = SEC, .to = SEC, .calls = 1,
			.up = kinds[i].up, .down = kinds[i].down,
			.low = kinds[i].low, .high = kinds[i].high,
		};

		print_message("%s\n", kinds[i].what);
		begin(0);
		happens(SEC, kinds[i].call, kinds[i].from, kinds[i].other);
		assert_int_equal(life.timeline->nr, 1);
		same(&life.timeline->spans[0], &be);
		check();
	}
}

static u64 seed;

static u64 draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* How long after the last row each row comes, where that is not always as long. */
static u64 bursts(size_t i)
{
	return i % 1000 ? US : DAY;
}

static u64 one_burst(size_t i)
{
	return i < 100000 ? US : HOUR;
}

static u64 ever_faster(size_t i)
{
	return 10 * DAY / (i + 1);
}

static u64 ever_slower(size_t i)
{
	return i * US;
}

static u64 any(size_t i)
{
	(void)i;
	return draw() >> (24 + draw() % 40);
}

static u64 clock_goes_back(size_t i)
{
	return i % 3 ? MS : -100 * US;
}

/*
 * What is asked of a rhythm: no span wider than this share of its age, in percent;
 * and that of so many rows at most one begins a span, since that looks at all others.
 */
static const struct rhythm {
	const char *name;
	u64 (*pause)(size_t i);	/* NULL: @every */
	u64 every;
	size_t lag;
	size_t rows;
	size_t one_of;
	unsigned int percent_most;
} rhythms[] = {
	{ "a row a microsecond", NULL, US, 64, 300000, 500, 50 },
	{ "a row a millisecond", NULL, MS, 64, 300000, 25, 50 },
	{ "a row a millisecond, a ring of one", NULL, MS, 1, 300000, 25, 50 },
	{ "a row an hour", NULL, HOUR, 16, 20000, 2, 50 },
	{ "all at once", NULL, 0, 16, 20000, 10000, 0 },
	{ "a thousand a day", bursts, 0, 64, 300000, 50, 50 },
	{ "many, and then one an hour", one_burst, 0, 64, 110000, 50, 50 },
	{ "ever faster", ever_faster, 0, 64, 300000, 20, 75 },
	{ "ever slower", ever_slower, 0, 64, 300000, 10, 50 },
	{ "the clock goes back", clock_goes_back, 0, 4, 300000, 25, 50 },
	{ "anyhow", any, 0, 4096, 100000, 50, 50 },
};

static void live(const struct rhythm *r)
{
	unsigned long brk = BASE, to;
	u64 time = DAY, now;
	size_t i, worst = 0;

	begin(r->lag);
	for (i = 0; i < r->rows; i++) {
		time += r->pause ? r->pause(i) : r->every;
		to = BASE + draw() % (1 << 20);
		happens(time, to > brk ? HEAPINFO_GROW : HEAPINFO_SHRINK, brk,
			to);
		brk = to;
		/* Looking at all rows takes long: look ever less often. */
		if (!(i & (i + 1)))
			check();
	}
	check();
	now = time;
	for (i = 0; i < life.timeline->nr; i++) {
		const struct heapinfo_span *s = &life.timeline->spans[i];
		u64 age = SEC / 8 + (now > s->to ? now - s->to : 0);
		u64 percent = (s->to - s->from) / (age / 100);

		if (percent > worst)
			worst = percent;
	}
	print_message("%s: %zu spans begun, the widest %zu %% of its age\n",
		      r->name, life.opened, worst);
	assert_true(life.opened <= r->rows / r->one_of);
	assert_true(worst <= r->percent_most);
}

static void each_rhythm(void **state)
{
	size_t i;

	(void)state;
	seed = 88172645463325252ull;
	for (i = 0; i < sizeof(rhythms) / sizeof(*rhythms); i++)
		live(&rhythms[i]);
}

/* Rows of all kinds, at times of all kinds, in rings of all sizes. */
static void random_lives(void **state)
{
	static const enum heapinfo_call calls[] = {
		HEAPINFO_GROW, HEAPINFO_SHRINK, HEAPINFO_FAILED,
		HEAPINFO_MOVED, HEAPINFO_SET, HEAPINFO_QUERY,
	};
	enum heapinfo_call call;
	unsigned long from, other;
	size_t i, round, rows;
	u64 time;

	(void)state;
	for (round = 1; round <= 200; round++) {
		seed = round * 0x9e3779b97f4a7c15ull;
		begin(draw() % 100);
		rows = draw() % 2000;
		time = draw() >> 16;
		for (i = 0; i < rows; i++) {
			time += draw() >> (20 + draw() % 44);
			call = calls[draw() % (sizeof(calls) / sizeof(*calls))];
			from = draw() >> 17;
			other = draw() >> 17;
			if (call == HEAPINFO_GROW)
				other += from;
			if (call == HEAPINFO_SHRINK)
				from += other;
			happens(time, call, from, other);
		}
		check();
	}
}

/* One that had few spans goes on with many, and nothing is lost. */
static void few_become_many(void **state)
{
	static _Alignas(u64) char memory[2048];
	struct heapinfo_timeline *many = (void *)memory;
	unsigned int most;
	size_t i;

	(void)state;
	seed = 88172645463325252ull;
	for (most = 2; most <= HEAPINFO_SPANS_FEW; most++) {
		begin_with(16, most);
		for (i = 0; i < 1000; i++) {
			happens(DAY + i * MS, HEAPINFO_GROW, BASE + 16 * i,
				BASE + 16 * (i + 1));
			check();
		}
		heapinfo_timeline_init(many, HEAPINFO_SPANS);
		heapinfo_timeline_go_on(many, life.timeline);
		life.timeline = many;
		check();
		for (i = 1000; i < 2000; i++) {
			happens(DAY + i * MS, HEAPINFO_GROW, BASE + 16 * i,
				BASE + 16 * (i + 1));
			check();
		}
		assert_int_equal(many->nr, HEAPINFO_SPANS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_at_first),
		cmocka_unit_test(first_rows_stay),
		cmocka_unit_test(each_kind_of_row),
		cmocka_unit_test(each_rhythm),
		cmocka_unit_test(random_lives),
		cmocka_unit_test(few_become_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
