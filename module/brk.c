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

DEFINE_PER_CPU(u64, heapinfo_brk_calls);

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

/**
 * heapinfo_brk_enter_shared() - a call of a shared address space begins
 * @entry: as heapinfo_brk_enter() fills it where nothing is shared
 *
 * Context: the calling task; preemption may be disabled; does not sleep.
 */
void heapinfo_brk_enter_shared(struct heapinfo_brk_entry *entry)
{
	struct mm_struct *mm = current->mm;
	struct place *place = place_of(mm);

	entry->brk.shared = true;
	spin_lock(&place->lock);
	entry->brk.from = READ_ONCE(mm->brk);
	entry->brk.raced = place->under_way++;
	entry->turn = ++place->turn;
	if (!entry->brk.raced) {
		place->mm = mm;
		place->brk = entry->brk.from;
	}
	spin_unlock(&place->lock);
}

/*
 * A call goes on from where the one before it in this order left the break. If
 * that is where the break is now, then a call that was served after this one
 * has returned before it and has been given the way of both.
 */
static void put_in_order(struct heapinfo_brk *brk, struct place *place)
{
	brk->from = place->brk;
	if (READ_ONCE(place->mm->brk) == brk->from)
		brk->to = brk->from;
	brk->call = heapinfo_brk_way(brk->from, brk->to);
	place->brk = brk->to;
}

/**
 * heapinfo_brk_return_shared() - a call of a shared address space has ended
 * @entry: with the event complete but for the order of calls
 *
 * Context: as heapinfo_brk_enter_shared().
 */
void heapinfo_brk_return_shared(struct heapinfo_brk_entry *entry)
{
	struct heapinfo_brk *brk = &entry->brk;
	struct mm_struct *mm = current->mm;
	struct place *place = place_of(mm);

	spin_lock(&place->lock);
	brk->raced |= place->turn != entry->turn;
	if (brk->result == HEAPINFO_OK && brk->call != HEAPINFO_QUERY &&
	    place->mm == mm)
		put_in_order(brk, place);
	trace_brk(brk);
	place->under_way--;
	spin_unlock(&place->lock);
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
		sum += READ_ONCE(per_cpu(heapinfo_brk_calls, cpu));
	return sum;
}
