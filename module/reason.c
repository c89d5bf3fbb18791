// SPDX-License-Identifier: GPL-2.0
/* Why a brk(2) failed, told from a description of the address space. */
#include "reason.h"

/* The address of the page at or behind @address; 0 where there is none. */
static unsigned long heapinfo_page_align(const struct heapinfo_space *space,
					 unsigned long address)
{
	unsigned long page = 1UL << space->page_shift;

	return (address + page - 1) & -page;
}

static bool heapinfo_space_shrinks(const struct heapinfo_space *space)
{
	return space->asked <= space->from;
}

/*
 * The part that the call would map or unmap: whole pages, from
 * heapinfo_space_start() to here.
 */
static unsigned long heapinfo_space_end(const struct heapinfo_space *space)
{
	return heapinfo_page_align(space, heapinfo_space_shrinks(space) ?
					  space->from : space->asked);
}

/**
 * heapinfo_space_start() - from where on a call meets mappings
 * @space: with @asked, @from and @page_shift
 *
 * Context: any.
 * Return: the address; the first mapping that the call meets ends above it.
 */
unsigned long heapinfo_space_start(const struct heapinfo_space *space)
{
	return heapinfo_page_align(space, heapinfo_space_shrinks(space) ?
					  space->asked : space->from);
}

/* Whether a cut at @address splits a huge page. */
static bool heapinfo_cuts_huge_page(const struct heapinfo_mapping *mapping,
				    unsigned long address)
{
	if (!mapping->huge_page || address <= mapping->start ||
	    address >= mapping->end)
		return false;
	return address & (mapping->huge_page - 1);
}

static bool heapinfo_cannot_unmap(const struct heapinfo_space *space,
				  const struct heapinfo_mapping *mapping)
{
	return mapping->sealed ||
	       heapinfo_cuts_huge_page(mapping, heapinfo_space_start(space)) ||
	       heapinfo_cuts_huge_page(mapping, heapinfo_space_end(space));
}

/**
 * heapinfo_space_meets() - describe the next mapping of an address space
 * @space: the space; those that the call meets before were described before
 * @mapping: the next one that ends above heapinfo_space_start()
 *
 * Only what a reason can depend on is kept.
 *
 * Context: any.
 * Return: whether the mapping behind it is to be described, too.
 */
bool heapinfo_space_meets(struct heapinfo_space *space,
			  const struct heapinfo_mapping *mapping)
{
	if (!space->first.end)
		space->first = *mapping;
	/* Growing fails by the nearest mapping, if by any. */
	if (!heapinfo_space_shrinks(space) ||
	    mapping->start >= heapinfo_space_end(space))
		return false;
	if (!heapinfo_cannot_unmap(space, mapping))
		return true;
	space->refuses = *mapping;
	return false;
}

/*
 * As check_data_rlimit() of the kernel. brk(2) asks it first, also of a call
 * that would shrink the heap. No sum is above the number that stands for no limit.
 */
static bool heapinfo_over_data_limit(const struct heapinfo_space *space)
{
	return space->asked - space->start_brk + space->data_size >
	       space->data_limit;
}

/* Pages by which the heap would grow. */
static unsigned long heapinfo_pages_more(const struct heapinfo_space *space)
{
	return (heapinfo_space_end(space) - heapinfo_space_start(space)) >>
	       space->page_shift;
}

/* As mlock_future_check() of the kernel. */
static bool heapinfo_over_lock_limit(const struct heapinfo_space *space)
{
	return space->locks &&
	       space->locked_pages + heapinfo_pages_more(space) >
	       space->lock_limit >> space->page_shift;
}

/* As may_expand_vm() of the kernel, for private data. */
static enum heapinfo_result
heapinfo_over_size_limit(const struct heapinfo_space *space)
{
	unsigned long more = heapinfo_pages_more(space);
	unsigned int shift = space->page_shift;

	if (space->pages + more > space->size_limit >> shift)
		return HEAPINFO_RLIMIT_AS;
	if (space->data_pages + more > space->data_limit >> shift &&
	    !(space->data_limit == 0 &&
	      space->data_pages + more <= space->data_limit_max >> shift))
		return HEAPINFO_RLIMIT_DATA;
	return HEAPINFO_OK;
}

/* Whether the heap would end behind all addresses; the sum may have wrapped. */
static bool heapinfo_beyond_top(const struct heapinfo_space *space)
{
	unsigned long end = heapinfo_space_end(space);

	return end < heapinfo_space_start(space) || end > space->top;
}

/* Whether the nearest mapping keeps the heap from growing so far. */
static bool heapinfo_in_way(const struct heapinfo_space *space)
{
	return space->first.end && heapinfo_space_end(space) +
	       (1UL << space->page_shift) > space->first.gap_start;
}

/* A shrink that passed the limit on data fails in munmap only. */
static void heapinfo_reason_of_shrink(const struct heapinfo_space *space,
				      const struct heapinfo_settings *settings,
				      struct heapinfo_reason *reason)
{
	const struct heapinfo_mapping *first = &space->first;
	unsigned long start = heapinfo_space_start(space);
	unsigned long end = heapinfo_space_end(space);

	if (!first->end || first->start >= end) {
		reason->result = HEAPINFO_UNMAPPED;
		return;
	}
	/* A hole in the middle makes two mappings of one. */
	reason->by_settings = start > first->start && end < first->end;
	if (reason->by_settings &&
	    space->map_count >= settings->max_map_count)
		reason->result = HEAPINFO_MAP_COUNT;
	else if (!space->refuses.end)
		reason->result = HEAPINFO_NOMEM;
	else
		reason->result = space->refuses.sealed ? HEAPINFO_SEALED :
							 HEAPINFO_HUGETLB;
}

/* The limits on all memory and on data, and what else needs a setting. */
static void heapinfo_reason_of_size(const struct heapinfo_space *space,
				    const struct heapinfo_settings *settings,
				    struct heapinfo_reason *reason)
{
	enum heapinfo_result over = heapinfo_over_size_limit(space);

	reason->by_settings = over != HEAPINFO_RLIMIT_AS;
	reason->by_ignored = over == HEAPINFO_RLIMIT_DATA;
	if (over == HEAPINFO_RLIMIT_AS ||
	    (over == HEAPINFO_RLIMIT_DATA && !settings->ignore_rlimit_data))
		reason->result = over;
	else
		reason->result = space->map_count > settings->max_map_count ?
				 HEAPINFO_MAP_COUNT : HEAPINFO_NOMEM;
}

static void heapinfo_reason_of_growth(const struct heapinfo_space *space,
				      const struct heapinfo_settings *settings,
				      struct heapinfo_reason *reason)
{
	bool beyond = heapinfo_beyond_top(space);
	bool in_way = beyond || heapinfo_in_way(space);

	if (heapinfo_over_lock_limit(space) && !beyond &&
	    (space->locks_first || !in_way)) {
		reason->result = HEAPINFO_MLOCK;
	} else if (in_way) {
		/* Whatever is mapped above lies in the way to the top, too. */
		reason->result = space->first.end ? HEAPINFO_OVERLAP :
						    HEAPINFO_NOMEM;
		reason->mapping = space->first.start;
	} else {
		heapinfo_reason_of_size(space, settings, reason);
	}
}

/**
 * heapinfo_reason_find() - tell why a call failed
 * @space: the address space
 * @settings: by which it is judged
 *
 * Makes the checks of sys_brk() and do_brk_flags() (mm/mmap.c, and mm/vma.c of
 * newer kernels) in their order. If none of them fails the reason is
 * HEAPINFO_NOMEM: the limit on overcommit, or memory that the kernel needed for
 * itself and did not get.
 *
 * Context: any.
 * Return: the reason; HEAPINFO_UNKNOWN where that lies in what was not looked at.
 */
struct heapinfo_reason
heapinfo_reason_find(const struct heapinfo_space *space,
		     const struct heapinfo_settings *settings)
{
	struct heapinfo_reason reason = { .result = HEAPINFO_UNKNOWN };

	if (space->asked < space->lowest)
		reason.result = HEAPINFO_BELOW_START;
	else if (heapinfo_over_data_limit(space))
		reason.result = HEAPINFO_RLIMIT_DATA;
	else if (!space->looked)
		return reason;
	else if (heapinfo_space_shrinks(space))
		heapinfo_reason_of_shrink(space, settings, &reason);
	else
		heapinfo_reason_of_growth(space, settings, &reason);
	return reason;
}
