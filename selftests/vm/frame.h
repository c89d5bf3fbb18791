/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the agent in a VM and the relay outside say to each other: one stream
 * of frames, so that whatever comes before the status has arrived with it.
 */
#ifndef HEAPINFO_VM_FRAME_H
#define HEAPINFO_VM_FRAME_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

enum frame_type {
	FRAME_OUT	= 'o',	/* what COMMAND wrote to its stdout */
	FRAME_ERR	= 'e',	/* ... and to its stderr */
	FRAME_LOG	= 'k',	/* the kernel's log, after COMMAND ended */
	FRAME_STATUS	= 's',	/* a uint32_t as a shell's $?; the last frame */
};

struct frame {
	uint32_t type;
	uint32_t len;		/* bytes that follow */
};

#define FRAME_MAX		65536
#define FRAME_NOT_LOADED	256	/* as a status: heapinfo.ko did not load */

/* Write all of @buf, as often as it takes; returns 0, or -1 with errno. */
static inline int write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

#endif
