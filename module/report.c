// SPDX-License-Identifier: GPL-2.0
/* The text of /proc/<pid>/heapinfo. */
#include "heapinfo.h"
#include "plain.h"
#include "report.h"

#include <linux/bitops.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/time64.h>

#include <asm/div64.h>

static const char *const heapinfo_since_names[] = {
	[HEAPINFO_SINCE_EXEC] = "since exec",
	[HEAPINFO_SINCE_FORK] = "since fork",
	[HEAPINFO_SINCE_LOAD] = "since load",
	[HEAPINFO_SINCE_REFUSAL] = "since refusal",
	[HEAPINFO_SINCE_NEVER] = "no",
};

/*
 * Long enough for a row: at most eight numbers of 20 characters, two words, and
 * a name each of whose bytes may be written as four characters.
 */
#define LINE_SIZE	320

/*
 * A line that is being put together. There are many rows, of nine columns each,
 * and for each column seq_printf() would have to interpret a format.
 */
struct report_line {
	unsigned int len;
	char text[LINE_SIZE];
};

static void heapinfo_line_putc(struct report_line *line, char c)
{
	if (line->len < LINE_SIZE)
		line->text[line->len++] = c;
}

static void heapinfo_line_puts(struct report_line *line, const char *string)
{
	while (*string)
		heapinfo_line_putc(line, *string++);
}

/* At least @width digits. */
static void heapinfo_line_decimal(struct report_line *line, u64 value,
				  unsigned int width)
{
	char digits[20];
	unsigned int n = 0;

	do {
		digits[n++] = '0' + do_div(value, 10);
	} while (value || n < width);
	while (n)
		heapinfo_line_putc(line, digits[--n]);
}

static void heapinfo_line_hex(struct report_line *line, unsigned long value)
{
	int shift = value ? round_down(__fls(value), 4) : 0;

	heapinfo_line_puts(line, "0x");
	for (; shift >= 0; shift -= 4)
		heapinfo_line_putc(line,
				   "0123456789abcdef"[(value >> shift) & 15]);
}

static void heapinfo_line_delta(struct report_line *line, unsigned long from,
				unsigned long to)
{
	heapinfo_line_putc(line, to < from ? '-' : '+');
	heapinfo_line_decimal(line, to < from ? from - to : to - from, 1);
}

static void heapinfo_line_octal(struct report_line *line, unsigned char c)
{
	heapinfo_line_putc(line, '\\');
	heapinfo_line_putc(line, '0' + (c >> 6));
	heapinfo_line_putc(line, '0' + (c >> 3 & 7));
	heapinfo_line_putc(line, '0' + (c & 7));
}

/*
 * Writes a name of at most @len bytes, which ends earlier if it has a null
 * byte. A process chooses its name itself. So what could begin a line, end a
 * column, control a terminal or turn the text around it is written in octal.
 */
static void heapinfo_line_comm(struct report_line *line, const char *comm,
			       unsigned int len)
{
	const unsigned char *s = (const unsigned char *)comm;
	const unsigned char *end = s + strnlen(comm, len);
	unsigned int n;

	while (s < end) {
		n = heapinfo_plain_bytes(s, end - s);
		if (!n) {
			heapinfo_line_octal(line, *s++);
			continue;
		}
		while (n--)
			heapinfo_line_putc(line, *s++);
	}
}

static void heapinfo_line_print(struct seq_file *m, struct report_line *line)
{
	heapinfo_line_putc(line, '\n');
	seq_write(m, line->text, line->len);
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
	struct report_line line;

	line.len = 0;
	heapinfo_line_puts(&line, "Name:\t");
	heapinfo_line_comm(&line, report->comm, sizeof(report->comm));
	heapinfo_line_print(m, &line);
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
				     const struct heapinfo_totals *totals)
{
	unsigned int i;

	seq_printf(m, "BrkFailures:\t%llu", totals->calls[HEAPINFO_FAILED]);
	for (i = 0; i < HEAPINFO_NR_RESULTS; i++)
		if (totals->failures[i])
			seq_printf(m, " %s=%llu", heapinfo_result_names[i],
				   totals->failures[i]);
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
	heapinfo_report_failures(m, totals);
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
			 "\n#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\n");
}

/*
 * The number of the thread of a row in the pid namespace of the reader. The
 * thread may have ended, and only two of its numbers were kept: that in the
 * first pid namespace and that in its own. For a namespace between these two
 * the number is known only if the thread is the first of its process; else it
 * is 0.
 */
static pid_t heapinfo_event_tid(const struct heapinfo_report *report,
				const struct heapinfo_event *event)
{
	struct pid *tgid = report->tgid;

	if (!report->ns->level)
		return event->tid;
	if (report->ns == ns_of_pid(tgid))
		return event->vtid;
	if (event->tid == pid_nr(tgid))
		return pid_nr_ns(tgid, report->ns);
	return 0;
}

/*
 * Seconds and microseconds of the reader's clock. By that of a time namespace it may
 * have happened before zero.
 */
static void heapinfo_line_time(struct report_line *line,
			       const struct heapinfo_report *report, u64 time)
{
	s64 at = time + report->clock;
	u32 nanos;

	if (at < 0) {
		heapinfo_line_putc(line, '-');
		/* Rounded to the earlier microsecond, as other times are. */
		at = -at + NSEC_PER_USEC - 1;
	}
	time = at;
	nanos = do_div(time, NSEC_PER_SEC);
	heapinfo_line_decimal(line, time, 1);
	heapinfo_line_putc(line, '.');
	heapinfo_line_decimal(line, nanos / NSEC_PER_USEC, 6);
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
	unsigned long to = heapinfo_event_to(event);
	struct report_line line;

	line.len = 0;
	heapinfo_line_decimal(&line, history->rows - history->nr + i + 1, 1);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_time(&line, report, event->time);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_decimal(&line, heapinfo_event_tid(report, event), 1);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_puts(&line, heapinfo_call_names[event->call]);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_hex(&line, heapinfo_event_asked(event));
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_hex(&line, event->from);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_hex(&line, to);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_delta(&line, event->from, to);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_puts(&line, heapinfo_result_names[event->result]);
	if (event->mapping) {
		heapinfo_line_putc(&line, '=');
		heapinfo_line_hex(&line, event->mapping);
	}
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_comm(&line, event->comm, sizeof(event->comm));
	heapinfo_line_print(m, &line);
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
	struct report_line line;

	if (!i)
		seq_puts(m, "\n#span\tfrom\tto\tcalls\tup\tdown\tlow\thigh\n");
	line.len = 0;
	heapinfo_line_decimal(&line, i + 1, 1);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_time(&line, report, span->from);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_time(&line, report, span->to);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_decimal(&line, span->calls, 1);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_decimal(&line, span->up, 1);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_decimal(&line, span->down, 1);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_hex(&line, span->low);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_hex(&line, span->high);
	heapinfo_line_print(m, &line);
}
