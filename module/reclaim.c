// SPDX-License-Identifier: GPL-2.0
/* Takes rows back from users who have more than a share. */
#include "heapinfo.h"
#include "budget.h"
#include "owner.h"
#include "reclaim.h"
#include "record.h"
#include "ring.h"
#include "share.h"
#include "spare.h"
#include "stack_table.h"

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/rculist_bl.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

/*
 * A hand goes round the table of records, a part of it each time that memory is
 * wanted and there is little left. Whom it comes across gives rows back, if his user
 * has more than a share. It takes many times to go round, and what is kept free is
 * enough for all of them. So whoever has less than a share is served meanwhile, and
 * nobody has to wait for long.
 */

/* As much of the table each time. */
#define BUCKETS		2048U

/* As many blocks are taken back each time: then the next ones need not come here. */
#define BLOCKS		32U

/* As many while the lock of a record is held: they have the rows that a reader copies. */
#define BLOCKS_LOCKED	4U

/* What is asked for at once is less. */
#define NEARLY		4096

/**
 * enum heapinfo_reclaim_from - what is taken back
 * @HEAPINFO_FROM_LARGE: half of what a process has, if sixteen rows are left then
 * @HEAPINFO_FROM_SMALL: all of one that has less, too
 * @HEAPINFO_FROM_ALL: timelines, too
 *
 * Where the hand has come to all that somebody with more than a share has, and has
 * found nothing to take, more is taken.
 */
enum heapinfo_reclaim_from {
	HEAPINFO_FROM_LARGE,
	HEAPINFO_FROM_SMALL,
	HEAPINFO_FROM_ALL,
};

/**
 * struct heapinfo_hand - where the hand is, and what it has come across
 * @lock: guards the others
 * @bucket: where it goes on
 * @from: what is taken back
 * @barren: how many buckets were looked at for somebody who had more than a share,
 *	since something was last found there
 * @most: bytes of rows of the user who had the most of those that it came across in
 *	the round before, and that had more than a share
 * @most_now: the same of this round
 * @polite_barren: how many buckets were looked at for somebody who asked politely,
 *	since something was last found
 * @polite_time: when they last were, in jiffies
 * @stacks_barren: how many buckets were looked at for stacks alone, since something
 *	was last found, or a stack was kept
 * @stacks_time: when they last were, in jiffies
 */
static struct heapinfo_hand {
	/* Taken for a short time by who wants memory when there is little. */
	spinlock_t lock;
	unsigned long bucket;
	enum heapinfo_reclaim_from from;
	unsigned long barren;
	u64 most;
	u64 most_now;
	unsigned long polite_barren;
	unsigned long polite_time;
	unsigned long stacks_barren;
	unsigned long stacks_time;
} heapinfo_hand = {
	.lock = __SPIN_LOCK_UNLOCKED(heapinfo_hand.lock),
};

/**
 * struct heapinfo_reclaim - what the hand does this time
 * @share: how many bytes of rows nobody takes from a user
 * @root_share: nor from root
 * @left: how many blocks may still be taken back; what else is counts as one
 * @met: the hand came across somebody who has more than a share
 * @polite: nothing is taken but from who has many rows
 * @stacks: nothing is taken but stacks
 */
struct heapinfo_reclaim {
	u64 share;
	u64 root_share;
	unsigned int left;
	bool met;
	bool polite;
	bool stacks;
};

/*
 * Whether a user is to give rows back: he has more than a share, and as much as half
 * of what he has who has the most.
 */
static bool heapinfo_reclaim_meets(struct heapinfo_reclaim *reclaim,
				   const struct heapinfo_owner *owner)
{
	u64 has = atomic_long_read(&owner->rows);

	if (has <= (owner == &heapinfo_root ? reclaim->root_share :
					      reclaim->share))
		return false;
	reclaim->met = true;
	heapinfo_hand.most_now = max(heapinfo_hand.most_now, has);
	return has >= heapinfo_hand.most / 2;
}

/*
 * So many blocks hold sixteen rows: the one with the newest may just have begun, and
 * where the parameter "history" is no multiple of sixteen another one has room for
 * fewer.
 */
static unsigned int heapinfo_reclaim_kept(void)
{
	return 2 + !!(heapinfo_params.history % HEAPINFO_BLOCK_EVENTS);
}

/* How many blocks a ring is to give back. Under the lock of the hand. */
static unsigned int heapinfo_reclaim_some(const struct heapinfo_reclaim *reclaim,
					  unsigned int blocks)
{
	unsigned int kept = heapinfo_reclaim_kept();

	if (blocks > kept)
		blocks = min(blocks / 2, blocks - kept);
	else if (heapinfo_hand.from == HEAPINFO_FROM_LARGE || reclaim->polite)
		blocks = 0;
	return min(blocks, reclaim->left);
}

/* Takes some blocks out of a ring. Returns them; the last one leads nowhere. */
static struct heapinfo_block *
heapinfo_reclaim_blocks(struct heapinfo_ring *ring, unsigned int blocks)
{
	struct heapinfo_block *taken = NULL, *block;
	unsigned int rows = ring->rows;

	while (blocks--) {
		block = heapinfo_ring_give_back(ring);
		if (!block)
			break;
		block->next = taken;
		taken = block;
	}
	this_cpu_add(heapinfo_counts.rows_lost, rows - ring->rows);
	return taken;
}

static void heapinfo_reclaim_count(struct heapinfo_reclaim *reclaim)
{
	if (reclaim->left)
		reclaim->left--;
}

static void heapinfo_reclaim_free(struct heapinfo_reclaim *reclaim,
				  struct heapinfo_owner *owner,
				  struct heapinfo_block *block)
{
	struct heapinfo_block *next;

	for (; block; block = next) {
		next = block->next;
		heapinfo_spare_free_block(owner, block);
		heapinfo_reclaim_count(reclaim);
	}
}

/*
 * Lets a process give back so many blocks, and what is left when none is: its
 * @timeline, too. Returns whether it has more. Under the lock of the hand and
 * rcu_read_lock().
 */
static bool heapinfo_reclaim_part(struct heapinfo_reclaim *reclaim,
				  struct heapinfo_record *record,
				  unsigned int blocks, bool timeline)
{
	struct heapinfo_spare rest = { .owner = record->owner };
	struct heapinfo_ring *ring = &record->ring;
	struct heapinfo_block *taken;
	struct heapinfo_stack *gone;
	bool more;

	spin_lock(&record->lock);
	taken = heapinfo_reclaim_blocks(ring, blocks);
	gone = heapinfo_ring_take_gone(ring);
	more = ring->room;
	if (!more)
		heapinfo_ring_give_rest(ring, &rest, timeline);
	spin_unlock(&record->lock);

	heapinfo_reclaim_free(reclaim, record->owner, taken);
	heapinfo_spare_free_stacks(record->owner, gone);
	if (rest.actors || rest.timeline)
		heapinfo_reclaim_count(reclaim);
	heapinfo_spare_free(&rest);
	return more;
}

/*
 * Lets a process give its stacks back: a row without one still tells most of it. They
 * count as the blocks that have as much memory. Returns whether it had some. Under the
 * lock of the hand and rcu_read_lock().
 */
static bool heapinfo_reclaim_stacks(struct heapinfo_reclaim *reclaim,
				    struct heapinfo_record *record)
{
	struct heapinfo_spare stacks = { .owner = record->owner };
	unsigned int blocks;

	spin_lock(&record->lock);
	stacks.stacks = heapinfo_ring_give_stacks(&record->ring);
	spin_unlock(&record->lock);
	if (!stacks.stacks)
		return false;
	blocks = DIV_ROUND_UP(stacks.stacks->bytes,
			      sizeof(struct heapinfo_block));
	reclaim->left -= min(reclaim->left, max(blocks, 1U));
	heapinfo_spare_free(&stacks);
	return true;
}

/* Gives a record a timeline, for what it has to give back. As above. */
static void heapinfo_reclaim_prepare(struct heapinfo_record *record)
{
	struct heapinfo_spare spare = {};

	heapinfo_spare_fill_reclaim(&spare, record->owner);
	spin_lock(&record->lock);
	heapinfo_ring_set_timeline(&record->ring, &spare);
	spin_unlock(&record->lock);
	heapinfo_spare_free(&spare);
}

static void heapinfo_reclaim_record(struct heapinfo_reclaim *reclaim,
				    struct heapinfo_record *record)
{
	enum heapinfo_reclaim_from *from = &heapinfo_hand.from;
	unsigned int has, blocks, part;
	bool has_timeline, timeline;

	spin_lock(&record->lock);
	has = DIV_ROUND_UP(record->ring.room, HEAPINFO_BLOCK_EVENTS);
	has_timeline = record->ring.timeline;
	spin_unlock(&record->lock);
	/* As long as there are some who have more, others need not give all. */
	if (has)
		*from = min(*from, has > heapinfo_reclaim_kept() ?
				   HEAPINFO_FROM_LARGE : HEAPINFO_FROM_SMALL);
	/* No row goes before all stacks have. */
	if (heapinfo_reclaim_stacks(reclaim, record) || reclaim->stacks)
		return;
	blocks = heapinfo_reclaim_some(reclaim, has);
	timeline = !has && *from == HEAPINFO_FROM_ALL && !reclaim->polite;
	if (!blocks && !timeline)
		return;
	if (blocks && !has_timeline)
		heapinfo_reclaim_prepare(record);
	do {
		part = min(blocks, BLOCKS_LOCKED);
		blocks -= part;
	} while (heapinfo_reclaim_part(reclaim, record, part, timeline) &&
		 blocks);
}

/* The hand has gone round. Under its lock. */
static void heapinfo_reclaim_round(struct heapinfo_hand *hand)
{
	hand->most = hand->most_now;
	hand->most_now = 0;
	hand->bucket = 0;
}

/*
 * The hand has looked at so many buckets. Where all of them have nothing that may be
 * taken, and somebody has more than a share, more may be taken from now on.
 */
static void heapinfo_reclaim_judge(struct heapinfo_hand *hand,
				   const struct heapinfo_reclaim *reclaim,
				   unsigned int buckets)
{
	if (reclaim->left < BLOCKS) {
		hand->barren = 0;
		hand->polite_barren = 0;
		WRITE_ONCE(hand->stacks_barren, 0);
	} else if (reclaim->stacks) {
		WRITE_ONCE(hand->stacks_barren, hand->stacks_barren + buckets);
		hand->stacks_time = jiffies;
	} else if (reclaim->polite) {
		hand->polite_barren += buckets;
		hand->polite_time = jiffies;
	} else if (reclaim->met) {
		hand->barren += buckets;
		if (hand->barren < heapinfo_record_buckets())
			return;
		hand->barren = 0;
		if (hand->from < HEAPINFO_FROM_ALL)
			hand->from++;
	}
}

/* Moves the hand on, under its lock. */
static void heapinfo_reclaim_go(struct heapinfo_hand *hand,
				struct heapinfo_reclaim *reclaim)
{
	unsigned long buckets = heapinfo_record_buckets();
	struct heapinfo_record *record;
	struct hlist_bl_node *node;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < BUCKETS && reclaim->left; i++) {
		hlist_bl_for_each_entry_rcu(record, node,
					    &heapinfo_records.buckets[hand->bucket],
					    node)
			if (heapinfo_reclaim_meets(reclaim, record->owner))
				heapinfo_reclaim_record(reclaim, record);
		if (++hand->bucket == buckets)
			heapinfo_reclaim_round(hand);
	}
	rcu_read_unlock();
	heapinfo_reclaim_judge(hand, reclaim, i);
}

/*
 * Whether it is in vain to ask for what somebody need not give: nobody has many rows,
 * or any stack, as was found in the whole table and now is looked at once a tick.
 * Under the lock of the hand.
 */
static bool heapinfo_reclaim_in_vain(const struct heapinfo_hand *hand,
				     const struct heapinfo_reclaim *reclaim)
{
	unsigned long buckets = heapinfo_record_buckets();

	if (reclaim->stacks)
		return hand->stacks_barren >= buckets &&
		       !time_after(jiffies, hand->stacks_time);
	return reclaim->polite && hand->polite_barren >= buckets &&
	       !time_after(jiffies, hand->polite_time);
}

/*
 * Whether there is so little room for rows that some are to be taken back: what is
 * going to be asked for need not fit, as the counters may say when they are asked the
 * next time.
 */
static bool heapinfo_reclaim_needed(struct heapinfo_use *use)
{
	heapinfo_budget_use(use);
	return use->rows + heapinfo_use_error(use) + NEARLY >
	       heapinfo_rows_calm(use);
}

/**
 * heapinfo_reclaim() - see to it that a user gets memory
 * @owner: who wants some
 * @first: for a process that has no rows yet, or nothing to sum them up
 *
 * To be called before memory for rows is asked for, and when there is one record more.
 * Who has more than a share gets @first rows at the cost of processes that have many,
 * and others at the cost of stacks alone.
 *
 * Context: a task of the user, not under the lock of a record; does not sleep.
 */
void heapinfo_reclaim(struct heapinfo_owner *owner, bool first)
{
	struct heapinfo_hand *hand = &heapinfo_hand;
	struct heapinfo_reclaim reclaim = { .left = BLOCKS };
	struct heapinfo_use use;

	if (likely(!heapinfo_reclaim_needed(&use)))
		return;
	reclaim.polite = !heapinfo_budget_favours(owner, first, &use);
	reclaim.stacks = reclaim.polite && !first;
	if (!reclaim.polite)
		spin_lock(&hand->lock);
	else if (!spin_trylock(&hand->lock))
		return;
	/* Another one may have been here meanwhile. */
	if (heapinfo_reclaim_needed(&use) &&
	    !heapinfo_reclaim_in_vain(hand, &reclaim)) {
		reclaim.share = heapinfo_share_rows(&use, false);
		reclaim.root_share = heapinfo_share_rows(&use, true);
		heapinfo_reclaim_go(hand, &reclaim);
	}
	spin_unlock(&hand->lock);
}

/**
 * heapinfo_reclaim_spares() - whether there is memory to spare for a stack
 *
 * A stack is kept only where no row goes for it.
 *
 * Context: any but an interrupt; does not sleep.
 * Return: true if there is.
 */
bool heapinfo_reclaim_spares(void)
{
	struct heapinfo_use use;

	if (heapinfo_reclaim_needed(&use))
		return false;
	/* There will be one to take back. */
	if (READ_ONCE(heapinfo_hand.stacks_barren))
		WRITE_ONCE(heapinfo_hand.stacks_barren, 0);
	return true;
}
