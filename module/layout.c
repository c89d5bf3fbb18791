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
 * Whether the heap lies at a random offset is told from the offset itself: the
 * sysctl that decided when the program was started may have changed since. An
 * offset of one page counts as none, since 6.1.140 and later leave one page
 * free in any case. So a random offset of less than two pages is taken for
 * none; that happens to one program in 131,072 where the window is 1 GiB, and
 * to one in 4,096 where it is 32 MiB.
 *
 * Context: may sleep; takes the mmap lock of @mm for reading, and under it
 * arg_lock, which is held while prctl(PR_SET_MM_MAP) moves the break.
 * Return: 0; -EINTR if a fatal signal came.
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

	/* Three pages more: for the gap, and for the rounding of both ends. */
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
