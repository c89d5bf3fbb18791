// SPDX-License-Identifier: GPL-2.0
/* Opening and reading the files in /proc/<pid>: who may, and what is shown. */
#include "heapinfo.h"
#include "arch.h"
#include "compat.h"
#include "failure.h"
#include "procfs.h"
#include "report.h"

#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/time_namespace.h>

/* How many times opening is tried again because the process has called exec. */
#define OPEN_TRIES	8

/**
 * struct heapinfo_reading - one open file
 * @pid: the process; the dentry has a reference on it
 * @mm: the address space that the opener was allowed to read, held with
 *	mmgrab(); NULL for a kernel thread and for a process that has ended
 * @report: what is shown, from a reading at the top of the file to its end; its
 *	@clock is that of the opener
 */
struct heapinfo_reading {
	struct pid *pid;
	struct mm_struct *mm;
	struct heapinfo_report report;
};

/*
 * Asks whether the caller may read /proc/<pid>/maps, by opening it. The kernel
 * then calls ptrace_may_access(), which is not exported to modules, and Yama
 * and the other security modules.
 *
 * Somebody may have mounted another file on top of "maps", which would be
 * opened instead. So the file that was opened must be the one next to ours.
 */
static int heapinfo_ask_maps(const struct path *entry)
{
	struct dentry *dir = dget_parent(entry->dentry);
	struct path root = { .mnt = entry->mnt, .dentry = dir };
	struct file *maps = heapinfo_open_root(&root, "maps", O_RDONLY);
	struct dentry *found;
	int ret = 0;

	if (IS_ERR(maps)) {
		ret = PTR_ERR(maps);
	} else {
		found = maps->f_path.dentry;
		if (found->d_parent != dir || found->d_sb != dir->d_sb ||
		    d_unlinked(found) || strcmp(found->d_name.name, "maps"))
			ret = -EACCES;
		fput(maps);
	}
	dput(dir);
	return ret;
}

/* The address space of a task, held with mmgrab(); NULL if it has none. */
static struct mm_struct *heapinfo_grab_mm(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (mm) {
		mmgrab(mm);
		mmput(mm);
	}
	return mm;
}

static void heapinfo_drop_mm(struct mm_struct *mm)
{
	if (mm)
		mmdrop(mm);
}

/*
 * The address space of a task, if the caller may read it. The task may call
 * exec at any time, so the address space is taken before and after the question
 * whether it may be read: if both are the same, the answer was about this one.
 * It is held meanwhile, so that no other can have its address.
 */
static int heapinfo_open_mm(struct task_struct *task, const struct path *entry,
			    struct mm_struct **mm)
{
	struct mm_struct *before, *after;
	unsigned int tries;
	int ret;

	for (tries = 0; tries < OPEN_TRIES; tries++) {
		before = heapinfo_grab_mm(task);
		ret = heapinfo_ask_maps(entry);
		if (ret) {
			heapinfo_drop_mm(before);
			return ret;
		}
		after = heapinfo_grab_mm(task);
		heapinfo_drop_mm(after);
		if (before == after) {
			*mm = before;
			return 0;
		}
		heapinfo_drop_mm(before);
	}
	return -EAGAIN;
}

static void heapinfo_drop_history(struct heapinfo_report *report)
{
	kvfree(report->history);
	report->history = NULL;
	kvfree(report->stacks);
	report->stacks = NULL;
}

static void heapinfo_clear_report(struct heapinfo_report *report)
{
	put_pid(report->tgid);
	heapinfo_drop_history(report);
	report->made = false;
	report->tgid = NULL;
}

/* What the stacks of its calls were, of a process that has its address space. */
static int heapinfo_fill_stacks(struct heapinfo_report *report,
				struct mm_struct *mm)
{
	struct heapinfo_stack_copies *stacks;

	stacks = heapinfo_history_copy_stacks(report->tgid, mm);
	if (IS_ERR(stacks))
		return PTR_ERR(stacks);
	report->stacks = stacks;
	report->machine = heapinfo_machine(mm);
	return 0;
}

/* Where the heap lies and what its history is, if there is an address space. */
static int heapinfo_fill_heap(struct heapinfo_report *report,
			      struct task_struct *task,
			      struct task_struct *leader, struct mm_struct *mm)
{
	struct heapinfo_history *history;
	int ret;

	if (!mm || !mmget_not_zero(mm))
		return 0;
	if (report->about_stacks) {
		ret = heapinfo_fill_stacks(report, mm);
		mmput(mm);
		return ret;
	}
	ret = heapinfo_layout_read(&report->layout, mm, task);
	mmput(mm);
	if (ret)
		return ret;
	history = heapinfo_history_copy(report->tgid, leader, mm,
					report->layout.brk);
	if (IS_ERR(history))
		return PTR_ERR(history);
	report->history = history;
	return 0;
}

/*
 * What the task itself tells, which is copied, since the task is not kept: its
 * name, its limit, its process; and then what its address space tells.
 */
static int heapinfo_fill_from_task(struct heapinfo_report *report,
				   struct task_struct *task,
				   struct mm_struct *mm)
{
	struct task_struct *leader;
	int ret;

	get_task_comm(report->comm, task);
	report->kernel_thread = task->flags & PF_KTHREAD;
	report->data_limit = task_rlimit(task, RLIMIT_DATA);
	report->tgid = get_task_pid(task, PIDTYPE_TGID);
	leader = get_pid_task(report->tgid, PIDTYPE_TGID);
	if (!leader)
		return -ESRCH;
	ret = heapinfo_fill_heap(report, task, leader, mm);
	put_task_struct(leader);
	return ret;
}

/*
 * Makes the report for a reading that begins. As with maps, a process that has
 * been reaped gives -ESRCH, and one that has only lost its address space gives
 * an empty file.
 *
 * The task is held until the report is made and no longer: anybody may keep any
 * number of files open, and a task that has been reaped is on no account.
 */
static int heapinfo_fill_report(struct heapinfo_reading *reading,
				struct super_block *sb)
{
	struct heapinfo_report *report = &reading->report;
	struct task_struct *task;
	int ret;

	heapinfo_clear_report(report);
	report->ns = proc_pid_ns(sb);
	task = get_pid_task(reading->pid, PIDTYPE_PID);
	if (!task)
		return -ESRCH;
	ret = heapinfo_fill_from_task(report, task, reading->mm);
	put_task_struct(task);
	report->made = !ret;
	return ret;
}

static bool heapinfo_has_text(const struct heapinfo_report *report)
{
	if (report->about_stacks)
		return report->stacks;
	return report->history || report->kernel_thread;
}

/* How many lines stand below all that is above the rows, or the stacks. */
static unsigned int heapinfo_lines(const struct heapinfo_report *report)
{
	if (report->stacks)
		return report->stacks->nr;
	return report->history ?
	       report->history->nr + report->history->nr_spans : 0;
}

/*
 * What stands at a position of the file: at 0 all that is above the rows, at i
 * the row i - 1, and behind the rows the spans; or the stacks in the same way. NULL
 * is the end. There all of them are freed, so that files that have been read and stay
 * open need little memory. The rest of the report stays: without it, another read()
 * at the end would begin a new reading.
 */
static void *heapinfo_at_position(struct heapinfo_report *report, loff_t pos)
{
	if (heapinfo_has_text(report) && pos <= heapinfo_lines(report))
		return report;
	heapinfo_drop_history(report);
	return NULL;
}

/*
 * A report is made when a reading begins at the top of the file. All of it is
 * of one moment, in however small pieces it is read.
 */
static void *heapinfo_seq_start(struct seq_file *m, loff_t *pos)
{
	struct heapinfo_reading *reading = m->private;
	int ret;

	if (!*pos || !reading->report.made) {
		ret = heapinfo_fill_report(reading, file_inode(m->file)->i_sb);
		if (ret)
			return ERR_PTR(ret);
	}
	return heapinfo_at_position(&reading->report, *pos);
}

static void *heapinfo_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return heapinfo_at_position(v, *pos);
}

static void heapinfo_seq_stop(struct seq_file *m, void *v)
{
}

static int heapinfo_seq_show(struct seq_file *m, void *v)
{
	struct heapinfo_report *report = v;
	const struct heapinfo_history *history = report->history;

	if (report->stacks && !m->index)
		heapinfo_report_stacks(m, report);
	else if (report->stacks)
		heapinfo_report_stack(m, report, m->index - 1);
	else if (!history)
		heapinfo_report_identity(m, report);
	else if (!m->index)
		heapinfo_report_header(m, report);
	else if (m->index <= history->nr)
		heapinfo_report_event(m, report, m->index - 1);
	else
		heapinfo_report_span(m, report, m->index - 1 - history->nr);
	return 0;
}

static const struct seq_operations heapinfo_seq_operations = {
	.start	= heapinfo_seq_start,
	.next	= heapinfo_seq_next,
	.stop	= heapinfo_seq_stop,
	.show	= heapinfo_seq_show,
};

/*
 * What the caller's time namespace adds to CLOCK_BOOTTIME, in ns. It cannot change
 * any more once somebody lives in the namespace.
 */
static s64 heapinfo_clock_of_caller(void)
{
	struct timespec64 offset = {};

	timens_add_boottime(&offset);
	/* timespec64_to_ns() of 5.10 takes what is below zero for very much. */
	return offset.tv_sec * (s64)NSEC_PER_SEC + offset.tv_nsec;
}

static int heapinfo_open_as(struct inode *inode, struct file *file,
			    bool about_stacks)
{
	struct task_struct *task = get_pid_task(inode->i_private, PIDTYPE_PID);
	struct heapinfo_reading *reading;
	struct mm_struct *mm = NULL;
	int ret = 0;

	if (!task)
		return -ESRCH;
	heapinfo_failure_refresh();
	/* A kernel thread has no memory to protect; its maps do not open. */
	if (!(task->flags & PF_KTHREAD))
		ret = heapinfo_open_mm(task, &file->f_path, &mm);
	put_task_struct(task);
	if (ret)
		return ret;

	reading = __seq_open_private(file, &heapinfo_seq_operations,
				     sizeof(*reading));
	if (!reading) {
		heapinfo_drop_mm(mm);
		return -ENOMEM;
	}
	reading->pid = inode->i_private;
	reading->mm = mm;
	reading->report.clock = heapinfo_clock_of_caller();
	reading->report.about_stacks = about_stacks;
	return 0;
}

static int heapinfo_open(struct inode *inode, struct file *file)
{
	return heapinfo_open_as(inode, file, false);
}

static int heapinfo_open_stacks(struct inode *inode, struct file *file)
{
	return heapinfo_open_as(inode, file, true);
}

static int heapinfo_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct heapinfo_reading *reading = m->private;

	heapinfo_clear_report(&reading->report);
	heapinfo_drop_mm(reading->mm);
	return seq_release_private(inode, file);
}

const struct file_operations heapinfo_file_operations = {
	.owner		= THIS_MODULE,
	.open		= heapinfo_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= heapinfo_release,
};

const struct file_operations heapinfo_stacks_file_operations = {
	.owner		= THIS_MODULE,
	.open		= heapinfo_open_stacks,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= heapinfo_release,
};
