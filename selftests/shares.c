// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever fills the memory for histories, a process of another user and of root has
 * its totals and its last rows; and of who had to give rows back nothing is said that
 * is not so.
 */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define ROOT		0

/* Users of whom there are many. */
#define FIRST_OF_MANY	70000
#define FIRST_INSIDE	200000

/* What everybody is to have: the last rows of a process. */
#define LAST_ROWS	16

/* More than that, and no multiple of it. */
#define MOVES		40

#define MANY		10000
#define NAMESPACES	90
#define MANY_USERS	2500
#define FORKS		300
#define FORKS_MOST	100000

#define THREADS_MAX	"/proc/sys/kernel/threads-max"
#define CGROUP		"/sys/fs/cgroup/heapinfo-shares"

static struct heapinfo info, state, state_before;

/* Memory that all processes of a test have in common. */
struct common {
	int ready[2];
	int light_ready[2];
	int go[2];
	/* The process group of all. */
	pid_t group;
	unsigned long base;
	unsigned int moves;
	/* Each light process is another user's. */
	bool many_users;
	volatile unsigned int stop;
	volatile unsigned long forks;
	volatile unsigned long refused;
	unsigned int started;
	pid_t pids[MANY];
};

/* Call @i moves the break here: no two that follow each other are the same. */
static unsigned long place_of(unsigned long base, unsigned int i)
{
	return base + (i % 11 + 1) * 16;
}

static void make_rows(unsigned long base, unsigned int rows)
{
	unsigned int i;

	for (i = 0; i < rows; i++)
		raw_brk(place_of(base, i));
}

static void count(volatile unsigned long *sum)
{
	__atomic_fetch_add(sum, 1, __ATOMIC_RELAXED);
}

/* Wait until the process that was just started is where it should be. */
static bool is_ready(const int ready[2])
{
	char byte;

	return read(ready[0], &byte, 1) == 1 && !byte;
}

/* Be in the group that is killed at the end; does not outlive who started this. */
static void join(const struct common *common)
{
	setpgid(0, common->group);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Say whether all went well, and wait for the end. */
static void tell_and_wait(const struct common *common, bool good)
{
	char byte = !good;

	/* Who becomes another user loses this. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(common->ready[1], &byte, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* Move the break, beginning with a call that tells where it is. */
static void move(const struct common *common, unsigned int moves)
{
	raw_brk(0);
	make_rows(common->base, moves);
}

/*
 * A process of a user, which moves its break so often and then waits; or calls
 * nothing.
 */
static pid_t start_mover(const struct common *common, uid_t uid,
			 unsigned int moves)
{
	bool good;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid)
		return is_ready(common->ready) ? pid : -EIO;
	good = !uid || !become(uid, uid);
	join(common);
	if (good && moves)
		move(common, moves);
	tell_and_wait(common, good);
	_exit(1);
}

/*
 * One of very many processes. They have their memory in common, so that they are
 * cheap; only one of them does something at a time.
 */
static int light(void *arg)
{
	struct common *common = arg;
	uid_t uid = FIRST_OF_MANY + common->started;

	if (common->many_users)
		syscall(SYS_setresuid, uid, uid, uid);
	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	make_rows(common->base, common->moves);
	syscall(SYS_write, common->light_ready[1], "", 1);
	for (;;)
		syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	return 0;
}

#define LIGHT_STACK	4096

/*
 * Start light processes of a user, which make so many moves each, until there are
 * @nr in all, or no more are to be had.
 */
static void start_lights(struct common *common, uid_t uid, unsigned int moves,
			 unsigned int nr)
{
	char *stack;
	bool good;
	pid_t pid = fork();

	if (pid) {
		is_ready(common->ready);
		return;
	}
	common->moves = moves;
	good = !uid || !become(uid, uid);
	join(common);
	stack = mmap(NULL, nr * LIGHT_STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	good = good && stack != MAP_FAILED;
	while (good && common->started < nr) {
		stack += LIGHT_STACK;
		pid = clone(light, stack, CLONE_VM | CLONE_FS | CLONE_FILES |
			    SIGCHLD, common);
		if (pid < 0 || !is_ready(common->light_ready))
			break;
		common->pids[common->started++] = pid;
	}
	tell_and_wait(common, good);
}

/* Until no child is left; of those that are forgotten at once no status is told. */
static void await_children(void)
{
	while (waitpid(-1, NULL, 0) >= 0 || errno == EINTR)
		;
}

static void end_all(const struct common *common)
{
	kill(-common->group, SIGKILL);
	await_children();
}

/* What the rows and the spans of the last reading add up to. */
struct sums {
	unsigned long long calls_in_spans;
	unsigned long long up;
	unsigned long long down;
};

static struct sums add_up(void)
{
	struct heapinfo_span span;
	struct heapinfo_row row;
	struct sums sums = {};
	unsigned int i;

	for (i = 0; !heapinfo_span(&info, i, &span); i++) {
		sums.calls_in_spans += span.calls;
		sums.up += span.up;
		sums.down += span.down;
	}
	for (i = 0; !heapinfo_row(&info, i, &row); i++) {
		if (row.delta > 0)
			sums.up += row.delta;
		else
			sums.down -= row.delta;
	}
	return sums;
}

/* The totals of a process are so, and so are its rows: the last ones that it made. */
static void check_rows(struct __test_metadata *_metadata,
		       const struct common *common, pid_t pid,
		       unsigned int moves)
{
	struct heapinfo_row row;
	unsigned int i, nr;

	ASSERT_EQ(0, heapinfo_read(&info, pid));
	ASSERT_STREQ("since fork", heapinfo_word(&info, "Recorded"));
	ASSERT_EQ(moves, heapinfo_number(&info, "BrkGrows") +
			 heapinfo_number(&info, "BrkShrinks") +
			 heapinfo_number(&info, "BrkSets"));
	ASSERT_EQ(0, heapinfo_number(&info, "BrkMoves"));
	ASSERT_EQ(moves, heapinfo_last_seq(&info));
	for (i = 0; i < info.nr_rows; i++) {
		nr = moves - info.nr_rows + i;
		ASSERT_EQ(0, heapinfo_row(&info, i, &row));
		ASSERT_EQ(nr + 1, row.seq);
		ASSERT_EQ(place_of(common->base, nr), row.to);
	}
}

/* Nothing of a process is missing: spans and rows are all that there was. */
static void check_whole(struct __test_metadata *_metadata,
			const struct common *common, pid_t pid,
			unsigned int moves)
{
	struct sums sums;

	check_rows(_metadata, common, pid, moves);
	ASSERT_LE(LAST_ROWS, info.nr_rows)
		TH_LOG("%s", info.text);
	sums = add_up();
	ASSERT_EQ(heapinfo_number(&info, "EventsLost"), sums.calls_in_spans)
		TH_LOG("%s", info.text);
	ASSERT_EQ(heapinfo_number(&info, "BytesGrown"), sums.up);
	ASSERT_EQ(heapinfo_number(&info, "BytesShrunk"), sums.down);
}

/* A new process of a user has what everybody is to have. */
static void check_served(struct __test_metadata *_metadata,
			 const struct common *common, uid_t uid)
{
	pid_t pid = start_mover(common, uid, MOVES);

	ASSERT_LT(0, pid);
	check_whole(_metadata, common, pid, MOVES);
}

static void check_bound(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, heapinfo_read_path(&state, "/proc/heapinfo"));
	EXPECT_LE(heapinfo_number(&state, "MemoryUsed"),
		  heapinfo_number(&state, "MemoryBound"));
	EXPECT_EQ(heapinfo_number(&state, "CallsSeen"),
		  heapinfo_number(&state, "CallsRecorded") +
		  heapinfo_number(&state, "CallsRefused"));
}

/*
 * New processes of another user, of root, and of users who were not there before are
 * served, while nothing is in use that there should not be.
 */
static void check_others(struct __test_metadata *_metadata,
			 const struct common *common)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		check_served(_metadata, common, USER_B);
		check_served(_metadata, common, ROOT);
		check_served(_metadata, common, USER_B + 1 + i);
		check_bound(_metadata);
	}
}

/* What was remembered of who has ended is freed a while later. */
static bool memory_goes_back(void)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		if (heapinfo_read_path(&state, "/proc/heapinfo"))
			return false;
		if (heapinfo_number(&state, "MemoryUsed") <=
		    heapinfo_number(&state_before, "MemoryUsed") &&
		    heapinfo_number(&state, "Processes") <=
		    heapinfo_number(&state_before, "Processes"))
			return true;
		usleep(20000);
	}
	return false;
}

static void check_end(struct __test_metadata *_metadata,
		      const struct common *common)
{
	check_bound(_metadata);
	end_all(common);
	EXPECT_TRUE(memory_goes_back())
		TH_LOG("%s%s", state_before.text, state.text);
}

FIXTURE(shares)
{
	struct common *common;
	unsigned long long threads_max;
};

FIXTURE_SETUP(shares)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	struct common *common;
	pid_t group;

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, common);
	self->common = common;
	self->threads_max = heapinfo_read_number(THREADS_MAX);
	ASSERT_EQ(0, pipe(common->ready));
	ASSERT_EQ(0, pipe(common->light_ready));
	ASSERT_EQ(0, pipe(common->go));
	common->base = raw_brk(0);
	/* Who is left by a parent that has ended is waited for here. */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	setrlimit(RLIMIT_NPROC, &none);
	/* A group lasts as long as its first process, whoever comes and goes. */
	group = fork();
	ASSERT_LE(0, group);
	if (!group) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	ASSERT_EQ(0, setpgid(group, group));
	common->group = group;
}

FIXTURE_TEARDOWN(shares)
{
	char text[24];

	self->common->stop = 1;
	end_all(self->common);
	snprintf(text, sizeof(text), "%llu", self->threads_max);
	heapinfo_write_file(THREADS_MAX, text);
	rmdir(CGROUP);
	heapinfo_load("");
}

/* In a test: have the module, and know how much it remembers by itself. */
#define BEGIN(params) do {						\
	RELOAD_OR_SKIP(params);						\
	ASSERT_EQ(0, heapinfo_read_path(&state_before, "/proc/heapinfo")); \
} while (0)

#define BIG		4
#define BIG_MOVES	4200

/*
 * A user fills the memory with few processes: some that have all that they want
 * when others come, and some that come when there is not enough.
 */
static void fill_with_few(struct __test_metadata *_metadata,
			  struct common *common)
{
	unsigned int i;

	for (i = 0; i < 2 * BIG; i++) {
		common->pids[i] = start_mover(common, USER_A, BIG_MOVES);
		ASSERT_LT(0, common->pids[i]);
		check_bound(_metadata);
	}
}

/* They have given rows back, and have the newest, and what the others add up to. */
static void check_few(struct __test_metadata *_metadata,
		      const struct common *common)
{
	unsigned int i, rows = 0;

	for (i = 0; i < 2 * BIG; i++) {
		if (i < BIG)
			check_whole(_metadata, common, common->pids[i],
				    BIG_MOVES);
		else
			check_rows(_metadata, common, common->pids[i],
				   BIG_MOVES);
		EXPECT_LE(LAST_ROWS, info.nr_rows);
		rows += info.nr_rows;
	}
	TH_LOG("one user had %u rows and has %u", 2 * BIG * BIG_MOVES, rows);
}

TEST_F_TIMEOUT(shares, few_processes, HEAPINFO_LONG)
{
	BEGIN("memory=1 history=4096");
	fill_with_few(_metadata, self->common);
	check_others(_metadata, self->common);
	check_few(_metadata, self->common);
	check_end(_metadata, self->common);
}

TEST_F_TIMEOUT(shares, few_processes_by_syscalls, HEAPINFO_LONG)
{
	BEGIN("memory=1 history=4096 source=syscalls");
	fill_with_few(_metadata, self->common);
	check_others(_metadata, self->common);
	check_few(_metadata, self->common);
	check_end(_metadata, self->common);
}

/*
 * Others come, and @nr processes of @moves each, which had @rows, have given rows
 * back for them: some of the processes, and none of them too many.
 */
static void check_some(struct __test_metadata *_metadata,
		       const struct common *common, unsigned int nr,
		       unsigned int moves, unsigned int rows)
{
	unsigned int i, gave = 0;

	check_others(_metadata, common);
	for (i = 0; i < nr; i++) {
		check_whole(_metadata, common, common->pids[i], moves);
		gave += info.nr_rows < rows;
	}
	EXPECT_LT(0, gave);
	TH_LOG("%u of %u processes gave rows back", gave, nr);
	check_end(_metadata, common);
}

/* So many with 64 rows have room, and some more have not. */
#define SOME		250
#define SOME_MOVES	64

/* As many rows as the parameter says, which no ring has pushed out before. */
TEST_F_TIMEOUT(shares, some_processes, HEAPINFO_LONG)
{
	struct common *common = self->common;

	BEGIN("memory=1");
	start_lights(common, USER_A, SOME_MOVES, SOME);
	ASSERT_EQ(SOME, common->started);
	ASSERT_EQ(0, heapinfo_read_path(&state, "/proc/heapinfo"));
	EXPECT_EQ(heapinfo_number(&state_before, "EventsLost"),
		  heapinfo_number(&state, "EventsLost"));
	check_some(_metadata, common, SOME, SOME_MOVES, SOME_MOVES);
}

/* As many with 50 rows and a timeline have room, and some more have not. */
#define WRAPPED		130
#define WRAPPED_ROWS	50

/* The rows that are left are spread over blocks that have room for fewer. */
TEST_F_TIMEOUT(shares, some_that_wrapped, HEAPINFO_LONG)
{
	struct common *common = self->common;

	BEGIN("memory=1 history=50");
	start_lights(common, USER_A, WRAPPED_ROWS + 1, WRAPPED);
	ASSERT_EQ(WRAPPED, common->started);
	check_some(_metadata, common, WRAPPED, WRAPPED_ROWS + 1, WRAPPED_ROWS);
}

/* As many as the machine has room for. */
static void allow_many(void)
{
	heapinfo_write_file(THREADS_MAX, "40000");
}

TEST_F_TIMEOUT(shares, many_processes, HEAPINFO_LONG)
{
	struct common *common = self->common;
	unsigned int i, moves = LAST_ROWS + 1, looked = 0, without = 0;
	pid_t idle;

	BEGIN("memory=1");
	allow_many();
	idle = start_mover(common, USER_B, 0);
	ASSERT_LT(0, idle);
	/* So many that there is no memory for all of their rows, and then for more. */
	start_lights(common, USER_A, moves, MANY / 10);
	start_lights(common, USER_A, 1, MANY);
	check_bound(_metadata);
	TH_LOG("%u of %u processes of one user, %llu with a record, %llu calls refused",
	       common->started, MANY, heapinfo_number(&state, "Processes") -
	       heapinfo_number(&state_before, "Processes"),
	       heapinfo_number(&state, "CallsRefused"));
	EXPECT_LT(0, heapinfo_number(&state, "CallsRefused"));
	check_others(_metadata, common);
	/* Nothing was refused to who asked for nothing. */
	ASSERT_EQ(0, heapinfo_read(&info, idle));
	EXPECT_STREQ("since fork", heapinfo_word(&info, "Recorded"));
	EXPECT_EQ(0, heapinfo_number(&info, "BrkCalls"));
	/* The first ones have records. */
	for (i = 0; i < common->started; i += i < MANY / 10 ? 1 : 100) {
		looked++;
		ASSERT_EQ(0, heapinfo_read(&info, common->pids[i]));
		if (!strcmp("no", heapinfo_word(&info, "Recorded")))
			without++;
		else
			check_rows(_metadata, common, common->pids[i], moves);
	}
	EXPECT_LT(without, looked);
	TH_LOG("%u of %u that were looked at are not recorded", without,
	       looked);
	check_end(_metadata, common);
}

/* Each of very many users has a process; they cannot all have something of so little. */
TEST_F_TIMEOUT(shares, many_users, HEAPINFO_LONG)
{
	struct common *common = self->common;
	unsigned int i;

	BEGIN("memory=1");
	allow_many();
	common->many_users = true;
	start_lights(common, ROOT, 3, MANY_USERS);
	check_bound(_metadata);
	TH_LOG("%u of %u users, %llu with a record", common->started,
	       MANY_USERS, heapinfo_number(&state, "Processes") -
	       heapinfo_number(&state_before, "Processes"));
	EXPECT_LT(0, heapinfo_number(&state, "CallsRefused"));
	for (i = 0; i < 50; i++)
		check_served(_metadata, common, ROOT);
	check_end(_metadata, common);
}

/* One process of the bomb: two more, and its end. They go on from here, too. */
static void explode(struct common *common)
{
	unsigned int left;
	pid_t pid;

	make_rows(common->base, LAST_ROWS + 1);
	/* Nor does it outlive a test that fails. */
	for (left = 2; left && !common->stop && common->forks < FORKS_MOST;
	     left--) {
		pid = fork();
		if (pid < 0)
			count(&common->refused);
		if (pid)
			continue;
		count(&common->forks);
		make_rows(common->base, LAST_ROWS + 1);
		left = 3;
	}
	_exit(0);
}

/* Returns its first process, the last one that ends when the bomb is told to stop. */
static pid_t start_bomb(struct common *common)
{
	struct rlimit few = { 60, 60 };
	pid_t pid = fork();

	if (pid)
		return pid;
	setpriority(PRIO_PROCESS, 0, 19);
	if (heapinfo_make_cgroup(CGROUP))
		heapinfo_write_file(CGROUP "/cgroup.procs", "0");
	setrlimit(RLIMIT_NPROC, &few);
	/*
	 * Whoever ends is forgotten at once, also where its parent ended before:
	 * the test waits for nobody meanwhile, and those that nobody has waited for
	 * count until no process is left to the user.
	 */
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (become(USER_A, USER_A))
		_exit(1);
	join(common);
	while (!common->stop && common->forks < FORKS_MOST) {
		if (!fork()) {
			count(&common->forks);
			explode(common);
		}
		sched_yield();
	}
	await_children();
	_exit(0);
}

/* Wait for so many forks more; returns false where the bomb has ended. */
static bool wait_forks(const struct common *common, pid_t bomb,
		       unsigned long more)
{
	unsigned long until = common->forks + more;

	while (common->forks < until && common->forks < FORKS_MOST) {
		if (waitpid(bomb, NULL, WNOHANG))
			return false;
		usleep(1000);
	}
	return true;
}

TEST_F_TIMEOUT(shares, fork_bomb, HEAPINFO_LONG)
{
	struct common *common = self->common;
	unsigned int i;
	pid_t bomb;

	BEGIN("memory=1 history=4096");
	fill_with_few(_metadata, common);
	bomb = start_bomb(common);
	ASSERT_LT(0, bomb);
	ASSERT_TRUE(wait_forks(common, bomb, FORKS));
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(wait_forks(common, bomb, FORKS / 30));
		check_served(_metadata, common, USER_B);
		check_served(_metadata, common, ROOT);
		check_served(_metadata, common, USER_B + 1 + i);
	}
	/* Then no call is under way, which is seen and not recorded yet. */
	common->stop = 1;
	ASSERT_EQ(bomb, waitpid(bomb, NULL, 0));
	TH_LOG("%lu processes of a fork bomb%s, %lu forks refused",
	       common->forks, access(CGROUP, F_OK) ? "" : " in a cgroup",
	       common->refused);
	check_end(_metadata, common);
}

/*
 * In a user namespace: made by user A, who was given another user's number there
 * (as newuidmap does), and in one more inside of it; or made by root, with many users
 * in it. The test writes the numbers, since only root may.
 */
static bool enter_namespace(const struct common *common, unsigned int i)
{
	char byte;

	if (i % 3 && become(USER_A, USER_A))
		return false;
	if (unshare(CLONE_NEWUSER) || write(common->ready[1], "", 1) != 1 ||
	    read(common->go[0], &byte, 1) != 1)
		return false;
	if (setresuid(i % 3 ? 0 : i, i % 3 ? 0 : i, i % 3 ? 0 : i) ||
	    prctl(PR_SET_DUMPABLE, 1))
		return false;
	return i % 3 != 2 || !enter_user_namespace();
}

/* Let the users of a namespace be these. */
static bool name_users(pid_t pid, unsigned int i)
{
	char path[40], map[40];

	if (i % 3)
		snprintf(map, sizeof(map), "0 %u 1", FIRST_OF_MANY + i);
	else
		snprintf(map, sizeof(map), "0 %u 65536", FIRST_INSIDE);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (heapinfo_write_file(path, map))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	return !heapinfo_write_file(path, "0 0 4294967295");
}

static pid_t start_in_namespace(const struct common *common, unsigned int i,
				unsigned int moves)
{
	bool good;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid) {
		good = is_ready(common->ready) && name_users(pid, i) &&
		       write(common->go[1], "", 1) == 1 &&
		       is_ready(common->ready);
		return good ? pid : -EIO;
	}
	join(common);
	good = enter_namespace(common, i);
	if (good)
		move(common, moves);
	tell_and_wait(common, good);
	_exit(1);
}

/*
 * User namespaces make nobody more users than he is: otherwise a share would be too
 * small for what another user has.
 */
TEST_F_TIMEOUT(shares, user_namespaces, HEAPINFO_LONG)
{
	struct common *common = self->common;
	unsigned int i, others = 640;
	pid_t pid;

	if (access("/proc/self/uid_map", F_OK))
		SKIP(return, "no user namespaces");
	BEGIN("memory=1 history=4096");
	pid = start_mover(common, USER_B, others);
	ASSERT_LT(0, pid);
	for (i = 0; i < NAMESPACES; i++)
		ASSERT_LT(0, start_in_namespace(common, i, 400));
	check_bound(_metadata);
	TH_LOG("%u user namespaces with %u rows each, memory %llu of %llu",
	       NAMESPACES, 400, heapinfo_number(&state, "MemoryUsed"),
	       heapinfo_number(&state, "MemoryBound"));
	check_others(_metadata, common);
	check_whole(_metadata, common, pid, others);
	EXPECT_EQ(others, info.nr_rows);
	check_end(_metadata, common);
}

TEST_HARNESS_MAIN
