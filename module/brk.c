// SPDX-License-Identifier: GPL-2.0
/* What one brk(2) did: the order of threads' calls, failures, the sources. */
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
 * The order of the calls of one address space. Threads share it, and so do
 * processes made with CLONE_VM.
 *
 * The kernel serves such calls one after the other under a lock of its own. A
 * source sees only when a call begins and when it returns, so of two calls that
 * are under way at once it cannot tell which was served first. Here they are
 * put in the order in which they return: each begins where the one before it
 * left the break. Then no change of the break is counted twice or left out.
 */
#define BUCKET_BITS	8
#define BUCKET_ORDERS	4

/**
 * struct call_order - the calls of one address space
 * @mm: the address space; NULL if this structure is unused. The tasks whose
 *	calls are under way keep it alive. When none is, @mm is cleared: the
 *	kernel may use the same address for another address space then.
 * @brk: where the last call that returned left the break
 * @turn: how many calls have begun
 * @under_way: how many of them have not returned yet
 */
struct call_order {
	struct mm_struct *mm;
	unsigned long brk;
	u32 turn;
	unsigned int under_way;
};

/**
 * struct order_bucket - the address spaces that share one index of the table
 * @lock: guards @orders
 * @orders: of the address spaces that have calls under way. If there are more
 *	address spaces than these, the calls of the others are not put in an
 *	order, and are marked as raced.
 */
struct order_bucket {
	/*
	 * Also held while a call is passed to the tracepoint, so that the
	 * listeners see the calls in their order.
	 */
	spinlock_t lock;
	struct call_order orders[BUCKET_ORDERS];
};

static struct order_bucket heapinfo_order_buckets[1 << BUCKET_BITS];

static struct order_bucket *heapinfo_order_bucket(struct mm_struct *mm)
{
	return &heapinfo_order_buckets[hash_ptr(mm, BUCKET_BITS)];
}

/* The order of @mm, or NULL if it has none. Under the lock of the bucket. */
static struct call_order *heapinfo_order_find(struct order_bucket *bucket,
					      const struct mm_struct *mm)
{
	struct call_order *end = bucket->orders + BUCKET_ORDERS;
	struct call_order *order;

	for (order = bucket->orders; order < end; order++)
		if (order->mm == mm)
			return order;
	return NULL;
}

/* A new order for @mm; NULL if none is free. Under the lock of the bucket. */
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
 * heapinfo_brk_enter_shared() - a call in a shared address space begins
 * @entry: gets what heapinfo_brk_enter() does not know in this case
 *
 * Context: the task that makes the call; preemption may be disabled; does not
 * sleep.
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
 * Lets a call begin where the call that returned before it left the break. If
 * the break is still there, nothing is left for this call to report: the kernel
 * served the other one later, and the change of both was reported with that.
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

/* A call that began in this order ends. Under the lock of the bucket. */
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
 * heapinfo_brk_return_shared() - a call in a shared address space ends
 * @entry: its event is complete but for the order of the calls
 *
 * Puts the call in order and passes it to the tracepoint.
 *
 * Context: the task that made the call; preemption may be disabled; does not
 * sleep.
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
 * @brk: the event, with @asked and @from
 * @ret: what the call returned: the break, or -EINTR
 *
 * The kernel answers -EINTR if a fatal signal came first. To every other
 * failure it answers with the break as it is.
 *
 * Context: the task that made the call; preemption may be disabled; does not
 * sleep.
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
 * @name: the source: "probe" or "syscalls"
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if there is no such source; or the error of the source,
 * after one line in the log.
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
 * heapinfo_brk_stop() - end what heapinfo_brk_start() began
 *
 * No event is under way any more when this returns.
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
 * Context: any.
 * Return: "probe" or "syscalls".
 */
const char *heapinfo_brk_source(void)
{
	return heapinfo_source->name;
}

/**
 * heapinfo_brk_suspended() - whether calls are neither seen nor counted now
 *
 * A root user can switch off all probes of the machine in debugfs
 * (kprobes/enabled). What the calls did meanwhile shows as "moved" in the
 * histories.
 *
 * Context: may sleep.
 * Return: true if no calls are seen.
 */
bool heapinfo_brk_suspended(void)
{
	return heapinfo_source->suspended &&
	       heapinfo_source->suspended();
}

/**
 * heapinfo_brk_missed() - how many calls could not be seen since load
 *
 * What such a call did shows as "moved" in the history of its process.
 *
 * Context: any.
 * Return: the number, over all processes.
 */
u64 heapinfo_brk_missed(void)
{
	return heapinfo_source->missed();
}

/**
 * heapinfo_brk_seen() - how many calls were seen since load
 *
 * Context: any.
 * Return: the number, over all processes.
 */
u64 heapinfo_brk_seen(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(heapinfo_brk_calls, cpu));
	return sum;
}
