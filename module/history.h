/* SPDX-License-Identifier: GPL-2.0 */
/* What is remembered of the brk(2) calls of each process. */
#ifndef HEAPINFO_HISTORY_H
#define HEAPINFO_HISTORY_H

#include <linux/sched.h>
#include <linux/types.h>

#include "brk.h"

struct mm_struct;
struct pid;

/**
 * enum heapinfo_since - when the record of a process begins
 * @HEAPINFO_SINCE_EXEC: at the start of its program
 * @HEAPINFO_SINCE_FORK: when it was forked
 * @HEAPINFO_SINCE_LOAD: with the module; the process is older
 * @HEAPINFO_SINCE_REFUSAL: some time after the bound on memory refused it
 * @HEAPINFO_SINCE_NEVER: nothing is recorded of it
 */
enum heapinfo_since {
	HEAPINFO_SINCE_EXEC,
	HEAPINFO_SINCE_FORK,
	HEAPINFO_SINCE_LOAD,
	HEAPINFO_SINCE_REFUSAL,
	HEAPINFO_SINCE_NEVER,
};

/**
 * struct heapinfo_totals - what never wraps
 * @calls: by how they ended; HEAPINFO_MOVED counts moves
 * @failures: by reason
 * @bytes_grown: sum of what the break went up
 * @bytes_shrunk: sum of what it went down
 * @peak: the highest break
 */
struct heapinfo_totals {
	u64 calls[HEAPINFO_NR_CALLS];
	u64 failures[HEAPINFO_NR_RESULTS];
	u64 bytes_grown;
	u64 bytes_shrunk;
	unsigned long peak;
};

u64 heapinfo_totals_calls(const struct heapinfo_totals *totals);
u64 heapinfo_totals_rows(const struct heapinfo_totals *totals);

/* A name of a thread is kept without the byte that ends it. */
#define HEAPINFO_COMM_LEN	(TASK_COMM_LEN - 1)

/**
 * struct heapinfo_event - one row
 * @time: CLOCK_BOOTTIME, nanoseconds
 * @from: the break before
 * @other: of a failure what was asked; else the break after it
 * @mapping: where the mapping in the way begins
 * @tid: the thread, as the first pid namespace numbers it
 * @vtid: the thread, as its own pid namespace numbers it
 * @comm: its name then, not terminated if it has that length
 * @call: an enum heapinfo_call
 * @result: an enum heapinfo_result
 */
struct heapinfo_event {
	u64 time;
	unsigned long from;
	unsigned long other;
	unsigned long mapping;
	pid_t tid;
	pid_t vtid;
	char comm[HEAPINFO_COMM_LEN];
	u8 call:4;
	u8 result:4;
};

/**
 * struct heapinfo_history - a copy of what is remembered of one process
 * @since: when the record begins
 * @totals: since then
 * @rows: rows made since then, kept or not
 * @nr: rows in @events, which are the last of @rows
 * @events: oldest first
 */
struct heapinfo_history {
	enum heapinfo_since since;
	struct heapinfo_totals totals;
	u64 rows;
	unsigned int nr;
	struct heapinfo_event events[];
};

/**
 * struct heapinfo_history_state - of the whole machine
 * @processes: with a record
 * @bytes: of memory they use
 * @recorded: calls that went into a record
 * @refused: calls that did not, for want of memory within the bound
 * @rows: rows kept or made
 * @rows_lost: rows that made room for others, or had none
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
struct heapinfo_history *heapinfo_history_copy(struct pid *tgid,
					       struct mm_struct *mm,
					       u64 start_boottime,
					       unsigned long brk);
void heapinfo_history_state(struct heapinfo_history_state *state);

static inline unsigned long
heapinfo_event_to(const struct heapinfo_event *event)
{
	return event->call == HEAPINFO_FAILED ? event->from : event->other;
}

static inline unsigned long
heapinfo_event_asked(const struct heapinfo_event *event)
{
	return event->call == HEAPINFO_MOVED || event->call == HEAPINFO_QUERY ?
	       0 : event->other;
}

#endif /* HEAPINFO_HISTORY_H */
