// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the module's ring of rows, which is built here as it is: against a
 * list of all rows that ever were, while memory is refused and taken back at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/timekeeping.h>

#include "ring.h"
#include "timeline.h"

#define STEPS 6000u

/* What happened, the oldest first; of them the ring has the last. */
static struct {
	struct heapinfo_ring ring;
	struct heapinfo_event row[2 * STEPS];
	struct heapinfo_actor who[2 * STEPS];
	/* There may be no actor, since memory for one was refused. */
	bool anonymous[2 * STEPS];
	/* From which place in a program each row came, and the number of its stack. */
	u64 place[2 * STEPS];
	u32 number[2 * STEPS];
	/* The rows before this one gave their stacks back. */
	unsigned int bare;
	unsigned int rows;
	unsigned int most;
	/* Rows that went while there was no timeline. */
	unsigned int forgotten;
	unsigned int blocks;
	u32 random;
} life;

u64 ktime_get_boot_fast_ns(void)
{
	return (life.rows + 1) * (u64)1000;
}

static u32 chance(u32 n)
{
	life.random = life.random * 1664525u + 1013904223u;
	return (life.random >> 8) % n;
}

static void *granted(size_t size, unsigned int refused)
{
	void *memory;

	if (chance(100) < refused)
		return NULL;
	memory = malloc(size);
	assert_non_null(memory);
	/* What lies in the memory before is of no matter. */
	memset(memory, 0xa5, size);
	return memory;
}

static void fill(struct heapinfo_spare *spare, struct heapinfo_wants wants,
		 unsigned int refused)
{
	memset(spare, 0, sizeof(*spare));
	if (wants.block)
		spare->block = granted(sizeof(*spare->block), refused);
	if (spare->block)
		life.blocks++;
	else if (wants.timeline)
		spare->timeline = granted(heapinfo_timeline_size(HEAPINFO_SPANS),
					  refused);
	if (spare->timeline)
		heapinfo_timeline_init(spare->timeline, HEAPINFO_SPANS);
	if (wants.actors)
		spare->actors = granted(wants.actors * sizeof(*spare->actors),
					refused);
	if (spare->actors)
		spare->nr_actors = wants.actors;
	if (wants.stacks)
		spare->stacks = granted(heapinfo_stacks_size(wants.stacks),
					refused);
	if (spare->stacks)
		heapinfo_stacks_init(spare->stacks, wants.stacks);
}

/* The stacks that no row is of any more. */
static void free_gone(struct heapinfo_stack *stack)
{
	struct heapinfo_stack *next;

	for (; stack; stack = next) {
		next = stack->next;
		free(stack);
	}
}

/* A table, which counts the bytes of its stacks to the last one. */
static void free_stacks(struct heapinfo_stacks *stacks)
{
	u16 i;

	if (!stacks)
		return;
	for (i = 0; i < stacks->most; i++)
		heapinfo_stacks_drop(stacks, i);
	assert_int_equal(stacks->bytes, 0);
	free_gone(stacks->gone);
	free(stacks);
}

static void empty(struct heapinfo_spare *spare)
{
	if (spare->block)
		life.blocks--;
	free(spare->block);
	free(spare->timeline);
	free(spare->actors);
	free(spare->stack);
	free_stacks(spare->stacks);
}

/* How many rows went, and whether that is told by the timeline. */
static void count_forgotten(unsigned int before, unsigned int added,
			    bool timeline)
{
	if (!timeline)
		life.forgotten += before + added - life.ring.rows;
}

/* The stack of a call that comes from a place: the one there is, or a new one. */
static u16 find_stack(u64 from, unsigned int refused)
{
	struct heapinfo_spare spare = { .stack_tried = true };
	struct heapinfo_ring *ring = &life.ring;
	struct heapinfo_wants wants = {};
	u16 i, at = HEAPINFO_NO_STACK;

	for (i = 0; ring->stacks && i < ring->stacks->most; i++)
		if (ring->stacks->entries[i].stack &&
		    ring->stacks->entries[i].stack->ip == from)
			return i;
	wants.stacks = heapinfo_ring_stacks_wanted(ring, life.most);
	fill(&spare, wants, refused);
	spare.stack_tried = true;
	spare.stack = granted(sizeof(*spare.stack), refused);
	if (spare.stack)
		*spare.stack = (struct heapinfo_stack) { .ip = from };
	at = heapinfo_ring_add_stack(ring, &spare);
	assert_true(at != HEAPINFO_NO_STACK || refused);
	assert_true((at == HEAPINFO_NO_STACK) == ring->stack_refused ||
		    at != HEAPINFO_NO_STACK);
	empty(&spare);
	return at;
}

static void happens(const struct heapinfo_actor *who, unsigned int refused)
{
	struct heapinfo_ring *ring = &life.ring;
	struct heapinfo_spare spare = {};
	unsigned int before = ring->rows;
	struct heapinfo_wants wants;
	struct heapinfo_event *row;
	bool room;
	u16 stack;

	wants = heapinfo_ring_wants(ring, 1, who, life.most);
	fill(&spare, wants, refused);
	room = heapinfo_ring_make_room(ring, &spare, who, life.most);
	empty(&spare);
	/* What was not refused is enough. */
	assert_true(room || refused);
	assert_true(room == (ring->room > 0));
	assert_true(!room || refused || ring->actor != HEAPINFO_NO_ACTOR);
	life.anonymous[life.rows] = ring->actor == HEAPINFO_NO_ACTOR;
	life.who[life.rows] = *who;
	row = &life.row[life.rows++];
	*row = (struct heapinfo_event) {
		.time = life.rows * 1000, .from = life.rows << 12,
		.other = (life.rows + 1) << 12, .call = HEAPINFO_GROW,
		.result = HEAPINFO_OK, .mapping = chance(2),
	};
	if (!room) {
		heapinfo_ring_sum_up(ring, row);
		count_forgotten(before, 1, ring->timeline);
		return;
	}
	life.place[life.rows - 1] = 1 + chance(chance(2) ? 3 : 200);
	stack = find_stack(life.place[life.rows - 1], refused);
	life.number[life.rows - 1] = stack == HEAPINFO_NO_STACK ?
				     0 : ring->stacks->entries[stack].number;
	heapinfo_ring_add(ring, row->time, row->call, row->result, row->from,
			  row->other, row->mapping, stack);
	free_gone(heapinfo_ring_take_gone(ring));
	count_forgotten(before, 1, ring->timeline);
}

/* Who is to give rows back gets a small timeline for them, if he has none. */
static void give_small_timeline(unsigned int refused)
{
	struct heapinfo_spare spare = {
		.timeline = granted(heapinfo_timeline_size(HEAPINFO_SPANS_FEW),
				    refused),
	};

	if (spare.timeline)
		heapinfo_timeline_init(spare.timeline, HEAPINFO_SPANS_FEW);
	heapinfo_ring_set_timeline(&life.ring, &spare);
	empty(&spare);
}

/* With the last block it may lose all else, too. */
static void give_rest(void)
{
	struct heapinfo_spare rest = {};
	bool timeline = chance(2);
	unsigned int i;

	for (i = 0; timeline && i < heapinfo_ring_spans(&life.ring); i++)
		life.forgotten += life.ring.timeline->spans[i].calls;
	heapinfo_ring_give_rest(&life.ring, &rest, timeline);
	assert_null(life.ring.actors);
	assert_null(life.ring.stacks);
	life.bare = life.rows;
	assert_true(!timeline || !life.ring.timeline);
	empty(&rest);
}

/* Whoever has to give much back loses the stacks first, and keeps the rows. */
static void give_stacks(void)
{
	free_stacks(heapinfo_ring_give_stacks(&life.ring));
	assert_null(life.ring.stacks);
	life.bare = life.rows;
}

static void give_back(void)
{
	unsigned int before = life.ring.rows, room = life.ring.room;
	struct heapinfo_block *block;

	if (chance(2))
		give_small_timeline(10);
	if (chance(2))
		give_stacks();
	block = heapinfo_ring_give_back(&life.ring);
	assert_true(!block == !room);
	if (!block)
		return;
	assert_int_equal(life.ring.room, room - block->room);
	/* No more goes than has to: the block, and what is older. */
	assert_true(before - life.ring.rows <
		    2 * HEAPINFO_BLOCK_EVENTS);
	count_forgotten(before, 0, life.ring.timeline);
	life.blocks--;
	free(block);
	free_gone(heapinfo_ring_take_gone(&life.ring));
	if (!life.ring.room && chance(2))
		give_rest();
}

/* Each row has the stack that it got, and each stack has rows. */
static void check_stacks(const struct heapinfo_event *copy, unsigned int nr)
{
	static unsigned int rows[4200];
	const struct heapinfo_stacks *stacks = life.ring.stacks;
	unsigned int i, row, lost = 0;

	memset(rows, 0, sizeof(rows));
	for (i = 0; i < nr; i++) {
		row = life.rows - nr + i;
		if (row < life.bare || !life.number[row]) {
			assert_int_equal(copy[i].stack, HEAPINFO_NO_STACK);
			lost++;
			continue;
		}
		assert_true(copy[i].stack < stacks->most);
		rows[copy[i].stack]++;
		assert_int_equal(stacks->entries[copy[i].stack].number,
				 life.number[row]);
		assert_int_equal(stacks->entries[copy[i].stack].stack->ip,
				 life.place[row]);
	}
	assert_int_equal(lost, life.ring.lost);
	for (i = 0; stacks && i < stacks->most; i++) {
		assert_int_equal(stacks->entries[i].rows, rows[i]);
		assert_true(!rows[i] || stacks->entries[i].stack);
	}
}

/* The rows are the last ones, each with who did it; the rest is in the spans. */
static void check(void)
{
	static struct heapinfo_event copy[4200];
	static struct heapinfo_actor actors[4200];
	const struct heapinfo_ring *ring = &life.ring;
	unsigned int i, part, nr = 0, first = life.rows - ring->rows;
	unsigned int gone = 0, counted = 0;
	const struct heapinfo_block *block = ring->block;

	assert_true(ring->rows <= life.most && ring->room <= life.most);
	for (i = 0; block && (!i || block != ring->block); i++)
		block = block->next;
	assert_int_equal(i, life.blocks);
	do {
		part = heapinfo_ring_copy(ring, nr, 1 + chance(80), copy + nr);
		nr += part;
	} while (part);
	assert_int_equal(nr, ring->rows);
	heapinfo_ring_copy_actors(ring, actors);
	for (i = 0; i < nr; i++) {
		const struct heapinfo_event *row = &life.row[first + i];
		const struct heapinfo_actor *who = &life.who[first + i];

		assert_int_equal(copy[i].time, row->time);
		assert_int_equal(copy[i].from, row->from);
		assert_int_equal(copy[i].other, row->other);
		assert_int_equal(copy[i].mapping, row->mapping);
		assert_int_equal(copy[i].call, row->call);
		if (life.anonymous[first + i]) {
			assert_int_equal(copy[i].actor, HEAPINFO_NO_ACTOR);
			continue;
		}
		assert_true(copy[i].actor < ring->nr_actors);
		assert_int_equal(actors[copy[i].actor].tid, who->tid);
		assert_int_equal(actors[copy[i].actor].vtid, who->vtid);
		assert_memory_equal(actors[copy[i].actor].comm, who->comm,
				    sizeof(who->comm));
	}
	check_stacks(copy, nr);
	for (i = 0; i < ring->nr_actors; i++)
		counted += actors[i].rows;
	for (i = 0; i < nr; i++)
		counted -= copy[i].actor != HEAPINFO_NO_ACTOR;
	assert_int_equal(counted, 0);
	for (i = 0; i < heapinfo_ring_spans(ring); i++)
		gone += ring->timeline->spans[i].calls;
	assert_int_equal(gone + life.forgotten, first);
}

static void begin(unsigned int most, u32 seed)
{
	memset(&life, 0, sizeof(life));
	heapinfo_ring_init(&life.ring);
	life.most = most;
	life.random = seed;
}

static void end(void)
{
	struct heapinfo_block *block;

	while ((block = heapinfo_ring_give_back(&life.ring))) {
		life.blocks--;
		free(block);
	}
	assert_int_equal(life.ring.lost, 0);
	assert_int_equal(life.ring.rows, 0);
	assert_int_equal(life.blocks, 0);
	free(life.ring.actors);
	free(life.ring.timeline);
	free_stacks(life.ring.stacks);
}

/* Threads of a process, which now and then change their name. */
static struct heapinfo_actor thread(unsigned int threads)
{
	struct heapinfo_actor who = { .tid = 100 + chance(threads) };

	/* A number may come back in another namespace. */
	who.vtid = chance(30) ? who.tid - 99 : 7;
	snprintf(who.comm, sizeof(who.comm), "%u", chance(20) ? 0 : chance(3));
	return who;
}

static void live(unsigned int most, unsigned int threads, unsigned int refused,
		 unsigned int given, u32 seed)
{
	struct heapinfo_actor who;
	unsigned int i;

	begin(most, seed);
	for (i = 0; i < STEPS; i++) {
		if (chance(1000) < given)
			give_back();
		who = thread(threads);
		happens(&who, refused);
		if (i < 200 || !chance(16))
			check();
	}
	check();
	end();
}

/* How many rows a ring may have; ends with 0. */
static const unsigned int mosts[] = {
	1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 100, 256, 4095, 0
};

static void test_last_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; mosts[i]; i++) {
		live(mosts[i], 1, 0, 0, i + 1);
		/* All are there as soon as there were as many. */
		live(mosts[i], 5, 0, 0, i + 1);
	}
}

static void test_all_kept(void **state)
{
	struct heapinfo_actor who = { .tid = 1, .comm = "one" };
	unsigned int i;
	size_t m;

	(void)state;
	for (m = 0; mosts[m]; m++) {
		begin(mosts[m], 1);
		for (i = 0; i < STEPS; i++) {
			happens(&who, 0);
			assert_int_equal(life.ring.rows,
					 i + 1 < mosts[m] ? i + 1 : mosts[m]);
		}
		check();
		end();
	}
}

static void test_every_row_another_actor(void **state)
{
	struct heapinfo_actor who = {};
	unsigned int i;

	(void)state;
	begin(64, 1);
	for (i = 0; i < 1000; i++) {
		who.tid = i;
		happens(&who, 0);
		check();
	}
	assert_true(life.ring.nr_actors <= 65);
	end();
}

static void test_refused_and_taken_back(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; mosts[i]; i++) {
		live(mosts[i], 7, 30, 0, 100 + i);
		live(mosts[i], 3, 0, 20, 200 + i);
		live(mosts[i], 40, 20, 30, 300 + i);
		live(mosts[i], 40, 90, 5, 400 + i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_rows),
		cmocka_unit_test(test_all_kept),
		cmocka_unit_test(test_every_row_another_actor),
		cmocka_unit_test(test_refused_and_taken_back),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
