// SPDX-License-Identifier: GPL-2.0
/* What the files in /proc show of the histories. */
#include "heapinfo.h"
#include "budget.h"
#include "history.h"
#include "record.h"
#include "timeline.h"

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

/*
 * Whether a process still runs in an address space: whether its threads do that
 * have one. Under rcu_read_lock().
 */
static bool heapinfo_runs_in(struct task_struct *leader,
			     const struct mm_struct *mm)
{
	const struct mm_struct *theirs;
	struct task_struct *thread;

	for_each_thread(leader, thread) {
		theirs = READ_ONCE(thread->mm);
		if (theirs)
			return theirs == mm;
	}
	return false;
}

/*
 * When the record of a process begins that has none. Under rcu_read_lock().
 *
 * exec gives the process its new address space, then it clears PF_FORKNOEXEC, then
 * the record goes. Here the record was asked for, then the flags are looked at,
 * and then the address space. So if that is still @mm, all that was seen is of its
 * program.
 */
static enum heapinfo_since heapinfo_since_without(pid_t nr,
						  struct task_struct *leader,
						  const struct mm_struct *mm)
{
	enum heapinfo_since since;
	unsigned int flags;

	/* Pairs with the locks that exec takes and gives between the three. */
	smp_rmb();
	/* When the last thread ends, the record goes before the address space. */
	if (!atomic_read(&leader->signal->live))
		return HEAPINFO_SINCE_NEVER;
	flags = READ_ONCE(leader->flags);
	/* Pairs with the same. */
	smp_rmb();
	if (!heapinfo_runs_in(leader, mm))
		return HEAPINFO_SINCE_NEVER;
	since = heapinfo_record_since(nr, leader->start_boottime, flags);
	/* Memory was refused: nobody knows what calls there were. */
	return since == HEAPINFO_SINCE_REFUSAL ? HEAPINFO_SINCE_NEVER : since;
}

/**
 * heapinfo_history_copy() - copy what is remembered of a process
 * @tgid: the process
 * @leader: its first thread
 * @mm: its address space, which says which program is asked about
 * @brk: its break, which is the peak if the process has made no call yet
 *
 * If the process runs another program by now, there is a copy without a record
 * (HEAPINFO_SINCE_NEVER).
 *
 * Context: may sleep. The memory is charged to the memory cgroup of the caller,
 * who has references on the first three.
 * Return: the copy, which the caller frees with kvfree(); or ERR_PTR(-ENOMEM).
 */
struct heapinfo_history *heapinfo_history_copy(struct pid *tgid,
					       struct task_struct *leader,
					       struct mm_struct *mm,
					       unsigned long brk)
{
	pid_t nr = pid_nr(tgid);
	unsigned int room = 0, span_room = 0, rows, spans;
	struct heapinfo_history *copy;
	struct heapinfo_record *record;

	for (;;) {
		copy = kvzalloc(struct_size(copy, events, room) +
				span_room * sizeof(*copy->spans),
				GFP_KERNEL_ACCOUNT);
		if (!copy)
			return ERR_PTR(-ENOMEM);
		copy->spans = (void *)&copy->events[room];
		copy->since = HEAPINFO_SINCE_NEVER;
		if (!heapinfo_params.history)
			return copy;

		rows = 0;
		spans = 0;
		rcu_read_lock();
		record = heapinfo_record_find(nr);
		/* Another process may have the number of one that has ended. */
		if (record && record->tgid != tgid) {
			/* The one that is asked about has ended. */
		} else if (!record) {
			copy->since = heapinfo_since_without(nr, leader, mm);
			copy->totals.peak = brk;
		} else if (record->mm == mm) {
			spin_lock(&record->lock);
			copy->since = record->since;
			copy->totals = record->totals;
			copy->rows = heapinfo_totals_rows(&record->totals);
			rows = heapinfo_ring_rows(&record->ring);
			spans = heapinfo_ring_spans(&record->ring);
			if (rows <= room && spans <= span_room) {
				copy->nr = heapinfo_ring_copy(&record->ring,
							      copy->events);
				copy->nr_spans =
					heapinfo_ring_copy_spans(&record->ring,
								 copy->spans);
			}
			spin_unlock(&record->lock);
		}
		rcu_read_unlock();

		if (rows <= room && spans <= span_room)
			return copy;
		kvfree(copy);
		room = min(rows + HEAPINFO_BLOCK_EVENTS,
			   heapinfo_params.history);
		span_room = spans ? HEAPINFO_SPANS : 0;
	}
}

/**
 * heapinfo_history_state() - count over the whole machine
 * @state: filled in
 *
 * Context: any; does not sleep.
 */
void heapinfo_history_state(struct heapinfo_history_state *state)
{
	const struct heapinfo_counts *counts;
	long records = 0;
	int cpu;

	memset(state, 0, sizeof(*state));
	if (!heapinfo_params.history)
		return;
	state->bytes = heapinfo_budget_used();
	for_each_possible_cpu(cpu) {
		counts = per_cpu_ptr(&heapinfo_counts, cpu);
		records += READ_ONCE(counts->records);
		state->recorded += READ_ONCE(counts->recorded);
		state->refused += READ_ONCE(counts->refused);
		state->rows += READ_ONCE(counts->rows);
		state->rows_lost += READ_ONCE(counts->rows_lost);
	}
	/* One may be added and taken away meanwhile, and only the latter be seen. */
	state->processes = max(records, 0L);
}
