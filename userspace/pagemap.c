// SPDX-License-Identifier: GPL-2.0
/* Read /proc/PID/pagemap, of which only "present" and "swapped" are used. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pagemap.h"

#define ENTRIES 512u

struct pagemap {
	int fd;
	u64 entry[ENTRIES];
};

/**
 * pagemap_open - begin to ask which pages are in memory
 * @t: the target
 *
 * Return: what pagemap_count() wants, or NULL where it cannot be known: of a
 * core, or of another user's process.
 */
struct pagemap *pagemap_open(struct target *t)
{
	struct pagemap *pm;
	char path[64];
	int fd;

	if (!t->live)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)t->via);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	pm = xcalloc(1, sizeof(*pm));
	pm->fd = fd;
	return pm;
}

/**
 * pagemap_close - end it
 * @pm: from pagemap_open(), or NULL
 */
void pagemap_close(struct pagemap *pm)
{
	if (!pm)
		return;
	close(pm->fd);
	free(pm);
}

static ssize_t read_entries(struct pagemap *pm, u64 start, u64 end, u64 unit)
{
	u64 pages = min_u64((end - start + unit - 1) / unit, ENTRIES);

	return pread(pm->fd, pm->entry, pages * 8, start / unit * 8) / 8;
}

/**
 * pagemap_count - count the bytes of a range that are in memory or in swap
 * @pm: from pagemap_open(), or NULL
 * @start: of the range
 * @end: of the range
 * @resident: bytes in memory are added here
 * @swapped: bytes in swap are added here
 *
 * An entry stands for a page of the machine, which may be larger than PAGE.
 *
 * Return: 0, or -1 where it is not known.
 */
int pagemap_count(struct pagemap *pm, u64 start, u64 end, u64 *resident,
		  u64 *swapped)
{
	u64 unit = sysconf(_SC_PAGESIZE);
	ssize_t n, i;

	if (!pm)
		return -1;
	for (start = align_down(start, unit); start < end; start += n * unit) {
		n = read_entries(pm, start, end, unit);
		if (n <= 0)
			return -1;
		for (i = 0; i < n; i++) {
			*resident += pm->entry[i] & PAGE_PRESENT ? unit : 0;
			*swapped += pm->entry[i] & PAGE_SWAPPED ? unit : 0;
		}
	}
	return 0;
}

/**
 * pagemap_has_private - does a range of a file's mapping hold own pages?
 * @pm: from pagemap_open(), or NULL
 * @start: of the range
 * @end: of the range
 *
 * Return: true where the process wrote to a page; false where it is not known.
 */
bool pagemap_has_private(struct pagemap *pm, u64 start, u64 end)
{
	u64 unit = sysconf(_SC_PAGESIZE);
	ssize_t n, i;

	for (; pm && start < end; start += n * unit) {
		n = read_entries(pm, start, end, unit);
		if (n <= 0)
			return false;
		for (i = 0; i < n; i++)
			if (pm->entry[i] & PAGE_SWAPPED ||
			    (pm->entry[i] & PAGE_PRESENT &&
			     !(pm->entry[i] & PAGE_OF_FILE)))
				return true;
	}
	return false;
}
