// SPDX-License-Identifier: GPL-2.0
/* The rows of one process: its last calls of brk(2), in a ring that grows. */
#include "ring.h"
#include "timeline.h"

#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

/*
 * Where @who is among the actors. If it is not there, a place for it; if there is
 * none either, HEAPINFO_NO_ACTOR.
 */
static u16 heapinfo_ring_place_actor(const struct heapinfo_ring *ring,
				     const struct heapinfo_actor *who)
{
	const struct heapinfo_actor *actor = ring->actors;
	u16 i, place = HEAPINFO_NO_ACTOR;

	for (i = 0; i < ring->nr_actors; i++, actor++) {
		if (!actor->rows)
			place = i;
		else if (actor->tid == who->tid && actor->vtid == who->vtid &&
			 !memcmp(actor->comm, who->comm, sizeof(who->comm)))
			return i;
	}
	return place;
}

/**
 * heapinfo_ring_wants() - which memory should there be for new rows?
 * @ring: the ring
 * @rows: how many rows are to be added, 1 or 2
 * @who: the thread that they are of
 * @most: how many rows a ring has at most
 *
 * There is a place for one actor more than there may be rows: so a new one always
 * finds one that is free.
 *
 * Context: under the lock of the record; does not sleep.
 * Return: what it wants; nothing where it needs nothing.
 */
struct heapinfo_wants heapinfo_ring_wants(const struct heapinfo_ring *ring,
					  unsigned int rows,
					  const struct heapinfo_actor *who,
					  unsigned int most)
{
	struct heapinfo_wants wants = {
		.empty = !ring->room,
		.first = !ring->room || !ring->timeline,
	};

	/* The first block has a place for the first one. */
	if (ring->nr_actors &&
	    heapinfo_ring_place_actor(ring, who) == HEAPINFO_NO_ACTOR)
		wants.actors = min(ring->nr_actors * 2u, most + 1);
	if (ring->end - ring->next >= (int)rows)
		return wants;
	wants.block = ring->room < most;
	wants.timeline = ring->room &&
			 (!ring->timeline ||
			  ring->timeline->most < HEAPINFO_SPANS);
	return wants;
}

/* Whether the actors are no table, but the one in a block. */
static bool heapinfo_ring_has_one_actor(const struct heapinfo_ring *ring)
{
	return ring->nr_actors == 1;
}

/* Takes the table of the spare if it is larger; the spare gets the ring's. */
static void heapinfo_ring_grow_actors(struct heapinfo_ring *ring,
				      struct heapinfo_spare *spare)
{
	bool one = heapinfo_ring_has_one_actor(ring);
	struct heapinfo_actor *actors = ring->actors;
	u16 nr = ring->nr_actors;

	if (!spare || !spare->actors || spare->nr_actors <= nr)
		return;
	memcpy(spare->actors, actors, nr * sizeof(*actors));
	memset(spare->actors + nr, 0,
	       (spare->nr_actors - nr) * sizeof(*actors));
	ring->actors = spare->actors;
	ring->nr_actors = spare->nr_actors;
	spare->actors = one ? NULL : actors;
	spare->nr_actors = one ? 0 : nr;
}

/* Sees to it that the next row is of @who, if there is memory for that. */
static void heapinfo_ring_set_actor(struct heapinfo_ring *ring,
				    struct heapinfo_spare *spare,
				    const struct heapinfo_actor *who)
{
	struct heapinfo_actor *actor;

	ring->actor = heapinfo_ring_place_actor(ring, who);
	if (ring->actor == HEAPINFO_NO_ACTOR) {
		heapinfo_ring_grow_actors(ring, spare);
		ring->actor = heapinfo_ring_place_actor(ring, who);
		if (ring->actor == HEAPINFO_NO_ACTOR)
			return;
	}
	actor = &ring->actors[ring->actor];
	if (actor->rows)
		return;
	*actor = *who;
	actor->rows = 0;
}

/**
 * heapinfo_ring_set_timeline() - let a ring have another timeline
 * @ring: the ring
 * @spare: with a timeline that has no span; it is taken if it is larger than what
 *	the ring has, which is in @spare then
 *
 * Context: under the lock of the record; does not sleep.
 */
void heapinfo_ring_set_timeline(struct heapinfo_ring *ring,
				struct heapinfo_spare *spare)
{
	struct heapinfo_timeline *before = ring->timeline;

	if (!spare->timeline ||
	    (before && before->most >= spare->timeline->most))
		return;
	if (before)
		heapinfo_timeline_go_on(spare->timeline, before);
	ring->timeline = spare->timeline;
	spare->timeline = before;
}

/* Adds the block of the spare behind the newest row. */
static void heapinfo_ring_add_block(struct heapinfo_ring *ring,
				    struct heapinfo_spare *spare,
				    unsigned int most)
{
	struct heapinfo_block *block = spare->block;

	spare->block = NULL;
	block->room = min_t(unsigned int, HEAPINFO_BLOCK_EVENTS,
			    most - ring->room);
	if (ring->block) {
		block->next = ring->block->next;
		ring->block->next = block;
	} else {
		block->next = block;
	}
	if (!ring->nr_actors) {
		memset(&block->actor, 0, sizeof(block->actor));
		ring->actors = &block->actor;
		ring->nr_actors = 1;
	}
	ring->room += block->room;
	ring->block = block;
}

/*
 * Goes on to the next block. Where memory was refused that is the oldest one, which
 * is overwritten; memory is asked for again at the end of each block. So it is with
 * memory for the timeline: the rows that are overwritten before there is one are
 * lost. Returns false if there is no block.
 */
static bool heapinfo_ring_next_block(struct heapinfo_ring *ring,
				     struct heapinfo_spare *spare,
				     unsigned int most)
{
	if (ring->room < most && spare && spare->block) {
		heapinfo_ring_add_block(ring, spare, most);
	} else if (ring->room) {
		ring->block = ring->block->next;
		if (spare)
			heapinfo_ring_set_timeline(ring, spare);
	} else {
		return false;
	}
	ring->next = 0;
	ring->end = ring->block->room;
	ring->stack_refused = false;
	return true;
}

/**
 * heapinfo_ring_make_room() - see to it that a row can be added
 * @ring: the ring
 * @spare: memory for it, if heapinfo_ring_wants() wanted some; may be empty or NULL
 * @who: the thread that the row is of
 * @most: how many rows a ring has at most
 *
 * Where there is no memory to say who did it, the row does not say it.
 *
 * Context: under the lock of the record; does not sleep.
 * Return: false if there is no memory for a single row.
 */
bool heapinfo_ring_make_room(struct heapinfo_ring *ring,
			     struct heapinfo_spare *spare,
			     const struct heapinfo_actor *who,
			     unsigned int most)
{
	if (ring->next == ring->end &&
	    !heapinfo_ring_next_block(ring, spare, most))
		return false;
	heapinfo_ring_set_actor(ring, spare, who);
	return true;
}

/**
 * heapinfo_ring_stacks_wanted() - whether a new stack needs a larger table
 * @ring: the ring
 * @most: how many rows a ring has at most
 *
 * There is a place for one stack more than there may be rows: the one of a new row
 * comes before that of the oldest one goes.
 *
 * Context: under the lock of the record; does not sleep.
 * Return: for how many the table is to be; 0 if that which is there will do.
 */
unsigned int heapinfo_ring_stacks_wanted(const struct heapinfo_ring *ring,
					 unsigned int most)
{
	const struct heapinfo_stacks *stacks = ring->stacks;

	if (!stacks)
		return min(HEAPINFO_STACKS_FIRST + 0u, most + 1);
	if (heapinfo_stacks_place(stacks) != HEAPINFO_NO_STACK)
		return 0;
	return min(stacks->most * 2u, most + 1);
}

/* Takes the table of the spare if it is larger; the spare gets the ring's. */
static void heapinfo_ring_grow_stacks(struct heapinfo_ring *ring,
				      struct heapinfo_spare *spare)
{
	struct heapinfo_stacks *before = ring->stacks;

	if (!spare->stacks || (before && before->most >= spare->stacks->most))
		return;
	if (before)
		heapinfo_stacks_move(spare->stacks, before);
	ring->stacks = spare->stacks;
	spare->stacks = before;
}

/**
 * heapinfo_ring_add_stack() - add the stack of a row that is to come
 * @ring: the ring
 * @spare: the stack, if it could be kept; and a table, if one was wanted
 *
 * Where there is none, it is not tried for again before the next block of rows.
 *
 * Context: under the lock of the record; does not sleep.
 * Return: its place; HEAPINFO_NO_STACK if there is none.
 */
u16 heapinfo_ring_add_stack(struct heapinfo_ring *ring,
			    struct heapinfo_spare *spare)
{
	u16 place = HEAPINFO_NO_STACK;

	if (!spare->stack_tried)
		return HEAPINFO_NO_STACK;
	heapinfo_ring_grow_stacks(ring, spare);
	/* No number is used again: after the last one there are no more stacks. */
	if (spare->stack && ring->stacks && ring->numbers < S32_MAX)
		place = heapinfo_stacks_place(ring->stacks);
	if (place == HEAPINFO_NO_STACK) {
		ring->stack_refused = true;
		return place;
	}
	heapinfo_stacks_set(ring->stacks, place, spare->stack, ++ring->numbers);
	spare->stack = NULL;
	return place;
}

/**
 * heapinfo_ring_give_stacks() - take all stacks out of a ring
 * @ring: the ring, whose rows stay and have none then
 *
 * Context: under the lock of the record; does not sleep.
 * Return: the stacks, for the caller to free; NULL if there is none.
 */
struct heapinfo_stacks *heapinfo_ring_give_stacks(struct heapinfo_ring *ring)
{
	/* Behind the newest row: what is vacant, then the oldest rows. */
	unsigned int at = ring->next + (ring->room - ring->rows);
	struct heapinfo_stacks *stacks = ring->stacks;
	struct heapinfo_block *block = ring->block;
	unsigned int left = ring->rows;

	if (!stacks)
		return NULL;
	ring->stacks = NULL;
	for (; left; block = block->next, at = 0) {
		for (; left && at < block->room; at++, left--) {
			if (block->events[at].stack == HEAPINFO_NO_STACK)
				continue;
			block->events[at].stack = HEAPINFO_NO_STACK;
			ring->lost++;
		}
	}
	return stacks;
}

/**
 * heapinfo_ring_sum_up() - sum up a row that is not in the ring
 * @ring: the ring; where it has no timeline, the row is lost
 * @event: the row; who did it is of no matter
 *
 * Context: under the lock of the record; does not sleep.
 */
void heapinfo_ring_sum_up(struct heapinfo_ring *ring,
			  const struct heapinfo_event *event)
{
	struct heapinfo_timeline *timeline = ring->timeline;

	if (unlikely(!timeline))
		return;
	if (unlikely(heapinfo_timeline_needs_span(timeline, event->time)))
		heapinfo_timeline_open(timeline, event->time,
				       ktime_get_boot_fast_ns());
	heapinfo_timeline_add(timeline, event);
}

/* Sums up the oldest row, which is then no longer one of the ring. */
static void heapinfo_ring_drop(struct heapinfo_ring *ring,
			       const struct heapinfo_event *oldest)
{
	ring->rows--;
	if (oldest->stack != HEAPINFO_NO_STACK)
		heapinfo_stacks_leave(ring->stacks, oldest->stack);
	else if (heapinfo_call_has_stack(oldest->call))
		ring->lost--;
	if (likely(oldest->actor != HEAPINFO_NO_ACTOR))
		ring->actors[oldest->actor].rows--;
	heapinfo_ring_sum_up(ring, oldest);
}

/**
 * heapinfo_ring_push_out() - sum up the row that the next one replaces
 * @ring: is full, and its current block is not at its end
 *
 * Context: under the lock of the record; does not sleep.
 */
noinline void heapinfo_ring_push_out(struct heapinfo_ring *ring)
{
	heapinfo_ring_drop(ring, &ring->block->events[ring->next]);
}

/*
 * The actor that is in a block goes to the next one, or with the last one away: then
 * there is no row. The block is out of the ring.
 */
static void heapinfo_ring_move_actor(struct heapinfo_ring *ring,
				     const struct heapinfo_block *out)
{
	if (ring->actors != &out->actor)
		return;
	if (ring->block) {
		ring->block->actor = out->actor;
		ring->actors = &ring->block->actor;
	} else {
		ring->actors = NULL;
		ring->nr_actors = 0;
		ring->actor = HEAPINFO_NO_ACTOR;
	}
}

/**
 * heapinfo_ring_give_back() - take a block out of a ring, with its oldest rows
 * @ring: the ring
 *
 * Its rows are summed up, and before them what is still older. So the rows that are
 * left are the newest ones.
 *
 * Context: under the lock of the record; does not sleep.
 * Return: the block, which the caller frees; NULL if there is none.
 */
struct heapinfo_block *heapinfo_ring_give_back(struct heapinfo_ring *ring)
{
	struct heapinfo_block *block = ring->block, *oldest;
	unsigned int i, vacant = ring->room - ring->rows;

	if (!block)
		return NULL;
	/* Behind the newest row: what is vacant, then the oldest rows. */
	for (i = ring->next + vacant; i < ring->end; i++)
		heapinfo_ring_drop(ring, &block->events[i]);
	oldest = block->next;
	for (i = 0; i < (oldest == block ? ring->next : oldest->room); i++)
		heapinfo_ring_drop(ring, &oldest->events[i]);
	ring->room -= oldest->room;
	if (oldest == block) {
		ring->block = NULL;
		ring->next = 0;
		ring->end = 0;
	} else {
		block->next = oldest->next;
	}
	heapinfo_ring_move_actor(ring, oldest);
	return oldest;
}

/**
 * heapinfo_ring_give_rest() - take out what a ring has beside blocks
 * @ring: has no block
 * @rest: empty; gets it, for the caller to free
 * @timeline: take the timeline too: then what was summed up is lost
 *
 * Context: under the lock of the record; does not sleep.
 */
void heapinfo_ring_give_rest(struct heapinfo_ring *ring,
			     struct heapinfo_spare *rest, bool timeline)
{
	rest->actors = ring->actors;
	rest->nr_actors = ring->nr_actors;
	ring->actors = NULL;
	ring->nr_actors = 0;
	ring->actor = HEAPINFO_NO_ACTOR;
	rest->stacks = heapinfo_ring_give_stacks(ring);
	if (!timeline)
		return;
	rest->timeline = ring->timeline;
	ring->timeline = NULL;
}

/**
 * heapinfo_ring_copy() - copy some rows of a ring
 * @ring: the ring
 * @first: index of the first of them; the oldest row has 0
 * @most: how many are copied at most
 * @events: gets them, the oldest first
 *
 * Context: under the lock of the record; does not sleep.
 * Return: how many rows were copied.
 */
unsigned int heapinfo_ring_copy(const struct heapinfo_ring *ring,
				unsigned int first, unsigned int most,
				struct heapinfo_event *events)
{
	const struct heapinfo_block *block = ring->block;
	unsigned int at, part, nr, left;

	if (first >= ring->rows)
		return 0;
	nr = min_t(unsigned int, most, ring->rows - first);
	/* Behind the newest row: what is vacant, then the oldest rows. */
	at = ring->next + (ring->room - ring->rows) + first;
	for (left = nr; left; left -= part, block = block->next) {
		part = 0;
		if (at >= block->room) {
			at -= block->room;
			continue;
		}
		part = min_t(unsigned int, left, block->room - at);
		memcpy(events, block->events + at, part * sizeof(*events));
		events += part;
		at = 0;
	}
	return nr;
}

/**
 * heapinfo_ring_copy_actors() - copy the threads that the rows are of
 * @ring: the ring
 * @actors: gets them, in the order to which the rows refer; has room for
 *	@ring->nr_actors
 *
 * Context: under the lock of the record; does not sleep.
 * Return: how many were copied.
 */
unsigned int heapinfo_ring_copy_actors(const struct heapinfo_ring *ring,
				       struct heapinfo_actor *actors)
{
	if (ring->nr_actors)
		memcpy(actors, ring->actors, ring->nr_actors * sizeof(*actors));
	return ring->nr_actors;
}

/**
 * heapinfo_ring_spans() - how many spans sum up the rows that were replaced
 * @ring: the ring
 *
 * Context: under the lock of the record.
 * Return: their number, HEAPINFO_SPANS at most.
 */
unsigned int heapinfo_ring_spans(const struct heapinfo_ring *ring)
{
	return ring->timeline ? ring->timeline->nr : 0;
}

/**
 * heapinfo_ring_copy_spans() - copy those spans
 * @ring: the ring
 * @spans: gets them, the oldest first; has room for heapinfo_ring_spans()
 *
 * Context: under the lock of the record; does not sleep.
 * Return: how many spans were copied.
 */
unsigned int heapinfo_ring_copy_spans(const struct heapinfo_ring *ring,
				      struct heapinfo_span *spans)
{
	unsigned int nr = heapinfo_ring_spans(ring);

	if (nr)
		memcpy(spans, ring->timeline->spans, nr * sizeof(*spans));
	return nr;
}
