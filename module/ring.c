// SPDX-License-Identifier: GPL-2.0
/* The rows of one process: its last calls of brk(2), in a ring that grows. */
#include "heapinfo.h"
#include "budget.h"
#include "ring.h"
#include "timeline.h"

#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

static struct kmem_cache *heapinfo_block_cache;

/* The size of a table of as many blocks as hold "history" rows. */
static size_t heapinfo_ring_table_size(void)
{
	return DIV_ROUND_UP(heapinfo_params.history, HEAPINFO_BLOCK_EVENTS) *
	       sizeof(struct heapinfo_block *);
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
				  SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN, NULL);
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

/* kmalloc(), and what it takes counts as used; NULL if it is refused. */
static void *heapinfo_ring_kmalloc(size_t size, gfp_t gfp)
{
	void *memory;

	if (!heapinfo_budget_take(size, true))
		return NULL;
	memory = kmalloc(size, gfp);
	if (!memory)
		heapinfo_budget_give(size);
	return memory;
}

/* Undoes heapinfo_ring_kmalloc(), if it was done. */
static void heapinfo_ring_kfree(void *memory, size_t size)
{
	if (!memory)
		return;
	kfree(memory);
	heapinfo_budget_give(size);
}

/**
 * heapinfo_ring_free() - free the memory of a ring's rows
 * @ring: nobody uses it any more
 *
 * Context: not where preemption or interrupts are disabled; does not sleep
 * otherwise.
 */
void heapinfo_ring_free(struct heapinfo_ring *ring)
{
	unsigned int i;

	for (i = 0; i < ring->nr_blocks; i++)
		kmem_cache_free(heapinfo_block_cache, ring->blocks[i]);
	heapinfo_budget_give(ring->nr_blocks * sizeof(struct heapinfo_block));
	if (ring->blocks != ring->inline_blocks)
		heapinfo_ring_kfree(ring->blocks, heapinfo_ring_table_size());
	heapinfo_ring_kfree(ring->timeline, sizeof(*ring->timeline));
}

/**
 * heapinfo_spare_fill() - allocate memory for rows
 * @spare: empty
 * @wants: what heapinfo_ring_wants() has said
 * @may_sleep: whether the caller may
 *
 * Where there is no block, the ring will replace its oldest rows: then it gets a
 * timeline, to sum these up. Where memory is refused, something or all is missing.
 *
 * Context: a task of the process, under no lock if @may_sleep.
 */
void heapinfo_spare_fill(struct heapinfo_spare *spare, unsigned int wants,
			 bool may_sleep)
{
	size_t size = heapinfo_ring_table_size();
	gfp_t gfp = heapinfo_gfp(may_sleep);

	if (wants & HEAPINFO_WANTS_TABLE)
		spare->table = heapinfo_ring_kmalloc(size, gfp | __GFP_ZERO);
	if (wants & HEAPINFO_WANTS_BLOCK &&
	    heapinfo_budget_take(sizeof(*spare->block), true)) {
		spare->block = kmem_cache_alloc(heapinfo_block_cache, gfp);
		if (!spare->block)
			heapinfo_budget_give(sizeof(*spare->block));
	}
	if (!spare->block && wants & HEAPINFO_WANTS_TIMELINE) {
		spare->timeline =
			heapinfo_ring_kmalloc(sizeof(*spare->timeline), gfp);
		if (spare->timeline)
			heapinfo_timeline_init(spare->timeline);
	}
}

/**
 * heapinfo_spare_free() - free what no ring has taken
 * @spare: may be empty
 *
 * Context: not where preemption or interrupts are disabled, if it is not empty.
 */
void heapinfo_spare_free(struct heapinfo_spare *spare)
{
	if (spare->block) {
		kmem_cache_free(heapinfo_block_cache, spare->block);
		heapinfo_budget_give(sizeof(*spare->block));
	}
	heapinfo_ring_kfree(spare->table, heapinfo_ring_table_size());
	heapinfo_ring_kfree(spare->timeline, sizeof(*spare->timeline));
}

/* Where the addresses of the blocks fill the ring itself. */
static bool heapinfo_ring_inline_full(const struct heapinfo_ring *ring)
{
	return ring->blocks == ring->inline_blocks &&
	       ring->nr_blocks == HEAPINFO_INLINE_BLOCKS;
}

/**
 * heapinfo_ring_wants() - which memory should there be for new rows?
 * @ring: the ring
 * @rows: how many rows are to be added, 1 or 2
 *
 * A block is added only behind the last one. There the rows are in the order of
 * their time, oldest first, so that none has to be moved.
 *
 * Context: under the lock of the record; does not sleep.
 * Return: the sum of HEAPINFO_WANTS_BLOCK and others; 0 where it needs none.
 */
unsigned int heapinfo_ring_wants(const struct heapinfo_ring *ring,
				 unsigned int rows)
{
	unsigned int wants = 0;

	if (ring->end - ring->next >= rows ||
	    ring->block + 1 < ring->nr_blocks)
		return 0;
	if (ring->room < heapinfo_params.history) {
		wants |= HEAPINFO_WANTS_BLOCK;
		if (heapinfo_ring_inline_full(ring))
			wants |= HEAPINFO_WANTS_TABLE;
	}
	if (ring->room && !ring->timeline)
		wants |= HEAPINFO_WANTS_TIMELINE;
	return wants;
}

/* Adds the block of the spare, if there is one. */
static bool heapinfo_ring_grow(struct heapinfo_ring *ring,
			       struct heapinfo_spare *spare)
{
	if (!spare || !spare->block)
		return false;
	if (heapinfo_ring_inline_full(ring)) {
		if (!spare->table)
			return false;
		memcpy(spare->table, ring->blocks,
		       sizeof(ring->inline_blocks));
		ring->blocks = spare->table;
		spare->table = NULL;
	}
	ring->blocks[ring->nr_blocks++] = spare->block;
	spare->block = NULL;
	ring->room = min_t(unsigned int, heapinfo_params.history,
			   ring->nr_blocks * HEAPINFO_BLOCK_EVENTS);
	return true;
}

/**
 * heapinfo_ring_next_block() - go on to the next block of a ring
 * @ring: its current block is full
 * @spare: what it may grow by; may be empty or NULL
 *
 * Where memory was refused the oldest block is overwritten; memory is asked for
 * again when the ring comes to its end the next time. So it is with memory for the
 * timeline: the rows that are overwritten before there is one are lost.
 *
 * Context: under the lock of the record; does not sleep.
 * Return: false if there is no memory for a single row.
 */
noinline bool heapinfo_ring_next_block(struct heapinfo_ring *ring,
				       struct heapinfo_spare *spare)
{
	if (ring->block + 1 < ring->nr_blocks) {
		ring->block++;
	} else if (ring->room < heapinfo_params.history &&
		   heapinfo_ring_grow(ring, spare)) {
		ring->block = ring->nr_blocks - 1;
		ring->full = false;
	} else if (ring->room) {
		ring->block = 0;
		ring->full = true;
		if (!ring->timeline && spare) {
			ring->timeline = spare->timeline;
			spare->timeline = NULL;
		}
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
 * Context: under the lock of the record; does not sleep.
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
	unsigned int nr = heapinfo_ring_rows(ring);
	unsigned int oldest = ring->full ? heapinfo_ring_position(ring) : 0;
	unsigned int i, at;

	for (i = first; i < nr && i - first < most; i++) {
		at = (oldest + i) % nr;
		*events++ = ring->blocks[at / HEAPINFO_BLOCK_EVENTS]
				->events[at % HEAPINFO_BLOCK_EVENTS];
	}
	return i - first;
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
