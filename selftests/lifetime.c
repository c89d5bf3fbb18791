// SPDX-License-Identifier: GPL-2.0
/* Unloading is refused exactly while heapinfo is in use, and leaves nothing. */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define LOAD_ROUNDS	50

/* What delete_module(2) says of a module that somebody holds. */
#define IN_USE		(-EWOULDBLOCK)

FIXTURE(lifetime) {
};

FIXTURE_SETUP(lifetime)
{
	RELOAD_OR_SKIP("");
}

FIXTURE_TEARDOWN(lifetime)
{
	heapinfo_load("");
}

static const char own[] = "/proc/self/heapinfo";
static const char own_stacks[] = "/proc/self/heapstacks";

/* Nothing of the module can be found by any way. */
#define EXPECT_GONE() do {						\
	int _dir = open("/proc/self", O_RDONLY | O_DIRECTORY);		\
	EXPECT_EQ(-ENOENT, ask_at(AT_FDCWD, own));			\
	EXPECT_EQ(-ENOENT, ask_at(_dir, "heapinfo"));			\
	EXPECT_FALSE(is_listed(_dir, "heapinfo"));			\
	EXPECT_EQ(-ENOENT, ask_at(_dir, "heapstacks"));			\
	EXPECT_FALSE(is_listed(_dir, "heapstacks"));			\
	EXPECT_TRUE(is_listed(_dir, "maps"));				\
	EXPECT_EQ(-ENOENT, ask_at(AT_FDCWD, "/proc/heapinfo"));		\
	EXPECT_EQ(-1, access("/sys/module/heapinfo", F_OK));		\
	EXPECT_EQ(-1, access("/sys/kernel/tracing/events/heapinfo",	\
			     F_OK));					\
	close(_dir);							\
} while (0)

#define EXPECT_THERE() do {						\
	int _dir = open("/proc/self", O_RDONLY | O_DIRECTORY);		\
	EXPECT_EQ(ASKED_TEXT, ask_at(AT_FDCWD, own));			\
	EXPECT_TRUE(is_listed(_dir, "heapinfo"));			\
	EXPECT_EQ(ASKED_TEXT, ask_at(AT_FDCWD, own_stacks));		\
	EXPECT_TRUE(is_listed(_dir, "heapstacks"));			\
	EXPECT_EQ(ASKED_TEXT, ask_at(AT_FDCWD, "/proc/heapinfo"));	\
	close(_dir);							\
} while (0)

/* Refused while @fd is open, and right after it is not. */
#define EXPECT_PINNED_BY(fd) do {					\
	int _fd = (fd);							\
	ASSERT_LE(0, _fd);						\
	EXPECT_EQ(IN_USE, heapinfo_unload());				\
	EXPECT_EQ(IN_USE, heapinfo_unload());				\
	/* The refusal did no harm. */					\
	EXPECT_THERE();							\
	EXPECT_EQ(0, close(_fd));					\
	EXPECT_EQ(0, heapinfo_unload());				\
	EXPECT_GONE();							\
} while (0)

TEST_F(lifetime, open_file)
{
	EXPECT_PINNED_BY(open(own, O_RDONLY | O_CLOEXEC));
}

TEST_F(lifetime, open_stacks)
{
	EXPECT_PINNED_BY(open(own_stacks, O_RDONLY | O_CLOEXEC));
}

TEST_F(lifetime, path_of_stacks)
{
	EXPECT_PINNED_BY(open(own_stacks, O_PATH | O_CLOEXEC));
}

TEST_F(lifetime, descriptor_of_a_path)
{
	EXPECT_PINNED_BY(open(own, O_PATH | O_CLOEXEC));
}

TEST_F(lifetime, file_of_a_dead_process)
{
	pid_t pid = start_process(NULL);
	char path[40];
	int fd;

	ASSERT_LT(0, pid);
	snprintf(path, sizeof(path), "/proc/%d/heapinfo", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	end_process(pid);
	EXPECT_PINNED_BY(fd);
}

/* An open directory is no use of the file, nor is what was looked at. */
TEST_F(lifetime, used_before)
{
	static struct heapinfo info;
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	ASSERT_EQ(0, heapinfo_read(&info, 0));
	ASSERT_EQ(0, stat(own, &st));
	ASSERT_EQ(ASKED_TEXT, ask_at(dir, "heapinfo"));
	ASSERT_TRUE(is_listed(dir, "heapinfo"));
	EXPECT_EQ(0, heapinfo_unload());
	EXPECT_EQ(-ENOENT, ask_at(dir, "heapinfo"));
	EXPECT_FALSE(is_listed(dir, "heapinfo"));
	EXPECT_GONE();
	ASSERT_EQ(0, heapinfo_load(""));
	EXPECT_EQ(ASKED_TEXT, ask_at(dir, "heapinfo"));
	EXPECT_TRUE(is_listed(dir, "heapinfo"));
	close(dir);
}

TEST_F(lifetime, bind_mount)
{
	char path[] = "/tmp/heapinfo.XXXXXX";
	int fd = mkstemp(path);

	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, mount(own, path, NULL, MS_BIND, NULL));
	EXPECT_EQ(IN_USE, heapinfo_unload());
	EXPECT_EQ(ASKED_TEXT, ask_at(AT_FDCWD, path));
	ASSERT_EQ(0, umount(path));
	EXPECT_EQ(0, heapinfo_unload());
	EXPECT_GONE();
	unlink(path);
}

TEST_F(lifetime, mount_on_top)
{
	char path[] = "/tmp/heapinfo.XXXXXX";
	int fd = mkstemp(path);

	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, mount(path, own, NULL, MS_BIND, NULL));
	EXPECT_EQ(IN_USE, heapinfo_unload());
	ASSERT_EQ(0, umount(own));
	EXPECT_EQ(0, heapinfo_unload());
	EXPECT_GONE();
	unlink(path);
}

/* A listing that stands before the entry when the module goes or comes. */
TEST_F(lifetime, listing_under_way)
{
	char buffer[64] __attribute__((aligned(8)));
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	off_t end = 0, without;

	while (getdents64(dir, buffer, sizeof(buffer)) > 0)
		end = lseek(dir, 0, SEEK_CUR);
	ASSERT_EQ(0, heapinfo_unload());
	lseek(dir, 0, SEEK_SET);
	without = 0;
	while (getdents64(dir, buffer, sizeof(buffer)) > 0)
		without = lseek(dir, 0, SEEK_CUR);
	EXPECT_EQ(end, without + 2);
	/* At the place of the entries, which are not there now. */
	EXPECT_EQ(without, lseek(dir, without, SEEK_SET));
	EXPECT_EQ(0, getdents64(dir, buffer, sizeof(buffer)));
	ASSERT_EQ(0, heapinfo_load(""));
	EXPECT_LT(0, getdents64(dir, buffer, sizeof(buffer)));
	EXPECT_EQ(0, getdents64(dir, buffer, sizeof(buffer)));
	close(dir);
}

/* /proc/heapinfo belongs to no process: the kernel closes it at unloading. */
TEST_F(lifetime, state_of_the_module)
{
	int fd = open("/proc/heapinfo", O_RDONLY | O_CLOEXEC);
	int unread = open("/proc/heapinfo", O_RDONLY | O_CLOEXEC);
	char byte;

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, read(fd, &byte, 1));
	EXPECT_EQ(0, heapinfo_unload());
	EXPECT_GT(1, read(fd, &byte, 1));
	EXPECT_GT(1, read(unread, &byte, 1));
	EXPECT_EQ(0, close(fd));
	ASSERT_EQ(0, heapinfo_load(""));
	EXPECT_GT(1, read(unread, &byte, 1));
	EXPECT_EQ(0, close(unread));
	EXPECT_THERE();
}

/* A watch holds the inode, though nobody has the file open. */
TEST_F(lifetime, watched)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), other;
	pid_t pid = start_process(NULL);
	char path[40];

	ASSERT_LT(0, pid);
	ASSERT_LE(0, watch);
	snprintf(path, sizeof(path), "/proc/%d/heapinfo", pid);
	ASSERT_LE(0, inotify_add_watch(watch, path, IN_ALL_EVENTS));
	ASSERT_LE(0, inotify_add_watch(watch, own, IN_ALL_EVENTS));
	other = inotify_add_watch(watch, "/proc/1/heapinfo", IN_ALL_EVENTS);
	ASSERT_LE(0, other);
	EXPECT_EQ(ASKED_TEXT, ask_at(AT_FDCWD, path));

	EXPECT_EQ(0, heapinfo_unload());
	EXPECT_GONE();
	ASSERT_EQ(0, heapinfo_write_file("/proc/sys/vm/drop_caches", "2"));
	EXPECT_EQ(0, inotify_rm_watch(watch, other));
	ASSERT_EQ(0, heapinfo_load(""));
	EXPECT_THERE();
	end_process(pid);
	EXPECT_EQ(0, heapinfo_unload());
	/* Now the inodes go, long after the module that made them. */
	EXPECT_EQ(0, close(watch));
	ASSERT_EQ(0, heapinfo_write_file("/proc/sys/vm/drop_caches", "2"));
	EXPECT_GONE();
	ASSERT_EQ(0, heapinfo_load(""));
	EXPECT_THERE();
}

/* The same, for a mount of procfs that is gone by then. */
TEST_F(lifetime, watched_in_a_mount)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char dir[] = "/tmp/heapinfo.XXXXXX", path[64];

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, mount_proc(dir, NULL));
	snprintf(path, sizeof(path), "%s/self/heapinfo", dir);
	ASSERT_LE(0, inotify_add_watch(watch, path, IN_ALL_EVENTS));
	EXPECT_EQ(0, heapinfo_unload());
	EXPECT_EQ(0, umount(dir));
	EXPECT_EQ(0, close(watch));
	rmdir(dir);
}

/* Nothing that is held keeps a mount of procfs from being taken away. */
TEST_F(lifetime, mount_goes)
{
	char dir[] = "/tmp/heapinfo.XXXXXX", path[64];
	int fd;

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, mount_proc(dir, NULL));
	snprintf(path, sizeof(path), "%s/self/heapinfo", dir);
	EXPECT_EQ(ASKED_TEXT, ask_at(AT_FDCWD, path));
	EXPECT_EQ(0, umount(dir));
	ASSERT_EQ(0, mount("proc", dir, "proc", 0, NULL));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, umount(dir));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	EXPECT_EQ(ASKED_TEXT, ask_fd(fd));
	EXPECT_PINNED_BY(fd);
	rmdir(dir);
}

TEST_F_TIMEOUT(lifetime, again_and_again, HEAPINFO_LONG)
{
	static const char *const params[] = {
		"", "source=syscalls", "history=0", "history=4096 queries=1",
	};
	unsigned int i, rounds = heapinfo_share(LOAD_ROUNDS, ARRAY_SIZE(params));
	static struct heapinfo info;
	int ret;

	for (i = 0; i < rounds && _metadata->passed; i++) {
		ASSERT_EQ(0, heapinfo_unload());
		EXPECT_GONE();
		ret = heapinfo_load(params[i % ARRAY_SIZE(params)]);
		/* Some kernels cannot have every source. */
		if (ret == -EOPNOTSUPP)
			continue;
		ASSERT_EQ(0, ret)
			TH_LOG("round %u", i);
		EXPECT_THERE();
		ASSERT_EQ(0, heapinfo_read(&info, 0));
	}
	TH_LOG("%u times", i);
}

TEST_HARNESS_MAIN
