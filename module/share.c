// SPDX-License-Identifier: GPL-2.0
/* What one user may have of the memory that is there for all histories. */
#include "share.h"

#include <linux/math64.h>
#include <linux/minmax.h>

/*
 * Who comes first may use what nobody else wants, so that memory does not lie
 * idle. When others come, he must leave them something. That is done in two ways,
 * since rows can be taken back at any time, and a record cannot: one of its tasks may
 * be in brk(2).
 *
 * Rows: all may be used. Where one is wanted and there is no room, who has more
 * than a share gives his oldest ones back. For that time some room is kept free
 * (heapinfo_rows_calm()), which only those may use who have less than a share.
 *
 * Records: the less is left, the less of it one user may have. So there is always
 * something left for the next one, whoever came before.
 */

/* Records get half of the bound at most: then at least as much is left to rows. */
static u64 heapinfo_records_bound(const struct heapinfo_use *use)
{
	return use->bound / 2;
}

/*
 * What of this is for root alone, and as much is for all others alone; and what root
 * may have of the rows in any case.
 */
static u64 heapinfo_reserve(const struct heapinfo_use *use)
{
	return use->bound / 8;
}

/**
 * heapinfo_use_error() - by how much what is in use may seem to change at once
 * @use: what is in use
 *
 * Each processor counts for itself up to a part of this before it tells the others.
 *
 * Context: any.
 * Return: in bytes.
 */
u64 heapinfo_use_error(const struct heapinfo_use *use)
{
	return use->bound / 64;
}

/* That, and what is kept free for who comes next. */
static u64 heapinfo_kept_free(const struct heapinfo_use *use)
{
	return use->bound / 16;
}

/* A user may have so many bytes of records as long as there is any room. */
#define FEW_RECORDS	1024

/* What is left of @all, if anything. */
static u64 heapinfo_less(u64 all, u64 used)
{
	return all > used ? all - used : 0;
}

/**
 * heapinfo_share_records() - how much memory for records a user may have
 * @use: with what he asks for
 * @root: the user is root
 *
 * Root may have what others leave, and they leave him a reserve; and so does he: root
 * of a container may be root of the machine.
 *
 * Any other may have as much as is left times the part that is left: a bit more than
 * a third of all if he is alone, and of what he leaves the next one the same, and
 * so on: when as many as you like have taken what they can, the one after the tenth
 * finds a tenth. A few records he may have in any case.
 *
 * Context: any.
 * Return: in bytes.
 */
u64 heapinfo_share_records(const struct heapinfo_use *use, bool root)
{
	u64 others = heapinfo_less(use->records, use->root_records);
	u64 bound = heapinfo_records_bound(use);
	u64 for_others = bound - heapinfo_reserve(use);
	u64 left;

	if (root)
		return heapinfo_less(bound, max(others, heapinfo_reserve(use)));
	left = min(heapinfo_less(for_others, others),
		   heapinfo_less(bound, use->records));
	if (!left)
		return 0;
	/* Divided first: the square of the largest bound has too many bits. */
	return max_t(u64, FEW_RECORDS,
		     div64_u64((left / 64) * (left / 64), for_others / 4096));
}

/**
 * heapinfo_rows_bound() - how much memory all rows together may have
 * @use: what is in use
 *
 * Three quarters of the bound, and less where records need it.
 *
 * Context: any.
 * Return: in bytes.
 */
u64 heapinfo_rows_bound(const struct heapinfo_use *use)
{
	return min(use->bound - use->bound / 4,
		   heapinfo_less(use->bound - heapinfo_kept_free(use),
				 use->records));
}

/**
 * heapinfo_rows_calm() - how much memory of rows is no reason to take any back
 * @use: what is in use
 *
 * Context: any.
 * Return: in bytes; less than heapinfo_rows_bound().
 */
u64 heapinfo_rows_calm(const struct heapinfo_use *use)
{
	return heapinfo_less(heapinfo_rows_bound(use), heapinfo_kept_free(use));
}

/**
 * heapinfo_share_rows() - how much memory of rows nobody takes from a user
 * @use: what is in use
 * @root: the user is root
 *
 * All shares together are no more than heapinfo_rows_calm(). So where there is more,
 * somebody has more than a share.
 *
 * Context: any.
 * Return: in bytes.
 */
u64 heapinfo_share_rows(const struct heapinfo_use *use, bool root)
{
	u64 calm = heapinfo_rows_calm(use), for_root = heapinfo_reserve(use);

	if (root)
		return max(for_root, div_u64(calm, use->owners));
	return div_u64(heapinfo_less(calm, for_root), use->owners);
}

/**
 * heapinfo_use_full() - whether there is no room for anything more
 * @use: with what is asked for
 *
 * Only for a record that is to be made before rows have given way to it: rows
 * alone do not come so far.
 *
 * Context: any.
 * Return: true if what is asked for is to be refused, whoever asks.
 */
bool heapinfo_use_full(const struct heapinfo_use *use)
{
	return use->records + use->rows >
	       use->bound - heapinfo_kept_free(use) / 2;
}
