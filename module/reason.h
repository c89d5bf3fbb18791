/* SPDX-License-Identifier: GPL-2.0 */
/* Why a brk(2) failed, told from a description of the address space. */
#ifndef HEAPINFO_REASON_H
#define HEAPINFO_REASON_H

#include <linux/types.h>

#include "brk.h"
#include "settings.h"

/**
 * struct heapinfo_mapping - what brk(2) asks of a mapping
 * @start: its first address
 * @end: the address behind it
 * @gap_start: where the room begins that is to stay free below it
 * @huge_page: the size of its pages if they are huge, which cannot be cut; else 0
 * @sealed: it may not be unmapped
 */
struct heapinfo_mapping {
	unsigned long start;
	unsigned long end;
	unsigned long gap_start;
	unsigned long huge_page;
	bool sealed;
};

/**
 * struct heapinfo_space - an address space as a brk(2) that failed has left it
 * @asked: what was asked
 * @from: the break
 * @lowest: the lowest break that the kernel accepts
 * @top: the end of all addresses that a mapping may have
 * @start_brk: where the heap begins
 * @data_size: of the program's data, which counts as one with its heap, in bytes
 * @data_limit: RLIMIT_DATA, in bytes; the highest number is none
 * @data_limit_max: its hard limit
 * @size_limit: RLIMIT_AS, in bytes
 * @lock_limit: RLIMIT_MEMLOCK, in bytes
 * @page_shift: the binary logarithm of the size of a page
 * @locks_first: this kernel asks for @lock_limit before it looks at mappings
 * @looked: what stands below is known
 * @locks: memory is locked when it is mapped, and @lock_limit holds
 * @pages: that are mapped in all
 * @data_pages: those of private data
 * @locked_pages: those that are locked
 * @map_count: the number of mappings
 * @first: the first mapping that the call meets; its @end is 0 where it meets none
 * @refuses: the first that would not be unmapped; its @end is 0 where there is none
 *
 * There is no kernel in this: the unit tests of the reader build reason.c, too.
 */
struct heapinfo_space {
	unsigned long asked;
	unsigned long from;
	unsigned long lowest;
	unsigned long top;
	unsigned long start_brk;
	unsigned long data_size;
	unsigned long data_limit;
	unsigned long data_limit_max;
	unsigned long size_limit;
	unsigned long lock_limit;
	unsigned int page_shift;
	bool locks_first;

	bool looked;
	bool locks;
	unsigned long pages;
	unsigned long data_pages;
	unsigned long locked_pages;
	int map_count;
	struct heapinfo_mapping first;
	struct heapinfo_mapping refuses;
};

/**
 * struct heapinfo_reason - why a call failed
 * @result: an enum heapinfo_result
 * @by_settings: other settings could give another reason
 * @by_ignored: so could whether the limit on data is ignored
 * @mapping: where the mapping in the way begins, for HEAPINFO_OVERLAP; else 0
 */
struct heapinfo_reason {
	u8 result;
	bool by_settings;
	bool by_ignored;
	unsigned long mapping;
};

unsigned long heapinfo_space_start(const struct heapinfo_space *space);
bool heapinfo_space_meets(struct heapinfo_space *space,
			  const struct heapinfo_mapping *mapping);
struct heapinfo_reason
heapinfo_reason_find(const struct heapinfo_space *space,
		     const struct heapinfo_settings *settings);

#endif /* HEAPINFO_REASON_H */
