// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the module's shares, which are built here as they are: with users
 * who take what they can, one after the other and by turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "share.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

#define USERS_MAX 20000u
#define ROOT 0u
#define OWNER 64u
#define RECORD 192u
#define BLOCK 704u
#define TIMELINE 2048u

/* A machine whose users all have something of its memory. */
static struct {
	struct heapinfo_use use;
	struct {
		u64 records;
		u64 rows;
	} user[USERS_MAX];
} machine;

static void begin(u64 bound)
{
	memset(&machine, 0, sizeof(machine));
	machine.use.bound = bound;
	machine.use.owners = 1;
}

static void add_records(size_t user, u64 bytes)
{
	machine.user[user].records += bytes;
	machine.use.records += bytes;
	if (user == ROOT)
		machine.use.root_records += bytes;
}

static void add_rows(size_t user, u64 bytes)
{
	machine.user[user].rows += bytes;
	machine.use.rows += bytes;
}

static bool is_within_share(size_t user)
{
	return machine.user[user].rows <=
	       heapinfo_share_rows(&machine.use, user == ROOT);
}

/* All that is promised of what is in use. */
static void check(void)
{
	const struct heapinfo_use *use = &machine.use;

	assert_true(use->records + use->rows <= use->bound);
	assert_true(use->records <= use->bound / 2);
	assert_true(heapinfo_rows_calm(use) < heapinfo_rows_bound(use));
	assert_true(heapinfo_rows_bound(use) + use->records < use->bound);
	assert_true(heapinfo_share_rows(use, false) * (use->owners - 1) +
		    heapinfo_share_rows(use, true) <= heapinfo_rows_calm(use));
}

/*
 * Who has more than a share gives rows back, until there is as much room as there
 * should be. The module finds him with a hand that goes round, here it is the one
 * with the most.
 */
static void take_back(void)
{
	size_t i, most;

	while (machine.use.rows > heapinfo_rows_calm(&machine.use)) {
		for (i = 0, most = 0; i < machine.use.owners; i++)
			if (!is_within_share(i) &&
			    (is_within_share(most) ||
			     machine.user[i].rows > machine.user[most].rows))
				most = i;
		if (is_within_share(most))
			return;
		add_rows(most, -(u64)BLOCK);
	}
}

static bool take_record(size_t user)
{
	bool first = !machine.user[user].records;
	u64 bytes = RECORD + (first ? OWNER : 0);

	add_records(user, bytes);
	if (machine.user[user].records <=
	    heapinfo_share_records(&machine.use, user == ROOT) &&
	    !heapinfo_use_full(&machine.use)) {
		machine.use.owners += first && user != ROOT;
		take_back();
		check();
		return true;
	}
	add_records(user, -bytes);
	return false;
}

/* @first: of a process, which root gets whatever it has. */
static bool take_rows(size_t user, u64 bytes, bool first)
{
	u64 bound;

	add_rows(user, bytes);
	bound = is_within_share(user) || (user == ROOT && first) ?
		heapinfo_rows_bound(&machine.use) :
		heapinfo_rows_calm(&machine.use);
	if (machine.use.rows <= bound) {
		take_back();
		check();
		return true;
	}
	add_rows(user, -bytes);
	return false;
}

/* As many as there can be. Returns how many. */
static size_t take_records(size_t user)
{
	size_t records = 0;

	while (take_record(user))
		records++;
	return records;
}

static void take_all_rows(size_t user)
{
	while (take_rows(user, TIMELINE, false))
		;
	while (take_rows(user, BLOCK, false))
		;
}

static const u64 bounds[] = { MIB, 3 * MIB, 32 * MIB, 65 * MIB };

/* What all but root may have of records at most. */
static u64 for_others(u64 bound)
{
	return bound / 2 - bound / 8;
}

/* One user has all that he wants, and still the next one has what he needs. */
static void one_takes_all(void **state)
{
	size_t i, records;

	(void)state;
	for (i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		begin(bounds[i]);
		assert_true(take_record(ROOT));
		records = take_records(1);
		take_all_rows(1);
		print_message("%llu MiB: %zu records, %llu KiB of rows\n",
			      (unsigned long long)(bounds[i] / MIB), records,
			      (unsigned long long)(machine.use.rows / KIB));
		assert_true(records >= bounds[i] / 8 / RECORD);
		assert_true(machine.use.rows >= bounds[i] / 2);
		assert_true(take_record(2));
		assert_true(take_rows(2, BLOCK, true));
		assert_true(take_record(ROOT));
		assert_true(take_rows(ROOT, BLOCK, true));
	}
}

/* Root, which a container may have as well, has all that it wants. */
static void root_takes_all(void **state)
{
	size_t i, user;

	(void)state;
	for (i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		begin(bounds[i]);
		assert_true(take_records(ROOT) * RECORD >= bounds[i] / 4);
		take_all_rows(ROOT);
		for (user = 1; user <= 30; user++) {
			assert_true(take_record(user));
			assert_true(take_rows(user, BLOCK, true));
		}
	}
}

/*
 * Many, one after the other: each leaves the next one something. What is left of
 * the smallest bound are records of single processes, when so many have been there.
 */
static void many_take_all(void **state)
{
	size_t i, user, last = 0;
	u64 all, left;

	(void)state;
	for (i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		begin(bounds[i]);
		all = for_others(bounds[i]);
		assert_true(take_record(ROOT));
		for (user = 1; user <= 30; user++) {
			last = take_records(user);
			take_all_rows(user);
			assert_true(last);
			/* The next one's rows, and those of root. */
			assert_true(take_rows(user + 1, BLOCK, true));
			add_rows(user + 1, -(u64)BLOCK);
			assert_true(take_rows(ROOT, BLOCK, true));
			add_rows(ROOT, -(u64)BLOCK);
			left = all - (machine.use.records -
				      machine.use.root_records);
			if (bounds[i] > 30 * MIB)
				assert_true(left * (user + 2) >= all);
		}
		print_message("%llu MiB: the last of %zu has %zu records\n",
			      (unsigned long long)(bounds[i] / MIB), user - 1,
			      last);
		/* Root has a reserve that all together cannot touch. */
		assert_true(take_records(ROOT) * RECORD >=
			    bounds[i] / 8 - 2 * RECORD);
	}
}

/* Each of so many users has a process with 16 rows, and the last is no worse off. */
static void users_at_once(void **state)
{
	size_t user;

	(void)state;
	begin(32 * MIB);
	assert_true(take_record(ROOT));
	take_all_rows(ROOT);
	for (user = 1; user < 18992; user++) {
		assert_true(take_record(user));
		assert_true(take_rows(user, BLOCK, true));
	}
	assert_true(take_record(ROOT));
	assert_true(take_rows(ROOT, BLOCK, true));
	print_message("%zu users: a share is %llu bytes of rows\n", user,
		      (unsigned long long)heapinfo_share_rows(&machine.use,
							      false));
}

static u64 seed;

static u64 draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Some take much and some little, in any order; who is within a share is served. */
static void by_turns(void **state)
{
	size_t i, user, users, refused;
	bool within;

	(void)state;
	for (users = 2; users <= 600; users += users / 2 + 1) {
		seed = users * 0x9e3779b97f4a7c15ull;
		begin(MIB << draw() % 4);
		assert_true(take_record(ROOT));
		for (i = 0, refused = 0; i < 20000; i++) {
			/* The first ones come more often than the last ones. */
			user = draw() % (draw() % users + 1);
			if (user > machine.use.owners)
				user = machine.use.owners;
			if (draw() % 4 == 0 || !machine.user[user].records) {
				take_record(user);
				continue;
			}
			machine.user[user].rows += BLOCK;
			within = is_within_share(user);
			machine.user[user].rows -= BLOCK;
			if (!take_rows(user, BLOCK, true)) {
				assert_false(within);
				refused++;
			}
		}
		print_message("%u users, %llu KiB: %zu refused\n",
			      machine.use.owners,
			      (unsigned long long)(machine.use.bound / KIB),
			      refused);
	}
}

/* With no bound a number overflows, and no share is larger than what there is. */
static void no_overflow(void **state)
{
	struct heapinfo_use use = { .owners = 1 };
	u64 share, last;
	unsigned int i;

	(void)state;
	for (use.bound = MIB; use.bound <= 64 * GIB; use.bound *= 2) {
		last = use.bound;
		for (i = 0; i <= 512; i++) {
			use.records = use.bound / 2 / 512 * i;
			share = heapinfo_share_records(&use, false);
			assert_true(share <= last);
			assert_true(share + use.records <= use.bound);
			assert_true(heapinfo_share_rows(&use, false) <=
				    heapinfo_rows_calm(&use));
			last = share;
		}
		assert_int_equal(last, 0);
	}
	/* As large as it may be where addresses have 32 bits. */
	use.bound = INT32_MAX / 2;
	use.records = 0;
	assert_true(heapinfo_share_records(&use, false) > use.bound / 4);
	use.owners = UINT32_MAX;
	assert_int_equal(heapinfo_share_rows(&use, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_takes_all),
		cmocka_unit_test(root_takes_all),
		cmocka_unit_test(many_take_all),
		cmocka_unit_test(users_at_once),
		cmocka_unit_test(by_turns),
		cmocka_unit_test(no_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
