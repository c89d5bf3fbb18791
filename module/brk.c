// SPDX-License-Identifier: GPL-2.0
/* What one brk(2) did, told from the break before and after it. */
#include "heapinfo.h"
#include "brk.h"
#include "failure.h"

#include <linux/err.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

#undef HEAPINFO_NAMED
#define HEAPINFO_NAMED(id, name)	name,
const char *const heapinfo_call_names[] = { HEAPINFO_CALLS };
const char *const heapinfo_result_names[] = { HEAPINFO_RESULTS };
#undef HEAPINFO_NAMED

static const struct heapinfo_source *const sources[] = {
	&heapinfo_source_probe,
	&heapinfo_source_syscalls,
};

static const struct heapinfo_source *source;

static DEFINE_PER_CPU(u64, seen);

/*
 * Where the threads of one address space agree on the order of their calls.
 * No hook sees the break under the kernel's lock, so two calls at once may
 * return in another order than they were served. A table of the calls under
 * way, indexed by address space, tells a call whether there were others between
 * its entry and its return, and where the last one that returned left the break.
 * Two address spaces in one place only make calls look raced that were not.
 */
#define PLACE_BITS	8

/**
 * struct place - of one address space in which calls are under way
 * @lock: of the others; makes all calls be told in one order
 * @under_way: calls that have not returned
 * @turn: calls that have begun
 * @mm: whose first call began when no other was under way
 * @brk: where the last call of @mm that returned left the break
 */
struct place {
	/* Guards the others; held also while a call is told. */
	spinlock_t lock;
	unsigned int under_way;
	u32 turn;
	struct mm_struct *mm;
	unsigned long brk;
};

static struct place places[1 << PLACE_BITS];

static struct place *place_of(struct mm_struct *mm)
{
	return &places[hash_ptr(mm, PLACE_BITS)];
}

/* A call of a shared address space begins. */
static void enter_place(struct heapinfo_brk_entry *entry, struct mm_struct *mm)
{
	struct place *place = place_of(mm);

	spin_lock(&place->lock);
	entry->from = READ_ONCE(mm->brk);
	entry->raced = place->under_way++;
	entry->turn = ++place->turn;
	if (!entry->raced) {
		place->mm = mm;
		place->brk = entry->from;
	}
	spin_unlock(&place->lock);
}

/**
 * heapinfo_brk_enter() - a brk(2) begins
 * @entry: to be kept until the call returns
 * @asked: its argument
 *
 * Context: the calling task; preemption may be disabled; does not sleep.
 * Return: whether the call is to be handed to heapinfo_brk_return().
 */
bool heapinfo_brk_enter(struct heapinfo_brk_entry *entry, unsigned long asked)
{
	struct mm_struct *mm = current->mm;

	if (unlikely(!mm))
		return false;
	entry->asked = asked;
	entry->alone = atomic_read(&mm->mm_users) == 1;
	if (likely(entry->alone))
		entry->from = READ_ONCE(mm->brk);
	else
		enter_place(entry, mm);
	return true;
}

static enum heapinfo_call way_of(unsigned long from, unsigned long to)
{
	return to > from ? HEAPINFO_GROW :
	       to < from ? HEAPINFO_SHRINK : HEAPINFO_UNCHANGED;
}

/*
 * A call goes on from where the one before it in this order left the break. If
 * that is where the break is now, then a call that was served after this one
 * has returned before it and has been given the way of both.
 */
static void put_in_order(struct heapinfo_brk *brk, struct place *place)
{
	brk->from = place->brk;
	if (READ_ONCE(brk->mm->brk) == brk->from)
		brk->to = brk->from;
	brk->call = way_of(brk->from, brk->to);
	place->brk = brk->to;
}

/* A call of a shared address space is told, and has ended. */
static void leave_place(const struct heapinfo_brk_entry *entry,
			struct heapinfo_brk *brk)
{
	struct place *place = place_of(brk->mm);

	spin_lock(&place->lock);
	brk->raced = entry->raced || place->turn != entry->turn;
	if (brk->result == HEAPINFO_OK && brk->call != HEAPINFO_QUERY &&
	    place->mm == brk->mm)
		put_in_order(brk, place);
	trace_brk(brk);
	place->under_way--;
	spin_unlock(&place->lock);
}

/**
 * heapinfo_brk_return() - a brk(2) ends
 * @entry: as heapinfo_brk_enter() left it
 * @ret: what the call returns: the break, or -EINTR
 *
 * Tells what the call did and passes it through the tracepoint. The kernel
 * answers every failure but a fatal signal with the break as it is.
 *
 * Context: the calling task; preemption may be disabled; does not sleep.
 */
void heapinfo_brk_return(const struct heapinfo_brk_entry *entry,
			 unsigned long ret)
{
	struct heapinfo_brk brk = {
		.asked = entry->asked,
		.from = entry->from,
		.to = ret,
		.mm = current->mm,
	};

	if (unlikely(!brk.mm))
		return;
	this_cpu_inc(seen);

	if (likely(ret == brk.asked)) {
		brk.call = way_of(brk.from, ret);
	} else if (IS_ERR_VALUE(ret)) {
		brk.to = brk.from;
		brk.call = HEAPINFO_FAILED;
		brk.result = HEAPINFO_KILLED;
	} else {
		brk.from = ret;
		if (!brk.asked) {
			brk.call = HEAPINFO_QUERY;
		} else {
			brk.call = HEAPINFO_FAILED;
			heapinfo_failure_explain(&brk);
		}
	}
	if (likely(entry->alone))
		trace_brk(&brk);
	else
		leave_place(entry, &brk);
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

	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (sysfs_streq(name, sources[i]->name))
			source = sources[i];
	if (!source) {
		pr_err("source=%s is not known: it is probe or syscalls\n",
		       name);
		return -EINVAL;
	}

	for (i = 0; i < ARRAY_SIZE(places); i++)
		spin_lock_init(&places[i].lock);
	heapinfo_failure_start();
	ret = source->start();
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
	source->stop();
	heapinfo_failure_stop();
}

/**
 * heapinfo_brk_source() - the name of the source in use
 *
 * Return: "probe" or "syscalls".
 */
const char *heapinfo_brk_source(void)
{
	return source->name;
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
	return source->suspended && source->suspended();
}

/**
 * heapinfo_brk_missed() - calls of the machine that were not seen
 *
 * Return: how many, since load. Each may show as a "moved" in a history.
 */
u64 heapinfo_brk_missed(void)
{
	return source->missed();
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
		sum += per_cpu(seen, cpu);
	return sum;
}
