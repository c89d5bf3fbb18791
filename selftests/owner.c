// SPDX-License-Identifier: GPL-2.0
/* heapinfo is owned and kept from changes as its neighbour maps is. */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* A word of argv that makes this program wait, not dumpable. */
#define HIDE_WORD	"hide-and-wait"

FIXTURE(owner) {
	pid_t pid;
};

FIXTURE_SETUP(owner)
{
	LOAD_OR_SKIP("");
	self->pid = start_process(become_user_a);
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(owner)
{
	end_process(self->pid);
}

static const char *path_of(pid_t pid, const char *name)
{
	static char paths[4][64];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "/proc/%d/%s", pid, name);
	return path;
}

#define EXPECT_AS_MAPS(pid) do {					\
	struct stat _maps, _heapinfo;					\
	ASSERT_EQ(0, stat(path_of(pid, "maps"), &_maps));		\
	ASSERT_EQ(0, stat(path_of(pid, "heapinfo"), &_heapinfo));	\
	EXPECT_EQ(_maps.st_uid, _heapinfo.st_uid);			\
	EXPECT_EQ(_maps.st_gid, _heapinfo.st_gid);			\
	EXPECT_EQ(_maps.st_mode, _heapinfo.st_mode);			\
	EXPECT_EQ(_maps.st_nlink, _heapinfo.st_nlink);			\
	EXPECT_EQ(_maps.st_size, _heapinfo.st_size);			\
	EXPECT_EQ(_maps.st_dev, _heapinfo.st_dev);			\
} while (0)

static int be_hidden_user_a(void)
{
	int ret = become_user_a();

	return ret ?: prctl(PR_SET_DUMPABLE, 0) ? -errno : 0;
}

static int be_user_a_apart(void)
{
	return become_user_a() ?: enter_user_namespace();
}

static int be_mixed(void)
{
	if (setresgid(USER_B, USER_A, USER_B) ||
	    setresuid(USER_A, USER_B, USER_A))
		return -errno;
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

TEST_F(owner, as_maps)
{
	static const struct {
		setup_fn setup;
		uid_t uid;
	} cases[] = {
		{ NULL, 0 },
		{ become_user_a, USER_A },
		{ be_hidden_user_a, 0 },
		{ be_mixed, USER_B },
		{ be_user_a_apart, USER_A },
	};
	struct stat st;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pid = start_process(cases[i].setup);
		if (pid < 0) {
			TH_LOG("case %u cannot be made here", i);
			continue;
		}
		EXPECT_AS_MAPS(pid);
		ASSERT_EQ(0, stat(path_of(pid, "heapinfo"), &st));
		EXPECT_EQ(cases[i].uid, st.st_uid)
			TH_LOG("case %u", i);
		EXPECT_EQ(0100444, st.st_mode);
		end_process(pid);
	}
	if (find_kernel_thread())
		EXPECT_AS_MAPS(find_kernel_thread());
}

/* What may not be dumped belongs to the root of its memory's namespace. */
TEST_F(owner, hidden_in_a_namespace)
{
	const char *const argv[] = { "/proc/self/exe", HIDE_WORD, NULL };
	pid_t pid = start_program(be_user_a_apart, argv);
	struct stat st;

	if (pid < 0)
		SKIP(return, "no user namespaces for users");
	EXPECT_AS_MAPS(pid);
	ASSERT_EQ(0, stat(path_of(pid, "heapinfo"), &st));
	EXPECT_EQ(USER_A, st.st_uid);
	end_process(pid);

	pid = start_program(become_user_a, argv);
	ASSERT_LT(0, pid);
	EXPECT_AS_MAPS(pid);
	ASSERT_EQ(0, stat(path_of(pid, "heapinfo"), &st));
	EXPECT_EQ(0, st.st_uid);
	end_process(pid);
}

/* A process that has ended and is not reaped. */
TEST_F(owner, zombie)
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	EXPECT_AS_MAPS(pid);
	waitpid(pid, NULL, 0);
}

/* The owner follows the process, also while the file is held in use. */
TEST_F(owner, follows_a_change)
{
	int held = open(path_of(getpid(), "heapinfo"), O_RDONLY | O_CLOEXEC);
	int path = open(path_of(getpid(), "heapinfo"), O_PATH | O_CLOEXEC);
	struct stat st;

	ASSERT_LE(0, held);
	ASSERT_LE(0, path);
	EXPECT_AS_MAPS(getpid());
	ASSERT_EQ(0, setresgid(USER_A, USER_A, USER_A));
	ASSERT_EQ(0, setresuid(USER_A, USER_A, 0));
	EXPECT_AS_MAPS(getpid());
	ASSERT_EQ(0, stat(path_of(getpid(), "heapinfo"), &st));
	EXPECT_EQ(0, st.st_uid);
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	EXPECT_AS_MAPS(getpid());
	ASSERT_EQ(0, stat(path_of(getpid(), "heapinfo"), &st));
	EXPECT_EQ(USER_A, st.st_uid);
	ASSERT_EQ(0, fstat(held, &st));
	EXPECT_EQ(USER_A, st.st_uid);
	ASSERT_EQ(0, fstatat(path, "", &st, AT_EMPTY_PATH));
	EXPECT_EQ(USER_A, st.st_uid);
	close(held);
	close(path);
}

/* Each attempt at a change: what it says of a path. */
typedef int (*attempt_fn)(const char *path);

static int answer(int ret)
{
	return ret < 0 ? -errno : 0;
}

static int try_chmod(const char *path)
{
	return answer(chmod(path, 0666));
}

static int try_give_away(const char *path)
{
	return answer(chown(path, USER_B, USER_B));
}

static int try_open_to_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, "0", 1) < 0 ? -1000 - errno : 0;
	close(fd);
	return ret;
}

static int try_create(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);

	close(fd);
	return answer(fd);
}

static int try_unlink(const char *path)
{
	return answer(unlink(path));
}

static int try_rename(const char *path)
{
	char to[80];

	snprintf(to, sizeof(to), "%s2", path);
	return answer(rename(path, to));
}

static int try_link(const char *path)
{
	char to[80];

	snprintf(to, sizeof(to), "%s2", path);
	return answer(link(path, to));
}

static int try_mkdir(const char *path)
{
	return answer(mkdir(path, 0755));
}

static int try_execute(const char *path)
{
	char *const argv[] = { "heapinfo", NULL };

	execv(path, argv);
	return -errno;
}

static int try_access(const char *path)
{
	return (access(path, R_OK) ? 1 : 0) + (access(path, W_OK) ? 2 : 0) +
	       (access(path, X_OK) ? 4 : 0) + (access(path, F_OK) ? 8 : 0);
}

static int try_map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	void *map;

	if (fd < 0)
		return -errno;
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	ret = map == MAP_FAILED ? -errno : 0;
	close(fd);
	return ret;
}

static int try_set_xattr(const char *path)
{
	return answer(setxattr(path, "user.heapinfo", "", 1, 0));
}

static int try_list_xattrs(const char *path)
{
	char names[256];

	return answer(listxattr(path, names, sizeof(names)));
}

static const struct attempt {
	const char *name;
	attempt_fn attempt;
	/* A superuser is told something else, and changes nothing either. */
	bool users_only;
} attempts[] = {
	{ "chmod", try_chmod, false },
	{ "chown", try_give_away, true },
	{ "write", try_open_to_write, false },
	{ "create", try_create, false },
	{ "unlink", try_unlink, false },
	{ "rename", try_rename, false },
	{ "link", try_link, false },
	{ "mkdir", try_mkdir, false },
	{ "execute", try_execute, false },
	{ "access", try_access, false },
	{ "mmap", try_map, false },
	{ "setxattr", try_set_xattr, false },
	{ "listxattr", try_list_xattrs, false },
};

static int attempt_as(setup_fn setup, attempt_fn attempt, const char *path)
{
	int result[2], ret = 1;
	pid_t pid;

	if (pipe(result))
		return 1;
	pid = fork();
	if (!pid) {
		ret = setup ? setup() : 0;
		if (!ret)
			ret = attempt(path);
		_exit(write(result[1], &ret, sizeof(ret)) < 0);
	}
	close(result[1]);
	if (read(result[0], &ret, sizeof(ret)) < 0)
		ret = 1;
	close(result[0]);
	waitpid(pid, NULL, 0);
	return ret;
}

TEST_F(owner, changes_nothing)
{
	static const setup_fn users[] = { NULL, become_user_a, become_user_b };
	struct stat before, after;
	unsigned int i, j;

	ASSERT_EQ(0, stat(path_of(self->pid, "heapinfo"), &before));
	for (i = 0; i < ARRAY_SIZE(attempts); i++) {
		for (j = 0; j < ARRAY_SIZE(users); j++) {
			const struct attempt *a = &attempts[i];

			if (a->users_only && !users[j])
				continue;
			EXPECT_EQ(attempt_as(users[j], a->attempt,
					     path_of(self->pid, "maps")),
				  attempt_as(users[j], a->attempt,
					     path_of(self->pid, "heapinfo")))
				TH_LOG("%s as user %u", a->name, j);
		}
	}
	EXPECT_EQ(-EPERM, try_chmod(path_of(self->pid, "heapinfo")));
	EXPECT_GT(0, try_open_to_write(path_of(self->pid, "heapinfo")));
	try_give_away(path_of(self->pid, "heapinfo"));
	ASSERT_EQ(0, stat(path_of(self->pid, "heapinfo"), &after));
	EXPECT_EQ(before.st_uid, after.st_uid);
	EXPECT_EQ(before.st_gid, after.st_gid);
	EXPECT_EQ(before.st_mode, after.st_mode);
	EXPECT_AS_MAPS(self->pid);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], HIDE_WORD)) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, 0);
		tell_ready();
		for (;;)
			pause();
	}
	return test_harness_run(argc, argv);
}
