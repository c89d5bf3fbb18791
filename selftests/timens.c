// SPDX-License-Identifier: GPL-2.0
/* Times are those of CLOCK_BOOTTIME in the time namespace of who opened the file. */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x00000080
#endif

#define MICROSECONDS	1000000LL

/* Some rows that are kept, and some that are only summed up. */
#define HISTORY		"history=4"
#define KEPT		4
#define ROWS		20

/* Exit statuses of the process inside the namespace. */
enum { OK, SKIPPED = 100 };

/* The file of the test itself, read outside of the namespace and inside. */
static struct heapinfo outside, inside;

/* What the namespace adds to the clock. */
static long long offset;

FIXTURE(timens) {
	int opened_outside;
};

FIXTURE_SETUP(timens)
{
	unsigned long brk;
	unsigned int i;

	LOAD_OR_SKIP(HISTORY);
	brk = raw_brk(0);
	for (i = 0; i < ROWS; i++)
		raw_brk(brk + (i % 5 + 1) * 16);
	ASSERT_EQ(0, heapinfo_read(&outside, 0));
	ASSERT_EQ(KEPT, outside.nr_rows);
	self->opened_outside = open("/proc/self/heapinfo",
				    O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->opened_outside);
}

FIXTURE_TEARDOWN(timens)
{
	close(self->opened_outside);
}

/* Run @check in a process of a namespace whose clock is @offset ahead. */
static int in_namespace(int opened_outside, int (*check)(int opened_outside))
{
	/* A time is as many nanoseconds after a second, also one before zero. */
	long long seconds = offset / MICROSECONDS;
	long long rest = offset % MICROSECONDS;
	char text[80];
	int status;
	pid_t pid;

	if (rest < 0) {
		seconds--;
		rest += MICROSECONDS;
	}
	snprintf(text, sizeof(text), "boottime %lld %lld\n", seconds,
		 rest * 1000);
	if (unshare(CLONE_NEWTIME) ||
	    heapinfo_write_file("/proc/self/timens_offsets", text))
		return SKIPPED;
	pid = fork();
	if (!pid)
		_exit(check(opened_outside));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * MICROSECONDS + ts.tv_nsec / 1000;
}

/* The time of row @i, where it is not below zero. */
static long long time_of(const struct heapinfo *info, unsigned int i)
{
	struct heapinfo_row row;

	if (heapinfo_row(info, i, &row))
		return -1;
	return row.seconds * MICROSECONDS + row.microseconds;
}

static int check_ahead(int opened_outside)
{
	struct heapinfo_span before, after;
	unsigned int i;
	ssize_t part;

	if (heapinfo_read(&inside, getppid()) || inside.nr_rows != KEPT)
		return 1;
	for (i = 0; i < KEPT; i++)
		if (time_of(&inside, i) != time_of(&outside, i) + offset)
			return 2;
	if (time_of(&inside, KEPT - 1) > now())
		return 3;
	for (i = 0; !heapinfo_span(&outside, i, &before); i++)
		if (heapinfo_span(&inside, i, &after) ||
		    after.from != before.from + offset ||
		    after.to != before.to + offset)
			return 4;
	if (!i)
		return 5;
	/* What was opened elsewhere tells the times of there. */
	inside.length = 0;
	while ((part = read(opened_outside, inside.text + inside.length,
			    4096)) > 0)
		inside.length += part;
	inside.text[inside.length] = '\0';
	return strcmp(outside.text, inside.text) ? 6 : OK;
}

TEST_F(timens, ahead)
{
	int ret;

	offset = 1000000 * MICROSECONDS + 500000;
	ret = in_namespace(self->opened_outside, check_ahead);
	if (ret == SKIPPED)
		SKIP(return, "no time namespaces");
	EXPECT_EQ(OK, ret);
}

/* What happened before the clock of the namespace was at zero. */
static int check_below_zero(int opened_outside)
{
	long long time = -(time_of(&outside, KEPT - 1) + offset);
	char text[64];

	if (time <= 0 || heapinfo_read(&inside, getppid()) ||
	    inside.nr_rows != KEPT)
		return 1;
	snprintf(text, sizeof(text), "%d\t-%lld.%06lld\t", ROWS,
		 time / MICROSECONDS, time % MICROSECONDS);
	return strncmp(inside.text + inside.rows[KEPT - 1], text,
		       strlen(text)) ? 2 : OK;
}

TEST_F(timens, below_zero)
{
	int ret;

	/* The clock itself cannot be set below zero: wait until it has gone on. */
	do {
		offset = -(now() / MICROSECONDS) * MICROSECONDS;
		let_others_run();
	} while (time_of(&outside, KEPT - 1) + offset >= 0);
	ret = in_namespace(self->opened_outside, check_below_zero);
	if (ret == SKIPPED)
		SKIP(return, "no time namespaces");
	EXPECT_EQ(OK, ret);
}

TEST_HARNESS_MAIN
