// SPDX-License-Identifier: GPL-2.0
/* What files cost that are kept open, and whose memory that is. */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <fcntl.h>
#include <sys/wait.h>

#define CGROUP		"/sys/fs/cgroup/heapinfo-openfiles"
#define FILES		100
#define ROWS		4096

/* A row takes more than that in the module, and far more as text. */
#define ROWS_BYTES	(ROWS * 40ULL)

static unsigned long long charged(void)
{
	return heapinfo_read_number(CGROUP "/memory.current");
}

/* What a process in the cgroup found, as its status; 0 is as it should be. */
enum { SOUND, NO_FILE, NOT_CHARGED, NOT_GIVEN_BACK };

/* Not malloc(3)'s, which would move the break. */
static char text[64 << 10];

static int keep_files_open(void)
{
	unsigned long base = raw_brk(0);
	unsigned long long none, begun;
	unsigned int i;
	int fds[FILES];

	if (heapinfo_write_file(CGROUP "/cgroup.procs", "0"))
		return NO_FILE;
	for (i = 0; i < ROWS; i++)
		raw_brk(base + (i % 11 + 1) * 16);
	none = charged();
	for (i = 0; i < FILES; i++) {
		fds[i] = open("/proc/self/heapinfo", O_RDONLY);
		if (fds[i] < 0 || read(fds[i], text, 1) != 1)
			return NO_FILE;
	}
	begun = charged();
	if (begun < none + FILES * ROWS_BYTES)
		return NOT_CHARGED;
	for (i = 0; i < FILES; i++) {
		while (read(fds[i], text, sizeof(text)) > 0)
			;
		/* The end stays the end, whatever is added meanwhile. */
		raw_brk(base + (i % 7 + 1) * 16);
		if (read(fds[i], text, sizeof(text)) ||
		    pread(fds[i], text, 5, 0) != 5 || memcmp(text, "Name:", 5))
			return NO_FILE;
		while (read(fds[i], text, sizeof(text)) > 0)
			;
	}
	return charged() > begun - FILES * ROWS_BYTES / 2 ? NOT_GIVEN_BACK :
							      SOUND;
}

/*
 * What is read of a history is the reader's, not the machine's, and is given back
 * when it has been read.
 */
TEST(files_kept_open)
{
	int ret = heapinfo_reload("history=4096"), status;
	pid_t pid;

	if (heapinfo_missing(ret))
		SKIP(return, "cannot load heapinfo: %s", strerror(-ret));
	ASSERT_EQ(0, ret);
	if (!heapinfo_make_cgroup(CGROUP))
		SKIP(return, "no memory cgroups");
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(keep_files_open());
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SOUND, WEXITSTATUS(status));
	rmdir(CGROUP);
}

TEST_HARNESS_MAIN
