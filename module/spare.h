/* SPDX-License-Identifier: GPL-2.0 */
/* Memory for what a record may come to need: allocated where no lock is held. */
#ifndef HEAPINFO_SPARE_H
#define HEAPINFO_SPARE_H

#include <linux/types.h>

struct heapinfo_actor;
struct heapinfo_block;
struct heapinfo_owner;
struct heapinfo_ring;
struct heapinfo_stack;
struct heapinfo_stacks;
struct heapinfo_timeline;

/**
 * struct heapinfo_wants - which memory a record should have for a call
 * @block: a block of rows
 * @timeline: a timeline
 * @failures: counters of failures
 * @stack: the stack of the call
 * @empty: it has no block yet
 * @first: it has no block or no timeline yet
 * @actors: a larger table of actors, for so many; 0 for none
 * @stacks: a larger table of stacks, for so many; 0 for none
 */
struct heapinfo_wants {
	bool block;
	bool timeline;
	bool failures;
	bool stack;
	bool empty;
	bool first;
	u16 actors;
	u16 stacks;
};

/**
 * struct heapinfo_spare - memory that is in no record yet, or no longer
 * @owner: for whom it counts
 * @block: a block of rows
 * @timeline: a timeline with no span yet, if there is no block
 * @failures: counters of failures, all zero
 * @actors: a table of actors
 * @stack: the stack of the call
 * @stacks: a table of stacks, or of some of which the record knows no more
 * @nr_actors: for how many @actors are
 * @stack_tried: @stack was wanted, be it there or not
 *
 * It is allocated where no lock is held, and then handed to the record.
 */
struct heapinfo_spare {
	struct heapinfo_owner *owner;
	struct heapinfo_block *block;
	struct heapinfo_timeline *timeline;
	u64 *failures;
	struct heapinfo_actor *actors;
	struct heapinfo_stack *stack;
	struct heapinfo_stacks *stacks;
	u16 nr_actors;
	bool stack_tried;
};

int heapinfo_spare_start(void);
void heapinfo_spare_stop(void);
bool heapinfo_spare_fill_block(struct heapinfo_spare *spare,
			       struct heapinfo_owner *owner,
			       struct heapinfo_wants wants, bool may_sleep);
void heapinfo_spare_fill_rest(struct heapinfo_spare *spare,
			      struct heapinfo_owner *owner,
			      struct heapinfo_wants wants, bool may_sleep);
void heapinfo_spare_fill_reclaim(struct heapinfo_spare *spare,
				 struct heapinfo_owner *owner);
void heapinfo_spare_free(struct heapinfo_spare *spare);
void heapinfo_spare_free_failures(struct heapinfo_owner *owner, u64 *failures);
void heapinfo_spare_free_ring(struct heapinfo_owner *owner,
			      struct heapinfo_ring *ring);
void heapinfo_spare_free_stacks(struct heapinfo_owner *owner,
				struct heapinfo_stack *stack);
void heapinfo_spare_free_block(struct heapinfo_owner *owner,
			       struct heapinfo_block *block);

/* Whether something is wanted. */
static inline bool heapinfo_wants_any(struct heapinfo_wants wants)
{
	return wants.block || wants.timeline || wants.failures ||
	       wants.actors || wants.stack;
}

#endif /* HEAPINFO_SPARE_H */
