// SPDX-License-Identifier: GPL-2.0
/* Keeps the record of each process up to date at a call, an exec, an exit. */
#include "heapinfo.h"
#include "compat.h"
#include "history.h"
#include "owner.h"
#include "reclaim.h"
#include "record.h"
#include "ring.h"
#include "spare.h"
#include "stack.h"
#include "tracepoints.h"

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

/*
 * The functions that record a call run in the task that made it, under the lock
 * of the record.
 *
 * Every brk(2) of the machine goes through heapinfo_history_call(). What is rare
 * there is in functions of its own that are not inlined, so that the usual way
 * needs few registers.
 *
 * Memory is never allocated under the lock. So what records a call says, before it
 * has changed anything, that it wants memory for rows (it returns false). Then the
 * memory is allocated and the call recorded with that: with a spare, be it empty,
 * it is always recorded.
 */

/*
 * The break was seen at @brk. Whoever moves the start of the heap (prctl(PR_SET_MM),
 * as checkpoint and restore does) has another heap, whose peak begins anew.
 */
static __always_inline void heapinfo_history_peak(struct heapinfo_totals *totals,
						  unsigned long brk)
{
	unsigned long start = READ_ONCE(current->mm->start_brk);

	if (unlikely(totals->start != start)) {
		totals->start = start;
		totals->peak = brk;
	} else if (brk > totals->peak) {
		totals->peak = brk;
	}
}

/*
 * Whether a row can be added just so: the current block has room for it, and it is
 * of the thread that the row before it is of. Another thread may rename this one at
 * any time: then the name may be mixed.
 */
static __always_inline bool
heapinfo_history_ready(const struct heapinfo_ring *ring)
{
	struct task_struct *task = current;
	const struct pid *pid = task_pid(task);
	const struct heapinfo_actor *actor;

	if (ring->next == ring->end || ring->actor == HEAPINFO_NO_ACTOR)
		return false;
	actor = &ring->actors[ring->actor];
	if (actor->tid != task_pid_nr(task) ||
	    actor->vtid != pid->numbers[pid->level].nr)
		return false;
	/* See above: the name may change meanwhile. */
	return !data_race(memcmp(actor->comm, task->comm, TASK_COMM_LEN));
}

/* The thread that makes the call. */
static void heapinfo_history_who(struct heapinfo_actor *who)
{
	const struct pid *pid = task_pid(current);

	who->tid = task_pid_nr(current);
	who->vtid = pid->numbers[pid->level].nr;
	/* As in heapinfo_history_ready(). */
	data_race(memcpy(who->comm, current->comm, sizeof(who->comm)));
	who->rows = 0;
}

/*
 * Where the stack of the call is, for a row that is to have one. One that was kept
 * because it was nowhere, is nowhere yet: only this thread has it.
 */
static __always_inline u16
heapinfo_history_find_stack(const struct heapinfo_ring *ring,
			    const struct heapinfo_spare *spare)
{
	if (!heapinfo_params.stacks || (spare && spare->stack))
		return HEAPINFO_NO_STACK;
	return heapinfo_stack_find(ring);
}

/* Whether to keep the stack of the call, where it is not @found. */
static __always_inline bool
heapinfo_history_takes_stack(const struct heapinfo_ring *ring, u16 found)
{
	return found == HEAPINFO_NO_STACK && heapinfo_params.stacks &&
	       !ring->stack_refused;
}

/* How a call ended, as its row has it: it may have moved the break. */
static enum heapinfo_call heapinfo_history_way(const struct heapinfo_brk *brk)
{
	return brk->from == brk->to ? brk->call : HEAPINFO_GROW;
}

/*
 * Which memory there should be for some rows, and to count a call that ended so, the
 * row of which has its stack, which was @found or not.
 */
static noinline struct heapinfo_wants
heapinfo_history_wants_for(const struct heapinfo_record *record,
			   unsigned int rows, enum heapinfo_call call, u16 found)
{
	const struct heapinfo_ring *ring = &record->ring;
	struct heapinfo_wants wants;
	struct heapinfo_actor who;

	heapinfo_history_who(&who);
	wants = heapinfo_ring_wants(ring, rows, &who,
				    heapinfo_params.history);
	wants.failures = call == HEAPINFO_FAILED && !record->failures;
	if (!heapinfo_call_has_stack(call))
		return wants;
	wants.stack = heapinfo_history_takes_stack(ring, found);
	if (wants.stack)
		wants.stacks = heapinfo_ring_stacks_wanted(ring,
							   heapinfo_params.history);
	return wants;
}

/* The same, where nobody has looked for the stack. The @spare may have it, or is NULL. */
static struct heapinfo_wants
heapinfo_history_wants(const struct heapinfo_record *record,
		       const struct heapinfo_spare *spare, unsigned int rows,
		       enum heapinfo_call call)
{
	u16 found = HEAPINFO_NO_STACK;

	if (heapinfo_call_has_stack(call))
		found = heapinfo_history_find_stack(&record->ring, spare);
	return heapinfo_history_wants_for(record, rows, call, found);
}

/* Makes room for a row, with the spare if there is one. Returns whether there is. */
static noinline bool heapinfo_history_make_room(struct heapinfo_ring *ring,
						struct heapinfo_spare *spare)
{
	struct heapinfo_actor who;

	heapinfo_history_who(&who);
	return heapinfo_ring_make_room(ring, spare, &who,
				       heapinfo_params.history);
}

/* There is no memory for a single row: what can be kept of it is its sum. */
static noinline void
heapinfo_history_sum_up(struct heapinfo_ring *ring, u64 time,
			enum heapinfo_call call, unsigned long from,
			unsigned long other)
{
	const struct heapinfo_event event = {
		.time = time, .from = from, .other = other, .call = call,
		.stack = HEAPINFO_NO_STACK,
	};

	heapinfo_ring_sum_up(ring, &event);
}

/*
 * Adds a row, for which heapinfo_history_ready() says whether all is @ready. If it is
 * not, and there is no memory for a single one, the row is lost.
 */
static __always_inline void
heapinfo_history_add_row(struct heapinfo_record *record,
			 struct heapinfo_spare *spare, bool ready, u64 time,
			 enum heapinfo_call call, enum heapinfo_result result,
			 unsigned long from, unsigned long other,
			 unsigned long mapping, u16 stack)
{
	struct heapinfo_ring *ring = &record->ring;

	if (unlikely(!ready))
		ready = heapinfo_history_make_room(ring, spare);
	this_cpu_inc(heapinfo_counts.rows);
	if (unlikely(!ready || heapinfo_ring_full(ring)))
		this_cpu_inc(heapinfo_counts.rows_lost);
	if (likely(ready))
		heapinfo_ring_add(ring, time, call, result, from, other,
				  mapping, stack);
	else
		heapinfo_history_sum_up(ring, time, call, from, other);
}

/*
 * The break is not where the last call left it: something else has moved it,
 * such as prctl(PR_SET_MM), or a call that was not seen. Counts that as a move,
 * to the break as it was before this call. Returns false if memory is wanted
 * for its row or that of the call.
 */
static noinline bool heapinfo_history_add_move(struct heapinfo_record *record,
					       const struct heapinfo_brk *brk,
					       struct heapinfo_spare *spare)
{
	unsigned long to = brk->from;

	if (!spare &&
	    heapinfo_wants_any(heapinfo_history_wants(record, NULL, 2,
						      heapinfo_history_way(brk))))
		return false;
	record->totals.calls[HEAPINFO_MOVED]++;
	heapinfo_history_add_row(record, spare, false, ktime_get_boot_fast_ns(),
				 HEAPINFO_MOVED, HEAPINFO_OK, record->last, to,
				 0, HEAPINFO_NO_STACK);
	heapinfo_history_peak(&record->totals, to);
	record->last = to;
	return true;
}

/*
 * Counts a failure by its reason, if there is memory for that. What is missing there
 * of all failures, the reader finds as unknown.
 */
static void heapinfo_history_count_failure(struct heapinfo_record *record,
					   enum heapinfo_result result,
					   struct heapinfo_spare *spare)
{
	if (!record->failures && spare) {
		record->failures = spare->failures;
		spare->failures = NULL;
	}
	if (record->failures)
		record->failures[result]++;
}

/*
 * Adds the row of a call that left the break where it was as far as is known: one
 * that failed, one that set it, or with queries=1 any. Returns false if memory is
 * wanted for it.
 */
static noinline bool heapinfo_history_add_still(struct heapinfo_record *record,
						const struct heapinfo_brk *brk,
						struct heapinfo_spare *spare)
{
	struct heapinfo_ring *ring = &record->ring;
	u16 stack = HEAPINFO_NO_STACK;

	if (heapinfo_call_has_stack(brk->call)) {
		stack = heapinfo_history_find_stack(ring, spare);
		if (spare && heapinfo_history_takes_stack(ring, stack))
			stack = heapinfo_ring_add_stack(ring, spare);
	}
	if (!spare &&
	    heapinfo_wants_any(heapinfo_history_wants_for(record, 1, brk->call,
							  stack)))
		return false;
	record->totals.calls[brk->call]++;
	if (brk->call == HEAPINFO_FAILED)
		heapinfo_history_count_failure(record, brk->result, spare);
	/* It may have moved the break all the same. */
	if (brk->call == HEAPINFO_SET)
		record->last = READ_ONCE(current->mm->brk);
	/* A failure left the break at @from: its row has what was asked. */
	heapinfo_history_add_row(record, spare, false, ktime_get_boot_fast_ns(),
				 brk->call, brk->result, brk->from,
				 brk->call == HEAPINFO_FAILED ?
				 brk->asked : brk->to, brk->mapping, stack);
	return true;
}

/*
 * Counts a call that moved the break. Returns which way. A call that raced with
 * others need not be the last that the kernel served: then the break is asked for.
 * When the last of them comes here the kernel has served all, so it is right then.
 */
static __always_inline enum heapinfo_call
heapinfo_history_count_way(struct heapinfo_record *record, unsigned long from,
			   unsigned long to, bool raced)
{
	struct heapinfo_totals *totals = &record->totals;

	record->last = unlikely(raced) ? READ_ONCE(current->mm->brk) : to;
	heapinfo_history_peak(totals, to);
	if (to > from) {
		totals->calls[HEAPINFO_GROW]++;
		totals->bytes_grown += to - from;
		return HEAPINFO_GROW;
	}
	totals->calls[HEAPINFO_SHRINK]++;
	totals->bytes_shrunk += from - to;
	return HEAPINFO_SHRINK;
}

/*
 * Records a call: counts it, and adds a row. The clock is read under the lock,
 * so that the rows are in the order of their times; and it is read before the
 * break is looked at, so that no register has to be saved for it. Returns false
 * if memory is wanted for rows.
 */
static __always_inline bool
heapinfo_history_add_call(struct heapinfo_record *record,
			  const struct heapinfo_brk *brk,
			  struct heapinfo_spare *spare)
{
	struct heapinfo_ring *ring = &record->ring;
	enum heapinfo_call call;
	unsigned long from, to;
	bool ready, takes;
	u16 stack;
	u64 time;

	/*
	 * Calls that raced are recorded in the order in which they end, and the
	 * kernel may have served them in another one.
	 */
	if (unlikely(record->last != brk->from && !brk->raced) &&
	    !heapinfo_history_add_move(record, brk, spare))
		return false;

	/* A query, a failure, or a call that changed nothing that is known. */
	if (brk->from == brk->to) {
		if (unlikely(brk->call == HEAPINFO_FAILED ||
			     brk->call == HEAPINFO_SET ||
			     heapinfo_params.queries))
			return heapinfo_history_add_still(record, brk, spare);
		record->totals.calls[brk->call]++;
		return true;
	}
	ready = heapinfo_history_ready(ring);
	stack = heapinfo_history_find_stack(ring, spare);
	takes = heapinfo_history_takes_stack(ring, stack);
	if (unlikely(takes && spare))
		stack = heapinfo_ring_add_stack(ring, spare);
	if (unlikely(!ready || takes) && !spare &&
	    heapinfo_wants_any(heapinfo_history_wants_for(record, 1,
							  HEAPINFO_GROW, stack)))
		return false;
	time = ktime_get_boot_fast_ns();
	from = brk->from;
	to = brk->to;
	call = heapinfo_history_count_way(record, from, to, brk->raced);
	heapinfo_history_add_row(record, spare, ready, time, call, brk->result,
				 from, to, 0, stack);
	return true;
}

/* The record of this process, made if there is none; NULL if memory is refused. */
static struct heapinfo_record *heapinfo_history_own(unsigned long brk,
						    bool may_sleep)
{
	struct heapinfo_record *record, *made;
	struct heapinfo_owner *owner;

	rcu_read_lock();
	record = heapinfo_record_find(task_tgid_nr(current));
	rcu_read_unlock();
	if (record)
		return record;
	owner = heapinfo_owner_get(may_sleep);
	if (!owner)
		return NULL;
	made = heapinfo_record_new(owner, brk, may_sleep);
	if (!made)
		return NULL;
	/* Rows make room for it. */
	heapinfo_reclaim(owner, true);
	record = heapinfo_record_add(made);
	if (record != made)
		heapinfo_record_free(made);
	return record;
}

/* Allocates what a record wants, at the cost of those who have more than a share. */
static void heapinfo_history_fill(const struct heapinfo_record *record,
				  struct heapinfo_spare *spare,
				  struct heapinfo_wants wants, bool may_sleep)
{
	struct heapinfo_owner *owner = record->owner;

	heapinfo_reclaim(owner, wants.empty);
	/* Without a block or a timeline the row would be in no sum of rows either. */
	if (heapinfo_spare_fill_block(spare, owner, wants, may_sleep))
		heapinfo_reclaim(owner, wants.first);
	heapinfo_spare_fill_rest(spare, owner, wants, may_sleep);
}

/*
 * Records a call that needs memory: there is no record yet, or its ring has come
 * to its end, as was found when it was @tried. The record cannot go while it is used:
 * see struct heapinfo_record.
 */
static noinline void
heapinfo_history_call_slowly(const struct heapinfo_brk *brk, bool may_sleep,
			     bool tried)
{
	struct heapinfo_record *record = heapinfo_history_own(brk->from,
							      may_sleep);
	struct heapinfo_spare spare = {};
	struct heapinfo_wants wants;
	struct heapinfo_stack *gone;
	bool done = false;

	if (!record) {
		heapinfo_record_refused(task_tgid_nr(current));
		return;
	}
	spin_lock(&record->lock);
	if (!tried)
		done = heapinfo_history_add_call(record, brk, NULL);
	if (!done)
		wants = heapinfo_history_wants(record, NULL, 2,
					       heapinfo_history_way(brk));
	gone = heapinfo_ring_take_gone(&record->ring);
	spin_unlock(&record->lock);
	heapinfo_spare_free_stacks(record->owner, gone);
	if (!done) {
		heapinfo_history_fill(record, &spare, wants, may_sleep);
		spin_lock(&record->lock);
		heapinfo_history_add_call(record, brk, &spare);
		gone = heapinfo_ring_take_gone(&record->ring);
		spin_unlock(&record->lock);
		heapinfo_spare_free_stacks(record->owner, gone);
		heapinfo_spare_free(&spare);
	}
	this_cpu_inc(heapinfo_counts.recorded);
}

/**
 * heapinfo_history_call() - record a call
 * @brk: the call
 * @may_sleep: whether the caller may, and holds no lock
 *
 * A record that is found is that of the program that made the call, since exec
 * takes the record of the old program away.
 *
 * Context: the task that made the call.
 */
void heapinfo_history_call(const struct heapinfo_brk *brk, bool may_sleep)
{
	struct heapinfo_record *record;
	struct heapinfo_stack *gone;
	bool done = false;

	if (!heapinfo_params.history)
		return;
	rcu_read_lock();
	record = heapinfo_record_find(task_tgid_nr(current));
	if (likely(record)) {
		spin_lock(&record->lock);
		done = heapinfo_history_add_call(record, brk, NULL);
		gone = heapinfo_ring_take_gone(&record->ring);
		spin_unlock(&record->lock);
		if (unlikely(gone))
			heapinfo_spare_free_stacks(record->owner, gone);
	}
	rcu_read_unlock();
	if (likely(done))
		this_cpu_inc(heapinfo_counts.recorded);
	else
		heapinfo_history_call_slowly(brk, may_sleep, record);
}

/* Whether a row of a call can be added just so, with its stack if it is to have one. */
static bool heapinfo_history_has_all(const struct heapinfo_ring *ring,
				     enum heapinfo_call call)
{
	return heapinfo_history_ready(ring) &&
	       (!heapinfo_call_has_stack(call) ||
		!heapinfo_history_takes_stack(ring,
					      heapinfo_history_find_stack(ring, NULL)));
}

/*
 * Whether a call, which makes a @row or none, can be recorded with the memory that
 * there is. Other threads may use that up before it is.
 */
static bool heapinfo_history_has_room(const struct heapinfo_brk *brk, bool row)
{
	struct heapinfo_record *record;
	bool has = false;

	rcu_read_lock();
	record = heapinfo_record_find(task_tgid_nr(current));
	if (record && row) {
		spin_lock(&record->lock);
		has = heapinfo_history_has_all(&record->ring, brk->call);
		spin_unlock(&record->lock);
	} else if (record) {
		has = true;
	}
	rcu_read_unlock();
	return has;
}

/*
 * Allocates what recording a call may take, which makes a @row or none. In the task
 * that made the call, under no lock; may sleep.
 */
static noinline void heapinfo_history_make_ready(const struct heapinfo_brk *brk,
						 bool row)
{
	struct heapinfo_record *record = heapinfo_history_own(brk->from, true);
	enum heapinfo_call call = heapinfo_call_has_stack(brk->call) ?
				  HEAPINFO_GROW : HEAPINFO_UNCHANGED;
	struct heapinfo_spare spare = {};
	struct heapinfo_wants wants;
	struct heapinfo_stack *gone;

	if (!record || !row)
		return;
	spin_lock(&record->lock);
	wants = heapinfo_history_wants(record, NULL, 1, call);
	spin_unlock(&record->lock);
	if (!heapinfo_wants_any(wants))
		return;
	heapinfo_history_fill(record, &spare, wants, true);
	spin_lock(&record->lock);
	wants = heapinfo_history_wants(record, &spare, 1, call);
	/* No row is pushed out yet: the call may not come to have one. */
	if (heapinfo_wants_any(wants))
		heapinfo_history_make_room(&record->ring, &spare);
	if (wants.stack)
		heapinfo_ring_add_stack(&record->ring, &spare);
	gone = heapinfo_ring_take_gone(&record->ring);
	spin_unlock(&record->lock);
	heapinfo_spare_free_stacks(record->owner, gone);
	heapinfo_spare_free(&spare);
}

/**
 * heapinfo_history_prepare() - allocate what recording a call may take
 * @brk: the call
 *
 * For who is going to record the call under a lock, where nothing sleeps. Other
 * threads may be faster and use up what is made ready here; then memory comes
 * without waiting, if there is some.
 *
 * Context: the task that made the call, under no lock; may sleep.
 */
void heapinfo_history_prepare(const struct heapinfo_brk *brk)
{
	bool row = brk->asked || heapinfo_params.queries;

	if (heapinfo_params.history && unlikely(!heapinfo_history_has_room(brk, row)))
		heapinfo_history_make_ready(brk, row);
}

/*
 * The listener on sched_process_exec: what was remembered is of the old program.
 * The record of the new one is made with its first call. In the task that calls
 * exec, whose other threads have ended; preemption may be disabled.
 */
static void heapinfo_history_exec(void *data, struct task_struct *task,
				  pid_t old_pid, struct linux_binprm *bprm)
{
	heapinfo_record_drop(task_tgid_nr(task));
}

/*
 * The listener on sched_process_exit: the last thread of a process takes the
 * record away. In each thread that ends; preemption may be disabled.
 */
static void heapinfo_history_exit(void *data, struct task_struct *task)
{
	if (!atomic_read(&task->signal->live))
		heapinfo_record_drop(task_tgid_nr(task));
}

HEAPINFO_EXIT_PROBE(heapinfo_history_exit_probe, heapinfo_history_exit)

static struct heapinfo_tracepoint heapinfo_history_exec_point = {
	.name = "sched_process_exec", .probe = heapinfo_history_exec,
};

static struct heapinfo_tracepoint heapinfo_history_exit_point = {
	.name = "sched_process_exit", .probe = heapinfo_history_exit_probe,
};

/**
 * heapinfo_history_start() - get ready to record
 *
 * With history=0 nothing is recorded. The source of calls is started later, so
 * that no call that it sees is missing here, and no record is made whose process
 * or program ends unseen.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -EOPNOTSUPP if the kernel lacks one of the tracepoints.
 */
int heapinfo_history_start(void)
{
	int ret;

	if (!heapinfo_params.history)
		return 0;
	ret = heapinfo_records_start();
	if (ret)
		return ret;
	ret = heapinfo_tracepoint_attach(&heapinfo_history_exit_point);
	if (ret)
		goto stop_records;
	ret = heapinfo_tracepoint_attach(&heapinfo_history_exec_point);
	if (ret)
		goto detach_exit;
	return 0;

detach_exit:
	heapinfo_tracepoint_detach(&heapinfo_history_exit_point);
stop_records:
	heapinfo_records_stop();
	return ret;
}

/**
 * heapinfo_history_complete() - say that the source of calls runs
 *
 * All calls of a process that begins from now on are seen.
 *
 * Context: any.
 */
void heapinfo_history_complete(void)
{
	/* Pairs with smp_load_acquire() in heapinfo_record_since(). */
	smp_store_release(&heapinfo_load_time, ktime_get_boottime_ns());
}

/**
 * heapinfo_history_stop() - stop recording and free all records
 *
 * Context: may sleep; the source of calls has been stopped, and nobody reads
 * histories any more.
 */
void heapinfo_history_stop(void)
{
	if (!heapinfo_params.history)
		return;
	heapinfo_tracepoint_detach(&heapinfo_history_exec_point);
	heapinfo_tracepoint_detach(&heapinfo_history_exit_point);
	heapinfo_records_stop();
}

/**
 * heapinfo_history_last() - where the last call of this process left the break
 * @brk: gets the address; left alone if it is not recorded
 *
 * Context: the task that asks; preemption may be disabled; takes no lock.
 * Return: whether it is recorded.
 */
bool heapinfo_history_last(unsigned long *brk)
{
	struct heapinfo_record *record;

	if (!heapinfo_params.history)
		return false;
	rcu_read_lock();
	record = heapinfo_record_find(task_tgid_nr(current));
	if (record)
		/* Other threads write it under the lock, as a whole. */
		*brk = data_race(READ_ONCE(record->last));
	rcu_read_unlock();
	return record;
}
