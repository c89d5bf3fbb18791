// SPDX-License-Identifier: GPL-2.0
/*
 * In a VM with heapinfo loaded: many processes do in random order all that can be
 * done with its files, while the processes that these are of call brk(2), run
 * programs and end. What that does to the kernel is for the kernel to say.
 *
 *	fileops [SECONDS [SEED]]
 *
 * Prints the seed, how often each thing was done and how often it succeeded. Fails
 * where one was never done, where a file let be done what it must not or held what
 * is not its own, and where more is left in memory than was there before.
 */
#include "fileops.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS		10

/* A user with nothing special about them, who is every other process. */
#define OTHER_USER	61001

/* Few numbers, so that those of the ended soon belong to others. */
#define PID_MAX		"/proc/sys/kernel/pid_max"
#define FEW_PIDS	"600"

/* Where a program that was run finds what all share. */
#define SHARED_FD	900

/* What there may be more of at the end, since others run, too. */
#define MORE_IN_MEMORY	100

/* After which all that is to be freed is taken to be. */
#define GRACE_PERIODS	100

struct shared *shared;
uint64_t seed;

static const char *const event_names[NR_EVENTS] = {
	[EVENT_BRK] = "called brk(2)",
	[EVENT_EXEC] = "ran a program",
	[EVENT_THREAD] = "began a thread",
	[EVENT_FORK] = "forked",
	[EVENT_VFORK] = "let a child move the break",
	[EVENT_END] = "ended",
	[EVENT_KILLED] = "were killed",
};

/* A number below @below, as xorshift64 draws it. */
unsigned long draw(unsigned long below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return below ? (seed >> 16) % below : 0;
}

bool chance(unsigned int percent)
{
	return draw(100) < percent;
}

void count(unsigned long *number)
{
	__atomic_fetch_add(number, 1, __ATOMIC_RELAXED);
}

void strange(const char *what, long number)
{
	if (!__atomic_fetch_add(&shared->strange, 1, __ATOMIC_RELAXED))
		snprintf(shared->said, sizeof(shared->said), "%s: %ld", what,
			 number);
}

/* This program again, in the place of the one that runs. */
void run_program(const char *mode)
{
	char number[24];

	snprintf(number, sizeof(number), "%lu", draw(1UL << 40) + 1);
	execl("/proc/self/exe", "fileops", mode, number, NULL);
	strange("exec", errno);
	_exit(1);
}

static void become_other(void)
{
	if (setresgid(OTHER_USER, OTHER_USER, OTHER_USER) ||
	    setresuid(OTHER_USER, OTHER_USER, OTHER_USER) ||
	    prctl(PR_SET_DUMPABLE, 1))
		_exit(2);
}

/* A process that does @what, each with random numbers of its own. */
static pid_t start(void (*what)(void))
{
	static unsigned int number;
	uint64_t own = seed ^ ++number * 0x9e3779b97f4a7c15ULL;
	pid_t pid = fork();

	if (!pid) {
		seed = own ?: 1;
		if (number % 2)
			become_other();
		what();
		_exit(0);
	}
	return pid;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = write(fd, text, strlen(text));

	close(fd);
	return length == (ssize_t)strlen(text);
}

/* Active objects of a slab cache; 0 where the kernel does not tell. */
static unsigned long in_memory(const char *cache)
{
	char path[64], word[64], line[512];
	unsigned long nr = 0, found = 0;
	FILE *slabs;

	/* Empties what the processors keep, which counts as used. */
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	write_file(path, "1");
	slabs = fopen("/proc/slabinfo", "re");
	while (slabs && !found && fgets(line, sizeof(line), slabs))
		if (sscanf(line, "%63s %lu", word, &nr) == 2 &&
		    !strcmp(word, cache))
			found = nr;
	if (slabs)
		fclose(slabs);
	return found;
}

/* What a process has that ended, and what files have that were closed. */
static const char *const caches[] = { "mm_struct", "task_struct", "pid", "filp" };

/* One that has ended: a target, a worker, or what one of them left behind. */
static void reap(pid_t pid, int status, const pid_t workers[WORKERS])
{
	unsigned int i;

	for (i = 0; i < TARGETS; i++)
		if (shared->targets[i] == pid)
			shared->targets[i] = 0;
	for (i = 0; i < WORKERS; i++)
		if (workers[i] == pid)
			strange("a worker ended", status);
}

/* Until then, targets are killed now and then, and those that ended are replaced. */
static void watch_over(time_t until, const pid_t workers[WORKERS])
{
	struct timespec now, pause = { .tv_nsec = 5000000 };
	unsigned int i;
	int status;
	pid_t pid;

	do {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			reap(pid, status, workers);
		for (i = 0; i < TARGETS; i++)
			if (shared->targets[i] <= 0)
				shared->targets[i] = start(be_target);
		pid = PICK(shared->targets);
		if (pid > 0 && chance(5) && !kill(pid, SIGKILL))
			count(&shared->events[EVENT_KILLED]);
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < until);
}

static bool tell(const struct op *op, const struct times *times)
{
	printf("# %s %lu, of which %lu succeeded\n", op->name, times->tried,
	       times->succeeded);
	return times->tried && (times->succeeded || op->refused);
}

static bool result(bool good, const char *what)
{
	printf("%s - %s\n", good ? "ok" : "not ok", what);
	return good;
}

static bool tell_all(void)
{
	bool all = true, good;
	unsigned int i;

	for (i = 0; i < nr_ops; i++)
		all &= tell(&ops[i], &shared->ops[i]);
	good = result(all, "each thing was done, and has succeeded where it can");
	all = true;
	for (i = 0; i < NR_EVENTS; i++) {
		printf("# targets %s %lu times\n", event_names[i],
		       shared->events[i]);
		all &= shared->events[i] != 0;
	}
	good &= result(all, "the processes did each thing that they do");
	if (shared->strange)
		printf("# %lu times, first: %s\n", shared->strange, shared->said);
	return result(!shared->strange, "nothing strange was met") && good;
}

/* What RCU frees is free after some of its grace periods. */
static bool tell_memory(const unsigned long before[])
{
	unsigned long after = 0;
	unsigned int i, turn;
	bool good = true;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		for (turn = 0; turn < GRACE_PERIODS; turn++) {
			syscall(SYS_membarrier, 1 /* GLOBAL */, 0);
			after = in_memory(caches[i]);
			if (after <= before[i] + MORE_IN_MEMORY)
				break;
		}
		printf("# %s: %lu before, %lu after\n", caches[i], before[i],
		       after);
		good &= after <= before[i] + MORE_IN_MEMORY;
	}
	return result(good, before[0] ?
		      "no more is in memory than before" :
		      "no more is in memory # SKIP the kernel does not tell");
}

/* What all share is found by its number after an exec. */
static void share(bool first)
{
	if (first) {
		int fd = memfd_create("shared", 0);

		if (fd < 0 || ftruncate(fd, sizeof(*shared)) ||
		    dup2(fd, SHARED_FD) != SHARED_FD)
			exit(2);
		close(fd);
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      SHARED_FD, 0);
	if (shared == MAP_FAILED)
		exit(2);
}

static bool fileops(unsigned long seconds)
{
	unsigned long before[ARRAY_SIZE(caches)];
	pid_t workers[WORKERS];
	struct timespec now;
	char pid_max[24] = "";
	unsigned int i;
	int fd;

	share(true);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (i = 0; i < ARRAY_SIZE(caches); i++)
		before[i] = in_memory(caches[i]);
	fd = open(PID_MAX, O_RDONLY | O_CLOEXEC);
	read(fd, pid_max, sizeof(pid_max) - 1);
	close(fd);
	write_file(PID_MAX, FEW_PIDS);
	/* Whoever has caches dropped need not be named in the log. */
	write_file("/proc/sys/vm/drop_caches", "4");

	for (i = 0; i < WORKERS; i++)
		workers[i] = start(do_ops);
	clock_gettime(CLOCK_MONOTONIC, &now);
	watch_over(now.tv_sec + seconds, workers);
	shared->stop = 1;
	while (wait(NULL) > 0)
		;
	write_file(PID_MAX, pid_max);
	return tell_all() & tell_memory(before);
}

int main(int argc, char **argv)
{
	bool good;

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	if (!seed)
		seed = 1;
	if (argc == 3 && !strcmp(argv[1], "--target")) {
		share(false);
		be_target();
	}
	if (argc == 3 && !strcmp(argv[1], "--held")) {
		share(false);
		do_ops_with_what_is_open();
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# seed %llu\n", (unsigned long long)seed);
	good = fileops(argc > 1 ? strtoul(argv[1], NULL, 0) : 120);
	return good ? 0 : 1;
}
