// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading is safe while eight loops read, list and call brk(2). */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define ROUNDS		10

/* What delete_module(2) says of a module that somebody holds. */
#define IN_USE		(-EWOULDBLOCK)

/* How often an unloading is tried while others use the file. */
#define UNLOAD_TRIES	100000

static const char own[] = "/proc/self/heapinfo";

FIXTURE(storm) {
};

FIXTURE_SETUP(storm)
{
	LOAD_OR_SKIP("");
}

FIXTURE_TEARDOWN(storm)
{
	heapinfo_load("");
}

/* What the loops of the storm count, each for itself. */
struct loop {
	volatile unsigned long turns;
	volatile unsigned long served;
	volatile unsigned long strange;
};

struct storm {
	volatile unsigned int stop;
	struct loop loops[8];
};

static void note(struct loop *loop, int ret)
{
	loop->turns++;
	if (ret >= 0)
		loop->served++;
	else if (ret != -ENOENT && ret != -ESRCH)
		loop->strange++;
}

static void loop_read(struct loop *loop, unsigned int turn)
{
	static struct heapinfo info;

	note(loop, heapinfo_read(&info, turn % 2 ? getppid() : 0));
}

static void loop_list(struct loop *loop, unsigned int turn)
{
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	note(loop, is_listed(dir, "heapinfo") ? 0 : -ENOENT);
	if (!is_listed(dir, "maps"))
		loop->strange++;
	close(dir);
}

static void loop_brk(struct loop *loop, unsigned int turn)
{
	unsigned long from = raw_brk(0), to = from + 4096 * (1 + turn % 7);

	if (raw_brk(to) != to || raw_brk(from) != from || raw_brk(1) != from)
		loop->strange++;
	note(loop, 0);
}

static void loop_stat(struct loop *loop, unsigned int turn)
{
	struct stat st;
	int fd;

	note(loop, stat(own, &st) ? -errno : 0);
	fd = open(own, O_PATH | O_CLOEXEC);
	if (fd >= 0) {
		if (fstat(fd, &st))
			loop->strange++;
		close(fd);
	}
}

static void loop_fork(struct loop *loop, unsigned int turn)
{
	const char *const argv[] = { "cat", "/proc/self/heapinfo", NULL };
	int ret, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO);
	close(null);
	ret = heapinfo_run(argv);
	note(loop, !ret ? 0 : ret == 1 ? -ENOENT : -EIO);
}

static void loop_seek(struct loop *loop, unsigned int turn)
{
	int fd = open(own, O_RDONLY | O_CLOEXEC);
	char text[16];

	if (fd < 0) {
		note(loop, -errno);
		return;
	}
	note(loop, pread(fd, text, sizeof(text), turn % 900) < 0 ? -errno : 0);
	close(fd);
}

/**
 * all_served() - Say whether every loop met the module in this round.
 * @storm: the loops and their counts
 * @before: what each was served when the round began
 */
static bool all_served(const struct storm *storm, const unsigned long *before)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(storm->loops); i++)
		if (storm->loops[i].served == before[i])
			return false;
	return true;
}

typedef void (*loop_fn)(struct loop *loop, unsigned int turn);

static const loop_fn loops[] = {
	loop_read, loop_read, loop_list, loop_brk, loop_brk, loop_stat,
	loop_fork, loop_seek,
};

TEST_F_TIMEOUT(storm, load_and_unload, HEAPINFO_LONG)
{
	unsigned long turns = 0, served = 0, strange = 0, busy = 0, tries;
	unsigned long before[ARRAY_SIZE(loops)];
	struct storm *storm = mmap(NULL, sizeof(*storm),
				   PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[ARRAY_SIZE(loops)];
	/* With each source once. */
	unsigned int rounds = heapinfo_share(ROUNDS, 2);
	unsigned int i, round, turn;
	int ret;

	ASSERT_NE(MAP_FAILED, storm);
	for (i = 0; i < ARRAY_SIZE(loops); i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (turn = 0; !storm->stop; turn++) {
			loops[i](&storm->loops[i], turn);
			/* Somebody who always holds it is a reason for busy. */
			usleep(turn % 16 * 100);
		}
		_exit(0);
	}
	for (round = 0; round < rounds; round++) {
		ret = IN_USE;
		for (tries = 0; ret == IN_USE && tries < UNLOAD_TRIES;
		     tries++) {
			ret = heapinfo_unload();
			sched_yield();
		}
		busy += tries - 1;
		EXPECT_EQ(0, ret);
		ret = heapinfo_load_by_turns(round);
		EXPECT_EQ(0, ret);
		/* Each kind of loop meets the module at least once a round. */
		for (i = 0; i < ARRAY_SIZE(loops); i++)
			before[i] = storm->loops[i].served;
		while (!ret && !all_served(storm, before))
			let_others_run();
		if (!_metadata->passed)
			break;
	}
	storm->stop = 1;
	for (turns = 0, i = 0; i < ARRAY_SIZE(loops); i++) {
		waitpid(pids[i], &ret, 0);
		EXPECT_EQ(0, ret);
		turns += storm->loops[i].turns;
		served += storm->loops[i].served;
		strange += storm->loops[i].strange;
		EXPECT_LT(0, (long)storm->loops[i].served);
		EXPECT_EQ(0, (long)storm->loops[i].strange)
			TH_LOG("loop %u", i);
	}
	TH_LOG("%u rounds, %lu times busy; %lu turns of %u loops, %lu met the module, %lu were strange",
	       round, busy, turns, i, served, strange);
}

TEST_HARNESS_MAIN
