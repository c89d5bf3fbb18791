/* SPDX-License-Identifier: GPL-2.0 */
/* What one user may have of the memory that is there for all histories. */
#ifndef HEAPINFO_SHARE_H
#define HEAPINFO_SHARE_H

#include <linux/types.h>

/**
 * struct heapinfo_use - what the memory of all histories is used for, in bytes
 * @bound: all that there may be, 1 MiB or more
 * @records: of all records, with their owners
 * @root_records: of root's records
 * @rows: of all rows and timelines
 * @owners: how many users have a record; root is always one of them
 *
 * There is no kernel in this: the unit tests of the reader build share.c, too.
 */
struct heapinfo_use {
	u64 bound;
	u64 records;
	u64 root_records;
	u64 rows;
	u32 owners;
};

u64 heapinfo_share_records(const struct heapinfo_use *use, bool root);
u64 heapinfo_share_rows(const struct heapinfo_use *use, bool root);
u64 heapinfo_rows_bound(const struct heapinfo_use *use);
u64 heapinfo_rows_calm(const struct heapinfo_use *use);
u64 heapinfo_use_error(const struct heapinfo_use *use);
bool heapinfo_use_full(const struct heapinfo_use *use);

#endif /* HEAPINFO_SHARE_H */
