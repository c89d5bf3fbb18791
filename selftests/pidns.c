// SPDX-License-Identifier: GPL-2.0
/* Numbers of processes and threads are those of the mount's pid namespace. */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* More rows than one buffer of the kernel holds. */
#define ROWS		200

/* Exit statuses of the processes inside the namespace. */
enum { OK, SKIPPED = 100 };

static struct heapinfo info;

static void *grow_in_thread(void *unused)
{
	raw_brk(raw_brk(0) + 4096);
	pause();
	return unused;
}

/* One row by each of two threads, of which the second never ends. */
static int grow_in_two_threads(void)
{
	pthread_t thread;

	raw_brk(raw_brk(0) + 4096);
	return -pthread_create(&thread, NULL, grow_in_thread, NULL);
}

static int grow_many_times(void)
{
	unsigned int i;

	for (i = 0; i < ROWS; i++)
		raw_brk(raw_brk(0) + 4096);
	return 0;
}

FIXTURE(pidns) {
	char dir[32];
	char path[64];
};

FIXTURE_SETUP(pidns)
{
	LOAD_OR_SKIP("history=4096");
	strcpy(self->dir, "/tmp/heapinfo.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
}

FIXTURE_TEARDOWN(pidns)
{
	rmdir(self->dir);
	heapinfo_load("");
}

/* Run @check as the first process of a namespace, with a procfs of it. */
static int in_namespace(const char *dir, int (*check)(const char *dir))
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return SKIPPED;
	pid = fork();
	if (!pid)
		_exit(mount_proc(dir, NULL) ? SKIPPED : check(dir));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static bool tids_are(unsigned int from, unsigned int to, pid_t tid)
{
	struct heapinfo_row row;

	for (; from < to; from++)
		if (heapinfo_row(&info, from, &row) || row.tid != tid)
			return false;
	return true;
}

static int check_numbers(const char *dir)
{
	char path[64];
	pid_t pid = start_process(grow_in_two_threads);
	unsigned int tries;

	if (getpid() != 1 || pid != 2)
		return 1;
	snprintf(path, sizeof(path), "%s/2/heapinfo", dir);
	/* The thread calls in its own time. */
	for (tries = 0; tries < 100000; tries++) {
		if (heapinfo_read_path(&info, path))
			return 2;
		if (info.nr_rows >= 2)
			break;
		let_others_run();
	}
	if (heapinfo_number(&info, "Pid") != 2)
		return 3;
	if (info.nr_rows != 2 || !tids_are(0, 1, 2) || !tids_are(1, 2, 3))
		return 4;
	/* The thread's own folder names the process. */
	snprintf(path, sizeof(path), "%s/3/heapinfo", dir);
	if (heapinfo_read_path(&info, path) ||
	    heapinfo_number(&info, "Pid") != 2)
		return 5;
	/* What is outside cannot be seen, kernel threads included. */
	snprintf(path, sizeof(path), "%s/4/heapinfo", dir);
	if (ask_at(AT_FDCWD, path) != -ENOENT)
		return 6;
	snprintf(path, sizeof(path), "%s/self/heapinfo", dir);
	if (heapinfo_read_path(&info, path) ||
	    heapinfo_number(&info, "Pid") != 1)
		return 7;
	end_process(pid);
	return OK;
}

TEST_F(pidns, inside)
{
	int ret = in_namespace(self->dir, check_numbers);

	if (ret == SKIPPED)
		SKIP(return, "no pid namespaces");
	EXPECT_EQ(OK, ret);
}

/* The rest of a text that was begun before its process was reaped. */
static int check_reaped(const char *dir)
{
	pid_t pid = start_process(grow_many_times);
	char path[64], part[512];
	int fd, copy = memfd_create("heapinfo", 0);
	ssize_t length;

	if (pid != 2)
		return 1;
	snprintf(path, sizeof(path), "%s/2/heapinfo", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = read(fd, part, 100);
	if (length != 100)
		return 2;
	end_process(pid);
	do {
		if (write(copy, part, length) != length)
			return 3;
	} while ((length = read(fd, part, sizeof(part))) > 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
	if (length < 0 || heapinfo_read_path(&info, path))
		return 4;
	if (info.nr_rows < ROWS)
		return 5;
	return tids_are(0, info.nr_rows, 2) ? OK : 6;
}

TEST_F(pidns, reaped_while_read)
{
	int ret = in_namespace(self->dir, check_reaped);

	if (ret == SKIPPED)
		SKIP(return, "no pid namespaces");
	EXPECT_EQ(OK, ret);
}

TEST_F(pidns, outside)
{
	pid_t pid, child = 0;
	char path[64];
	FILE *children;

	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWPID))
			_exit(1);
		start_process(grow_many_times);
		pause();
	}
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	while (!child && !waitpid(pid, NULL, WNOHANG)) {
		children = fopen(path, "r");
		ASSERT_NE(NULL, children);
		if (fscanf(children, "%d", &child) != 1)
			child = 0;
		fclose(children);
	}
	if (!child)
		SKIP(return, "no pid namespaces");
	do {
		ASSERT_EQ(0, heapinfo_read(&info, child));
	} while (heapinfo_number(&info, "BrkGrows") < ROWS);
	EXPECT_EQ(child, (pid_t)heapinfo_number(&info, "Pid"));
	EXPECT_TRUE(tids_are(0, info.nr_rows, child));
	kill(child, SIGKILL);
	end_process(pid);
}

TEST_HARNESS_MAIN
