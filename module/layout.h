/* SPDX-License-Identifier: GPL-2.0 */
/* Where the heap of an address space lies, and what it was placed after. */
#ifndef HEAPINFO_LAYOUT_H
#define HEAPINFO_LAYOUT_H

#include <linux/types.h>

struct mm_struct;
struct task_struct;

/**
 * struct heapinfo_layout - where the heap of an address space lies
 * @start_data: where the last segment of the executable begins
 * @end_data: where the data of that segment that come from the file end
 * @end_bss: where the last mapping of the executable ends
 * @start_brk: where the heap begins
 * @brk: the break, where the heap ends, to the byte
 * @base: the address to which the kernel added the offset of the heap:
 *	@end_bss, or an address of its own if it keeps the heap apart from the
 *	program
 * @window: the offset was drawn from this many bytes; 0 if it is not random
 * @apart: the heap does not follow the program
 * @randomized: the offset of the heap from @base is random
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
