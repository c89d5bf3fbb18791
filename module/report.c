// SPDX-License-Identifier: GPL-2.0
/* The text of /proc/<pid>/heapinfo. */
#include "heapinfo.h"
#include "report.h"

#include <linux/bitops.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
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
 * Rows are put together here and not with seq_printf(): a page of them is read
 * every time somebody looks, and each has nine columns. A row has at most
 * eight numbers of 20 characters, two words and a name of four characters for
 * each of its own.
 */
#define LINE_SIZE	320

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

/*
 * How many bytes of the character at @s can be written as they are; 0: none. A
 * character of UTF-8 can, in its one right form, but for the control characters
 * from 0x80 to 0x9f. A byte below 0xa0 outside of one is such a control character
 * to a terminal that does not know UTF-8.
 */
static unsigned int heapinfo_plain_bytes(const unsigned char *s,
					 unsigned int len)
{
	/* The least second byte: with less there is a shorter form, or control. */
	unsigned char least = s[0] == 0xc2 || s[0] == 0xe0 ? 0xa0 :
			      s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned int i, n;

	if (s[0] < 0x80)
		return s[0] >= ' ' && s[0] != '\\' && s[0] != 0x7f;
	n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
	    s[0] < 0xf5 ? 4 : 0;
	if (!n || n > len || s[1] < least)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void heapinfo_line_octal(struct report_line *line, unsigned char c)
{
	heapinfo_line_putc(line, '\\');
	heapinfo_line_putc(line, '0' + (c >> 6));
	heapinfo_line_putc(line, '0' + (c >> 3 & 7));
	heapinfo_line_putc(line, '0' + (c & 7));
}

/*
 * Names come from the process itself. What could start a line, end a column or
 * move a terminal's cursor is written in octal. At most @len bytes of a name,
 * which ends earlier at a null byte.
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

/* A distance with its sign, in hex as addresses are. */
static void heapinfo_report_offset(struct seq_file *m, const char *key,
				   unsigned long from, unsigned long to)
{
	bool negative = to < from;

	seq_printf(m, "%s:\t%s0x%lx\n", key, negative ? "-" : "",
		   negative ? from - to : to - from);
}

/**
 * heapinfo_report_identity() - print whose heap this is
 * @m: the file being read
 * @report: with task, tgid and ns
 *
 * All that there is to say of a kernel thread.
 *
 * Context: may sleep.
 */
void heapinfo_report_identity(struct seq_file *m,
			      const struct heapinfo_report *report)
{
	struct report_line line;
	char comm[TASK_COMM_LEN];

	line.len = 0;
	get_task_comm(comm, report->task);
	heapinfo_line_puts(&line, "Name:\t");
	heapinfo_line_comm(&line, comm, sizeof(comm));
	heapinfo_line_print(m, &line);
	seq_printf(m, "Pid:\t%d\n", pid_nr_ns(report->tgid, report->ns));
}

static void heapinfo_report_layout(struct seq_file *m,
				   const struct heapinfo_report *report)
{
	const struct heapinfo_layout *layout = &report->layout;
	unsigned long peak = report->history->totals.peak;

	seq_printf(m, "StartData:\t0x%lx\n", layout->start_data);
	seq_printf(m, "EndData:\t0x%lx\n", layout->end_data);
	seq_printf(m, "EndBss:\t0x%lx\n", layout->end_bss);
	seq_printf(m, "StartBrk:\t0x%lx\n", layout->start_brk);
	seq_printf(m, "Brk:\t0x%lx\n", layout->brk);
	seq_printf(m, "HeapSize:\t%lu kB\n",
		   heapinfo_kilobytes(layout->brk - layout->start_brk));
	/* A peak that is not recorded is not known. */
	if (report->history->since != HEAPINFO_SINCE_NEVER)
		seq_printf(m, "PeakSize:\t%lu kB\n",
			   heapinfo_kilobytes(max(peak, layout->brk) -
					      layout->start_brk));
	heapinfo_report_offset(m, "BrkOffset", layout->end_bss,
			       layout->start_brk);
	heapinfo_report_offset(m, "BrkOffsetData", layout->end_data,
			       layout->start_brk);
	seq_printf(m, "BrkBase:\t%s\n", layout->apart ? "apart" : "program");
	seq_printf(m, "BrkRandomized:\t%s\n",
		   layout->randomized ? "yes" : "no");
	seq_printf(m, "BrkWindow:\t0x%lx\n", layout->window);
}

static void heapinfo_report_limit(struct seq_file *m, struct task_struct *task)
{
	unsigned long limit = task_rlimit(task, RLIMIT_DATA);

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
	heapinfo_report_failures(m, totals);
	seq_printf(m, "BrkMoves:\t%llu\n", totals->calls[HEAPINFO_MOVED]);
	seq_printf(m, "BytesGrown:\t%llu\n", totals->bytes_grown);
	seq_printf(m, "BytesShrunk:\t%llu\n", totals->bytes_shrunk);
	seq_printf(m, "EventsLost:\t%llu\n", history->rows - history->nr);
}

/**
 * heapinfo_report_header() - print all but the rows
 * @m: the file being read
 * @report: complete
 *
 * Context: may sleep.
 */
void heapinfo_report_header(struct seq_file *m,
			    const struct heapinfo_report *report)
{
	heapinfo_report_identity(m, report);
	heapinfo_report_layout(m, report);
	heapinfo_report_limit(m, report->task);
	heapinfo_report_totals(m, report->history);
	if (report->history->since != HEAPINFO_SINCE_NEVER)
		seq_puts(m,
			 "\n#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\n");
}

/*
 * The number of a thread where it is read. The thread may be gone, so only
 * the two numbers that were kept can tell: in between the first namespace and
 * the thread's own none is known but the leader's.
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

/**
 * heapinfo_report_event() - print one row
 * @m: the file being read
 * @report: complete
 * @i: index of the row; the oldest that is kept is 0
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
	u64 seconds = event->time;
	u32 nanos = do_div(seconds, NSEC_PER_SEC);

	line.len = 0;
	heapinfo_line_decimal(&line, history->rows - history->nr + i + 1, 1);
	heapinfo_line_putc(&line, '\t');
	heapinfo_line_decimal(&line, seconds, 1);
	heapinfo_line_putc(&line, '.');
	heapinfo_line_decimal(&line, nanos / NSEC_PER_USEC, 6);
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
