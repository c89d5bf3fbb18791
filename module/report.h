/* SPDX-License-Identifier: GPL-2.0 */
/* The text of /proc/<pid>/heapinfo. */
#ifndef HEAPINFO_REPORT_H
#define HEAPINFO_REPORT_H

#include <linux/seq_file.h>

#include "history.h"
#include "layout.h"

struct pid;
struct pid_namespace;
struct task_struct;

/**
 * struct heapinfo_report - what one reading of the file shows
 * @task: the process, or any thread of it
 * @tgid: the process; held, since a task that is reaped has none
 * @ns: the pid namespace whose numbers are shown
 * @layout: of the address space that was opened
 * @history: of the same, or NULL
 */
struct heapinfo_report {
	struct task_struct *task;
	struct pid *tgid;
	struct pid_namespace *ns;
	struct heapinfo_layout layout;
	struct heapinfo_history *history;
};

void heapinfo_report_identity(struct seq_file *m,
			      const struct heapinfo_report *report);
void heapinfo_report_header(struct seq_file *m,
			    const struct heapinfo_report *report);
void heapinfo_report_event(struct seq_file *m,
			   const struct heapinfo_report *report,
			   unsigned int i);

#endif /* HEAPINFO_REPORT_H */
