// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that sleep inside brk(2) for as long as they like, which anybody may
 * have, take nothing from the calls of others, and keep the module where its code
 * is on their way back.
 */
#include "kselftest_harness.h"
#include "asleep.h"
#include "heapinfo.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SLEEPERS	1200
#define CALLS		1000
#define STACK		(64 << 10)

/* What delete_module(2) says of a module that somebody uses. */
#define IN_USE		(-EWOULDBLOCK)

static struct heapinfo info;
static unsigned long page;

/* What the process that has the sleepers tells. */
struct told {
	int missing;	/* why there are none, as errno; 0 if there are */
	unsigned int asleep;
};

/* One that shrinks the heap by a page, and then waits until that is read. */
static void *sleeper(void *to)
{
	raw_brk((unsigned long)to);
	return NULL;
}

/* Whether the break has been moved to @to, behind which the mover sleeps. */
static void await_break(unsigned long to)
{
	while (raw_brk(0) != to)
		sched_yield();
}

/* A process whose threads fall asleep in brk(2), one after the other. */
static void __attribute__((noreturn)) sleep_in_brk(int tell, unsigned int number)
{
	unsigned long start, end;
	struct told told = {};
	pthread_attr_t attr;
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	/* What threads need is not to come from the heap that is watched. */
	mallopt(M_MMAP_THRESHOLD, 0);
	start = (raw_brk(0) + page) & -page;
	end = start + (number + 1) * page;
	raw_brk(end);
	told.missing = watch_heap(start, end - start);
	for (i = 1; !told.missing && i <= number; i++) {
		told.missing = pthread_create(&thread, &attr, sleeper,
					      (void *)(end - i * page));
		if (told.missing)
			break;
		await_break(end - i * page);
		told.asleep++;
	}
	if (write(tell, &told, sizeof(told)) == sizeof(told))
		pause();
	_exit(0);
}

FIXTURE(sleepers)
{
	pid_t pid;
	struct told told;
};

FIXTURE_VARIANT(sleepers)
{
	const char *params;
	bool hold;	/* the module */
};

FIXTURE_VARIANT_ADD(sleepers, redirect)
{
	.params = "source=redirect",
	.hold = true,
};

FIXTURE_VARIANT_ADD(sleepers, syscalls)
{
	.params = "source=syscalls",
};

FIXTURE_SETUP(sleepers)
{
	LOAD_OR_SKIP(variant->params);
	page = sysconf(_SC_PAGESIZE);
}

/* Ends the process that has the sleepers, if there is one. */
static void end_sleepers(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

FIXTURE_TEARDOWN(sleepers)
{
	end_sleepers(&self->pid);
	heapinfo_load("");
}

/* Has that many threads asleep in brk(2). Return: errno where there are none. */
static int put_to_sleep(pid_t *pid, struct told *told, unsigned int number)
{
	int tell[2];

	if (pipe(tell))
		return errno;
	*pid = fork();
	if (!*pid)
		sleep_in_brk(tell[1], number);
	close(tell[1]);
	if (read(tell[0], told, sizeof(*told)) != sizeof(*told))
		told->missing = EPIPE;
	close(tell[0]);
	return told->missing;
}

static unsigned long long under_way(void)
{
	return heapinfo_read_path(&info, "/proc/heapinfo") ?
	       HEAPINFO_NO_NUMBER : heapinfo_number(&info, "CallsUnderWay");
}

TEST_F_TIMEOUT(sleepers, take_nothing_from_others, HEAPINFO_LONG)
{
	unsigned long long calls, seen;
	unsigned int i;

	if (put_to_sleep(&self->pid, &self->told, SLEEPERS))
		SKIP(return, "nobody sleeps in brk(2) here: %s",
		     strerror(self->told.missing));
	ASSERT_EQ(SLEEPERS, self->told.asleep);
	EXPECT_EQ(variant->hold ? SLEEPERS : 0, under_way());
	raw_brk(0);
	ASSERT_EQ(0, heapinfo_read(&info, 0));
	calls = heapinfo_number(&info, "BrkCalls");
	ASSERT_EQ(0, heapinfo_read_path(&info, "/proc/heapinfo"));
	seen = heapinfo_number(&info, "CallsSeen");
	for (i = 0; i < CALLS; i++)
		raw_brk(0);
	ASSERT_EQ(0, heapinfo_read(&info, 0));
	EXPECT_EQ(calls + CALLS, heapinfo_number(&info, "BrkCalls"));
	ASSERT_EQ(0, heapinfo_read_path(&info, "/proc/heapinfo"));
	EXPECT_EQ(seen + CALLS, heapinfo_number(&info, "CallsSeen"));
	EXPECT_EQ(heapinfo_number(&info, "CallsSeen"),
		  heapinfo_number(&info, "CallsRecorded") +
		  heapinfo_number(&info, "CallsRefused"));
	/* When they end, their calls are recorded as well. */
	end_sleepers(&self->pid);
	EXPECT_EQ(0, under_way());
	EXPECT_LE(seen + CALLS + SLEEPERS, heapinfo_number(&info, "CallsSeen"));
}

TEST_F_TIMEOUT(sleepers, keep_the_module, HEAPINFO_LONG)
{
	if (!variant->hold)
		SKIP(return, "no code of the module is on their way back");
	if (put_to_sleep(&self->pid, &self->told, 1))
		SKIP(return, "nobody sleeps in brk(2) here: %s",
		     strerror(self->told.missing));
	EXPECT_EQ(IN_USE, heapinfo_unload());
	EXPECT_EQ(IN_USE, heapinfo_unload());
	/* Refused, it goes on as before. */
	EXPECT_EQ(1, under_way());
	ASSERT_EQ(0, heapinfo_read(&info, 0));
	end_sleepers(&self->pid);
	EXPECT_EQ(0, heapinfo_unload());
	EXPECT_NE(0, heapinfo_read(&info, 0));
}

/* So many address spaces that nobody who keeps places for them has enough. */
#define SPACES		800
#define VICTIMS		16

static void *idle(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

/* A process with two threads, of which one moves the break: nothing races with it. */
static void __attribute__((noreturn)) move_beside_a_thread(void)
{
	struct heapinfo_row row;
	pthread_t thread;
	unsigned long brk;
	unsigned int i;

	if (pthread_create(&thread, NULL, idle, NULL))
		_exit(1);
	brk = raw_brk(0);
	if (raw_brk(brk + page) != brk + page ||
	    raw_brk(brk + page) != brk + page ||
	    raw_brk(brk) != brk || heapinfo_read(&info, 0))
		_exit(2);
	if (heapinfo_number(&info, "BrkSets"))
		_exit(3);
	for (i = 0; !heapinfo_row(&info, i, &row); i++)
		if (strcmp("ok", row.result))
			_exit(4);
	_exit(i ? 0 : 5);
}

TEST_F_TIMEOUT(sleepers, race_with_nobody_else, HEAPINFO_LONG)
{
	static pid_t pids[SPACES];
	unsigned int i;
	int status;
	pid_t pid;

	if (!variant->hold)
		SKIP(return, "whether calls race is not known");
	for (i = 0; i < SPACES; i++)
		if (put_to_sleep(&pids[i], &self->told, 1))
			SKIP(return, "nobody sleeps in brk(2) here: %s",
			     strerror(self->told.missing));
	for (i = 0; i < VICTIMS; i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			move_beside_a_thread();
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(SPACES, under_way());
	for (i = 0; i < SPACES; i++)
		end_sleepers(&pids[i]);
	EXPECT_EQ(0, under_way());
}

/* A process that calls brk(2) when it is told to, and in the end sleeps in it. */
static void __attribute__((noreturn)) sleep_when_told(int go, int tell,
						      unsigned int calls)
{
	unsigned long start = (raw_brk(0) + page) & -page;
	struct told told = {};
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	raw_brk(start + 2 * page);
	told.missing = watch_heap(start, 2 * page);
	if (write(tell, &told, sizeof(told)) != sizeof(told) ||
	    read(go, &byte, 1) != 1)
		_exit(0);
	while (calls--)
		raw_brk(0);
	raw_brk(start + page);
	_exit(0);
}

#define ROUNDS		16
#define CALLS_A_ROUND	2000

/*
 * Who falls asleep while the module is being unloaded, however far that is, does
 * not stop it half way: it is refused or done.
 */
TEST_F_TIMEOUT(sleepers, that_come_late, HEAPINFO_LONG)
{
	unsigned int round, rounds = heapinfo_share(ROUNDS, 4);
	int go[2], tell[2], ret;

	for (round = 0; round < rounds; round++) {
		ASSERT_EQ(0, pipe(go));
		ASSERT_EQ(0, pipe(tell));
		self->pid = fork();
		ASSERT_LE(0, self->pid);
		if (!self->pid)
			sleep_when_told(go[0], tell[1],
					round * CALLS_A_ROUND);
		ASSERT_EQ(sizeof(self->told),
			  read(tell[0], &self->told, sizeof(self->told)));
		if (self->told.missing)
			SKIP(return, "nobody sleeps in brk(2) here: %s",
			     strerror(self->told.missing));
		ASSERT_EQ(1, write(go[1], "", 1));
		ret = heapinfo_unload();
		EXPECT_TRUE(!ret || ret == IN_USE);
		end_sleepers(&self->pid);
		close(go[0]);
		close(go[1]);
		close(tell[0]);
		close(tell[1]);
		if (!ret)
			ASSERT_EQ(0, heapinfo_load(variant->params));
	}
	EXPECT_EQ(0, heapinfo_unload());
}

#define UNLOADERS	4

/* Each of several that unload at once is told that somebody sleeps. */
TEST_F_TIMEOUT(sleepers, keep_the_module_from_several, HEAPINFO_LONG)
{
	unsigned int round, i, rounds = heapinfo_share(ROUNDS, 4);
	pid_t pids[UNLOADERS];
	int status;

	if (!variant->hold)
		SKIP(return, "no code of the module is on their way back");
	if (put_to_sleep(&self->pid, &self->told, 1))
		SKIP(return, "nobody sleeps in brk(2) here: %s",
		     strerror(self->told.missing));
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < UNLOADERS; i++) {
			pids[i] = fork();
			ASSERT_LE(0, pids[i]);
			if (!pids[i])
				_exit(heapinfo_unload() == IN_USE ? 0 : 1);
		}
		for (i = 0; i < UNLOADERS; i++) {
			ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
			EXPECT_EQ(0, status);
		}
	}
	EXPECT_EQ(1, under_way());
}

/* How many references the module has, by the kernel's count. */
static unsigned long long references(void)
{
	return heapinfo_read_number("/sys/module/heapinfo/refcnt");
}

/*
 * Calls that begin take a reference while the kernel is asked to unload. When it
 * has refused, here for an open file, they need none any more.
 */
TEST_F_TIMEOUT(sleepers, hold_by_themselves_again, HEAPINFO_LONG)
{
	int fd = open("/proc/self/heapinfo", O_RDONLY);
	unsigned long long opened;
	bool held;

	ASSERT_LE(0, fd);
	opened = references();
	EXPECT_EQ(IN_USE, heapinfo_unload());
	do {
		if (put_to_sleep(&self->pid, &self->told, 1))
			SKIP(return, "nobody sleeps in brk(2) here: %s",
			     strerror(self->told.missing));
		EXPECT_EQ(variant->hold, under_way());
		held = references() != opened;
		end_sleepers(&self->pid);
	} while (held);
	close(fd);
	EXPECT_EQ(0, heapinfo_unload());
}

TEST_HARNESS_MAIN
