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
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

/**
 * heapinfo_history_copy() - copy what is remembered of a process
 * @tgid: the process
 * @mm: its address space, which says which program is asked about
 * @start_boottime: when the process began, in ns of CLOCK_BOOTTIME
 * @brk: its break, which is the peak if the process has made no call yet
 *
 * If the process runs another program by now, there is a copy without a record
 * (HEAPINFO_SINCE_NEVER).
 *
 * Context: may sleep; takes the lock of the bucket. The memory is charged to
 * the memory cgroup of the caller.
 * Return: the copy, which the caller frees with kvfree(); or ERR_PTR(-ENOMEM).
 */
struct heapinfo_history *heapinfo_history_copy(struct pid *tgid,
					       struct mm_struct *mm,
					       u64 start_boottime,
					       unsigned long brk)
{
	pid_t nr = pid_nr(tgid);
	unsigned int room = 0, span_room = 0, rows, spans;
	struct heapinfo_history *copy;
	struct heapinfo_bucket *bucket;
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
		bucket = heapinfo_bucket_of(nr);
		spin_lock(&bucket->lock);
		record = heapinfo_record_find(bucket, nr);
		/* Another process may have the number of one that has ended. */
		if (record && record->tgid != tgid)
			record = NULL;
		if (!record) {
			copy->since = heapinfo_record_since(bucket,
							    start_boottime);
			copy->totals.peak = brk;
		} else if (record->mm == mm) {
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
		}
		spin_unlock(&bucket->lock);

		/* Memory was refused: nobody knows what calls there were. */
		if (!record && copy->since == HEAPINFO_SINCE_REFUSAL)
			copy->since = HEAPINFO_SINCE_NEVER;
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
 * Context: may sleep; takes the lock of each bucket, one after the other.
 */
void heapinfo_history_state(struct heapinfo_history_state *state)
{
	const struct heapinfo_record *record;
	struct heapinfo_bucket *bucket;
	unsigned int i;
	u64 made, kept;

	memset(state, 0, sizeof(*state));
	if (!heapinfo_params.history)
		return;
	state->processes = atomic_long_read(&heapinfo_nr_records);
	state->bytes = atomic_long_read(&heapinfo_bytes_used);
	for (i = 0; i < ARRAY_SIZE(heapinfo_buckets); i++) {
		bucket = &heapinfo_buckets[i];
		spin_lock(&bucket->lock);
		state->recorded += bucket->gone_calls;
		state->rows += bucket->gone_rows;
		state->rows_lost += bucket->gone_rows_lost;
		state->refused += bucket->refused;
		hlist_for_each_entry(record, &bucket->records, node) {
			made = heapinfo_totals_rows(&record->totals);
			kept = heapinfo_ring_rows(&record->ring);
			state->recorded +=
				heapinfo_totals_calls(&record->totals);
			state->rows += made;
			state->rows_lost += made - kept;
		}
		spin_unlock(&bucket->lock);
		cond_resched();
	}
}
