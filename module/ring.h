/* SPDX-License-Identifier: GPL-2.0 */
/* The rows of one process: its last calls of brk(2), in a ring that grows. */
#ifndef HEAPINFO_RING_H
#define HEAPINFO_RING_H

#include <linux/compiler.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/types.h>

#include "brk.h"
#include "history.h"

struct heapinfo_timeline;

/* Rows are allocated in blocks of this many. */
#define HEAPINFO_BLOCK_EVENTS	16

/*
 * As many blocks as hold 64 rows, the default of the parameter "history": up to
 * here the addresses of the blocks fit into the ring itself.
 */
#define HEAPINFO_INLINE_BLOCKS	4

struct heapinfo_block {
	struct heapinfo_event events[HEAPINFO_BLOCK_EVENTS];
};

/**
 * struct heapinfo_ring - the rows of one process
 * @next: where the next row is written; @end if the current block is full
 * @end: the end of the current block, or of the part of it that may be used
 * @block: index of the current block in @blocks
 * @room: how many rows fit into all blocks, at most the parameter "history"
 * @nr_blocks: number of blocks
 * @full: there are @room rows, and the next one replaces the oldest
 * @blocks: the addresses of the blocks
 * @inline_blocks: what @blocks points to until a larger table is needed
 * @timeline: sums up the rows that were replaced; NULL until the first one is, and
 *	as long as memory for it is refused
 *
 * A ring begins without a block, so that a process that never moves its break
 * needs no memory for rows. It gets one block after the other until it holds
 * "history" rows. From then on, and where memory is refused, new rows replace
 * the oldest ones.
 *
 * The lock of the record guards the ring.
 */
struct heapinfo_ring {
	struct heapinfo_event *next;
	struct heapinfo_event *end;
	u16 block;
	u16 room;
	u16 nr_blocks;
	bool full;
	struct heapinfo_block **blocks;
	struct heapinfo_block *inline_blocks[HEAPINFO_INLINE_BLOCKS];
	struct heapinfo_timeline *timeline;
};

/**
 * struct heapinfo_spare - memory for rows that is in no ring yet
 * @block: a block
 * @table: a table of the addresses of blocks, if the ring that it is for may
 *	need one
 * @timeline: a timeline with no span yet, if there is no block
 *
 * It is allocated where no lock is held, and then handed to the ring.
 */
struct heapinfo_spare {
	struct heapinfo_block *block;
	struct heapinfo_block **table;
	struct heapinfo_timeline *timeline;
};

/* What a ring wants of a spare, or'ed. */
#define HEAPINFO_WANTS_BLOCK	1
#define HEAPINFO_WANTS_TABLE	2
#define HEAPINFO_WANTS_TIMELINE	4

int heapinfo_ring_start(void);
void heapinfo_ring_stop(void);
void heapinfo_ring_free(struct heapinfo_ring *ring);
void heapinfo_spare_fill(struct heapinfo_spare *spare, unsigned int wants,
			 bool may_sleep);
void heapinfo_spare_free(struct heapinfo_spare *spare);
unsigned int heapinfo_ring_wants(const struct heapinfo_ring *ring,
				 unsigned int rows);
bool heapinfo_ring_next_block(struct heapinfo_ring *ring,
			      struct heapinfo_spare *spare);
void heapinfo_ring_push_out(struct heapinfo_ring *ring);
unsigned int heapinfo_ring_copy(const struct heapinfo_ring *ring,
				unsigned int first, unsigned int most,
				struct heapinfo_event *events);
unsigned int heapinfo_ring_spans(const struct heapinfo_ring *ring);
unsigned int heapinfo_ring_copy_spans(const struct heapinfo_ring *ring,
				      struct heapinfo_span *spans);

/* @ring is filled with zeroes. */
static inline void heapinfo_ring_init(struct heapinfo_ring *ring)
{
	ring->blocks = ring->inline_blocks;
}

/* The index of the next row. Where the ring is at its end, that is its room. */
static inline unsigned int
heapinfo_ring_position(const struct heapinfo_ring *ring)
{
	if (!ring->nr_blocks)
		return 0;
	return ring->block * HEAPINFO_BLOCK_EVENTS +
	       (ring->next - ring->blocks[ring->block]->events);
}

/* How many rows there are. */
static inline unsigned int heapinfo_ring_rows(const struct heapinfo_ring *ring)
{
	return ring->full ? ring->room : heapinfo_ring_position(ring);
}

/**
 * heapinfo_ring_make_room() - see to it that a row can be added
 * @ring: the ring
 * @spare: a block for it, if it has come to its end; may be empty or NULL
 *
 * If the row will replace another one, that one is summed up here. So the caller
 * adds a row whenever there is room.
 *
 * Context: under the lock of the record; does not sleep.
 * Return: false if there is no memory for a single row.
 */
static __always_inline bool
heapinfo_ring_make_room(struct heapinfo_ring *ring,
			struct heapinfo_spare *spare)
{
	if (unlikely(ring->next == ring->end) &&
	    !heapinfo_ring_next_block(ring, spare))
		return false;
	if (ring->full)
		heapinfo_ring_push_out(ring);
	return true;
}

/**
 * heapinfo_ring_add() - add a row
 * @ring: heapinfo_ring_make_room() has said that there is room
 * @time: when it happened, in ns of CLOCK_BOOTTIME
 * @call: how the call ended
 * @result: why it failed, if it did
 * @from: the break before
 * @other: what was asked, of a call that failed; else the break afterwards
 * @mapping: where the mapping that is in the way begins, or 0
 *
 * What this does is paid for by every call that moves the break. So it stores
 * the fields as they come: the reader of the file divides and formats them.
 *
 * Context: the task that made the call, under the lock of the record.
 */
static __always_inline void
heapinfo_ring_add(struct heapinfo_ring *ring, u64 time,
		  enum heapinfo_call call, enum heapinfo_result result,
		  unsigned long from, unsigned long other,
		  unsigned long mapping)
{
	struct task_struct *task = current;
	const struct pid *pid = task_pid(task);
	struct heapinfo_event *event = ring->next++;

	event->time = time;
	event->from = from;
	event->other = other;
	event->mapping = mapping;
	event->tid = task_pid_nr(task);
	event->vtid = pid->numbers[pid->level].nr;
	/* Another thread may rename this one: then the name may be mixed. */
	data_race(memcpy(event->comm, task->comm, sizeof(event->comm)));
	event->call = call;
	event->result = result;
}

#endif /* HEAPINFO_RING_H */
