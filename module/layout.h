/* SPDX-License-Identifier: GPL-2.0 */
/* Where the heap of an address space lies, and what it was placed after. */
#ifndef HEAPINFO_LAYOUT_H
#define HEAPINFO_LAYOUT_H

#include <linux/types.h>

#include "placement.h"

struct mm_struct;
struct task_struct;

/**
 * struct heapinfo_layout - where the heap of an address space lies
 * @start_data: where the last segment of the executable begins
 * @end_data: where the data of that segment that come from the file end
 * @end_bss: where the last mapping of the executable ends
 * @start_brk: where the heap begins
 * @brk: the break, where the heap ends, to the byte
 * @placement: how the kernel came to place it there
 */
struct heapinfo_layout {
	unsigned long start_data;
	unsigned long end_data;
	unsigned long end_bss;
	unsigned long start_brk;
	unsigned long brk;
	struct heapinfo_placement placement;
};

int heapinfo_layout_read(struct heapinfo_layout *layout, struct mm_struct *mm,
			 struct task_struct *task);

#endif /* HEAPINFO_LAYOUT_H */
