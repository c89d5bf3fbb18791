// SPDX-License-Identifier: GPL-2.0
/* Describes the address space that a failed brk(2) left, to have the reason found. */

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
#include "reason.h"
#include "settings.h"

#include <linux/capability.h>
#include <linux/hugetlb_inline.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

/*
 * How long the lock of the address space is asked for where nothing may sleep,
 * before the reason is given up as unknown, in ns: its holder may sleep.
 */
#define LOCK_WAIT	100000

/**
 * heapinfo_failure_refresh() - see to it that failures are explained as of now
 *
 * For those that are met where nothing may sleep.
 *
 * Context: any.
 */
void heapinfo_failure_refresh(void)
{
	heapinfo_settings_refresh();
}

/**
 * heapinfo_lock_mm_quickly() - lock an address space, or leave it
 * @mm: the address space, which is to be read
 *
 * It is tried for a while: who holds the lock may sleep.
 *
 * Context: any but an interrupt; does not sleep.
 * Return: whether it is locked.
 */
bool heapinfo_lock_mm_quickly(struct mm_struct *mm)
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

/* As the kernel takes it, or quickly where nothing may sleep. */
static bool heapinfo_lock_mm(struct mm_struct *mm, bool may_sleep)
{
	return may_sleep ? !mmap_read_lock_killable(mm) :
			   heapinfo_lock_mm_quickly(mm);
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

/* What can be told without the lock of the address space. */
static void heapinfo_describe_call(struct heapinfo_space *space,
				   const struct heapinfo_brk *brk)
{
	struct mm_struct *mm = current->mm;

	space->asked = brk->asked;
	space->from = brk->from;
	space->lowest = heapinfo_lowest_break(mm);
	space->top = mm->task_size;
	space->start_brk = mm->start_brk;
	space->data_size = mm->end_data - mm->start_data;
	space->data_limit = rlimit(RLIMIT_DATA);
	space->data_limit_max = rlimit_max(RLIMIT_DATA);
	space->size_limit = rlimit(RLIMIT_AS);
	space->lock_limit = rlimit(RLIMIT_MEMLOCK);
	space->page_shift = PAGE_SHIFT;
	space->locks_first = HEAPINFO_BRK_ASKS_MLOCK_FIRST;
}

/* Whether the limit on locked memory holds for what the call would map, if any. */
static bool heapinfo_locks(const struct heapinfo_space *space,
			   const struct mm_struct *mm)
{
	return space->asked > space->from && (mm->def_flags & VM_LOCKED) &&
	       !ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK);
}

static struct heapinfo_mapping
heapinfo_describe_mapping(struct vm_area_struct *vma)
{
	bool huge = is_vm_hugetlb_page(vma) && vma->vm_ops &&
		    vma->vm_ops->pagesize;

	return (struct heapinfo_mapping) {
		.start = vma->vm_start,
		.end = vma->vm_end,
		.gap_start = vm_start_gap(vma),
		.huge_page = huge ? vma->vm_ops->pagesize(vma) : 0,
		.sealed = heapinfo_vma_sealed(vma),
	};
}

/* Under the lock of the address space. */
static void heapinfo_describe_mappings(struct heapinfo_space *space,
				       struct mm_struct *mm)
{
	struct heapinfo_mapping mapping;
	struct vm_area_struct *vma;

	vma = find_vma(mm, heapinfo_space_start(space));
	while (vma) {
		mapping = heapinfo_describe_mapping(vma);
		if (!heapinfo_space_meets(space, &mapping))
			break;
		vma = find_vma(mm, vma->vm_end);
	}
}

static bool heapinfo_look(struct heapinfo_space *space, bool may_sleep)
{
	struct mm_struct *mm = current->mm;

	if (!heapinfo_lock_mm(mm, may_sleep))
		return false;
	space->pages = mm->total_vm;
	space->data_pages = mm->data_vm;
	space->locked_pages = mm->locked_vm;
	space->map_count = mm->map_count;
	space->locks = heapinfo_locks(space, mm);
	heapinfo_describe_mappings(space, mm);
	mmap_read_unlock(mm);
	space->looked = true;
	return true;
}

/**
 * heapinfo_failure_explain() - find out why a call failed
 * @brk: a failed call of the current task with @asked and @from filled in;
 *	gets @result and @mapping
 * @may_sleep: the lock of the address space may be waited for, and the settings
 *	may be read; else that is tried for, and these are as they were read last
 *
 * Under the lock the address space is described. What that tells is found
 * afterwards, and the settings are read only where the reason depends on them.
 *
 * Context: the task that made the call; sleeps only where @may_sleep.
 */
void heapinfo_failure_explain(struct heapinfo_brk *brk, bool may_sleep)
{
	struct heapinfo_space space = {};
	struct heapinfo_settings settings;
	struct heapinfo_reason reason;

	heapinfo_settings_recall(&settings);
	heapinfo_describe_call(&space, brk);
	reason = heapinfo_reason_find(&space, &settings);
	if (reason.result == HEAPINFO_UNKNOWN && heapinfo_look(&space, may_sleep))
		reason = heapinfo_reason_find(&space, &settings);
	if (reason.by_settings && !may_sleep) {
		heapinfo_settings_refresh();
	} else if (reason.by_settings) {
		heapinfo_settings_read(&settings, reason.by_ignored);
		reason = heapinfo_reason_find(&space, &settings);
	}
	brk->result = reason.result;
	if (reason.result == HEAPINFO_OVERLAP)
		brk->mapping = reason.mapping;
}
