// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid> lists heapinfo and heapstacks exactly once, however it is read. */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define ENTRIES_MAX	256

/* The names of ours, in the order in which they are listed. */
static const char *const ours[] = { "heapinfo", "heapstacks" };

struct listing {
	unsigned int nr;
	struct {
		char name[NAME_MAX + 1];
		unsigned long long ino;
		unsigned char type;
		off_t after;
	} entries[ENTRIES_MAX];
};

static struct listing whole, other;

/* List an open directory from where it stands, @size bytes at a time. */
static int list_in_pieces(struct listing *listing, int dirfd, size_t size)
{
	char buffer[32768] __attribute__((aligned(8)));
	struct dirent64 *entry;
	ssize_t length, at;

	listing->nr = 0;
	while ((length = getdents64(dirfd, buffer, size)) > 0) {
		for (at = 0; at < length; at += entry->d_reclen) {
			entry = (struct dirent64 *)(buffer + at);
			if (listing->nr == ENTRIES_MAX)
				return -E2BIG;
			strcpy(listing->entries[listing->nr].name,
			       entry->d_name);
			listing->entries[listing->nr].ino = entry->d_ino;
			listing->entries[listing->nr].type = entry->d_type;
			listing->entries[listing->nr].after = entry->d_off;
			listing->nr++;
		}
	}
	return length < 0 ? -errno : 0;
}

static int list_path(struct listing *listing, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = list_in_pieces(listing, fd, 32768);
	close(fd);
	return ret;
}

static unsigned int times_listed(const struct listing *listing,
				 const char *name)
{
	unsigned int i, times = 0;

	for (i = 0; i < listing->nr; i++)
		times += !strcmp(listing->entries[i].name, name);
	return times;
}

static bool same_names(const struct listing *a, const struct listing *b)
{
	unsigned int i;

	for (i = 0; i < a->nr; i++)
		if (times_listed(b, a->entries[i].name) != 1)
			return false;
	return a->nr == b->nr;
}

FIXTURE(listing) {
	int fd;
};

FIXTURE_SETUP(listing)
{
	LOAD_OR_SKIP("");
	self->fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, list_in_pieces(&whole, self->fd, 32768));
}

FIXTURE_TEARDOWN(listing)
{
	close(self->fd);
}

TEST_F(listing, once)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ours); i++)
		EXPECT_EQ(1, times_listed(&whole, ours[i]));
	for (i = 0; i < whole.nr; i++)
		EXPECT_EQ(1, times_listed(&whole, whole.entries[i].name))
			TH_LOG("%s", whole.entries[i].name);
	/* The end of a listing stays its end. */
	ASSERT_EQ(0, list_in_pieces(&other, self->fd, 32768));
	EXPECT_EQ(0, other.nr);
}

TEST_F(listing, small_buffers)
{
	static const size_t sizes[] = {
		40, 48, 56, 64, 72, 80, 96, 128, 200, 256, 500, 1024, 1300,
		1500, 1700, 2000, 4096,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		lseek(self->fd, 0, SEEK_SET);
		ASSERT_EQ(0, list_in_pieces(&other, self->fd, sizes[i]))
			TH_LOG("%zu bytes", sizes[i]);
		EXPECT_TRUE(same_names(&whole, &other))
			TH_LOG("%zu bytes", sizes[i]);
	}
	/* Where not even one name fits that is said, and nothing is skipped. */
	lseek(self->fd, 0, SEEK_SET);
	EXPECT_EQ(-EINVAL, list_in_pieces(&other, self->fd, 8));
	ASSERT_EQ(0, list_in_pieces(&other, self->fd, 4096));
	EXPECT_TRUE(same_names(&whole, &other));
}

/* Also where it is a name of ours that finds no room. */
TEST_F(listing, no_room_for_the_last)
{
	unsigned int i, nr = ARRAY_SIZE(ours);
	off_t before;

	for (i = 0; i < nr; i++) {
		before = whole.entries[whole.nr - nr + i - 1].after;
		EXPECT_STREQ(ours[i], whole.entries[whole.nr - nr + i].name);
		ASSERT_EQ(before, lseek(self->fd, before, SEEK_SET));
		EXPECT_EQ(-EINVAL, list_in_pieces(&other, self->fd, 24));
		EXPECT_EQ(before, lseek(self->fd, 0, SEEK_CUR));
		ASSERT_EQ(0, list_in_pieces(&other, self->fd, 40));
		EXPECT_EQ(nr - i, other.nr);
		EXPECT_STREQ(ours[i], other.entries[0].name);
	}
}

TEST_F(listing, seek)
{
	unsigned int i;

	for (i = 0; i < whole.nr; i++) {
		off_t to = whole.entries[i].after;

		ASSERT_EQ(to, lseek(self->fd, to, SEEK_SET));
		ASSERT_EQ(0, list_in_pieces(&other, self->fd, 4096));
		ASSERT_EQ(whole.nr - i - 1, other.nr);
		if (other.nr)
			EXPECT_STREQ(whole.entries[i + 1].name,
				     other.entries[0].name);
	}
	/* Beyond the end there is nothing. */
	lseek(self->fd, whole.entries[whole.nr - 1].after + 1, SEEK_SET);
	ASSERT_EQ(0, list_in_pieces(&other, self->fd, 4096));
	EXPECT_EQ(0, other.nr);
	lseek(self->fd, 1 << 30, SEEK_SET);
	ASSERT_EQ(0, list_in_pieces(&other, self->fd, 4096));
	EXPECT_EQ(0, other.nr);
}

TEST_F(listing, seekdir_and_rewinddir)
{
	long places[ENTRIES_MAX];
	struct dirent *entry;
	unsigned int i, nr = 0;
	DIR *dir = opendir("/proc/self");

	ASSERT_NE(NULL, dir);
	for (;;) {
		places[nr] = telldir(dir);
		entry = readdir(dir);
		if (!entry)
			break;
		ASSERT_GT(ENTRIES_MAX, nr);
		EXPECT_STREQ(whole.entries[nr].name, entry->d_name);
		nr++;
	}
	EXPECT_EQ(whole.nr, nr);
	for (i = nr; i-- > 0;) {
		seekdir(dir, places[i]);
		entry = readdir(dir);
		ASSERT_NE(NULL, entry);
		EXPECT_STREQ(whole.entries[i].name, entry->d_name);
	}
	for (i = 0; i < 3; i++) {
		unsigned int seen = 0;

		rewinddir(dir);
		while ((entry = readdir(dir)))
			seen += !strcmp(entry->d_name, "heapinfo");
		EXPECT_EQ(1, seen);
	}
	closedir(dir);
}

static void check_inode(struct __test_metadata *_metadata, int dir,
			unsigned int ours_at)
{
	const char *name = whole.entries[ours_at].name;
	struct stat st, neighbour;
	unsigned int i;

	ASSERT_EQ(0, fstatat(dir, name, &st, 0));
	EXPECT_EQ(st.st_ino, whole.entries[ours_at].ino);
	EXPECT_EQ(DT_REG, whole.entries[ours_at].type);
	EXPECT_TRUE(S_ISREG(st.st_mode));
	/* As cp and tar tell files apart. */
	for (i = 0; i < whole.nr; i++) {
		if (i == ours_at)
			continue;
		if (fstatat(dir, whole.entries[i].name, &neighbour,
			    AT_SYMLINK_NOFOLLOW))
			continue;
		EXPECT_NE(neighbour.st_ino, st.st_ino)
			TH_LOG("%s", whole.entries[i].name);
	}
}

TEST_F(listing, inode_number)
{
	unsigned int i, nr = ARRAY_SIZE(ours);

	for (i = whole.nr - nr; i < whole.nr; i++)
		check_inode(_metadata, self->fd, i);
}

TEST_F(listing, two_mounts)
{
	static const char *const options[] = { NULL, "subset=pid",
					       "hidepid=2" };
	char dir[] = "/tmp/heapinfo.XXXXXX", path[64];
	struct stat here, there;
	unsigned int i;

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, stat("/proc/self/heapinfo", &here));
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (mount_proc(dir, options[i])) {
			TH_LOG("no mount of procfs with %s", options[i]);
			continue;
		}
		snprintf(path, sizeof(path), "%s/%d", dir, getpid());
		ASSERT_EQ(0, list_path(&other, path));
		EXPECT_TRUE(same_names(&whole, &other));
		snprintf(path, sizeof(path), "%s/%d/heapinfo", dir, getpid());
		EXPECT_EQ(ASKED_TEXT, ask_at(AT_FDCWD, path));
		ASSERT_EQ(0, stat(path, &there));
		EXPECT_NE(here.st_dev, there.st_dev);
		/* Both at once, one open in the other's listing. */
		ASSERT_EQ(0, list_path(&other, "/proc/self"));
		EXPECT_TRUE(same_names(&whole, &other));
		ASSERT_EQ(0, umount(dir));
	}
	rmdir(dir);
}

static int thread_fds[2];

static void *thread_of_two(void *tid)
{
	char byte;

	*(pid_t *)tid = gettid();
	if (write(thread_fds[1], "", 1) < 0 || read(thread_fds[0], &byte, 1) < 0)
		return tid;
	return NULL;
}

TEST_F(listing, thread)
{
	static struct heapinfo info;
	int ready[2], done[2];
	pthread_t thread;
	char path[64];
	pid_t tid = 0;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(done));
	thread_fds[0] = done[0];
	thread_fds[1] = ready[1];
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_of_two, &tid));
	ASSERT_EQ(1, read(ready[0], &byte, 1));

	/* A thread's number names its process, though no listing says so. */
	snprintf(path, sizeof(path), "/proc/%d", tid);
	ASSERT_EQ(0, list_path(&other, path));
	EXPECT_EQ(1, times_listed(&other, "heapinfo"));
	ASSERT_EQ(0, heapinfo_read(&info, tid));
	EXPECT_EQ(getpid(), (pid_t)heapinfo_number(&info, "Pid"));

	/* The folders of threads have other entries. */
	snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
	ASSERT_EQ(0, list_path(&other, path));
	EXPECT_EQ(1, times_listed(&other, "maps"));
	EXPECT_EQ(0, times_listed(&other, "heapinfo"));
	snprintf(path, sizeof(path), "/proc/self/task/%d/heapinfo", tid);
	EXPECT_EQ(-ENOENT, ask_at(AT_FDCWD, path));
	EXPECT_EQ(-ENOENT, ask_at(AT_FDCWD, "/proc/thread-self/heapinfo"));

	ASSERT_EQ(1, write(done[1], "", 1));
	pthread_join(thread, NULL);
}

/* Other folders of procfs have none, and names like ours are not taken. */
TEST_F(listing, nowhere_else)
{
	static const char *const paths[] = {
		"/proc/self/net/heapinfo", "/proc/self/fd/heapinfo",
		"/proc/self/ns/heapinfo", "/proc/self/attr/heapinfo",
		"/proc/self/map_files/heapinfo", "/proc/sys/heapinfo",
		"/proc/self/heapinf", "/proc/self/heapinfo2",
		"/proc/self/HEAPINFO", "/proc/tty/heapinfo",
		"/proc/self/heapstack", "/proc/self/heapstackss",
		"/proc/self/net/heapstacks", "/proc/heapstacks",
		"/proc/thread-self/heapstacks",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		EXPECT_EQ(-ENOENT, ask_at(AT_FDCWD, paths[i]))
			TH_LOG("path %u", i);
	EXPECT_EQ(-ENOTDIR, ask_at(AT_FDCWD, "/proc/self/heapinfo/"));
	EXPECT_EQ(-ENOTDIR, ask_at(AT_FDCWD, "/proc/self/heapinfo/maps"));
}

/* What a program prints, as one number. */
static int count_of(const char *command, pid_t pid)
{
	char line[256];
	int count = -1;
	FILE *out;

	snprintf(line, sizeof(line), command, pid);
	out = popen(line, "r");
	if (!out)
		return -1;
	if (fscanf(out, "%d", &count) != 1)
		count = -1;
	return pclose(out) ? -1 : count;
}

TEST_F(listing, programs)
{
	pid_t pid = start_process(become_user_a);

	ASSERT_LT(0, pid);
	EXPECT_EQ(1, count_of("ls /proc/%d | grep -cx heapinfo", pid));
	EXPECT_EQ(2, count_of("ls /proc/%d | grep -c ^heap", pid));
	EXPECT_EQ(1, count_of("cat /proc/%d/heapstacks | grep -c ^StackLimit:",
			      pid));
	EXPECT_EQ(1, count_of("ls -la /proc/%d | grep -c ' heapinfo$'", pid));
	EXPECT_EQ(1, count_of("find /proc/%d -name heapinfo | wc -l", pid));
	EXPECT_EQ(1, count_of("echo /proc/%d/h*o | grep -c /heapinfo$", pid));
	EXPECT_EQ(1, count_of("tar -C /proc -cf - %d/heapinfo 2>/dev/null | tar -tf - | grep -c /heapinfo$",
			      pid));
	EXPECT_EQ(1, count_of("cat /proc/%d/heapinfo | grep -c ^StartBrk:",
			      pid));
	EXPECT_EQ(1, count_of("cp /proc/%d/heapinfo /tmp/heapinfo.copy && grep -c ^StartBrk: /tmp/heapinfo.copy",
			      pid));
	unlink("/tmp/heapinfo.copy");
	end_process(pid);
}

TEST_HARNESS_MAIN
