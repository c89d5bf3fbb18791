// SPDX-License-Identifier: GPL-2.0
/* The timeline of one process: the rows that its ring pushed out, summed up. */
#include "timeline.h"

#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>

/*
 * A span may be wide where it is old: to know of a day four weeks ago to the hour
 * is as good as to know of the last minute to the second. So what a span loses is
 * its width as a share of its age. When all spans are in use, those two neighbours
 * become one that lose the least so.
 *
 * What is younger than this, in ns, counts as that old. Without it a moment that
 * has just passed would take a third of all spans.
 */
#define YOUNGEST	125000000ULL

/* Less than any loss. */
#define NO_LOSS		(-8 * 64)

/*
 * The binary logarithm of @value in eighths, and back. It is right for the powers
 * of two and straight in between. That serves to compare shares without a division.
 */
static int heapinfo_eighths(u64 value)
{
	int bits = fls64(value | 8);

	return bits * 8 + (((value | 8) >> (bits - 4)) & 7);
}

static u64 heapinfo_power(int eighths)
{
	int bits = eighths / 8;

	if (eighths < 4 * 8)
		return 0;
	if (bits > 62)
		return S64_MAX;
	return (u64)(8 | (eighths & 7)) << (bits - 4);
}

static int heapinfo_age(u64 time, u64 now)
{
	return heapinfo_eighths(YOUNGEST + (now > time ? now - time : 0));
}

/*
 * What a span from @from to @to loses: the logarithm of its width as a share of
 * its age, in eighths.
 */
static int heapinfo_timeline_loss(u64 from, u64 to, u64 now)
{
	return heapinfo_eighths(to - from) - heapinfo_age(to, now);
}

/*
 * Makes one of the two neighbours that lose the least by that. There are at least
 * two spans.
 */
static void heapinfo_timeline_merge(struct heapinfo_timeline *timeline, u64 now)
{
	struct heapinfo_span *span = timeline->spans, *next;
	int loss, least = INT_MAX;
	unsigned int i, at = 0;

	for (i = 0; i + 1 < timeline->nr; i++) {
		loss = heapinfo_timeline_loss(span[i].from, span[i + 1].to,
					      now);
		if (loss < least) {
			least = loss;
			at = i;
		}
	}
	span += at;
	next = span + 1;
	span->to = next->to;
	span->calls += next->calls;
	span->up += next->up;
	span->down += next->down;
	span->low = min(span->low, next->low);
	span->high = max(span->high, next->high);
	timeline->nr--;
	memmove(next, next + 1, (timeline->nr - at - 1) * sizeof(*next));
	timeline->slack = least;
}

/**
 * heapinfo_timeline_init() - begin a timeline
 * @timeline: gets no span; there is memory as heapinfo_timeline_size() says
 * @most: how many spans there may be
 *
 * Context: any.
 */
void heapinfo_timeline_init(struct heapinfo_timeline *timeline,
			    unsigned int most)
{
	timeline->until = 0;
	timeline->slack = NO_LOSS;
	timeline->nr = 0;
	timeline->most = most;
}

/**
 * heapinfo_timeline_go_on() - go on with what another timeline has
 * @timeline: has no span yet, and room for more than @before
 * @before: the other one
 *
 * Context: under the lock of the record.
 */
void heapinfo_timeline_go_on(struct heapinfo_timeline *timeline,
			     const struct heapinfo_timeline *before)
{
	timeline->until = before->until;
	timeline->nr = before->nr;
	memcpy(timeline->spans, before->spans,
	       before->nr * sizeof(*before->spans));
}

/**
 * heapinfo_timeline_open() - begin a span
 * @timeline: heapinfo_timeline_needs_span() has said that it needs one
 * @time: of the row that comes next, in ns of CLOCK_BOOTTIME
 * @now: the present, in ns of CLOCK_BOOTTIME
 *
 * The new span may become as wide as loses no more than the last merge did: if it
 * ended earlier, it would be among the next to be merged. So the more rows have
 * come, the more go into a span, and the fewer of them come here.
 *
 * Context: under the lock of the record; looks at each span once.
 */
void heapinfo_timeline_open(struct heapinfo_timeline *timeline, u64 time,
			    u64 now)
{
	struct heapinfo_span *span;

	if (timeline->nr == timeline->most)
		heapinfo_timeline_merge(timeline, now);
	span = &timeline->spans[timeline->nr];
	memset(span, 0, sizeof(*span));
	span->from = time;
	span->to = time;
	span->low = ULONG_MAX;
	timeline->nr++;
	timeline->until = time + heapinfo_power(timeline->slack +
						heapinfo_age(time, now));
}

/**
 * heapinfo_timeline_add() - add a row to the last span
 * @timeline: heapinfo_timeline_needs_span() has said that it needs no other
 * @event: the row
 *
 * Only calls count as bytes, as in the totals: a move by something else does not.
 *
 * Context: under the lock of the record.
 */
void heapinfo_timeline_add(struct heapinfo_timeline *timeline,
			   const struct heapinfo_event *event)
{
	struct heapinfo_span *span = &timeline->spans[timeline->nr - 1];
	unsigned long from = event->from, to = heapinfo_event_to(event);

	/* The clock that never waits may go back by a little. */
	if (event->time > span->to)
		span->to = event->time;
	span->calls++;
	if (event->call == HEAPINFO_GROW)
		span->up += to - from;
	else if (event->call == HEAPINFO_SHRINK)
		span->down += from - to;
	span->low = min3(span->low, from, to);
	span->high = max3(span->high, from, to);
}
