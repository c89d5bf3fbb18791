// SPDX-License-Identifier: GPL-2.0
/* What one brk(2) did, told from the break before and after it. */
#include "heapinfo.h"
#include "brk.h"
#include "brk_inline.h"
#include "failure.h"

#include <linux/err.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

const char *const heapinfo_call_names[] = {
	HEAPINFO_CALLS(HEAPINFO_AS_WORD)
};

const char *const heapinfo_result_names[] = {
	HEAPINFO_RESULTS(HEAPINFO_AS_WORD)
};

static const struct heapinfo_source *const heapinfo_sources[] = {
	&heapinfo_source_probe,
	&heapinfo_source_syscalls,
};

static const struct heapinfo_source *heapinfo_source;

DEFINE_PER_CPU(u64, heapinfo_brk_calls);

/*
 * Where the threads of one address space agree on the order of their calls.
 * No hook sees the break under the kernel's lock, so two calls at once may
 * return in another order than they were served. A table of the calls under
 * way, indexed by address space, tells a call whether there were others between
 * its entry and its return, and where the last one that returned left the break.
 */
#define BUCKET_BITS	8
#define BUCKET_ORDERS	4

/**
 * struct call_order - of the calls of one address space
 * @mm: it; NULL where the order is free. Its callers hold it while calls are
 *	under way, and no longer: then its address may become another's.
 * @brk: where the last of its calls that returned left the break
 * @turn: calls that have begun
 * @under_way: calls that have not returned
 */
struct call_order {
	struct mm_struct *mm;
	unsigned long brk;
	u32 turn;
	unsigned int under_way;
};

/**
 * struct order_bucket - of the address spaces that meet in one index
 * @lock: makes all their calls be told in one order
 * @orders: of those in which calls are under way. Where there are more than
 *	these, the calls of the others are told as raced, in no order.
 */
struct order_bucket {
	/* Guards the orders; held also while a call is told. */
	spinlock_t lock;
	struct call_order orders[BUCKET_ORDERS];
};

static struct order_bucket heapinfo_order_buckets[1 << BUCKET_BITS];

static struct order_bucket *heapinfo_order_bucket(struct mm_struct *mm)
{
	return &heapinfo_order_buckets[hash_ptr(mm, BUCKET_BITS)];
}

/* That of @mm, or NULL. Under the lock of the bucket. */
static struct call_order *heapinfo_order_find(struct order_bucket *bucket,
					      const struct mm_struct *mm)
{
	unsigned int i;

	for (i = 0; i < BUCKET_ORDERS; i++)
		if (bucket->orders[i].mm == mm)
			return &bucket->orders[i];
	return NULL;
}

/* Begins with the break as it is. Under the lock of the bucket. */
static struct call_order *heapinfo_order_new(struct order_bucket *bucket,
					     struct mm_struct *mm)
{
	struct call_order *order = heapinfo_order_find(bucket, NULL);

	if (order) {
		order->mm = mm;
		order->brk = READ_ONCE(mm->brk);
		order->turn = 0;
	}
	return order;
}

/**
 * heapinfo_brk_enter_shared() - a call of a shared address space begins
 * @entry: as heapinfo_brk_enter() fills it where nothing is shared
 *
 * Context: the calling task; preemption may be disabled; does not sleep.
 */
void heapinfo_brk_enter_shared(struct heapinfo_brk_entry *entry)
{
	struct mm_struct *mm = current->mm;
	struct order_bucket *bucket = heapinfo_order_bucket(mm);
	struct call_order *order;

	entry->brk.shared = true;
	entry->brk.raced = true;
	entry->turn = 0;
	spin_lock(&bucket->lock);
	entry->brk.from = READ_ONCE(mm->brk);
	order = heapinfo_order_find(bucket, mm) ?:
		heapinfo_order_new(bucket, mm);
	if (order) {
		entry->brk.raced = order->under_way++;
		entry->turn = ++order->turn;
	}
	spin_unlock(&bucket->lock);
}

/*
 * A call goes on from where the one before it in this order left the break. If
 * that is where the break is now, then a call that was served after this one
 * has returned before it and has been given the way of both.
 */
static void heapinfo_order_apply(struct heapinfo_brk *brk,
				 struct call_order *order)
{
	brk->from = order->brk;
	if (READ_ONCE(order->mm->brk) == brk->from)
		brk->to = brk->from;
	brk->call = heapinfo_brk_way(brk->from, brk->to);
	order->brk = brk->to;
}

/* The one that ends has begun in this order. Under the lock of the bucket. */
static void heapinfo_order_leave(struct heapinfo_brk_entry *entry,
				 struct call_order *order)
{
	struct heapinfo_brk *brk = &entry->brk;

	brk->raced |= order->turn != entry->turn;
	if (brk->result == HEAPINFO_OK && brk->call != HEAPINFO_QUERY)
		heapinfo_order_apply(brk, order);
	if (!--order->under_way)
		order->mm = NULL;
}

/**
 * heapinfo_brk_return_shared() - a call of a shared address space has ended
 * @entry: with the event complete but for the order of calls
 *
 * Context: as heapinfo_brk_enter_shared().
 */
void heapinfo_brk_return_shared(struct heapinfo_brk_entry *entry)
{
	struct order_bucket *bucket = heapinfo_order_bucket(current->mm);
	struct call_order *order = NULL;

	spin_lock(&bucket->lock);
	if (entry->turn)
		order = heapinfo_order_find(bucket, current->mm);
	if (order)
		heapinfo_order_leave(entry, order);
	trace_brk(&entry->brk);
	spin_unlock(&bucket->lock);
}

/**
 * heapinfo_brk_failed() - complete the event of a call that failed
 * @brk: with all that a call has that moved nothing
 * @ret: what it returned: the break, or -EINTR
 *
 * The kernel answers every failure but a fatal signal with the break as it is.
 *
 * Context: as heapinfo_brk_enter_shared().
 */
void heapinfo_brk_failed(struct heapinfo_brk *brk, unsigned long ret)
{
	brk->call = HEAPINFO_FAILED;
	if (IS_ERR_VALUE(ret)) {
		brk->to = brk->from;
		brk->result = HEAPINFO_KILLED;
	} else {
		brk->from = ret;
		heapinfo_failure_explain(brk);
	}
}

/**
 * heapinfo_brk_start() - begin to see every brk(2)
 * @name: "probe" or "syscalls"
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if there is no such source; what the source says.
 */
int heapinfo_brk_start(const char *name)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(heapinfo_sources); i++)
		if (sysfs_streq(name, heapinfo_sources[i]->name))
			heapinfo_source = heapinfo_sources[i];
	if (!heapinfo_source) {
		pr_err("source=%s is not known: it is probe or syscalls\n",
		       name);
		return -EINVAL;
	}

	for (i = 0; i < ARRAY_SIZE(heapinfo_order_buckets); i++)
		spin_lock_init(&heapinfo_order_buckets[i].lock);
	heapinfo_failure_start();
	ret = heapinfo_source->start();
	if (ret)
		heapinfo_failure_stop();
	return ret;
}

/**
 * heapinfo_brk_stop() - see no more; no event is under way afterwards
 *
 * Context: may sleep.
 */
void heapinfo_brk_stop(void)
{
	heapinfo_source->stop();
	heapinfo_failure_stop();
}

/**
 * heapinfo_brk_source() - the name of the source in use
 *
 * Return: "probe" or "syscalls".
 */
const char *heapinfo_brk_source(void)
{
	return heapinfo_source->name;
}

/**
 * heapinfo_brk_suspended() - whether calls go by unseen and uncounted for now
 *
 * Context: may sleep.
 * Return: true while probes are switched off in debugfs (kprobes/enabled). What
 * happens then shows as "moved" in the histories.
 */
bool heapinfo_brk_suspended(void)
{
	return heapinfo_source->suspended &&
	       heapinfo_source->suspended();
}

/**
 * heapinfo_brk_missed() - calls of the machine that were not seen
 *
 * Return: how many, since load. Each may show as a "moved" in a history.
 */
u64 heapinfo_brk_missed(void)
{
	return heapinfo_source->missed();
}

/**
 * heapinfo_brk_seen() - calls of the machine that were seen
 *
 * Return: how many, since load.
 */
u64 heapinfo_brk_seen(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(heapinfo_brk_calls, cpu));
	return sum;
}
