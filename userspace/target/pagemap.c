// SPDX-License-Identifier: GPL-2.0
/*
 * Read /proc/PID/pagemap: is a page in memory, in swap, or was it never
 * touched?
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "target/pagemap.h"

#define ENTRIES 512u
#define RUNS 16384u
#define RUN_BYTES (2u << 20)	/* a place in the table for each so many */
#define LONG_READ (64u << 10)
#define LONG_BYTES (64u << 20)	/* what is asked around a long read */

/* Touched pages: [from, to). */
struct run {
	u64 from;
	u64 to;
};

struct pagemap {
	int fd;
	struct run near[RUNS];	/* for whoever jumps about, by address */
	struct run last;	/* the run of touched pages that was found last */
	u64 entry[ENTRIES];
};

/*
 * The arguments of PAGEMAP_SCAN, which Linux has from 6.7 on: see
 * Documentation/admin-guide/mm/pagemap.rst.
 */
struct scanned_run {
	u64 start;
	u64 end;
	u64 is;
};

struct scan {
	u64 size;
	u64 flags;
	u64 start;
	u64 end;
	u64 walked;	/* out: where it stopped */
	u64 runs;	/* the address of an array of scanned_run */
	u64 max_runs;
	u64 max_pages;	/* 0: as many as there are */
	u64 inverted;
	u64 want_all;
	u64 want_any;
	u64 tell;	/* bits to report; runs that differ in them are split */
};

#define PAGEMAP_SCAN_RUNS _IOWR('f', 16, struct scan)
#define SCAN_PRESENT (1ull << 3)
#define SCAN_SWAPPED (1ull << 4)
#define SCAN_ZERO (1ull << 5)

bool pagemap_reads_only;

/**
 * pagemap_open - begin to ask which pages of a target are in memory
 * @t: the target
 *
 * Return: a pagemap, to be ended with pagemap_close(); or NULL where it cannot
 * be known: of a core, or of another user's process.
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
 * pagemap_close - end a pagemap
 * @pm: from pagemap_open(), or NULL
 */
void pagemap_close(struct pagemap *pm)
{
	if (!pm)
		return;
	close(pm->fd);
	free(pm);
}

static size_t read_entries(struct pagemap *pm, u64 start, u64 end, u64 unit)
{
	u64 pages = min_u64((end - start + unit - 1) / unit, ENTRIES);
	ssize_t n = pread(pm->fd, pm->entry, pages * 8, start / unit * 8);

	return n > 0 ? n / 8 : 0;
}

static bool is_touched(u64 entry)
{
	return entry & (PAGE_PRESENT | PAGE_SWAPPED);
}

/* Set @found to the first run of touched pages from @start on, or to nothing. */
static int scan_run(struct pagemap *pm, u64 start, u64 end, struct run *found)
{
	struct scanned_run run;
	struct scan scan = {
		.size = sizeof(scan), .start = start, .end = end,
		.runs = (uintptr_t)&run, .max_runs = 1,
		/* The page of zeroes is in memory without having been written. */
		.inverted = SCAN_ZERO, .want_all = SCAN_ZERO,
		.want_any = SCAN_PRESENT | SCAN_SWAPPED,
	};
	int n = ioctl(pm->fd, PAGEMAP_SCAN_RUNS, &scan);

	if (n < 0)
		return -1;
	found->from = n ? run.start : end;
	found->to = n ? run.end : end;
	return 0;
}

/* The same, on kernels without PAGEMAP_SCAN. */
static int read_run(struct pagemap *pm, u64 start, u64 end, u64 unit,
		    struct run *found)
{
	size_t n, i, first;

	for (; start < end; start += n * unit) {
		n = read_entries(pm, start, end, unit);
		if (!n)
			return -1;
		for (i = 0; i < n && !is_touched(pm->entry[i]); i++)
			;
		if (i == n)
			continue;
		for (first = i; i < n && is_touched(pm->entry[i]); i++)
			;
		found->from = start + first * unit;
		found->to = start + i * unit;
		return 0;
	}
	found->from = end;
	found->to = end;
	return 0;
}

/* The first run from the page of @addr on.  Return: 0, or -1 if it is not known. */
static int find_run(struct pagemap *pm, u64 addr, u64 end, struct run *found)
{
	u64 unit = sysconf(_SC_PAGESIZE), page = align_down(addr, unit);
	u64 stop = align_up(end, unit);

	if (!pagemap_reads_only && !scan_run(pm, page, stop, found))
		return 0;
	return read_run(pm, page, stop, unit, found);
}

static bool holds(const struct run *r, u64 addr)
{
	return addr >= r->from && addr < r->to;
}

/**
 * pagemap_next - step over anonymous memory that was never touched
 * @pm: from pagemap_open(), or NULL
 * @addr: where to begin
 * @end: where to stop
 *
 * Such memory holds nothing but zeroes, and reading it makes the kernel
 * allocate page tables: gigabytes of them, where a process has mapped
 * terabytes.  A page that was touched is taken to be so from then on; one that
 * was not is asked about each time.
 *
 * Return: @addr if its page is in memory or in swap, or if that is not known;
 * else the address of the next page that is, or @end.
 */
u64 pagemap_next(struct pagemap *pm, u64 addr, u64 end)
{
	if (!pm || addr >= end || holds(&pm->last, addr) ||
	    find_run(pm, addr, end, &pm->last))
		return addr;
	return min_u64(max_u64(addr, pm->last.from), end);
}

/* Of 32 GiB in one piece, no two share a place. */
static struct run *place_of(struct pagemap *pm, u64 addr)
{
	return &pm->near[addr / RUN_BYTES % RUNS];
}

/**
 * pagemap_known - the end of the touched memory at an address, as far as it is known
 * @pm: from pagemap_open()
 * @addr: the address
 *
 * Nothing is asked of the kernel.
 *
 * Return: the end, or 0 where nothing is known.
 */
u64 pagemap_known(struct pagemap *pm, u64 addr)
{
	const struct run *near = place_of(pm, addr);

	return holds(&pm->last, addr) ? pm->last.to :
	       holds(near, addr) ? near->to : 0;
}

/**
 * pagemap_run - is anonymous memory touched, and how far is it alike?
 * @pm: from pagemap_open()
 * @addr: where from
 * @end: what is to be read ends here
 * @map_start: the mapping begins here
 * @map_end: and ends here
 * @stop: where memory begins that is unlike, or @end
 *
 * With one question it is told what lies around, too, before and behind: the next
 * read may be there.  Whoever reads much is told of more.
 *
 * Return: true if it is touched, or not known.
 */
bool pagemap_run(struct pagemap *pm, u64 addr, u64 end, u64 map_start,
		 u64 map_end, u64 *stop)
{
	bool is_long = end - addr >= LONG_READ;
	struct run *run = is_long ? &pm->last : place_of(pm, addr);
	u64 around = is_long ? LONG_BYTES : RUN_BYTES;
	u64 from = max_u64(map_start, align_down(addr, around));
	u64 limit = min_u64(map_end, max_u64(end, align_up(addr + 1, around)));

	*stop = end;
	if (find_run(pm, from, limit, run) ||
	    (run->to <= addr && find_run(pm, addr, limit, run)))
		return true;
	*stop = min_u64(end, holds(run, addr) ? run->to : run->from);
	return holds(run, addr);
}

/**
 * pagemap_count - count the bytes of a range that are in memory or in swap
 * @pm: from pagemap_open(), or NULL
 * @start: of the range
 * @end: of the range
 * @resident: bytes in memory are added here
 * @swapped: bytes in swap are added here
 *
 * Of a page that reaches out of the range, what is inside is counted.
 *
 * Return: 0, or -1 where it is not known.
 */
int pagemap_count(struct pagemap *pm, u64 start, u64 end, u64 *resident,
		  u64 *swapped)
{
	u64 unit = sysconf(_SC_PAGESIZE), page;
	size_t n, i;

	if (!pm)
		return -1;
	for (page = align_down(start, unit); page < end; page += n * unit) {
		if (end - page > ENTRIES * unit)
			page = align_down(pagemap_next(pm, page, end), unit);
		if (page >= end)
			break;
		n = read_entries(pm, page, end, unit);
		if (!n)
			return -1;
		for (i = 0; i < n; i++) {
			u64 from = page + i * unit;
			u64 bytes = min_u64(from + unit, end) -
				    max_u64(from, start);

			*resident += pm->entry[i] & PAGE_PRESENT ? bytes : 0;
			*swapped += pm->entry[i] & PAGE_SWAPPED ? bytes : 0;
		}
	}
	return 0;
}

/**
 * pagemap_has_private - has the process written to this part of a mapped file?
 * @pm: from pagemap_open(), or NULL
 * @start: of the range
 * @end: of the range
 *
 * Such pages are private copies.
 *
 * Return: true if there is one; false also where it is not known.
 */
bool pagemap_has_private(struct pagemap *pm, u64 start, u64 end)
{
	u64 unit = sysconf(_SC_PAGESIZE);
	size_t n, i;

	for (; pm && start < end; start += n * unit) {
		n = read_entries(pm, start, end, unit);
		if (!n)
			return false;
		for (i = 0; i < n; i++)
			if (pm->entry[i] & PAGE_SWAPPED ||
			    (pm->entry[i] & PAGE_PRESENT &&
			     !(pm->entry[i] & PAGE_OF_FILE)))
				return true;
	}
	return false;
}
