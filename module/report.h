/* SPDX-License-Identifier: GPL-2.0 */
/* The text of /proc/<pid>/heapinfo and /proc/<pid>/heapstacks. */
#ifndef HEAPINFO_REPORT_H
#define HEAPINFO_REPORT_H

#include <linux/sched.h>
#include <linux/seq_file.h>

#include "history.h"
#include "layout.h"

struct pid;
struct pid_namespace;

/**
 * struct heapinfo_report - what one reading of the file shows
 * @made: all below is filled in
 * @kernel_thread: it is one, and has no heap
 * @comm: the name of the thread whose directory the file lies in
 * @data_limit: its limit RLIMIT_DATA, in bytes or RLIM_INFINITY
 * @tgid: its process. The report has a reference on it, but none on the thread,
 *	which is far larger and may have been reaped.
 * @ns: numbers of processes and threads are shown as in this pid namespace
 * @clock: what to add to times to have them as the clock of the reader says, in ns
 * @layout: where the heap of the process lies
 * @history: what its calls were; NULL if there is no address space to show
 * @about_stacks: the file is heapstacks: instead of the history there are @stacks
 * @machine: for which machine the program is
 * @stacks: the stacks of its calls; NULL if there is no address space to show
 */
struct heapinfo_report {
	bool made;
	bool kernel_thread;
	char comm[TASK_COMM_LEN];
	unsigned long data_limit;
	struct pid *tgid;
	struct pid_namespace *ns;
	s64 clock;
	struct heapinfo_layout layout;
	struct heapinfo_history *history;
	bool about_stacks;
	const char *machine;
	struct heapinfo_stack_copies *stacks;
};

char *heapinfo_line_begin(struct seq_file *m, size_t size);
void heapinfo_line_end(struct seq_file *m, char *at);

void heapinfo_report_identity(struct seq_file *m,
			      const struct heapinfo_report *report);
void heapinfo_report_header(struct seq_file *m,
			    const struct heapinfo_report *report);
void heapinfo_report_event(struct seq_file *m,
			   const struct heapinfo_report *report,
			   unsigned int i);
void heapinfo_report_span(struct seq_file *m,
			  const struct heapinfo_report *report, unsigned int i);
void heapinfo_report_stacks(struct seq_file *m,
			    const struct heapinfo_report *report);
void heapinfo_report_stack(struct seq_file *m,
			   const struct heapinfo_report *report,
			   unsigned int i);

#endif /* HEAPINFO_REPORT_H */
