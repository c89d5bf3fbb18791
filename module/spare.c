// SPDX-License-Identifier: GPL-2.0
/* Memory for what a record may come to need: allocated where no lock is held. */
#include "heapinfo.h"
#include "budget.h"
#include "reclaim.h"
#include "ring.h"
#include "spare.h"
#include "stack.h"
#include "stack_table.h"
#include "timeline.h"

#include <linux/slab.h>

static struct kmem_cache *heapinfo_block_cache;

/* How many bytes the counters of failures take. */
#define FAILURES_SIZE	(HEAPINFO_NR_RESULTS * sizeof(u64))

/**
 * heapinfo_spare_start() - get ready to allocate memory for records
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_spare_start(void)
{
	/* Not aligned to lines, so that more of them fit into a page. */
	heapinfo_block_cache =
		kmem_cache_create("heapinfo_block",
				  sizeof(struct heapinfo_block), 0,
				  SLAB_ACCOUNT, NULL);
	return heapinfo_block_cache ? 0 : -ENOMEM;
}

/**
 * heapinfo_spare_stop() - undo heapinfo_spare_start()
 *
 * Context: may sleep; all memory has been freed.
 */
void heapinfo_spare_stop(void)
{
	kmem_cache_destroy(heapinfo_block_cache);
}

/* kmalloc(), and what it takes counts as rows of @owner; NULL if it is refused. */
static void *heapinfo_spare_kmalloc(struct heapinfo_owner *owner, size_t size,
				    bool first, gfp_t gfp)
{
	void *memory;

	if (!heapinfo_budget_take_rows(owner, size, first))
		return NULL;
	memory = kmalloc(size, gfp);
	if (!memory)
		heapinfo_budget_give_rows(owner, size);
	return memory;
}

/* Undoes heapinfo_spare_kmalloc(), if it was done. */
static void heapinfo_spare_kfree(struct heapinfo_owner *owner, void *memory,
				 size_t size)
{
	if (!memory)
		return;
	kfree(memory);
	heapinfo_budget_give_rows(owner, size);
}

static struct heapinfo_block *
heapinfo_spare_block(struct heapinfo_owner *owner, bool first, gfp_t gfp)
{
	struct heapinfo_block *block;

	if (!heapinfo_budget_take_rows(owner, sizeof(*block), first))
		return NULL;
	block = kmem_cache_alloc(heapinfo_block_cache, gfp);
	if (!block)
		heapinfo_budget_give_rows(owner, sizeof(*block));
	return block;
}

/*
 * Counters of failures are totals. So they count as part of the record, which stays
 * as long as the process does, and not as rows.
 */
static u64 *heapinfo_spare_failures(struct heapinfo_owner *owner, gfp_t gfp)
{
	u64 *failures;

	if (!heapinfo_budget_take_record(owner, FAILURES_SIZE))
		return NULL;
	failures = kzalloc(FAILURES_SIZE, gfp);
	if (!failures)
		heapinfo_budget_give_record(owner, FAILURES_SIZE);
	return failures;
}

/**
 * heapinfo_spare_free_block() - free a block that is in no ring
 * @owner: for whom it counts
 * @block: the block, or NULL
 *
 * Context: not where preemption or interrupts are disabled; does not sleep
 * otherwise.
 */
void heapinfo_spare_free_block(struct heapinfo_owner *owner,
			       struct heapinfo_block *block)
{
	if (!block)
		return;
	kmem_cache_free(heapinfo_block_cache, block);
	heapinfo_budget_give_rows(owner, sizeof(*block));
}

/**
 * heapinfo_spare_free_failures() - free counters of failures
 * @owner: for whom they count
 * @failures: the counters, or NULL
 *
 * Context: as heapinfo_spare_free_block().
 */
void heapinfo_spare_free_failures(struct heapinfo_owner *owner, u64 *failures)
{
	if (!failures)
		return;
	kfree(failures);
	heapinfo_budget_give_record(owner, FAILURES_SIZE);
}

static void heapinfo_spare_free_timeline(struct heapinfo_owner *owner,
					 struct heapinfo_timeline *timeline)
{
	if (timeline)
		heapinfo_spare_kfree(owner, timeline,
				     heapinfo_timeline_size(timeline->most));
}

/**
 * heapinfo_spare_free_stacks() - free stacks that no row is of
 * @owner: for whom they count
 * @stack: the first of them, or NULL
 *
 * Context: as heapinfo_spare_free_block(), if there is one.
 */
void heapinfo_spare_free_stacks(struct heapinfo_owner *owner,
				struct heapinfo_stack *stack)
{
	struct heapinfo_stack *next;

	for (; stack; stack = next) {
		next = stack->next;
		heapinfo_spare_kfree(owner, stack,
				     heapinfo_stack_memory(stack));
	}
}

/* Frees a table with the stacks in it. */
static void heapinfo_spare_free_table(struct heapinfo_owner *owner,
				      struct heapinfo_stacks *stacks)
{
	u16 i;

	if (!stacks)
		return;
	for (i = 0; i < stacks->most; i++)
		heapinfo_stacks_drop(stacks, i);
	heapinfo_spare_free_stacks(owner, stacks->gone);
	heapinfo_spare_kfree(owner, stacks, heapinfo_stacks_size(stacks->most));
}

/**
 * heapinfo_spare_free_ring() - free the memory of a ring
 * @owner: for whom it counts
 * @ring: nobody uses it any more
 *
 * Context: as heapinfo_spare_free_block().
 */
void heapinfo_spare_free_ring(struct heapinfo_owner *owner,
			      struct heapinfo_ring *ring)
{
	struct heapinfo_block *block = ring->block, *next;

	if (block) {
		next = block->next;
		/* The last of the circle leads nowhere. */
		block->next = NULL;
		for (block = next; block; block = next) {
			next = block->next;
			heapinfo_spare_free_block(owner, block);
		}
	}
	/* A single one was in a block. */
	if (ring->nr_actors > 1)
		heapinfo_spare_kfree(owner, ring->actors,
				     ring->nr_actors * sizeof(*ring->actors));
	heapinfo_spare_free_timeline(owner, ring->timeline);
	heapinfo_spare_free_table(owner, ring->stacks);
}

/**
 * heapinfo_spare_fill_block() - allocate a block for a record, if it wants one
 * @spare: empty
 * @owner: of the record
 * @wants: what the record wants
 * @may_sleep: whether the caller may
 *
 * Context: a task of the process, under no lock if @may_sleep.
 * Return: whether a timeline is wanted in its place: where there is no block, the ring
 * will replace its oldest rows, and that sums them up.
 */
bool heapinfo_spare_fill_block(struct heapinfo_spare *spare,
			       struct heapinfo_owner *owner,
			       struct heapinfo_wants wants, bool may_sleep)
{
	spare->owner = owner;
	if (wants.block)
		spare->block = heapinfo_spare_block(owner, wants.empty,
						    heapinfo_gfp(may_sleep));
	return !spare->block && wants.timeline;
}

/* The stack of the call, and a place for it if there is none. */
static void heapinfo_spare_fill_stack(struct heapinfo_spare *spare,
				      struct heapinfo_owner *owner,
				      struct heapinfo_wants wants,
				      bool may_sleep)
{
	size_t size = heapinfo_stacks_size(wants.stacks);

	spare->stack_tried = true;
	if (!heapinfo_reclaim_spares())
		return;
	if (wants.stacks) {
		spare->stacks = heapinfo_spare_kmalloc(owner, size, false,
						       heapinfo_gfp(may_sleep));
		if (!spare->stacks)
			return;
		heapinfo_stacks_init(spare->stacks, wants.stacks);
	}
	spare->stack = heapinfo_stack_take(owner, may_sleep);
}

/**
 * heapinfo_spare_fill_rest() - allocate what else a record wants
 * @spare: as heapinfo_spare_fill_block() left it
 * @owner: of the record
 * @wants: what the record wants
 * @may_sleep: whether the caller may
 *
 * Where memory is refused, something or all is missing.
 *
 * Context: a task of the process, under no lock if @may_sleep.
 */
void heapinfo_spare_fill_rest(struct heapinfo_spare *spare,
			      struct heapinfo_owner *owner,
			      struct heapinfo_wants wants, bool may_sleep)
{
	gfp_t gfp = heapinfo_gfp(may_sleep);
	size_t size;

	if (!spare->block && wants.timeline) {
		size = heapinfo_timeline_size(HEAPINFO_SPANS);
		spare->timeline = heapinfo_spare_kmalloc(owner, size,
							 wants.first, gfp);
		if (spare->timeline)
			heapinfo_timeline_init(spare->timeline, HEAPINFO_SPANS);
	}
	if (wants.failures)
		spare->failures = heapinfo_spare_failures(owner, gfp);
	if (wants.actors) {
		size = wants.actors * sizeof(*spare->actors);
		spare->actors = heapinfo_spare_kmalloc(owner, size,
						       wants.first, gfp);
		spare->nr_actors = spare->actors ? wants.actors : 0;
	}
	if (wants.stack)
		heapinfo_spare_fill_stack(spare, owner, wants, may_sleep);
}

/**
 * heapinfo_spare_fill_reclaim() - allocate memory for a record that gives rows back
 * @spare: empty
 * @owner: of the record, not of the caller
 *
 * A timeline of few spans, so that what was in the rows is still told. It takes less
 * than is given back for it, so that nobody is asked whether there is room. It is
 * charged to no cgroup: that would be the caller's.
 *
 * Context: any but an interrupt; does not sleep.
 */
void heapinfo_spare_fill_reclaim(struct heapinfo_spare *spare,
				 struct heapinfo_owner *owner)
{
	size_t size = heapinfo_timeline_size(HEAPINFO_SPANS_FEW);

	spare->owner = owner;
	spare->timeline = kmalloc(size, GFP_NOWAIT | __GFP_NOWARN);
	if (!spare->timeline)
		return;
	heapinfo_budget_count_rows(owner, size);
	heapinfo_timeline_init(spare->timeline, HEAPINFO_SPANS_FEW);
}

/**
 * heapinfo_spare_free() - free what no record has taken
 * @spare: may be empty
 *
 * Context: as heapinfo_spare_free_block(), if it is not empty.
 */
void heapinfo_spare_free(struct heapinfo_spare *spare)
{
	struct heapinfo_owner *owner = spare->owner;

	heapinfo_spare_free_block(owner, spare->block);
	heapinfo_spare_free_timeline(owner, spare->timeline);
	heapinfo_spare_free_failures(owner, spare->failures);
	heapinfo_spare_kfree(owner, spare->actors,
			     spare->nr_actors * sizeof(*spare->actors));
	if (spare->stack)
		heapinfo_spare_kfree(owner, spare->stack,
				     heapinfo_stack_memory(spare->stack));
	heapinfo_spare_free_table(owner, spare->stacks);
}
