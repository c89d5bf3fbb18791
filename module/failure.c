// SPDX-License-Identifier: GPL-2.0
/* Why a brk(2) failed, worked out from the address space it left behind. */

/*
 * vm_start_gap() of linux/mm.h says how far from a mapping that grows down, or
 * from a shadow stack, the kernel keeps others. It is inline and reads a variable
 * that is not for modules: so it is made to read one of ours.
 */
#define stack_guard_gap heapinfo_stack_guard_gap

#include "heapinfo.h"
#include "brk.h"
#include "compat.h"
#include "failure.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/hugetlb_inline.h>
#include <linux/init_task.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

/* The kernel's default, unless its command line says stack_guard_gap=. */
unsigned long heapinfo_stack_guard_gap = 256UL << PAGE_SHIFT;

/*
 * How long the lock of the address space is asked for where nothing may sleep,
 * before the reason is given up as unknown, in ns: its holder may sleep.
 */
#define LOCK_WAIT	100000

/*
 * Between two readings of the settings by a worker, in jiffies: anybody can have
 * a call fail as often as they like, and a worker is on nobody's account.
 */
#define REFRESH_PERIOD	(HZ / 10)

/*
 * Settings of the administrator as last read. The variables themselves are not for
 * modules, but files below /proc and /sys have their values.
 */
static int heapinfo_max_map_count = DEFAULT_MAX_MAP_COUNT;
static bool heapinfo_ignore_rlimit_data;
static unsigned long heapinfo_refresh_time;	/* in jiffies, when that was */

/* Who may read the files, whatever the task may that meets a failure. */
static const struct cred *heapinfo_reader_cred;

/*
 * Opens a file below the root of the first process: the task that meets a failure
 * may have another root, and workers of later kernels (7.3 is one) have an empty
 * one of their own.
 */
static struct file *heapinfo_open_setting(const char *name)
{
	struct file *file = ERR_PTR(-ENOENT);
	struct task_struct *init;
	struct path root = {};

	rcu_read_lock();
	init = get_pid_task(find_pid_ns(1, &init_pid_ns), PIDTYPE_PID);
	rcu_read_unlock();
	if (!init)
		return file;
	task_lock(init);
	if (init->fs)
		get_fs_root(init->fs, &root);
	task_unlock(init);
	put_task_struct(init);
	if (root.mnt) {
		file = heapinfo_open_root(&root, name, O_RDONLY);
		path_put(&root);
	}
	return file;
}

/* Reads up to @size - 1 bytes. Return: whether there are any. */
static bool heapinfo_read_setting(const char *name, char *text, size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t length;

	file = heapinfo_open_setting(name);
	if (IS_ERR(file))
		return false;
	length = kernel_read(file, text, size - 1, &pos);
	filp_close(file, NULL);
	text[max_t(ssize_t, length, 0)] = '\0';
	return length > 0;
}

/* What cannot be read stays as it was. */
static void heapinfo_read_settings(void)
{
	const struct cred *own = override_creds(heapinfo_reader_cred);
	char text[16];
	bool ignored;
	int value;

	if (heapinfo_read_setting("proc/sys/vm/max_map_count", text,
				  sizeof(text)) &&
	    !kstrtoint(strim(text), 10, &value))
		WRITE_ONCE(heapinfo_max_map_count, value);
	if (heapinfo_read_setting("sys/module/kernel/parameters/ignore_rlimit_data",
				  text, sizeof(text)) &&
	    !kstrtobool(text, &ignored))
		WRITE_ONCE(heapinfo_ignore_rlimit_data, ignored);
	revert_creds(own);
}

static void heapinfo_refresh(struct work_struct *work)
{
	WRITE_ONCE(heapinfo_refresh_time, jiffies);
	heapinfo_read_settings();
}

static DECLARE_DELAYED_WORK(heapinfo_refresh_work, heapinfo_refresh);

/**
 * heapinfo_failure_refresh() - have vm.max_map_count read again
 *
 * For failures that are met where nothing may sleep. At once, or where that was
 * done a moment ago, as soon as it is due again.
 *
 * Context: any.
 */
void heapinfo_failure_refresh(void)
{
	unsigned long due = READ_ONCE(heapinfo_refresh_time) + REFRESH_PERIOD;
	unsigned long now = jiffies;

	schedule_delayed_work(&heapinfo_refresh_work,
			      time_before(now, due) ? due - now : 0);
}

/* The guard gap of the command line, in pages there. The last one counts. */
static void heapinfo_read_guard_gap(void)
{
	static const char key[] = "stack_guard_gap=";
	char *line = kzalloc(PAGE_SIZE, GFP_KERNEL);
	char *rest = line, *word;
	unsigned long pages;

	if (!line)
		return;
	if (heapinfo_read_setting("proc/cmdline", line, PAGE_SIZE))
		while ((word = strsep(&rest, "\n ")))
			if (!strncmp(word, key, sizeof(key) - 1) &&
			    !kstrtoul(word + sizeof(key) - 1, 10, &pages))
				heapinfo_stack_guard_gap = pages << PAGE_SHIFT;
	kfree(line);
}

/**
 * heapinfo_failure_start() - get ready to explain failures
 *
 * A machine without /proc/sys or /sys keeps the kernel's defaults.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_failure_start(void)
{
	heapinfo_reader_cred = prepare_kernel_cred(&init_task);
	if (!heapinfo_reader_cred)
		return -ENOMEM;
	heapinfo_refresh(NULL);
	heapinfo_read_guard_gap();
	return 0;
}

/**
 * heapinfo_failure_stop() - end the work of the worker
 *
 * Context: may sleep; no failure is explained any more.
 */
void heapinfo_failure_stop(void)
{
	cancel_delayed_work_sync(&heapinfo_refresh_work);
	put_cred(heapinfo_reader_cred);
}

/* As the kernel takes it, or by trying for a while where nothing may sleep. */
static bool heapinfo_lock_mm(struct mm_struct *mm, bool may_sleep)
{
	u64 until;

	if (may_sleep)
		return !mmap_read_lock_killable(mm);
	if (mmap_read_trylock(mm))
		return true;
	until = ktime_get_mono_fast_ns() + LOCK_WAIT;
	do {
		cpu_relax();
		if (mmap_read_trylock(mm))
			return true;
	} while (ktime_get_mono_fast_ns() < until);
	return false;
}

/*
 * The lowest address that brk(2) accepts. With CONFIG_COMPAT_BRK the heap of a
 * program that was not randomised may begin right after its data.
 */
static unsigned long heapinfo_lowest_break(struct mm_struct *mm)
{
#ifdef CONFIG_COMPAT_BRK
	if (!current->brk_randomized)
		return mm->end_data;
#endif
	return mm->start_brk;
}

/*
 * As check_data_rlimit() of the kernel. brk(2) asks it first, also of a call
 * that would shrink the heap.
 */
static bool heapinfo_over_data_limit(struct mm_struct *mm, unsigned long asked)
{
	unsigned long limit = rlimit(RLIMIT_DATA);

	if (limit == RLIM_INFINITY)
		return false;
	return asked - mm->start_brk + (mm->end_data - mm->start_data) > limit;
}

/* As may_expand_vm() of the kernel, for @pages more of private data. */
static enum heapinfo_result heapinfo_over_size_limit(struct mm_struct *mm,
						     unsigned long pages)
{
	if (mm->total_vm + pages > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return HEAPINFO_RLIMIT_AS;
	if (mm->data_vm + pages > rlimit(RLIMIT_DATA) >> PAGE_SHIFT &&
	    !(rlimit(RLIMIT_DATA) == 0 &&
	      mm->data_vm + pages <= rlimit_max(RLIMIT_DATA) >> PAGE_SHIFT))
		return HEAPINFO_RLIMIT_DATA;
	return HEAPINFO_OK;
}

/* Whether @pages more would exceed the limit on locked memory. */
static bool heapinfo_over_lock_limit(struct mm_struct *mm, unsigned long pages)
{
	if (!(mm->def_flags & VM_LOCKED))
		return false;
	if (ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		return false;
	return mm->locked_vm + pages > rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
}

/*
 * What one look at an address space has found.
 */
struct finding {
	enum heapinfo_result result;
	unsigned long mapping;		/* for HEAPINFO_OVERLAP */
	bool settings;			/* it would be another by other settings */
};

/* Where the mapping that keeps the break from @end begins; 0 if none does. */
static unsigned long heapinfo_mapping_in_way(struct mm_struct *mm,
					     unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	if (!vma)
		return 0;
	/* Also beyond the end of addresses, and where the sum wrapped. */
	if (end < start || end + PAGE_SIZE < end ||
	    end + PAGE_SIZE > vm_start_gap(vma))
		return vma->vm_start;
	return 0;
}

/* Whether a mapping is of huge pages of which a cut at @address splits one. */
static bool heapinfo_cuts_huge_page(struct vm_area_struct *vma,
				    unsigned long address)
{
	if (!is_vm_hugetlb_page(vma) || address <= vma->vm_start ||
	    address >= vma->vm_end || !vma->vm_ops || !vma->vm_ops->pagesize)
		return false;
	return !IS_ALIGNED(address, vma->vm_ops->pagesize(vma));
}

/* A shrink that passed the limit on data fails in munmap only. */
static void heapinfo_explain_shrink(struct mm_struct *mm, unsigned long start,
				    unsigned long end, struct finding *found)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	found->result = HEAPINFO_NOMEM;
	if (!vma || vma->vm_start >= end) {
		found->result = HEAPINFO_UNMAPPED;
		return;
	}
	/* A hole in the middle makes two mappings of one. */
	if (start > vma->vm_start && end < vma->vm_end) {
		found->settings = true;
		if (mm->map_count >= READ_ONCE(heapinfo_max_map_count))
			found->result = HEAPINFO_MAP_COUNT;
	}
	for (; vma && vma->vm_start < end; vma = find_vma(mm, vma->vm_end)) {
		if (heapinfo_vma_sealed(vma))
			found->result = HEAPINFO_SEALED;
		else if (heapinfo_cuts_huge_page(vma, start) ||
			 heapinfo_cuts_huge_page(vma, end))
			found->result = HEAPINFO_HUGETLB;
		if (found->result != HEAPINFO_NOMEM)
			return;
	}
}

/* The limits on all memory and on data, and what else needs a setting. */
static void heapinfo_explain_growth(struct mm_struct *mm, unsigned long pages,
				    struct finding *found)
{
	found->result = heapinfo_over_size_limit(mm, pages);
	if (found->result == HEAPINFO_RLIMIT_AS)
		return;
	found->settings = true;
	if (found->result == HEAPINFO_RLIMIT_DATA &&
	    !READ_ONCE(heapinfo_ignore_rlimit_data))
		return;
	found->result = mm->map_count > READ_ONCE(heapinfo_max_map_count) ?
			HEAPINFO_MAP_COUNT : HEAPINFO_NOMEM;
}

static void heapinfo_explain_grow(struct mm_struct *mm, unsigned long start,
				  unsigned long end, struct finding *found)
{
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	bool locked = heapinfo_over_lock_limit(mm, pages);

	found->mapping = heapinfo_mapping_in_way(mm, start, end);
	if (locked && (HEAPINFO_BRK_ASKS_MLOCK_FIRST || !found->mapping))
		found->result = HEAPINFO_MLOCK;
	else if (found->mapping)
		found->result = HEAPINFO_OVERLAP;
	else
		heapinfo_explain_growth(mm, pages, found);
}

static struct finding heapinfo_look(const struct heapinfo_brk *brk,
				    bool may_sleep)
{
	struct finding found = { .result = HEAPINFO_UNKNOWN };
	unsigned long old_end = PAGE_ALIGN(brk->from);
	unsigned long new_end = PAGE_ALIGN(brk->asked);
	struct mm_struct *mm = current->mm;

	if (!heapinfo_lock_mm(mm, may_sleep))
		return found;
	if (brk->asked <= brk->from)
		heapinfo_explain_shrink(mm, new_end, old_end, &found);
	else
		heapinfo_explain_grow(mm, old_end, new_end, &found);
	mmap_read_unlock(mm);
	return found;
}

/**
 * heapinfo_failure_explain() - find out why a call failed
 * @brk: a failed call of the current task with @asked and @from filled in;
 *	gets @result and @mapping
 * @may_sleep: the lock of the address space may be waited for, and the settings
 *	may be read; else that is tried for, and these are as they were read last
 *
 * Makes the checks of sys_brk() and do_brk_flags() (mm/mmap.c, and mm/vma.c
 * since 6.12) in their order. If none of them fails the reason is
 * HEAPINFO_NOMEM: the limit on overcommit, or memory that the kernel needed for
 * itself and did not get.
 *
 * Context: the task that made the call; sleeps only where @may_sleep.
 */
void heapinfo_failure_explain(struct heapinfo_brk *brk, bool may_sleep)
{
	struct mm_struct *mm = current->mm;
	struct finding found;

	if (brk->asked < heapinfo_lowest_break(mm)) {
		brk->result = HEAPINFO_BELOW_START;
		return;
	}
	if (heapinfo_over_data_limit(mm, brk->asked)) {
		brk->result = HEAPINFO_RLIMIT_DATA;
		return;
	}
	found = heapinfo_look(brk, may_sleep);
	if (found.settings && !may_sleep) {
		heapinfo_failure_refresh();
	} else if (found.settings) {
		heapinfo_read_settings();
		found = heapinfo_look(brk, may_sleep);
	}
	brk->result = found.result;
	if (found.result == HEAPINFO_OVERLAP)
		brk->mapping = found.mapping;
}
