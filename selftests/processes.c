// SPDX-License-Identifier: GPL-2.0
/*
 * Whose calls a record holds: threads share one, a new process and a new
 * program begin one, and what others did to the break shows as moved.
 */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#ifdef __x86_64__
#define TARGET	"target_pie"
#else
#define TARGET	"target_pie_32"
#endif

static struct heapinfo before, after;
static unsigned long page;

FIXTURE(processes)
{
	unsigned long brk;
};

FIXTURE_VARIANT(processes)
{
	const char *params;
	bool way;	/* of a first call, and of one that races, is known */
};

FIXTURE_VARIANT_ADD(processes, redirect)
{
	.params = "source=redirect",
	.way = true,
};

FIXTURE_VARIANT_ADD(processes, syscalls)
{
	.params = "source=syscalls",
};

FIXTURE_SETUP(processes)
{
	LOAD_OR_SKIP(variant->params);
	page = sysconf(_SC_PAGESIZE);
	self->brk = raw_brk(0);
	ASSERT_EQ(0, heapinfo_read(&before, 0));
}

FIXTURE_TEARDOWN(processes)
{
}

static unsigned long long more(const char *key)
{
	return heapinfo_number(&after, key) - heapinfo_number(&before, key);
}

/* The newest row says that another moved the break from @from to @to. */
static void check_moved(struct __test_metadata *_metadata,
			unsigned long from, unsigned long to)
{
	struct heapinfo_row row;

	EXPECT_EQ(1, more("BrkMoves"));
	EXPECT_EQ(0, more("BytesGrown"));
	EXPECT_EQ(0, more("BytesShrunk"));
	EXPECT_EQ(0, more("BrkGrows"));
	ASSERT_EQ(0, heapinfo_new_row(&before, &after, &row))
		TH_LOG("%s", after.text);
	EXPECT_STREQ("moved", row.call);
	EXPECT_EQ(0, row.asked);
	EXPECT_EQ(from, row.from);
	EXPECT_EQ(to, row.to);
	EXPECT_EQ((long long)to - (long long)from, row.delta);
	EXPECT_STREQ("ok", row.result);
}

static void *grow_in_thread(void *tid)
{
	prctl(PR_SET_NAME, "grower");
	*(int *)tid = gettid();
	raw_brk(raw_brk(0) + page);
	return NULL;
}

TEST_F(processes, threads_share_a_record)
{
	struct heapinfo_row row;
	pthread_t thread;
	int tid;

	/* Making a thread takes memory; that is not what is counted here. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, grow_in_thread, &tid));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	self->brk = raw_brk(0);
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, grow_in_thread, &tid));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(2, more("BrkCalls"));
	EXPECT_EQ(1, more("BrkGrows"));
	EXPECT_EQ(0, more("BrkMoves"));
	EXPECT_EQ(page, more("BytesGrown"));
	ASSERT_EQ(0, heapinfo_new_row(&before, &after, &row))
		TH_LOG("%s", after.text);
	EXPECT_EQ(tid, row.tid);
	EXPECT_NE(getpid(), row.tid);
	EXPECT_STREQ("grower", row.comm);
	EXPECT_EQ(self->brk + page, row.to);
}

TEST_F(processes, fork_begins_a_record)
{
	int status;
	pid_t pid;

	raw_brk(self->brk + page);
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct heapinfo_row row;

		ASSERT_EQ(0, heapinfo_read(&before, 0));
		EXPECT_EQ(getpid(), heapinfo_number(&before, "Pid"));
		EXPECT_STREQ("since fork", heapinfo_word(&before, "Recorded"));
		EXPECT_EQ(0, heapinfo_number(&before, "BrkCalls"));
		EXPECT_EQ(0, before.nr_rows);
		EXPECT_EQ(self->brk + page, heapinfo_number(&before, "Brk"));
		raw_brk(self->brk + 3 * page);
		ASSERT_EQ(0, heapinfo_read(&after, 0));
		EXPECT_STREQ("since fork", heapinfo_word(&after, "Recorded"));
		EXPECT_EQ(1, heapinfo_number(&after, "BrkCalls"));
		EXPECT_EQ(variant->way ? 2 * page : 0,
			  heapinfo_number(&after, "BytesGrown"));
		ASSERT_EQ(0, heapinfo_new_row(&before, &after, &row));
		EXPECT_STREQ(variant->way ? "grow" : "set", row.call);
		EXPECT_EQ(self->brk + 3 * page, row.to);
		EXPECT_EQ(1, row.seq);
		EXPECT_EQ(getpid(), row.tid);
		_exit(!_metadata->passed);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* Nothing of that is the parent's. */
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(0, more("BrkCalls"));
	EXPECT_EQ(self->brk + page, heapinfo_number(&after, "Brk"));
}

TEST_F(processes, vfork_child_moves_the_break)
{
	unsigned long to = self->brk + 4 * page;
	int status;
	pid_t pid;

	pid = vfork();
	if (!pid) {
		raw_brk(to);
		_exit(0);
	}
	ASSERT_LE(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(to, raw_brk(0));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(1, more("BrkCalls"));
	check_moved(_metadata, self->brk, to);
}

struct sharer {
	int from_parent[2];
	int to_parent[2];
	unsigned long to;
};

/* In another process, with the same address space. */
static int share(void *arg)
{
	struct sharer *sharer = arg;
	char byte;

	raw_brk(sharer->to);
	if (write(sharer->to_parent[1], "", 1) != 1 ||
	    read(sharer->from_parent[0], &byte, 1) != 1)
		return 1;
	raw_brk(0);
	if (write(sharer->to_parent[1], "", 1) != 1 ||
	    read(sharer->from_parent[0], &byte, 1) != 1)
		return 1;
	return 0;
}

TEST_F(processes, clone_vm_moves_the_break_both_ways)
{
	static char stack[65536];
	unsigned long theirs = self->brk + 4 * page, ours = theirs + page;
	struct sharer sharer = { .to = theirs };
	char byte;
	int status;
	pid_t pid;

	ASSERT_EQ(0, pipe(sharer.from_parent));
	ASSERT_EQ(0, pipe(sharer.to_parent));
	pid = clone(share, stack + sizeof(stack), CLONE_VM | SIGCHLD, &sharer);
	ASSERT_LE(0, pid);
	ASSERT_EQ(1, read(sharer.to_parent[0], &byte, 1));
	EXPECT_EQ(theirs, raw_brk(0));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	check_moved(_metadata, self->brk, theirs);

	/* Now the other one is to see what this one does. */
	ASSERT_EQ(0, heapinfo_read(&before, pid));
	EXPECT_STREQ("since fork", heapinfo_word(&before, "Recorded"));
	EXPECT_EQ(1, heapinfo_number(&before, variant->way ? "BrkGrows" :
							     "BrkSets"));
	EXPECT_EQ(ours, raw_brk(ours));
	ASSERT_EQ(1, write(sharer.from_parent[1], "", 1));
	ASSERT_EQ(1, read(sharer.to_parent[0], &byte, 1));
	ASSERT_EQ(0, heapinfo_read(&after, pid));
	check_moved(_metadata, theirs, ours);
	ASSERT_EQ(1, write(sharer.from_parent[1], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

struct exec_pipes {
	int input[2];
	int output[2];
};

static void *exec_target(void *arg)
{
	struct exec_pipes *pipes = arg;

	dup2(pipes->input[0], STDIN_FILENO);
	dup2(pipes->output[1], STDOUT_FILENO);
	execl("./" TARGET, TARGET, NULL);
	_exit(127);
}

/* A process that calls brk(2) a hundred times and becomes another program. */
static void check_exec(struct __test_metadata *_metadata, bool in_thread)
{
	struct exec_pipes pipes;
	struct heapinfo_row row;
	char byte;
	unsigned int i;
	pid_t pid;

	if (access("./" TARGET, X_OK))
		SKIP(return, "no " TARGET);
	ASSERT_EQ(0, pipe2(pipes.input, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(pipes.output, O_CLOEXEC));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		unsigned long brk = raw_brk(0);
		pthread_t thread;

		for (i = 1; i <= 100; i++)
			raw_brk(brk + i * page);
		if (!in_thread)
			exec_target(&pipes);
		pthread_create(&thread, NULL, exec_target, &pipes);
		pthread_join(thread, NULL);
		_exit(126);
	}
	close(pipes.output[1]);
	ASSERT_EQ(1, read(pipes.output[0], &byte, 1));
	ASSERT_EQ(0, heapinfo_read(&after, pid));
	EXPECT_STREQ("since exec", heapinfo_word(&after, "Recorded"));
	EXPECT_STREQ(TARGET, heapinfo_word(&after, "Name"));
	EXPECT_GT(20, heapinfo_number(&after, "BrkCalls"));
	EXPECT_EQ(0, heapinfo_number(&after, "BrkMoves"));
	EXPECT_EQ(0, heapinfo_number(&after, "EventsLost"));
	for (i = 0; i < after.nr_rows; i++) {
		ASSERT_EQ(0, heapinfo_row(&after, i, &row));
		EXPECT_EQ(i + 1, row.seq);
		EXPECT_EQ(pid, row.tid);
		EXPECT_STREQ(TARGET, row.comm);
	}
	close(pipes.input[1]);
	waitpid(pid, NULL, 0);
}

TEST_F(processes, exec_begins_a_record)
{
	check_exec(_metadata, false);
}

/* Such a thread becomes the process: it takes over the number. */
TEST_F(processes, exec_in_a_thread_begins_a_record)
{
	check_exec(_metadata, true);
}

TEST_F(processes, older_than_the_module)
{
	unsigned long long size;

	ASSERT_EQ(0, heapinfo_reload(variant->params));
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	self->brk = heapinfo_number(&before, "Brk");
	size = self->brk - heapinfo_number(&before, "StartBrk");
	EXPECT_STREQ("since load", heapinfo_word(&before, "Recorded"));
	EXPECT_EQ(0, heapinfo_number(&before, "BrkCalls"));
	EXPECT_EQ(0, before.nr_rows);
	EXPECT_EQ((size + 1023) / 1024, heapinfo_number(&before, "PeakSize"));
	raw_brk(self->brk + page);
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_STREQ("since load", heapinfo_word(&after, "Recorded"));
	EXPECT_EQ(1, more(variant->way ? "BrkGrows" : "BrkSets"));
	EXPECT_EQ(0, more("BrkMoves"));
	EXPECT_EQ(1, after.nr_rows);
}

/* Field @number of /proc/self/stat, counted as proc(5) does. */
static unsigned long long stat_field(unsigned int number)
{
	char text[1024], *at;
	int fd = open("/proc/self/stat", O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	unsigned int field = 2;

	close(fd);
	text[length < 0 ? 0 : length] = '\0';
	for (at = strrchr(text, ')'); at && field < number; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

/* Moves the heap and its end, as checkpoint and restore does. */
static int move_heap(unsigned long start, unsigned long brk)
{
	struct prctl_mm_map map = {
		.start_code = stat_field(26),
		.end_code = stat_field(27),
		.start_data = stat_field(45),
		.end_data = stat_field(46),
		.start_brk = start,
		.brk = brk,
		.start_stack = stat_field(28),
		.arg_start = stat_field(48),
		.arg_end = stat_field(49),
		.env_start = stat_field(50),
		.env_end = stat_field(51),
		.exe_fd = -1,
	};

	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
}

TEST_F(processes, prctl_moves_the_break)
{
	if (move_heap(stat_field(47), self->brk + 2 * page))
		SKIP(return, "no PR_SET_MM_MAP: %s", strerror(errno));
	/* Before any call the file has the break as it is. */
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(self->brk + 2 * page, heapinfo_number(&after, "Brk"));
	EXPECT_EQ(0, more("BrkMoves"));

	EXPECT_EQ(self->brk + 2 * page, raw_brk(0));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	check_moved(_metadata, self->brk, self->brk + 2 * page);
}

/* Whoever moves the start of the heap has another one, with a peak of its own. */
TEST_F(processes, prctl_moves_the_start)
{
	unsigned long start = self->brk + 8 * page;

	raw_brk(self->brk + 64 * page);
	raw_brk(self->brk);
	if (move_heap(start, start + page))
		SKIP(return, "no PR_SET_MM_MAP: %s", strerror(errno));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(page / 1024, heapinfo_number(&after, "PeakSize"));
	ASSERT_EQ(start + 3 * page, raw_brk(start + 3 * page));
	ASSERT_EQ(start + 2 * page, raw_brk(start + 2 * page));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(3 * page / 1024, heapinfo_number(&after, "PeakSize"))
		TH_LOG("%s", after.text);
}

/* Of a heap that the kernel cannot have placed where it is, only that is told. */
TEST_F(processes, prctl_moves_the_heap_far_away)
{
	static const char *const keys[] = {
		"BrkBase", "BrkRandomized", "BrkWindow", "BrkWindowSeen",
	};
	unsigned long far = (unsigned long)mmap(NULL, page, PROT_READ,
						MAP_PRIVATE | MAP_ANONYMOUS,
						-1, 0);
	unsigned int i;

	ASSERT_NE((unsigned long)MAP_FAILED, far);
	if (move_heap(far, far))
		SKIP(return, "no PR_SET_MM_MAP: %s", strerror(errno));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(far, heapinfo_number(&after, "StartBrk"));
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		EXPECT_STREQ("unknown", heapinfo_word(&after, keys[i]));
}

/* The number of brk(2) in one table of calls is another call in the other. */
TEST_F(processes, calls_of_the_other_table)
{
	unsigned int i;

	ASSERT_EQ(0, heapinfo_read(&before, 0));
	for (i = 0; i < 10; i++) {
#ifdef __x86_64__
		EXPECT_EQ(-1, syscall(45, -1, NULL, 0, 0, NULL, NULL));
#else
		EXPECT_EQ(0, syscall(12, "."));
#endif
	}
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(0, more("BrkCalls"));
	EXPECT_EQ(0, more("BrkMoves"));
}

#define STORM_THREADS	64
#define STORM_CALLS	200
#define STORM_PAGES	256

static struct storm {
	unsigned long base;
	unsigned int calls;	/* of each thread */
	pthread_barrier_t start;
	/* What the threads were answered. */
	unsigned long done;
	unsigned long refused;
} storm;

static void *storm_thread(void *arg)
{
	unsigned int i, random = (unsigned long)arg * 2654435761U + 1;
	unsigned long asked, done = 0, refused = 0;

	pthread_barrier_wait(&storm.start);
	for (i = 0; i < storm.calls; i++) {
		random = random * 1664525 + 1013904223;
		asked = storm.base + (random >> 16) % STORM_PAGES * page / 2;
		if (raw_brk(asked) == asked)
			done++;
		else
			refused++;
	}
	__atomic_add_fetch(&storm.done, done, __ATOMIC_RELAXED);
	__atomic_add_fetch(&storm.refused, refused, __ATOMIC_RELAXED);
	return NULL;
}

/* Of the rows that are kept: is each of them what it says it is? */
static bool rows_hold(const struct heapinfo *of)
{
	struct heapinfo_row row;
	unsigned int i;

	for (i = 0; i < of->nr_rows; i++) {
		if (heapinfo_row(of, i, &row))
			return false;
		if (strcmp(row.call, "failed") && row.to != row.asked)
			return false;
		if ((!strcmp(row.call, "grow") && row.to <= row.from) ||
		    (!strcmp(row.call, "shrink") && row.to >= row.from))
			return false;
		/* Where it began is where it ended: it is not said to be so. */
		if (!strcmp(row.call, "set") && strcmp(row.result, "raced"))
			return false;
	}
	return true;
}

/*
 * However they race: each call is counted once, as what it was answered, and
 * nobody else moved the break.
 */
TEST_F_TIMEOUT(processes, storm, HEAPINFO_LONG)
{
	static struct heapinfo state_before, state_after;
	pthread_t threads[STORM_THREADS];
	unsigned long i;

	storm.calls = heapinfo_share(STORM_CALLS, 1);
	ASSERT_EQ(0, pthread_barrier_init(&storm.start, NULL, STORM_THREADS));
	storm.base = (self->brk + 16 * page) & -page;
	ASSERT_EQ(storm.base, raw_brk(storm.base));
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	ASSERT_EQ(0, heapinfo_read_path(&state_before, "/proc/heapinfo"));
	for (i = 0; i < STORM_THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, storm_thread,
					    (void *)i));
	for (i = 0; i < STORM_THREADS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	ASSERT_EQ(0, heapinfo_read_path(&state_after, "/proc/heapinfo"));

	EXPECT_EQ(STORM_THREADS * storm.calls, storm.done + storm.refused);
	EXPECT_EQ(STORM_THREADS * storm.calls, more("BrkCalls"));
	EXPECT_EQ(storm.done, more("BrkGrows") + more("BrkShrinks") +
			      more("BrkUnchanged") + more("BrkSets"));
	EXPECT_EQ(storm.refused, more("BrkFailures"));
	EXPECT_EQ(0, more("BrkQueries"));
	EXPECT_EQ(0, more("BrkMoves"));
	EXPECT_TRUE(rows_hold(&after))
		TH_LOG("%s", after.text);
	/* What comes afterwards goes on from where the break is. */
	ASSERT_EQ(storm.base, raw_brk(storm.base));
	raw_brk(storm.base + page);
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(0, more("BrkMoves"));
	EXPECT_EQ(heapinfo_number(&state_after, "CallsSeen"),
		  heapinfo_number(&state_after, "CallsRecorded") +
		  heapinfo_number(&state_after, "CallsRefused"));
}

#define STORMS		40
#define FEW_THREADS	8

/* In a process of its own; holds still when its threads have done. */
static void __attribute__((noreturn)) few_in_a_storm(const int done[2])
{
	pthread_t threads[FEW_THREADS];
	unsigned long i;

	storm.base = (raw_brk(0) + 16 * page) & -page;
	raw_brk(storm.base);
	pthread_barrier_init(&storm.start, NULL, FEW_THREADS);
	for (i = 0; i < FEW_THREADS; i++)
		if (pthread_create(&threads[i], NULL, storm_thread, (void *)i))
			_exit(1);
	for (i = 0; i < FEW_THREADS; i++)
		pthread_join(threads[i], NULL);
	if (write(done[1], "", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

#define RACES		20001

static volatile bool race_over;

static void *shrink_all_the_time(void *base)
{
	while (!race_over)
		raw_brk((unsigned long)base);
	return NULL;
}

/*
 * A call that asks for more than anybody ever has is a grow, whatever another
 * thread did in the meantime. Where nothing is kept of its begin, the other thread
 * may have recorded the break that this one has set: then it is said to have set
 * it, and not to have changed nothing.
 */
TEST_F_TIMEOUT(processes, grows_in_a_race, HEAPINFO_LONG)
{
	unsigned long base = raw_brk(self->brk);
	pthread_t thread;
	unsigned int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, shrink_all_the_time,
				    (void *)base));
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	for (i = 1; i <= RACES; i++)
		ASSERT_EQ(base + i * 16, raw_brk(base + i * 16));
	race_over = true;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	if (variant->way) {
		EXPECT_EQ(RACES, more("BrkGrows"));
	} else {
		EXPECT_GE(RACES, more("BrkGrows"));
		EXPECT_LE(RACES, more("BrkGrows") + more("BrkSets"));
		EXPECT_EQ(0, more("BrkUnchanged"));
	}
	EXPECT_EQ(0, more("BrkMoves"));
}

/* Many that race at once do not disturb each other. */
TEST_F_TIMEOUT(processes, storms_beside_storms, HEAPINFO_LONG)
{
	pid_t pids[STORMS];
	unsigned int i;
	int done[2];
	char byte;

	storm.calls = heapinfo_share(STORM_CALLS, 1);
	ASSERT_EQ(0, pipe(done));
	for (i = 0; i < STORMS; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			few_in_a_storm(done);
	}
	for (i = 0; i < STORMS; i++)
		ASSERT_EQ(1, read(done[0], &byte, 1));
	for (i = 0; i < STORMS; i++) {
		ASSERT_EQ(0, heapinfo_read(&after, pids[i]));
		EXPECT_EQ(0, heapinfo_number(&after, "BrkMoves"));
		EXPECT_LE(FEW_THREADS * storm.calls,
			  heapinfo_number(&after, "BrkCalls"));
		EXPECT_TRUE(rows_hold(&after))
			TH_LOG("%s", after.text);
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

TEST_HARNESS_MAIN
