// SPDX-License-Identifier: GPL-2.0
/* Where the heap of an address space lies, and what it was placed after. */
#include "heapinfo.h"
#include "compat.h"
#include "arch.h"
#include "layout.h"

#include <linux/elf.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>

/*
 * Where the bss ends. The kernel does not store that. So this begins at the
 * mapping with the last byte of data and goes on as long as the next mapping
 * follows without a gap and is either of the executable or private anonymous
 * memory. The heap may follow without a gap too, even in the same mapping: it
 * does not belong to the bss, so the bss ends at @start_brk at the latest.
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
 * @task: a task that uses @mm; its flags say how the program was started
 *
 * Context: may sleep; takes the mmap lock of @mm for reading, and under it
 * arg_lock, which is held while prctl(PR_SET_MM_MAP) moves the break.
 * Return: 0; -EINTR if a fatal signal came.
 */
int heapinfo_layout_read(struct heapinfo_layout *layout, struct mm_struct *mm,
			 struct task_struct *task)
{
	struct heapinfo_placing placing = {
		.apart = heapinfo_et_dyn_base(mm),
		.page = PAGE_SIZE,
		.narrow = HEAPINFO_BRK_WINDOW_NARROW,
		.wide = HEAPINFO_BRK_WINDOW_WIDE,
		.likely = HEAPINFO_BRK_WINDOW,
		.may_be_random = task->flags & PF_RANDOMIZE,
	};

	if (heapinfo_is_32bit(mm)) {
		placing.narrow = HEAPINFO_BRK_WINDOW_32BIT;
		placing.wide = HEAPINFO_BRK_WINDOW_32BIT;
		placing.likely = HEAPINFO_BRK_WINDOW_32BIT;
	}
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

	placing.start_brk = layout->start_brk;
	placing.end_bss = layout->end_bss;
	heapinfo_placement_tell(&layout->placement, &placing);
	return 0;
}
