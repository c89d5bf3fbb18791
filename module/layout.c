// SPDX-License-Identifier: GPL-2.0
/* Where the heap of one address space lies, and what it was placed after. */
#include "heapinfo.h"
#include "compat.h"
#include "arch.h"
#include "layout.h"

#include <linux/elf.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>

/*
 * The end of bss is stored nowhere. It is the end of the run of adjacent
 * mappings that begins with the one that holds the last byte of data: the
 * segments of the executable, and private anonymous memory after them. Where
 * the heap follows at once it may share a mapping with the bss; it is never
 * counted in.
 */
static unsigned long heapinfo_end_of_bss(struct mm_struct *mm,
					 unsigned long start_brk)
{
	unsigned long last = mm->end_data ? mm->end_data - 1 : 0;
	struct vm_area_struct *vma = find_vma(mm, last);
	struct file *exe;
	unsigned long end;

	if (!vma || vma->vm_start > last)
		return PAGE_ALIGN(mm->end_data);
	exe = vma->vm_file;
	do {
		end = vma->vm_end;
		if (vma->vm_start < start_brk && start_brk <= end)
			return start_brk;
		vma = find_vma(mm, end);
	} while (vma && vma->vm_start == end && vma->vm_start != start_brk &&
		 (!vma->vm_file || vma->vm_file == exe ||
		  (exe && file_inode(vma->vm_file) == file_inode(exe))) &&
		 !(vma->vm_flags & (VM_SHARED | VM_GROWSDOWN)));
	return end;
}

/**
 * heapinfo_layout_read() - read where the heap of an address space lies
 * @layout: filled in
 * @mm: the caller holds it with mmget()
 * @task: a task that uses @mm, for the personality it was started with
 *
 * Whether the heap was randomised is told from where it lies: the sysctl that
 * decided may have changed since. A draw of less than two pages, one in 131,072
 * or in 4,096 by the window, reads as none; since 6.1.140 one page is left in any
 * case.
 *
 * Context: may sleep; takes the mmap lock of @mm for reading and, in it,
 * arg_lock, under which prctl(PR_SET_MM_MAP) moves the break.
 * Return: 0, or -EINTR on a fatal signal.
 */
int heapinfo_layout_read(struct heapinfo_layout *layout, struct mm_struct *mm,
			 struct task_struct *task)
{
	unsigned long window = heapinfo_is_32bit(mm) ?
			       HEAPINFO_BRK_WINDOW_32BIT : HEAPINFO_BRK_WINDOW;
	unsigned long offset;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	spin_lock(&mm->arg_lock);
	layout->start_data = mm->start_data;
	layout->end_data = mm->end_data;
	layout->start_brk = mm->start_brk;
	layout->brk = mm->brk;
	spin_unlock(&mm->arg_lock);
	layout->end_bss = heapinfo_end_of_bss(mm, layout->start_brk);
	mmap_read_unlock(mm);

	/* One page for the gap, and one for each end's rounding. */
	offset = layout->start_brk - layout->end_bss;
	layout->apart = layout->start_brk < layout->end_bss ||
			offset > window + 3 * PAGE_SIZE;
	layout->base = layout->end_bss;
	if (layout->apart) {
		layout->base = heapinfo_et_dyn_base(mm);
		offset = layout->start_brk - layout->base;
	}
	layout->randomized = (task->flags & PF_RANDOMIZE) &&
			     offset > PAGE_SIZE;
	layout->window = layout->randomized ? window : 0;
	return 0;
}
