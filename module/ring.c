// SPDX-License-Identifier: GPL-2.0
/* The rows of one process: its last calls of brk(2), in a ring that grows. */
#include "heapinfo.h"
#include "budget.h"
#include "ring.h"
#include "timeline.h"

#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

static struct kmem_cache *heapinfo_block_cache;

/* The size of a table of as many blocks as hold "history" rows. */
static size_t heapinfo_ring_table_size(void)
{
	return DIV_ROUND_UP(heapinfo_params.history, HEAPINFO_BLOCK_EVENTS) *
	       sizeof(struct heapinfo_block *);
}

static bool heapinfo_ring_table_needed(void)
{
	return heapinfo_ring_table_size() >
	       sizeof_field(struct heapinfo_ring, inline_blocks);
}

/**
 * heapinfo_ring_start() - get ready to keep rows
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_ring_start(void)
{
	heapinfo_block_cache =
		kmem_cache_create("heapinfo_block",
				  sizeof(struct heapinfo_block), 0,
				  SLAB_ACCOUNT, NULL);
	return heapinfo_block_cache ? 0 : -ENOMEM;
}

/**
 * heapinfo_ring_stop() - undo heapinfo_ring_start()
 *
 * Context: may sleep; all rings have been freed.
 */
void heapinfo_ring_stop(void)
{
	kmem_cache_destroy(heapinfo_block_cache);
}

/**
 * heapinfo_ring_free() - free the memory of a ring's rows
 * @ring: nobody uses it any more
 *
 * Context: any; does not sleep.
 */
void heapinfo_ring_free(struct heapinfo_ring *ring)
{
	unsigned int i;

	for (i = 0; i < ring->nr_blocks; i++)
		kmem_cache_free(heapinfo_block_cache, ring->blocks[i]);
	heapinfo_budget_give(ring->nr_blocks * sizeof(struct heapinfo_block));
	if (ring->blocks != ring->inline_blocks) {
		kfree(ring->blocks);
		heapinfo_budget_give(heapinfo_ring_table_size());
	}
	if (ring->timeline)
		heapinfo_budget_give(sizeof(*ring->timeline));
	kfree(ring->timeline);
}

/* Adds a block, if there is memory. Under the lock of the bucket. */
static bool heapinfo_ring_grow(struct heapinfo_ring *ring)
{
	struct heapinfo_block **table;
	struct heapinfo_block *block;

	if (heapinfo_ring_table_needed() &&
	    ring->blocks == ring->inline_blocks) {
		if (!heapinfo_budget_take(heapinfo_ring_table_size(), true))
			return false;
		table = kzalloc(heapinfo_ring_table_size(), HEAPINFO_GFP);
		if (!table) {
			heapinfo_budget_give(heapinfo_ring_table_size());
			return false;
		}
		ring->blocks = table;
	}
	if (!heapinfo_budget_take(sizeof(*block), true))
		return false;
	block = kmem_cache_alloc(heapinfo_block_cache, HEAPINFO_GFP);
	if (!block) {
		heapinfo_budget_give(sizeof(*block));
		return false;
	}
	ring->blocks[ring->nr_blocks++] = block;
	ring->room = min_t(unsigned int, heapinfo_params.history,
			   ring->nr_blocks * HEAPINFO_BLOCK_EVENTS);
	return true;
}

/* Begins the timeline, if there is memory. Under the lock of the bucket. */
static void heapinfo_ring_start_timeline(struct heapinfo_ring *ring)
{
	struct heapinfo_timeline *timeline;

	if (!heapinfo_budget_take(sizeof(*timeline), true))
		return;
	timeline = kmalloc(sizeof(*timeline), HEAPINFO_GFP);
	if (!timeline) {
		heapinfo_budget_give(sizeof(*timeline));
		return;
	}
	heapinfo_timeline_init(timeline);
	ring->timeline = timeline;
}

/**
 * heapinfo_ring_next_block() - go on to the next block of a ring
 * @ring: its current block is full
 *
 * A block is added only behind the last one. There the rows are in the order of
 * their time, oldest first, so that none has to be moved. Where memory is
 * refused the oldest block is overwritten; memory is asked for again when the
 * ring comes to its end the next time. So it is with memory for the timeline: the
 * rows that are overwritten before there is one are lost.
 *
 * Context: under the lock of the bucket; does not sleep.
 * Return: false if there is no memory for a single row.
 */
noinline bool heapinfo_ring_next_block(struct heapinfo_ring *ring)
{
	if (ring->block + 1 < ring->nr_blocks) {
		ring->block++;
	} else if (ring->room < heapinfo_params.history &&
		   heapinfo_ring_grow(ring)) {
		ring->block = ring->nr_blocks - 1;
		ring->full = false;
	} else if (ring->room) {
		ring->block = 0;
		ring->full = true;
		if (!ring->timeline)
			heapinfo_ring_start_timeline(ring);
	} else {
		return false;
	}
	ring->next = ring->blocks[ring->block]->events;
	ring->end = ring->next + min(HEAPINFO_BLOCK_EVENTS,
				     ring->room -
				     ring->block * HEAPINFO_BLOCK_EVENTS);
	return true;
}

/**
 * heapinfo_ring_push_out() - sum up the row that the next one replaces
 * @ring: is full
 *
 * Context: under the lock of the bucket; does not sleep.
 */
noinline void heapinfo_ring_push_out(struct heapinfo_ring *ring)
{
	struct heapinfo_timeline *timeline = ring->timeline;
	const struct heapinfo_event *oldest = ring->next;

	if (unlikely(!timeline))
		return;
	if (unlikely(heapinfo_timeline_needs_span(timeline, oldest->time)))
		heapinfo_timeline_open(timeline, oldest->time,
				       ktime_get_boot_fast_ns());
	heapinfo_timeline_add(timeline, oldest);
}

/**
 * heapinfo_ring_copy() - copy the rows of a ring
 * @ring: the ring
 * @events: gets them, the oldest first; has room for heapinfo_ring_rows()
 *
 * Context: under the lock of the bucket; does not sleep.
 * Return: how many rows were copied.
 */
unsigned int heapinfo_ring_copy(const struct heapinfo_ring *ring,
				struct heapinfo_event *events)
{
	unsigned int nr = heapinfo_ring_rows(ring);
	unsigned int oldest = ring->full ? heapinfo_ring_position(ring) : 0;
	unsigned int i, at;

	for (i = 0; i < nr; i++) {
		at = (oldest + i) % nr;
		events[i] = ring->blocks[at / HEAPINFO_BLOCK_EVENTS]
				->events[at % HEAPINFO_BLOCK_EVENTS];
	}
	return nr;
}

/**
 * heapinfo_ring_spans() - how many spans sum up the rows that were replaced
 * @ring: the ring
 *
 * Context: under the lock of the bucket.
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
 * Context: under the lock of the bucket; does not sleep.
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
