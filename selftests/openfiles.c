// SPDX-License-Identifier: GPL-2.0
/* What files cost that are kept open, and whose memory that is. */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
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
	int status;
	pid_t pid;

	RELOAD_OR_SKIP("history=4096");
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

#define ENDED		400
#define TASKS_SHRINK	"/sys/kernel/slab/task_struct/shrink"

/* Grace periods after which all that is to be freed is taken to be. */
#define GRACE_PERIODS	100

/* How many task_struct there are in memory; 0 where the kernel does not tell. */
static unsigned long tasks_in_memory(void)
{
	unsigned long nr = 0;
	char line[512];
	FILE *slabs;

	/* Empties what the processors keep, which counts as used. */
	heapinfo_write_file(TASKS_SHRINK, "1");
	slabs = fopen("/proc/slabinfo", "re");
	if (!slabs)
		return 0;
	while (!nr && fgets(line, sizeof(line), slabs))
		if (sscanf(line, "task_struct %lu", &nr) != 1)
			nr = 0;
	fclose(slabs);
	return nr;
}

/* Each process waits to be killed, and its file is read by @length bytes. */
static bool open_and_end(int fds[ENDED], const char *name, size_t length)
{
	char path[48];
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ENDED; i++) {
		pid = fork();
		if (pid < 0)
			return false;
		if (!pid) {
			pause();
			_exit(0);
		}
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0 || read(fds[i], text, length) <= 0)
			return false;
		while (length > 1 && read(fds[i], text, length) > 0)
			;
		kill(pid, SIGKILL);
		if (waitpid(pid, NULL, 0) != pid)
			return false;
	}
	return true;
}

static void check_ended(struct __test_metadata *_metadata, const char *name,
			size_t length)
{
	unsigned long before, after = 0;
	static int fds[ENDED];
	unsigned int i;

	before = tasks_in_memory();
	if (!before)
		SKIP(return, "the kernel does not count task_struct");
	ASSERT_TRUE(open_and_end(fds, name, length));
	for (i = 0; i < GRACE_PERIODS; i++) {
		syscall(SYS_membarrier, 1 /* GLOBAL */, 0);
		after = tasks_in_memory();
		if (after < before + ENDED / 2)
			break;
	}
	EXPECT_LT(after, before + ENDED / 2);
	for (i = 0; i < ENDED; i++) {
		/* What was begun goes on to its end; nothing begins any more. */
		if (length == 1) {
			ASSERT_LT(5, read(fds[i], text, sizeof(text)));
			EXPECT_NE(NULL, memchr(text, ':', 8));
		}
		EXPECT_EQ(0, read(fds[i], text, sizeof(text)));
		EXPECT_EQ(-1, pread(fds[i], text, sizeof(text), 0));
		EXPECT_EQ(ESRCH, errno);
		close(fds[i]);
	}
}

/* A file keeps nothing of its process that is large, however far it was read. */
TEST(read_to_the_end)
{
	LOAD_OR_SKIP("");
	check_ended(_metadata, "heapinfo", sizeof(text));
}

TEST(stacks_read_to_the_end)
{
	LOAD_OR_SKIP("");
	check_ended(_metadata, "heapstacks", sizeof(text));
}

TEST(read_in_part)
{
	LOAD_OR_SKIP("");
	check_ended(_metadata, "heapinfo", 1);
	check_ended(_metadata, "heapstacks", 1);
}

TEST_HARNESS_MAIN
