/* SPDX-License-Identifier: GPL-2.0 */
/* The rows of one process: its last calls of brk(2), in a ring that grows. */
#ifndef HEAPINFO_RING_H
#define HEAPINFO_RING_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "brk.h"
#include "history.h"
#include "spare.h"
#include "stack_table.h"

struct heapinfo_stacks;
struct heapinfo_timeline;

/* Rows are allocated in blocks of this many. */
#define HEAPINFO_BLOCK_EVENTS	16

/**
 * struct heapinfo_block - memory for some rows
 * @next: the block whose rows come next; after the newest comes the oldest
 * @actor: the thread that all rows of the ring are of, in one of its blocks. Most
 *	processes have one thread, and need no table for that.
 * @room: how many rows may be in it, so that all blocks together have as many as
 *	the parameter "history" says
 * @events: the rows
 */
struct heapinfo_block {
	struct heapinfo_block *next;
	struct heapinfo_actor actor;
	u8 room;
	struct heapinfo_event events[HEAPINFO_BLOCK_EVENTS];
};

/**
 * struct heapinfo_ring - the rows of one process
 * @block: the block with the newest row; NULL as long as there is none
 * @actors: the threads that the rows are of: a table, or where there is but one the
 *	place for it in a block; NULL as long as there is no block
 * @timeline: sums up the rows that were replaced; NULL until the first one is, and
 *	as long as memory for it is refused
 * @stacks: those that the rows are of; NULL as long as there is none
 * @numbers: how many stacks were given a number
 * @stack_refused: a stack could not be kept, and is not tried for before the next block
 * @lost: how many rows should have a stack and have none
 * @rows: how many rows there are
 * @room: how many there may be with the blocks that there are
 * @nr_actors: how many there may be in @actors
 * @actor: of the newest row, or HEAPINFO_NO_ACTOR
 * @next: where in @block the next row is written; @end if the block is full
 * @end: the end of @block
 *
 * A ring begins without a block, so that a process that never moves its break
 * needs no memory for rows. It gets one block after the other until it holds
 * "history" rows. From then on, and where memory is refused, new rows replace
 * the oldest ones.
 *
 * The blocks are a circle. From the newest row on, there are first places that are
 * free, if any; they are all in @block; then come the oldest rows.
 *
 * The lock of the record guards the ring. There is little kernel in this: the unit
 * tests of the reader build ring.c, too.
 */
struct heapinfo_ring {
	struct heapinfo_block *block;
	struct heapinfo_actor *actors;
	struct heapinfo_timeline *timeline;
	struct heapinfo_stacks *stacks;
	u32 numbers:31;
	u32 stack_refused:1;
	u16 lost;
	u16 rows;
	u16 room;
	u16 nr_actors;
	u16 actor;
	u8 next;
	u8 end;
};

struct heapinfo_wants heapinfo_ring_wants(const struct heapinfo_ring *ring,
					  unsigned int rows,
					  const struct heapinfo_actor *who,
					  unsigned int most);
bool heapinfo_ring_make_room(struct heapinfo_ring *ring,
			     struct heapinfo_spare *spare,
			     const struct heapinfo_actor *who,
			     unsigned int most);
void heapinfo_ring_set_timeline(struct heapinfo_ring *ring,
				struct heapinfo_spare *spare);
void heapinfo_ring_sum_up(struct heapinfo_ring *ring,
			  const struct heapinfo_event *event);
void heapinfo_ring_push_out(struct heapinfo_ring *ring);
unsigned int heapinfo_ring_stacks_wanted(const struct heapinfo_ring *ring,
					 unsigned int most);
u16 heapinfo_ring_add_stack(struct heapinfo_ring *ring,
			    struct heapinfo_spare *spare);
struct heapinfo_stacks *heapinfo_ring_give_stacks(struct heapinfo_ring *ring);
struct heapinfo_block *heapinfo_ring_give_back(struct heapinfo_ring *ring);
void heapinfo_ring_give_rest(struct heapinfo_ring *ring,
			     struct heapinfo_spare *rest, bool timeline);
unsigned int heapinfo_ring_copy(const struct heapinfo_ring *ring,
				unsigned int first, unsigned int most,
				struct heapinfo_event *events);
unsigned int heapinfo_ring_copy_actors(const struct heapinfo_ring *ring,
				       struct heapinfo_actor *actors);
unsigned int heapinfo_ring_spans(const struct heapinfo_ring *ring);
unsigned int heapinfo_ring_copy_spans(const struct heapinfo_ring *ring,
				      struct heapinfo_span *spans);

/* @ring is filled with zeroes. */
static inline void heapinfo_ring_init(struct heapinfo_ring *ring)
{
	ring->actor = HEAPINFO_NO_ACTOR;
}

/* Whether the next row replaces the oldest one. */
static __always_inline bool heapinfo_ring_full(const struct heapinfo_ring *ring)
{
	return ring->rows == ring->room;
}

/**
 * heapinfo_ring_take_gone() - take the stacks that no row is of any more
 * @ring: the ring
 *
 * Context: under the lock of the record.
 * Return: the first of them, for the caller to free; or NULL.
 */
static __always_inline struct heapinfo_stack *
heapinfo_ring_take_gone(struct heapinfo_ring *ring)
{
	struct heapinfo_stack *gone;

	if (!ring->stacks)
		return NULL;
	gone = ring->stacks->gone;
	ring->stacks->gone = NULL;
	return gone;
}

/**
 * heapinfo_ring_add() - add a row
 * @ring: heapinfo_ring_make_room() has said that there is room, for a row of the
 *	actor that is @ring->actor
 * @time: when it happened, in ns of CLOCK_BOOTTIME
 * @call: how the call ended
 * @result: why it failed, if it did
 * @from: the break before
 * @other: what was asked, of a call that failed; else the break afterwards
 * @mapping: where the mapping that is in the way begins, or 0
 * @stack: the place of its stack, or HEAPINFO_NO_STACK
 *
 * What this does is paid for by every call that moves the break. So it stores
 * the fields as they come: the reader of the file divides and formats them.
 *
 * Context: under the lock of the record.
 */
static __always_inline void
heapinfo_ring_add(struct heapinfo_ring *ring, u64 time,
		  enum heapinfo_call call, enum heapinfo_result result,
		  unsigned long from, unsigned long other,
		  unsigned long mapping, u16 stack)
{
	struct heapinfo_event *event;

	/* First: the row that is pushed out may be the last one of this stack. */
	if (stack != HEAPINFO_NO_STACK)
		ring->stacks->entries[stack].rows++;
	else if (heapinfo_call_has_stack(call))
		ring->lost++;
	if (heapinfo_ring_full(ring))
		heapinfo_ring_push_out(ring);
	event = &ring->block->events[ring->next++];
	ring->rows++;
	event->time = time;
	event->from = from;
	event->other = other;
	event->mapping = mapping;
	event->actor = ring->actor;
	event->stack = stack;
	event->call = call;
	event->result = result;
	if (likely(ring->actor != HEAPINFO_NO_ACTOR))
		ring->actors[ring->actor].rows++;
}

#endif /* HEAPINFO_RING_H */
