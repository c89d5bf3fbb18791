// SPDX-License-Identifier: GPL-2.0
/* Which calls of brk(2) of one address space were under way at the same time. */
#include "heapinfo.h"
#include "order.h"

#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

/*
 * The kernel serves the calls of one address space one after the other, but nobody
 * outside of it sees in which order. So a call that was alone is told exactly, and
 * one that was not is told as what its task saw.
 *
 * The calls under way are in a table, indexed by address space. Of each address
 * space one call is in its bucket, the first, which counts for all; the others hang
 * on it. When it ends the next one takes its place. So who looks for an address
 * space passes one call of each other one, however many those have.
 */
#define BUCKET_BITS	9

/**
 * struct heapinfo_order_bucket - of the address spaces that meet in one index
 * @lock: guards the orders in it
 * @firsts: the first call of each
 */
struct heapinfo_order_bucket {
	/* Guards the other, and is held while an event is handed on. */
	spinlock_t lock;
	struct hlist_head firsts;
} ____cacheline_aligned_in_smp;

static struct heapinfo_order_bucket heapinfo_order_buckets[1 << BUCKET_BITS];

/**
 * heapinfo_orders_start() - get ready for calls
 *
 * Context: nobody calls yet.
 */
void heapinfo_orders_start(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(heapinfo_order_buckets); i++) {
		spin_lock_init(&heapinfo_order_buckets[i].lock);
		INIT_HLIST_HEAD(&heapinfo_order_buckets[i].firsts);
	}
}

/* The call that counts for an address space, or NULL. Under the lock of the bucket. */
static struct heapinfo_order *
heapinfo_order_first(const struct heapinfo_order_bucket *bucket,
		     const struct mm_struct *mm)
{
	struct heapinfo_order *first;

	hlist_for_each_entry(first, &bucket->firsts, node)
		if (first->mm == mm)
			return first;
	return NULL;
}

/**
 * heapinfo_order_begin() - a call of an address space that others use too begins
 * @order: filled in; stays where it is until heapinfo_order_end()
 * @asks: it only asks, and moves nothing: then no other need know of it
 *
 * Context: the calling task; does not sleep.
 * Return: whether one that may move the break is under way.
 */
bool heapinfo_order_begin(struct heapinfo_order *order, bool asks)
{
	struct mm_struct *mm = current->mm;
	struct heapinfo_order_bucket *bucket =
		&heapinfo_order_buckets[hash_ptr(mm, BUCKET_BITS)];
	struct heapinfo_order *first;
	bool raced;

	order->bucket = bucket;
	order->mm = mm;
	order->asks = asks;
	spin_lock(&bucket->lock);
	first = heapinfo_order_first(bucket, mm);
	if (first) {
		INIT_HLIST_NODE(&order->node);
		list_add(&order->others, &first->others);
	} else {
		first = order;
		order->begun = 0;
		order->under_way = 0;
		INIT_LIST_HEAD(&order->others);
		hlist_add_head(&order->node, &bucket->firsts);
	}
	raced = first->under_way;
	if (!asks) {
		first->begun++;
		first->under_way++;
	}
	order->turn = first->begun;
	spin_unlock(&bucket->lock);
	return raced;
}

/* The call that counts for the address space of a call under way. Under the lock. */
static struct heapinfo_order *heapinfo_order_counts(struct heapinfo_order *order)
{
	return hlist_unhashed(&order->node) ?
	       heapinfo_order_first(order->bucket, order->mm) : order;
}

/**
 * heapinfo_order_close() - a call has been served: did others race with it?
 * @order: of the call; until heapinfo_order_end() no other one begins or ends
 *
 * A call that was served before this one has begun before, and the lock of the
 * address space makes that seen here.
 *
 * Context: the calling task; does not sleep. Nothing may sleep until then.
 * Return: whether others that may move the break have begun since it began, be it
 * that they have ended.
 */
bool heapinfo_order_close(struct heapinfo_order *order)
	__acquires(&order->bucket->lock)
{
	spin_lock(&order->bucket->lock);
	return heapinfo_order_counts(order)->begun != order->turn;
}

/* The next of its address space counts for all, if there is one. */
static void heapinfo_order_hand_over(struct heapinfo_order *first)
{
	struct heapinfo_order *next;

	hlist_del(&first->node);
	if (list_empty(&first->others))
		return;
	next = list_first_entry(&first->others, struct heapinfo_order, others);
	next->begun = first->begun;
	next->under_way = first->under_way;
	hlist_add_head(&next->node, &first->bucket->firsts);
}

/**
 * heapinfo_order_end() - a call has ended, and its event has been handed on
 * @order: nobody knows of it any more when this returns
 *
 * Context: after heapinfo_order_close(), whose lock this gives back.
 */
void heapinfo_order_end(struct heapinfo_order *order)
	__releases(&order->bucket->lock)
{
	struct heapinfo_order_bucket *bucket = order->bucket;
	struct heapinfo_order *first = heapinfo_order_counts(order);

	if (!order->asks)
		first->under_way--;
	if (first == order)
		heapinfo_order_hand_over(order);
	if (!list_empty(&order->others))
		list_del(&order->others);
	spin_unlock(&bucket->lock);
}
