/* SPDX-License-Identifier: GPL-2.0 */
/* The timeline of one process: the rows that its ring pushed out, summed up. */
#ifndef HEAPINFO_TIMELINE_H
#define HEAPINFO_TIMELINE_H

#include <linux/types.h>

#include "history.h"

/* As many as fit into 2 KiB. */
#define HEAPINFO_SPANS	36

/* So many where memory is taken back: they take less than half of a block of rows. */
#define HEAPINFO_SPANS_FEW	4

/**
 * struct heapinfo_timeline - all rows that were pushed out of a ring
 * @until: rows up to this time, in ns of CLOCK_BOOTTIME, go into the last span
 * @slack: how much the last merge lost, see heapinfo_timeline_loss()
 * @nr: number of spans
 * @most: how many there may be, two or more
 * @spans: the spans, the oldest first. They are in the order of their times, none
 *	begins before the one before it ends, and each row is in one of them.
 *
 * There is no kernel in this: the unit tests of the reader build timeline.c, too.
 */
struct heapinfo_timeline {
	u64 until;
	s32 slack;
	u16 nr;
	u16 most;
	struct heapinfo_span spans[];
};

/* The size of a timeline of at most so many spans. */
static inline size_t heapinfo_timeline_size(unsigned int most)
{
	return sizeof(struct heapinfo_timeline) +
	       most * sizeof(struct heapinfo_span);
}

void heapinfo_timeline_init(struct heapinfo_timeline *timeline,
			    unsigned int most);
void heapinfo_timeline_go_on(struct heapinfo_timeline *timeline,
			     const struct heapinfo_timeline *before);
void heapinfo_timeline_open(struct heapinfo_timeline *timeline, u64 time,
			    u64 now);
void heapinfo_timeline_add(struct heapinfo_timeline *timeline,
			   const struct heapinfo_event *event);

/**
 * heapinfo_timeline_needs_span() - ask what a row needs before it is added
 * @timeline: the timeline
 * @time: of the row
 *
 * Context: under the lock of the record.
 * Return: true if heapinfo_timeline_open() is to be called before
 * heapinfo_timeline_add().
 */
static inline bool
heapinfo_timeline_needs_span(const struct heapinfo_timeline *timeline, u64 time)
{
	return time > timeline->until || !timeline->nr;
}

#endif /* HEAPINFO_TIMELINE_H */
