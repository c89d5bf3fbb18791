// SPDX-License-Identifier: GPL-2.0
/* What the kernel placed a heap after, and from how wide a range it drew. */
#include "placement.h"

/*
 * Whether an offset may have been drawn from a range. It may be three pages more: one
 * that the kernel leaves free, and one for the rounding of either end.
 */
static bool heapinfo_placement_fits(const struct heapinfo_placing *placing,
				    unsigned long offset, unsigned long range)
{
	return offset <= range + 3 * placing->page;
}

/* Whether the heap may have been placed after @base, however wide the range is. */
static bool heapinfo_placement_after(const struct heapinfo_placing *placing,
				     unsigned long base)
{
	return placing->start_brk >= base &&
	       heapinfo_placement_fits(placing, placing->start_brk - base,
				       placing->wide);
}

/**
 * heapinfo_placement_tell() - tell what a heap was placed after
 * @placement: filled in
 * @placing: what is known
 *
 * How wide the range is, a distribution may have changed in a kernel of any version.
 * So a heap follows its program if it does so by the widest of them; and from which
 * one it was drawn is sure only where the others are too narrow for it.
 *
 * Whether the heap lies at a random offset is told from the offset itself: the
 * sysctl that decided when the program was started may have changed since. An
 * offset of one page counts as none, since newer kernels leave one page free in any
 * case. So a random offset of less than two pages is taken for none; that happens to
 * one program in 131,072 where the range is 1 GiB, and to one in 4,096 where it is
 * 32 MiB.
 *
 * Context: any.
 */
void heapinfo_placement_tell(struct heapinfo_placement *placement,
			     const struct heapinfo_placing *placing)
{
	unsigned long base = placing->end_bss, offset;

	placement->base = HEAPINFO_BASE_PROGRAM;
	placement->randomized = false;
	placement->window = 0;
	placement->window_seen = true;
	if (!heapinfo_placement_after(placing, base)) {
		base = placing->apart;
		placement->base = HEAPINFO_BASE_APART;
	}
	if (!heapinfo_placement_after(placing, base)) {
		placement->base = HEAPINFO_BASE_UNKNOWN;
		placement->window_seen = false;
		return;
	}
	offset = placing->start_brk - base;
	placement->randomized = placing->may_be_random &&
				offset > placing->page;
	if (!placement->randomized)
		return;
	placement->window = placing->likely;
	if (!heapinfo_placement_fits(placing, offset, placing->narrow))
		placement->window = placing->wide;
	else
		placement->window_seen = placing->narrow == placing->wide;
}
