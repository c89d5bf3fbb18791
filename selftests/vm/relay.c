// SPDX-License-Identifier: GPL-2.0
/*
 * relay LOG STATUS SECONDS - the outer end of a VM's port, on stdin: writes
 * what COMMAND writes to stdout and stderr, the kernel's log to the file LOG,
 * and COMMAND's status to the file STATUS. Exits 0 with the last frame, 1 when
 * the VM ended before it, 2 when SECONDS passed before it; 0 are no limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

enum { ENDED = 1, TOO_LATE = 2, BROKEN = 3 };

static unsigned long long taken;	/* bytes of the port */
static struct timespec deadline;
static int limited;

static void fail(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(BROKEN);
}

/* Milliseconds left, at least 0, or -1 where there is no limit. */
static int time_left(void)
{
	struct timespec now;
	long long left;

	if (!limited)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (deadline.tv_sec - now.tv_sec) * 1000LL +
	       (deadline.tv_nsec - now.tv_nsec) / 1000000;
	return left > 0 ? left : 0;
}

/* Read exactly @len bytes; does not return when they do not come. */
static void read_all(void *buf, size_t len)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char *p = buf;

	while (len) {
		int ready = poll(&in, 1, time_left());
		ssize_t n;

		if (!ready)
			exit(TOO_LATE);
		n = ready < 0 ? -1 : read(STDIN_FILENO, p, len);
		if (!n)
			exit(ENDED);
		if (n < 0 && errno != EINTR)
			fail("cannot read the port");
		if (n < 0)
			continue;
		p += n;
		len -= n;
		taken += n;
	}
}

int main(int argc, char **argv)
{
	static char buf[FRAME_MAX];
	struct frame frame;
	FILE *status;
	int log;

	if (argc != 4) {
		fprintf(stderr, "usage: relay LOG STATUS SECONDS\n");
		return BROKEN;
	}
	log = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (log < 0)
		fail(argv[1]);
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	limited = atoi(argv[3]);
	deadline.tv_sec += limited;

	for (;;) {
		int to = log;

		read_all(&frame, sizeof(frame));
		if (frame.len > sizeof(buf)) {
			fprintf(stderr, "relay: the port: no frame after %llu bytes, but %#x %#x\n",
				taken - sizeof(frame), frame.type, frame.len);
			return BROKEN;
		}
		read_all(buf, frame.len);
		if (frame.type == FRAME_STATUS)
			break;
		if (frame.type == FRAME_OUT)
			to = STDOUT_FILENO;
		else if (frame.type == FRAME_ERR)
			to = STDERR_FILENO;
		if (write_all(to, buf, frame.len))
			fail("cannot write");
	}

	status = fopen(argv[2], "w");
	if (!status || fprintf(status, "%u\n", *(uint32_t *)buf) < 0 ||
	    fclose(status))
		fail(argv[2]);
	return 0;
}
