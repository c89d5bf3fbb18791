// SPDX-License-Identifier: GPL-2.0
/* What lets a call of brk(2) sleep for as long as a test likes. */
#include "asleep.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "heapinfo.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY	1
#endif

/**
 * watch_heap() - have what happens to a part of the heap told to this process
 * @start: of the part, at a page
 * @size: in bytes
 *
 * Whoever gives some of it back sleeps in brk(2) until that was read, and nobody
 * reads it.
 *
 * Return: 0, or errno where the kernel does not let that be.
 */
int watch_heap(unsigned long start, unsigned long size)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_EVENT_UNMAP,
	};
	struct uffdio_register range = {
		.range = { .start = start, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	/* Kernels that do not know the flag let anybody have one without it. */
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		return errno;
	return 0;
}

/**
 * fall_asleep() - sleep in brk(2) until killed
 *
 * Return: a negative error where this kernel does not let that be.
 */
int fall_asleep(void)
{
	unsigned long page = sysconf(_SC_PAGESIZE);
	unsigned long start = (raw_brk(0) + page - 1) & -page;
	int ret;

	raw_brk(start + 2 * page);
	ret = watch_heap(start, 2 * page);
	if (ret)
		return -ret;
	raw_brk(start + page);
	return -EINTR;
}
