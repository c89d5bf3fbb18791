// SPDX-License-Identifier: GPL-2.0
/*
 * Why a brk(2) failed. The kernel does not say: it answers with the break as it
 * is. So the checks of the kernel are made again here, on the address space as
 * it is after the call.
 */
#include "heapinfo.h"
#include "brk.h"
#include "compat.h"
#include "failure.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

/*
 * How much room the kernel keeps below a stack that grows down. This is its
 * default: the variable that stack_guard_gap= on the command line sets is not
 * exported to modules.
 */
#define STACK_GUARD_GAP	(256UL << PAGE_SHIFT)

/*
 * How long to wait for the lock of the address space, in ns. Its holder may
 * sleep and this code may not. If the time is over the reason is "unknown".
 */
#define LOCK_WAIT	100000

/*
 * The least time between two readings of vm.max_map_count, in jiffies. Any user
 * can make calls fail as often as they like, and the time of the worker that
 * reads is charged to nobody.
 */
#define REFRESH_PERIOD	(HZ / 10)

/*
 * vm.max_map_count as it was when it was last read, and when that was, in
 * jiffies. The kernel's variable is not exported to modules.
 */
static int heapinfo_max_map_count;
static unsigned long heapinfo_refresh_time;

/*
 * Opens the file below the root of process 1. The root of a worker is no use:
 * on newer kernels (7.3, for one) it is an empty one of its own.
 */
static struct file *heapinfo_open_max_map_count(void)
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
		file = heapinfo_open_root(&root, "proc/sys/vm/max_map_count",
					  O_RDONLY);
		path_put(&root);
	}
	return file;
}

static void heapinfo_read_max_map_count(struct work_struct *work)
{
	char text[16];
	struct file *file;
	loff_t pos = 0;
	ssize_t len;
	int value;

	WRITE_ONCE(heapinfo_refresh_time, jiffies);
	file = heapinfo_open_max_map_count();
	if (IS_ERR(file))
		return;
	len = kernel_read(file, text, sizeof(text) - 1, &pos);
	filp_close(file, NULL);
	if (len <= 0)
		return;
	text[len] = '\0';
	if (!kstrtoint(strim(text), 10, &value))
		WRITE_ONCE(heapinfo_max_map_count, value);
}

static DECLARE_DELAYED_WORK(heapinfo_refresh_work,
			    heapinfo_read_max_map_count);

/**
 * heapinfo_failure_refresh() - have vm.max_map_count read again
 *
 * A worker does it soon: at once, or if it has done so a moment ago, when the
 * least time between two readings is over.
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

/**
 * heapinfo_failure_start() - get ready to explain failures
 *
 * Where /proc/sys cannot be read, the kernel's default of vm.max_map_count is
 * taken.
 *
 * Context: may sleep.
 */
void heapinfo_failure_start(void)
{
	heapinfo_max_map_count = DEFAULT_MAX_MAP_COUNT;
	heapinfo_read_max_map_count(NULL);
}

/**
 * heapinfo_failure_stop() - end the work of the worker
 *
 * Context: may sleep; no failure is explained any more.
 */
void heapinfo_failure_stop(void)
{
	cancel_delayed_work_sync(&heapinfo_refresh_work);
}

/* Takes the lock of the address space for reading, if it is soon to be had. */
static bool heapinfo_lock_mm(struct mm_struct *mm)
{
	u64 until;

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
 * Where the mapping begins that is in the way of a heap from @start to @end; 0
 * if none is.
 */
static unsigned long heapinfo_mapping_in_way(struct mm_struct *mm,
					     unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long gap;

	if (!vma)
		return 0;
	gap = vma->vm_flags & VM_GROWSDOWN ? STACK_GUARD_GAP : 0;
	/* Also beyond the end of addresses, and where the sum wrapped. */
	if (end < start || end + PAGE_SIZE < end ||
	    end + PAGE_SIZE + gap > vma->vm_start)
		return vma->vm_start;
	return 0;
}

/*
 * Why a call failed that would have shrunk the heap. It has passed the limit on
 * data, so it was refused when the pages were to be unmapped.
 */
static enum heapinfo_result heapinfo_explain_shrink(struct mm_struct *mm,
						    unsigned long new_end,
						    unsigned long old_end)
{
	struct vm_area_struct *vma = find_vma(mm, new_end);

	if (!vma || vma->vm_start >= old_end)
		return HEAPINFO_UNMAPPED;
	if (heapinfo_vma_sealed(vma))
		return HEAPINFO_SEALED;
	if (mm->map_count >= READ_ONCE(heapinfo_max_map_count))
		return HEAPINFO_MAP_COUNT;
	return HEAPINFO_NOMEM;
}

/*
 * Why a call failed that would have grown the heap. @mapping gets the beginning
 * of the mapping that is in the way, if that is the reason.
 */
static enum heapinfo_result heapinfo_explain_grow(struct mm_struct *mm,
						  unsigned long old_end,
						  unsigned long new_end,
						  unsigned long *mapping)
{
	unsigned long pages = (new_end - old_end) >> PAGE_SHIFT;
	unsigned long in_way = heapinfo_mapping_in_way(mm, old_end, new_end);
	bool locked = heapinfo_over_lock_limit(mm, pages);
	enum heapinfo_result result;

	if (locked && HEAPINFO_BRK_ASKS_MLOCK_FIRST)
		return HEAPINFO_MLOCK;
	if (in_way) {
		*mapping = in_way;
		return HEAPINFO_OVERLAP;
	}
	if (locked)
		return HEAPINFO_MLOCK;
	result = heapinfo_over_size_limit(mm, pages);
	if (result != HEAPINFO_OK)
		return result;
	if (mm->map_count > READ_ONCE(heapinfo_max_map_count))
		return HEAPINFO_MAP_COUNT;
	return HEAPINFO_NOMEM;
}

/**
 * heapinfo_failure_explain() - find out why a call failed
 * @brk: a call that failed, with @asked and @from; gets @result and @mapping
 *
 * Makes the checks of sys_brk() and do_brk_flags() (mm/mmap.c, and mm/vma.c
 * since 6.12) in their order. If none of them fails the reason is
 * HEAPINFO_NOMEM: the limit on overcommit, or memory that the kernel needed for
 * itself and did not get.
 *
 * Context: the task that made the call; preemption may be disabled; does not
 * sleep. Waits a short time for the lock of the address space: if that is not
 * to be had, @result is HEAPINFO_UNKNOWN.
 */
void heapinfo_failure_explain(struct heapinfo_brk *brk)
{
	unsigned long new_end = PAGE_ALIGN(brk->asked);
	unsigned long old_end = PAGE_ALIGN(brk->from);
	struct mm_struct *mm = current->mm;

	heapinfo_failure_refresh();

	if (brk->asked < heapinfo_lowest_break(mm)) {
		brk->result = HEAPINFO_BELOW_START;
	} else if (heapinfo_over_data_limit(mm, brk->asked)) {
		brk->result = HEAPINFO_RLIMIT_DATA;
	} else if (!heapinfo_lock_mm(mm)) {
		brk->result = HEAPINFO_UNKNOWN;
	} else {
		brk->result = brk->asked <= brk->from ?
			heapinfo_explain_shrink(mm, new_end, old_end) :
			heapinfo_explain_grow(mm, old_end, new_end,
					      &brk->mapping);
		mmap_read_unlock(mm);
	}
}
