// SPDX-License-Identifier: GPL-2.0
/* What was opened of a process never shows another that has its number now. */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define ROUNDS		300
#define RACE_ROUNDS	100

FIXTURE(stale) {
};

FIXTURE_SETUP(stale)
{
	LOAD_OR_SKIP("");
}

FIXTURE_TEARDOWN(stale)
{
}

/* A child with a number of our choosing, named "new", that waits. */
static pid_t start_with_number(pid_t number)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (unsigned long)&number,
		.set_tid_size = 1,
	};
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid) {
		prctl(PR_SET_NAME, "new");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid < 0 ? -errno : pid;
}

/* Everything that can be held of a process. */
struct held {
	int dir;
	int maps;
	int heapinfo;
	int stacks;
	int maps_path;
	int heapinfo_path;
};

static void hold(struct held *held, pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	held->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	held->maps = openat(held->dir, "maps", O_RDONLY | O_CLOEXEC);
	held->heapinfo = openat(held->dir, "heapinfo", O_RDONLY | O_CLOEXEC);
	held->stacks = openat(held->dir, "heapstacks", O_RDONLY | O_CLOEXEC);
	held->maps_path = openat(held->dir, "maps", O_PATH | O_CLOEXEC);
	held->heapinfo_path = openat(held->dir, "heapinfo",
				     O_PATH | O_CLOEXEC);
}

static void release(struct held *held)
{
	close(held->dir);
	close(held->maps);
	close(held->heapinfo);
	close(held->stacks);
	close(held->maps_path);
	close(held->heapinfo_path);
}

static int ask_path_again(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return ask_at(AT_FDCWD, path);
}

static int stat_at(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, 0) ? -errno : 0;
}

#define EXPECT_STALE(held) do {						\
	EXPECT_EQ(ask_at((held)->dir, "maps"),				\
		  ask_at((held)->dir, "heapinfo"));			\
	EXPECT_GT(0, ask_at((held)->dir, "heapinfo"));			\
	EXPECT_EQ(stat_at((held)->dir, "maps"),				\
		  stat_at((held)->dir, "heapinfo"));			\
	EXPECT_GT(0, stat_at((held)->dir, "heapinfo"));			\
	EXPECT_EQ(ask_path_again((held)->maps_path),			\
		  ask_path_again((held)->heapinfo_path));		\
	EXPECT_GT(0, ask_path_again((held)->heapinfo_path));		\
	lseek((held)->maps, 0, SEEK_SET);				\
	lseek((held)->heapinfo, 0, SEEK_SET);				\
	EXPECT_EQ(ASKED_READ - ESRCH, ask_fd((held)->maps));		\
	EXPECT_EQ(ASKED_READ - ESRCH, ask_fd((held)->heapinfo));	\
	EXPECT_FALSE(is_listed((held)->dir, "heapinfo"));		\
	EXPECT_EQ(ask_at((held)->dir, "heapinfo"),			\
		  ask_at((held)->dir, "heapstacks"));			\
	lseek((held)->stacks, 0, SEEK_SET);				\
	EXPECT_EQ(ASKED_READ - ESRCH, ask_fd((held)->stacks));		\
	EXPECT_FALSE(is_listed((held)->dir, "heapstacks"));		\
	EXPECT_FALSE(is_listed((held)->dir, "maps"));			\
} while (0)

TEST_F_TIMEOUT(stale, number_given_away, HEAPINFO_LONG)
{
	/* Whatever is held, in each way of holding it. */
	unsigned int rounds = heapinfo_share(ROUNDS, 6);
	unsigned int i, stale = 0;
	static struct heapinfo info;
	struct held held;
	pid_t pid, new;

	for (i = 0; i < rounds && _metadata->passed; i++) {
		pid = start_process(NULL);
		ASSERT_LT(0, pid);
		hold(&held, pid);
		ASSERT_LE(0, held.heapinfo_path);
		/* Read or unread by the time it ends. */
		if (i % 2)
			ASSERT_EQ(ASKED_TEXT, ask_fd(held.heapinfo));
		/* With nothing held but the directory, too. */
		if (i % 3 == 2) {
			close(held.heapinfo_path);
			held.heapinfo_path = dup(held.maps_path);
			close(held.heapinfo);
			held.heapinfo = dup(held.maps);
		}
		end_process(pid);
		EXPECT_STALE(&held);

		new = start_with_number(pid);
		if (new == -ENOSYS || new == -EPERM)
			SKIP(return, "no clone3(2) with a number");
		if (new == -EEXIST) {
			release(&held);
			continue;
		}
		ASSERT_EQ(pid, new);
		EXPECT_STALE(&held);
		/* Nor when the number's new owner is in use. */
		ASSERT_EQ(0, heapinfo_read(&info, new));
		EXPECT_EQ(new, (pid_t)heapinfo_number(&info, "Pid"));
		EXPECT_STALE(&held);
		end_process(new);
		EXPECT_STALE(&held);
		release(&held);
		stale++;
	}
	TH_LOG("%u numbers given away", stale);
	EXPECT_LT(rounds / 2, stale);
}

/* Opens through old directories while their number changes hands. */
struct race {
	volatile int dir;
	volatile unsigned int stop;
	volatile unsigned int given;	/* the number has its new owner */
	unsigned long opened;
	unsigned long refused;
	unsigned long strange;
	unsigned long leaks;
};

static void open_all_the_time(struct race *race)
{
	char text[4096];
	ssize_t length;
	int fd;

	while (!race->stop) {
		if (race->given)
			let_others_run();
		fd = openat(race->dir, "heapinfo", O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			if (errno == ESRCH || errno == ENOENT)
				race->refused++;
			else if (errno != EBADF)
				race->strange++;
			continue;
		}
		race->opened++;
		length = read(fd, text, sizeof(text) - 1);
		if (length > 0) {
			text[length] = '\0';
			if (!strncmp(text, "Name:\tnew\n", 10))
				race->leaks++;
		}
		close(fd);
	}
}

TEST_F_TIMEOUT(stale, race, HEAPINFO_LONG)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int i, given = 0, rounds = heapinfo_share(RACE_ROUNDS, 1);
	unsigned long opened;
	pid_t opener, pid, new;
	struct held held;

	ASSERT_NE(MAP_FAILED, race);
	for (i = 0; i < rounds; i++) {
		pid = start_process(NULL);
		ASSERT_LT(0, pid);
		hold(&held, pid);
		race->dir = held.dir;
		race->stop = 0;
		race->given = 0;
		opened = race->opened;
		opener = fork();
		if (!opener) {
			open_all_the_time(race);
			_exit(0);
		}
		while (*(volatile unsigned long *)&race->opened == opened)
			let_others_run();
		end_process(pid);
		new = start_with_number(pid);
		if (new == -ENOSYS || new == -EPERM) {
			end_process(opener);
			SKIP(return, "no clone3(2) with a number");
		}
		if (new > 0) {
			race->given = 1;
			opened = race->refused;
			while (*(volatile unsigned long *)&race->refused <
			       opened + 5)
				let_others_run();
			end_process(new);
			given++;
		}
		race->stop = 1;
		waitpid(opener, NULL, 0);
		release(&held);
	}
	TH_LOG("%u numbers given away under %lu openings and %lu refusals: %lu leaks",
	       given, race->opened, race->refused, race->leaks);
	EXPECT_LT(0, (int)given);
	EXPECT_EQ(0, (int)race->leaks);
	EXPECT_EQ(0, (int)race->strange);
}

/* A process that has ended and is not reaped: as maps. */
TEST_F(stale, zombie)
{
	struct held held;
	siginfo_t info;
	pid_t pid = start_process(NULL);

	ASSERT_LT(0, pid);
	hold(&held, pid);
	ASSERT_EQ(ASKED_TEXT, ask_fd(held.maps));
	ASSERT_EQ(ASKED_TEXT, ask_fd(held.heapinfo));
	kill(pid, SIGKILL);
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(ask_pid("/proc", pid, "maps"),
		  ask_pid("/proc", pid, "heapinfo"));
	EXPECT_EQ(ask_path_again(held.maps_path),
		  ask_path_again(held.heapinfo_path));
	lseek(held.maps, 0, SEEK_SET);
	lseek(held.heapinfo, 0, SEEK_SET);
	EXPECT_EQ(ask_fd(held.maps), ask_fd(held.heapinfo));
	EXPECT_NE(ASKED_TEXT, ask_fd(held.heapinfo));
	EXPECT_NE(ASKED_TEXT, ask_fd(held.stacks));
	EXPECT_TRUE(is_listed(held.dir, "heapinfo"));
	waitpid(pid, NULL, 0);
	EXPECT_STALE(&held);
	release(&held);
}

/* A reading that began before the end of the process says what it began. */
TEST_F(stale, end_in_the_middle)
{
	pid_t pid = start_process(NULL);
	struct held held;
	char byte;

	ASSERT_LT(0, pid);
	hold(&held, pid);
	ASSERT_EQ(1, read(held.heapinfo, &byte, 1));
	EXPECT_EQ('N', byte);
	end_process(pid);
	ASSERT_EQ(1, read(held.heapinfo, &byte, 1));
	EXPECT_EQ('a', byte);
	EXPECT_STALE(&held);
	release(&held);
}

/* A descriptor from before an exec shows nothing of the program after it. */
TEST_F(stale, exec)
{
	const char *const argv[] = { "/bin/sleep", "1000", NULL };
	struct held held;
	int go[2];
	pid_t pid;
	char byte;

	ASSERT_EQ(0, pipe2(go, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (read(go[0], &byte, 1) == 1)
			execv(argv[0], (char *const *)argv);
		_exit(1);
	}
	close(go[0]);
	hold(&held, pid);
	ASSERT_EQ(ASKED_TEXT, ask_fd(held.heapinfo));
	ASSERT_EQ(ASKED_TEXT, ask_fd(held.maps));
	ASSERT_EQ(1, write(go[1], "", 1));
	/* The pipe has no reader any more when the exec has closed its end. */
	signal(SIGPIPE, SIG_IGN);
	while (write(go[1], "", 1) == 1)
		let_others_run();
	lseek(held.maps, 0, SEEK_SET);
	lseek(held.heapinfo, 0, SEEK_SET);
	EXPECT_EQ(ask_fd(held.maps), ask_fd(held.heapinfo));
	EXPECT_NE(ASKED_TEXT, ask_fd(held.heapinfo));
	EXPECT_NE(ASKED_TEXT, ask_fd(held.stacks));
	/* Opened anew it shows the program of now. */
	EXPECT_EQ(ASKED_TEXT, ask_at(held.dir, "heapinfo"));
	EXPECT_EQ(ASKED_TEXT, ask_at(held.dir, "heapstacks"));
	EXPECT_EQ(ASKED_TEXT, ask_path_again(held.heapinfo_path));
	end_process(pid);
	release(&held);
}

TEST_HARNESS_MAIN
