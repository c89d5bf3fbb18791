/* SPDX-License-Identifier: GPL-2.0 */
/* Where the heap of one address space lies, and what it was placed after. */
#ifndef HEAPINFO_LAYOUT_H
#define HEAPINFO_LAYOUT_H

#include <linux/types.h>

struct mm_struct;
struct task_struct;

/**
 * struct heapinfo_layout - the heap of one address space; addresses in bytes
 * @start_data: where the last segment of the executable begins
 * @end_data: where its data from the file ends
 * @end_bss: where its last mapping ends
 * @start_brk: where the heap begins
 * @brk: the break, exact to the byte
 * @base: what the kernel drew the heap's offset from: @end_bss, or an address
 *	of its own where it keeps the heap apart from the program
 * @window: the range of the draw, in bytes; 0 if the heap was not randomised
 * @apart: the heap does not follow the program
 * @randomized: the heap lies at a random distance from @base
 */
struct heapinfo_layout {
	unsigned long start_data;
	unsigned long end_data;
	unsigned long end_bss;
	unsigned long start_brk;
	unsigned long brk;
	unsigned long base;
	unsigned long window;
	bool apart;
	bool randomized;
};

int heapinfo_layout_read(struct heapinfo_layout *layout, struct mm_struct *mm,
			 struct task_struct *task);

#endif /* HEAPINFO_LAYOUT_H */
