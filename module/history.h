/* SPDX-License-Identifier: GPL-2.0 */
/* What is remembered of the brk(2) calls of each process. */
#ifndef HEAPINFO_HISTORY_H
#define HEAPINFO_HISTORY_H

#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "brk.h"

struct heapinfo_stack;
struct mm_struct;
struct pid;
struct task_struct;

/**
 * enum heapinfo_since - when the record of a process begins
 * @HEAPINFO_SINCE_EXEC: when the process called exec
 * @HEAPINFO_SINCE_FORK: when it was forked; it has not called exec
 * @HEAPINFO_SINCE_LOAD: when the module was loaded; the process is older, and may
 *	have called exec since
 * @HEAPINFO_SINCE_REFUSAL: some time after memory for a record was refused
 * @HEAPINFO_SINCE_NEVER: nothing is known
 */
enum heapinfo_since {
	HEAPINFO_SINCE_EXEC,
	HEAPINFO_SINCE_FORK,
	HEAPINFO_SINCE_LOAD,
	HEAPINFO_SINCE_REFUSAL,
	HEAPINFO_SINCE_NEVER,
};

/**
 * struct heapinfo_totals - the sums over all calls in a record
 * @calls: number of calls, by how they ended (enum heapinfo_call). The entry
 *	HEAPINFO_MOVED is no call: it counts how often something else moved the
 *	break.
 * @bytes_grown: by how much all calls together have moved the break up
 * @bytes_shrunk: by how much all calls together have moved it down
 * @start: where the heap began that @peak is about
 * @peak: the highest break of that heap
 */
struct heapinfo_totals {
	u64 calls[HEAPINFO_NR_CALLS];
	u64 bytes_grown;
	u64 bytes_shrunk;
	unsigned long start;
	unsigned long peak;
};

u64 heapinfo_totals_calls(const struct heapinfo_totals *totals);
u64 heapinfo_totals_rows(const struct heapinfo_totals *totals);

/**
 * struct heapinfo_actor - a thread, as it was when it made calls
 * @tid: its number in the first pid namespace
 * @vtid: its number in its own pid namespace
 * @comm: its name at that time; without a null byte if it has the full length
 * @rows: how many rows are of it. Where none is, another actor may take its place.
 */
struct heapinfo_actor {
	pid_t tid;
	pid_t vtid;
	char comm[TASK_COMM_LEN];
	u16 rows;
};

/* The actor of a row where memory for it was refused. */
#define HEAPINFO_NO_ACTOR	U16_MAX

/* The stack of a row that has none. */
#define HEAPINFO_NO_STACK	U16_MAX

/**
 * struct heapinfo_event - one row
 * @time: when it happened, in ns of CLOCK_BOOTTIME
 * @from: the break before
 * @other: of a call that failed, what it asked for; else the break afterwards
 * @mapping: where the mapping begins that was in the way, or 0
 * @actor: which thread did it: index of an actor, or HEAPINFO_NO_ACTOR
 * @stack: where it was made: index of a stack, or HEAPINFO_NO_STACK
 * @call: how the call ended, an enum heapinfo_call
 * @result: why it failed, an enum heapinfo_result
 *
 * Read @other with heapinfo_event_to() and heapinfo_event_asked().
 */
struct heapinfo_event {
	u64 time;
	unsigned long from;
	unsigned long other;
	unsigned long mapping;
	u16 actor;
	u16 stack;
	u8 call:4;
	u8 result:4;
};

/**
 * struct heapinfo_span - the sums over some rows that are no longer kept
 * @from: when the first of them happened, in ns of CLOCK_BOOTTIME
 * @to: when the last of them happened
 * @calls: how many rows
 * @up: by how much their calls moved the break up, in bytes
 * @down: by how much their calls moved it down
 * @low: the lowest break before or after one of them
 * @high: the highest
 */
struct heapinfo_span {
	u64 from;
	u64 to;
	u64 calls;
	u64 up;
	u64 down;
	unsigned long low;
	unsigned long high;
};

/**
 * struct heapinfo_history - a copy of what is remembered of one process
 * @since: when the record begins
 * @totals: the sums since then
 * @failures: number of calls that failed, by reason (enum heapinfo_result)
 * @rows: number of rows since then, with those that are lost
 * @spans: what the rows before those in @events add up to, the oldest first;
 *	lies behind @events
 * @nr_spans: number of spans
 * @nr_actors: number of actors
 * @actors: the threads of the rows; lie behind @spans
 * @stacks: the number of the stack of each row, 0 for none; lie behind @actors
 * @nr: number of rows in @events
 * @events: the last rows, the oldest first
 */
struct heapinfo_history {
	enum heapinfo_since since;
	struct heapinfo_totals totals;
	u64 failures[HEAPINFO_NR_RESULTS];
	u64 rows;
	struct heapinfo_span *spans;
	struct heapinfo_actor *actors;
	u32 *stacks;
	unsigned int nr_spans;
	unsigned int nr_actors;
	unsigned int nr;
	struct heapinfo_event events[];
};

/**
 * struct heapinfo_stack_copy - the copy of one stack
 * @number: its number; 0 for none
 * @rows: how many rows are of it
 * @stack: the stack, in the memory of struct heapinfo_stack_copies
 */
struct heapinfo_stack_copy {
	u32 number;
	u16 rows;
	const struct heapinfo_stack *stack;
};

/**
 * struct heapinfo_stack_copies - a copy of the stacks of one process
 * @lost: how many of its rows have none, though they should have one
 * @nr: how many stacks there are
 * @copies: these, in the order of their numbers; what they point to lies behind them
 */
struct heapinfo_stack_copies {
	unsigned int lost;
	unsigned int nr;
	struct heapinfo_stack_copy copies[];
};

/**
 * struct heapinfo_history_state - counts over the whole machine
 * @processes: number of processes that have a record
 * @bytes: memory of all records and rows, in bytes;
 *	with those that are about to be freed
 * @recorded: calls that are counted in a record, since load
 * @refused: calls for which no record could be made, since load
 * @rows: rows since load, with those that are lost
 * @rows_lost: rows that were replaced by newer ones, or that there was no
 *	memory for
 */
struct heapinfo_history_state {
	unsigned long processes;
	unsigned long bytes;
	u64 recorded;
	u64 refused;
	u64 rows;
	u64 rows_lost;
};

int heapinfo_history_start(void);
void heapinfo_history_complete(void);
void heapinfo_history_stop(void);
void heapinfo_history_call(const struct heapinfo_brk *brk, bool may_sleep);
void heapinfo_history_prepare(const struct heapinfo_brk *brk);
bool heapinfo_history_last(unsigned long *brk);
struct heapinfo_history *heapinfo_history_copy(struct pid *tgid,
					       struct task_struct *leader,
					       struct mm_struct *mm,
					       unsigned long brk);
struct heapinfo_stack_copies *heapinfo_history_copy_stacks(struct pid *tgid,
							   struct mm_struct *mm);
void heapinfo_history_state(struct heapinfo_history_state *state);

/* Whether a row of such a call is to say by which stack it was made. */
static __always_inline bool heapinfo_call_has_stack(enum heapinfo_call call)
{
	return call == HEAPINFO_GROW || call == HEAPINFO_SHRINK ||
	       call == HEAPINFO_FAILED || call == HEAPINFO_SET;
}

/* The break after an event. */
static inline unsigned long
heapinfo_event_to(const struct heapinfo_event *event)
{
	return event->call == HEAPINFO_FAILED ? event->from : event->other;
}

/*
 * What a call asked for: if it succeeded, the break that it got. A query and a
 * move ask for nothing.
 */
static inline unsigned long
heapinfo_event_asked(const struct heapinfo_event *event)
{
	return event->call == HEAPINFO_MOVED || event->call == HEAPINFO_QUERY ?
	       0 : event->other;
}

#endif /* HEAPINFO_HISTORY_H */
