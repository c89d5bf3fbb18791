// SPDX-License-Identifier: GPL-2.0
/* The text of /proc/<pid>/heapinfo. */
#include "heapinfo.h"
#include "report.h"
#include "text.h"

#include <linux/build_bug.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/resource.h>
#include <linux/sched.h>

static const char *const heapinfo_since_names[] = {
	[HEAPINFO_SINCE_EXEC] = "since exec",
	[HEAPINFO_SINCE_FORK] = "since fork",
	[HEAPINFO_SINCE_LOAD] = "since load",
	[HEAPINFO_SINCE_REFUSAL] = "since refusal",
	[HEAPINFO_SINCE_NEVER] = "no",
};

static_assert(HEAPINFO_CALLS(HEAPINFO_AS_FITTING)
	      HEAPINFO_RESULTS(HEAPINFO_AS_FITTING) true);

/* So long a row may be: its columns, with what stands behind each. Spans are shorter. */
#define LINE_SIZE							\
	(HEAPINFO_TEXT_DECIMAL + 1 + HEAPINFO_TEXT_TIME + 1 +		\
	 HEAPINFO_TEXT_DECIMAL + 1 + HEAPINFO_TEXT_WORD + 1 +		\
	 3 * (HEAPINFO_TEXT_HEX + 1) + HEAPINFO_TEXT_CHANGE + 1 +	\
	 HEAPINFO_TEXT_WORD + 1 + HEAPINFO_TEXT_HEX + 1 +		\
	 HEAPINFO_TEXT_NAME(TASK_COMM_LEN) + 1 +			\
	 HEAPINFO_TEXT_DECIMAL + 1)

/**
 * heapinfo_line_begin() - begin the next line of a file
 * @m: the file that is read
 * @size: how long the line may be, in bytes
 *
 * Context: any.
 * Return: where the line goes; NULL if the buffer has no such room left: then it is
 * asked for again, for the next buffer.
 */
char *heapinfo_line_begin(struct seq_file *m, size_t size)
{
	char *at;

	if (seq_get_buf(m, &at) >= size)
		return at;
	seq_commit(m, -1);
	return NULL;
}

/**
 * heapinfo_line_end() - take what was written for the next line of a file
 * @m: the file that is read
 * @at: behind what was written from heapinfo_line_begin() on, with room for a byte
 *
 * Context: any.
 */
void heapinfo_line_end(struct seq_file *m, char *at)
{
	char *begin;

	*at++ = '\n';
	seq_get_buf(m, &begin);
	seq_commit(m, at - begin);
}

static unsigned long heapinfo_kilobytes(unsigned long bytes)
{
	return DIV_ROUND_UP(bytes, 1024);
}

/* A distance with its sign, in hexadecimal as addresses are. */
static void heapinfo_report_offset(struct seq_file *m, const char *key,
				   unsigned long from, unsigned long to)
{
	bool negative = to < from;

	seq_printf(m, "%s:\t%s0x%lx\n", key, negative ? "-" : "",
		   negative ? from - to : to - from);
}

/**
 * heapinfo_report_identity() - print whose heap this is
 * @m: the file that is read
 * @report: with @comm, @tgid and @ns
 *
 * For a kernel thread this is all: it has no heap.
 *
 * Context: may sleep.
 */
void heapinfo_report_identity(struct seq_file *m,
			      const struct heapinfo_report *report)
{
	char *at = heapinfo_line_begin(m, LINE_SIZE);

	if (!at)
		return;
	at = heapinfo_text_word(at, "Name:\t");
	at = heapinfo_text_name(at, report->comm, sizeof(report->comm));
	heapinfo_line_end(m, at);
	seq_printf(m, "Pid:\t%d\n", pid_nr_ns(report->tgid, report->ns));
}

/* What is not known of the placement of a heap is said to be unknown. */
static void heapinfo_report_placement(struct seq_file *m,
				      const struct heapinfo_placement *placement)
{
	if (placement->base == HEAPINFO_BASE_UNKNOWN) {
		seq_puts(m, "BrkBase:\tunknown\nBrkRandomized:\tunknown\n");
		seq_puts(m, "BrkWindow:\tunknown\nBrkWindowSeen:\tunknown\n");
		return;
	}
	seq_printf(m, "BrkBase:\t%s\n",
		   placement->base == HEAPINFO_BASE_APART ? "apart" : "program");
	seq_printf(m, "BrkRandomized:\t%s\n",
		   placement->randomized ? "yes" : "no");
	seq_printf(m, "BrkWindow:\t0x%lx\n", placement->window);
	if (placement->window_seen)
		seq_printf(m, "BrkWindowSeen:\t0x%lx\n", placement->window);
	else
		seq_puts(m, "BrkWindowSeen:\tunknown\n");
}

static void heapinfo_report_layout(struct seq_file *m,
				   const struct heapinfo_report *report)
{
	const struct heapinfo_layout *layout = &report->layout;
	const struct heapinfo_totals *totals = &report->history->totals;
	unsigned long peak = totals->peak;

	seq_printf(m, "StartData:\t0x%lx\n", layout->start_data);
	seq_printf(m, "EndData:\t0x%lx\n", layout->end_data);
	seq_printf(m, "EndBss:\t0x%lx\n", layout->end_bss);
	seq_printf(m, "StartBrk:\t0x%lx\n", layout->start_brk);
	seq_printf(m, "Brk:\t0x%lx\n", layout->brk);
	seq_printf(m, "HeapSize:\t%lu kB\n",
		   heapinfo_kilobytes(layout->brk - layout->start_brk));
	/* Of a heap that has been moved since the last call, only this is known. */
	if (totals->start != layout->start_brk)
		peak = layout->brk;
	/* Nobody knows the peak of a process that was not recorded. */
	if (report->history->since != HEAPINFO_SINCE_NEVER)
		seq_printf(m, "PeakSize:\t%lu kB\n",
			   heapinfo_kilobytes(max(peak, layout->brk) -
					      layout->start_brk));
	heapinfo_report_offset(m, "BrkOffset", layout->end_bss,
			       layout->start_brk);
	heapinfo_report_offset(m, "BrkOffsetData", layout->end_data,
			       layout->start_brk);
	heapinfo_report_placement(m, &layout->placement);
}

static void heapinfo_report_limit(struct seq_file *m, unsigned long limit)
{
	if (limit == RLIM_INFINITY)
		seq_puts(m, "DataLimit:\tunlimited\n");
	else
		seq_printf(m, "DataLimit:\t%lu kB\n", limit / 1024);
}

static void heapinfo_report_failures(struct seq_file *m,
				     const struct heapinfo_history *history)
{
	const struct heapinfo_totals *totals = &history->totals;
	unsigned int i;

	seq_printf(m, "BrkFailures:\t%llu", totals->calls[HEAPINFO_FAILED]);
	for (i = 0; i < HEAPINFO_NR_RESULTS; i++)
		if (history->failures[i])
			seq_printf(m, " %s=%llu", heapinfo_result_names[i],
				   history->failures[i]);
	seq_putc(m, '\n');
}

static void heapinfo_report_totals(struct seq_file *m,
				   const struct heapinfo_history *history)
{
	const struct heapinfo_totals *totals = &history->totals;

	seq_printf(m, "Recorded:\t%s\n", heapinfo_since_names[history->since]);
	if (history->since == HEAPINFO_SINCE_NEVER)
		return;

	seq_printf(m, "BrkCalls:\t%llu\n", heapinfo_totals_calls(totals));
	seq_printf(m, "BrkQueries:\t%llu\n", totals->calls[HEAPINFO_QUERY]);
	seq_printf(m, "BrkGrows:\t%llu\n", totals->calls[HEAPINFO_GROW]);
	seq_printf(m, "BrkShrinks:\t%llu\n", totals->calls[HEAPINFO_SHRINK]);
	seq_printf(m, "BrkUnchanged:\t%llu\n",
		   totals->calls[HEAPINFO_UNCHANGED]);
	seq_printf(m, "BrkSets:\t%llu\n", totals->calls[HEAPINFO_SET]);
	heapinfo_report_failures(m, history);
	seq_printf(m, "BrkMoves:\t%llu\n", totals->calls[HEAPINFO_MOVED]);
	seq_printf(m, "BytesGrown:\t%llu\n", totals->bytes_grown);
	seq_printf(m, "BytesShrunk:\t%llu\n", totals->bytes_shrunk);
	seq_printf(m, "EventsLost:\t%llu\n", history->rows - history->nr);
}

/**
 * heapinfo_report_header() - print all that stands above the rows
 * @m: the file that is read
 * @report: all of it is filled in
 *
 * Context: may sleep.
 */
void heapinfo_report_header(struct seq_file *m,
			    const struct heapinfo_report *report)
{
	heapinfo_report_identity(m, report);
	heapinfo_report_layout(m, report);
	heapinfo_report_limit(m, report->data_limit);
	heapinfo_report_totals(m, report->history);
	if (report->history->since != HEAPINFO_SINCE_NEVER)
		seq_puts(m,
			 "\n#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n");
}

/*
 * The number of the thread of a row in the pid namespace of the reader. The
 * thread may have ended, and only two of its numbers were kept: that in the
 * first pid namespace and that in its own. For a namespace between these two
 * the number is known only if the thread is the first of its process; else it
 * is 0.
 */
static pid_t heapinfo_actor_tid(const struct heapinfo_report *report,
				const struct heapinfo_actor *actor)
{
	struct pid *tgid = report->tgid;

	if (!report->ns->level)
		return actor->tid;
	if (report->ns == ns_of_pid(tgid))
		return actor->vtid;
	if (actor->tid == pid_nr(tgid))
		return pid_nr_ns(tgid, report->ns);
	return 0;
}

/* Who made a call; the tid 0, with a name that says so, where that is unknown. */
static const struct heapinfo_actor *
heapinfo_event_actor(const struct heapinfo_history *history,
		     const struct heapinfo_event *event)
{
	static const struct heapinfo_actor heapinfo_unknown = {
		.comm = "?"
	};

	return event->actor == HEAPINFO_NO_ACTOR ?
	       &heapinfo_unknown : &history->actors[event->actor];
}

/* A time as the reader's clock has it. */
static char *heapinfo_report_time(const struct heapinfo_report *report, char *at,
				  u64 time)
{
	return heapinfo_text_time(at, time + report->clock);
}

/* A column is followed by a tab. */
static char *heapinfo_tab(char *at)
{
	*at++ = '\t';
	return at;
}

/**
 * heapinfo_report_event() - print one row
 * @m: the file that is read
 * @report: all of it is filled in
 * @i: index of the row; the oldest one has 0
 *
 * Context: may sleep.
 */
void heapinfo_report_event(struct seq_file *m,
			   const struct heapinfo_report *report,
			   unsigned int i)
{
	const struct heapinfo_history *history = report->history;
	const struct heapinfo_event *event = &history->events[i];
	const char *call = heapinfo_call_names[event->call];
	const struct heapinfo_actor *actor = heapinfo_event_actor(history,
								  event);
	unsigned long to = heapinfo_event_to(event);
	u64 seq = history->rows - history->nr + i + 1;
	pid_t tid = heapinfo_actor_tid(report, actor);
	char *at = heapinfo_line_begin(m, LINE_SIZE);

	if (!at)
		return;
	at = heapinfo_tab(heapinfo_text_decimal(at, seq));
	at = heapinfo_tab(heapinfo_report_time(report, at, event->time));
	at = heapinfo_tab(heapinfo_text_decimal(at, tid));
	at = heapinfo_tab(heapinfo_text_word(at, call));
	at = heapinfo_tab(heapinfo_text_hex(at, heapinfo_event_asked(event)));
	at = heapinfo_tab(heapinfo_text_hex(at, event->from));
	at = heapinfo_tab(heapinfo_text_hex(at, to));
	at = heapinfo_tab(heapinfo_text_change(at, event->from, to));
	at = heapinfo_text_word(at, heapinfo_result_names[event->result]);
	if (event->mapping) {
		*at++ = '=';
		at = heapinfo_text_hex(at, event->mapping);
	}
	at = heapinfo_tab(at);
	at = heapinfo_text_name(at, actor->comm, sizeof(actor->comm) - 1);
	at = heapinfo_tab(at);
	at = heapinfo_text_decimal(at, history->stacks[i]);
	heapinfo_line_end(m, at);
}

/**
 * heapinfo_report_span() - print what some rows that are no longer kept add up to
 * @m: the file that is read
 * @report: all of it is filled in
 * @i: index of the span; the oldest one has 0, and comes with the column names
 *
 * Context: may sleep.
 */
void heapinfo_report_span(struct seq_file *m,
			  const struct heapinfo_report *report, unsigned int i)
{
	const struct heapinfo_span *span = &report->history->spans[i];
	char *at;

	if (!i)
		seq_puts(m, "\n#span\tfrom\tto\tcalls\tup\tdown\tlow\thigh\n");
	at = heapinfo_line_begin(m, LINE_SIZE);
	if (!at)
		return;
	at = heapinfo_tab(heapinfo_text_decimal(at, i + 1));
	at = heapinfo_tab(heapinfo_report_time(report, at, span->from));
	at = heapinfo_tab(heapinfo_report_time(report, at, span->to));
	at = heapinfo_tab(heapinfo_text_decimal(at, span->calls));
	at = heapinfo_tab(heapinfo_text_decimal(at, span->up));
	at = heapinfo_tab(heapinfo_text_decimal(at, span->down));
	at = heapinfo_tab(heapinfo_text_hex(at, span->low));
	at = heapinfo_text_hex(at, span->high);
	heapinfo_line_end(m, at);
}
