// SPDX-License-Identifier: GPL-2.0
/*
 * What calls cost, as nanoseconds of CLOCK_MONOTONIC; where the clock counts
 * instructions (qemu -icount shift=0), as instructions.
 *
 *	cost calls			getppid and brk
 *	cost processes			processes that begin and end
 *	cost contention			brk on all processors at once
 *	cost files			reading files of /proc/<pid>
 *	cost memory			MemoryUsed for each process, in bytes
 *	cost load FILE PARAMETERS	loading and unloading heapinfo.ko
 *
 * Prints lines of a name, a tab and a number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
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

#define ROUNDS		100	/* of which the cheapest counts: no interrupt in it */
#define PAIRS		8	/* of calls that fill a block of a history */
#define PAIR_ROUNDS	1000
#define PROCESS_ROUNDS	20
#define EVENTS		64	/* of a process with a full history */
#define PROCESSES	100
#define CONTENTION_NS	500000000L
#define CONTENTION_ROUNDS 5
#define LINE		64	/* bytes */
#define DEPTH		4	/* functions deep, and up to as many more: */
#define DEPTHS		40
#define DEPTH_ROUNDS	20

static void fail(const char *what)
{
	fprintf(stderr, "cost: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void report(const char *name, double value)
{
	printf("%s\t%.0f\n", name, value);
}

/* The cheapest of many rounds, for one of the @calls that @work makes. */
static void measure(const char *name, void (*work)(void), int calls)
{
	long best = 0, start, spent;
	int i;

	work();
	for (i = 0; i < ROUNDS; i++) {
		start = now();
		work();
		spent = now() - start;
		if (!i || spent < best)
			best = spent;
	}
	report(name, (double)best / calls);
}

static void call_getppid(void)
{
	int i;

	for (i = 0; i < 1000; i++)
		syscall(SYS_getppid);
}

static void call_brk_query(void)
{
	int i;

	for (i = 0; i < 1000; i++)
		syscall(SYS_brk, 0);
}

static long lesser(long best, long spent)
{
	return !best || spent < best ? spent : best;
}

/*
 * Each call moves the break by a page that nobody has touched. What the kernel
 * allocates and frees for that costs it little or much as its caches happen to
 * be, so the cheapest is taken of each pair of calls, not of a whole round. A
 * round fills a block of the history: one of its pairs pays for the next.
 */
static void measure_moves(const char *name)
{
	unsigned long top = (syscall(SYS_brk, 0) + 4095) & ~4095UL;
	long best[PAIRS] = { 0 }, clock = 0, sum = 0, start;
	int i, k;

	for (i = 0; i < PAIR_ROUNDS; i++) {
		for (k = 0; k < PAIRS; k++) {
			start = now();
			syscall(SYS_brk, top + 4096);
			syscall(SYS_brk, top);
			best[k] = lesser(best[k], now() - start);
			start = now();
			clock = lesser(clock, now() - start);
		}
	}
	for (k = 0; k < PAIRS; k++)
		sum += best[k] - clock;
	report(name, sum / (2.0 * PAIRS));
}

/* Moves the break up and down from so deep in the program. Returns what it took. */
static long __attribute__((noinline)) move_from(unsigned int depth,
						unsigned long top)
{
	long start, spent;

	if (depth) {
		spent = move_from(depth - 1, top);
		/* So that the call is no jump. */
		asm volatile("" ::: "memory");
		return spent;
	}
	start = now();
	syscall(SYS_brk, top + 4096);
	syscall(SYS_brk, top);
	return now() - start;
}

/*
 * No call is made from where one of the rows that are kept was made. The stacks have
 * 24 frames and three KiB in the mean, as those of real programs have in the median;
 * the mean of the cheapest from each depth.
 */
static void measure_stacks(const char *name)
{
	unsigned long top = (syscall(SYS_brk, 0) + 4095) & ~4095UL;
	long best[DEPTHS] = { 0 }, clock = 0, sum = 0, start;
	int i, k;

	for (i = 0; i < DEPTH_ROUNDS; i++) {
		for (k = 0; k < DEPTHS; k++) {
			best[k] = lesser(best[k], move_from(DEPTH + k, top));
			start = now();
			clock = lesser(clock, now() - start);
		}
	}
	for (k = 0; k < DEPTHS; k++)
		sum += best[k] - clock;
	report(name, sum / (2.0 * DEPTHS));
}

static void reap(pid_t pid)
{
	int status;

	if (pid < 0)
		fail("fork");
	if (waitpid(pid, &status, 0) != pid || status)
		fail("a process did not end as it should");
}

static void fork_exit(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(EXIT_SUCCESS);
	reap(pid);
}

static void fork_brk_exit(void)
{
	pid_t pid = fork();

	if (!pid) {
		syscall(SYS_brk, syscall(SYS_brk, 0) + 4096);
		_exit(EXIT_SUCCESS);
	}
	reap(pid);
}

static void fork_exec_exit(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/proc/self/exe", "cost", "nothing", NULL);
		_exit(EXIT_FAILURE);
	}
	reap(pid);
}

/*
 * For one process of the cheapest of some rounds. Memory of processes that have
 * ended is freed a while later: a round is long enough to pay for that, too.
 */
static void measure_processes(const char *name, void (*one)(void))
{
	long best = 0, start;
	int i, k;

	for (i = 0; i < PROCESS_ROUNDS; i++) {
		start = now();
		for (k = 0; k < PROCESSES; k++)
			one();
		best = lesser(best, now() - start);
	}
	report(name, (double)best / PROCESSES);
}

/* The first call of a process, as the process itself measures it. */
static void measure_first(const char *name)
{
	long *spent = mmap(NULL, sizeof(*spent), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long best = 0, start;
	pid_t pid;
	int i;

	if (spent == MAP_FAILED)
		fail("mmap");
	for (i = 0; i < ROUNDS; i++) {
		pid = fork();
		if (!pid) {
			/* So that the call itself touches no page anew. */
			start = now();
			*spent = syscall(SYS_getppid);
			start = now();
			syscall(SYS_brk, 0);
			*spent = now() - start;
			_exit(EXIT_SUCCESS);
		}
		reap(pid);
		best = lesser(best, *spent);
	}
	munmap(spent, sizeof(*spent));
	report(name, best);
}

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void cost_calls(void)
{
	pthread_t thread;

	measure("getppid", call_getppid, 1000);
	measure("brk(0)", call_brk_query, 1000);
	measure_moves("brk that moves");
	measure_stacks("brk that moves, each from another place");
	measure_first("first brk(0) of a process");
	errno = pthread_create(&thread, NULL, sleep_for_ever, NULL);
	if (errno)
		fail("cannot make a thread");
	measure("brk(0), two threads", call_brk_query, 1000);
}

static void cost_processes(void)
{
	measure_processes("fork, exit", fork_exit);
	measure_processes("fork, two brk, exit", fork_brk_exit);
	measure_processes("fork, exec, exit", fork_exec_exit);
}

/* Calls of brk(0) that @nr processes make at once, each on its own processor. */
static double calls_of(int nr)
{
	/* Each in a cache line of its own. */
	long *calls = mmap(NULL, nr * LINE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long begin = now() + CONTENTION_NS / 10, i;
	double sum = 0;
	cpu_set_t cpu;
	pid_t pids[nr];
	int k;

	if (calls == MAP_FAILED)
		fail("mmap");
	for (k = 0; k < nr; k++) {
		pids[k] = fork();
		if (pids[k])
			continue;
		CPU_ZERO(&cpu);
		CPU_SET(k, &cpu);
		if (sched_setaffinity(0, sizeof(cpu), &cpu))
			fail("sched_setaffinity");
		while (now() < begin)
			;
		for (i = 0; now() < begin + CONTENTION_NS; i += 100)
			for (int n = 0; n < 100; n++)
				syscall(SYS_brk, 0);
		calls[k * LINE / sizeof(long)] = i;
		_exit(EXIT_SUCCESS);
	}
	for (k = 0; k < nr; k++)
		reap(pids[k]);
	for (k = 0; k < nr; k++)
		sum += calls[k * LINE / sizeof(long)];
	munmap(calls, nr * LINE);
	return sum;
}

/* How many times the calls of one process all processors together can make. */
static void cost_contention(void)
{
	int nr = sysconf(_SC_NPROCESSORS_ONLN);
	char name[80];
	double one = 0, all = 0, sum;
	int i;

	/* The most of some rounds each: what disturbs one only makes it less. */
	for (i = 0; i < CONTENTION_ROUNDS; i++) {
		sum = calls_of(1);
		one = sum > one ? sum : one;
		sum = calls_of(nr);
		all = sum > all ? sum : all;
	}
	snprintf(name, sizeof(name),
		 "brk(0) of %d processes at once, in percent of one's", nr);
	report(name, 100 * all / one);
}

/* A program with so many rows in its history, as it is after exec. */
static void be_target(int events)
{
	unsigned long top = syscall(SYS_brk, 0);
	int i;

	for (i = 0; i < events; i++)
		syscall(SYS_brk, top + (i % 2 ? 0 : 4096));
	if (write(STDOUT_FILENO, "", 1) != 1)
		_exit(EXIT_FAILURE);
	pause();
	_exit(EXIT_SUCCESS);
}

static pid_t start_target(int events)
{
	char number[16], byte;
	int ready[2];
	pid_t pid;

	if (pipe(ready))
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], STDOUT_FILENO);
		close(ready[0]);
		close(ready[1]);
		snprintf(number, sizeof(number), "%d", events);
		execl("/proc/self/exe", "cost", "target", number, NULL);
		_exit(EXIT_FAILURE);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		fail("the target did not start");
	close(ready[0]);
	return pid;
}

static void stop_target(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static char file[64];

static void read_file(void)
{
	static char buf[65536];
	int fd = open(file, O_RDONLY);

	if (fd < 0)
		fail(file);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static void cost_file(const char *label, pid_t pid, const char *name)
{
	snprintf(file, sizeof(file), "/proc/%d/%s", pid, name);
	if (!access(file, F_OK))
		measure(label, read_file, 1);
}

static void cost_files(void)
{
	pid_t pid = start_target(0);

	cost_file("read maps", pid, "maps");
	cost_file("read stat", pid, "stat");
	cost_file("read status", pid, "status");
	cost_file("read heapinfo, 0 events", pid, "heapinfo");
	stop_target(pid);
	pid = start_target(EVENTS);
	cost_file("read heapinfo, 64 events", pid, "heapinfo");
	stop_target(pid);
}

/* The value of a key of /proc/heapinfo. */
static long module_state(const char *key)
{
	char line[256];
	long value = -1;
	FILE *state = fopen("/proc/heapinfo", "r");

	if (!state)
		fail("/proc/heapinfo");
	while (fgets(line, sizeof(line), state)) {
		if (!strncmp(line, key, strlen(key)) &&
		    line[strlen(key)] == ':')
			value = atol(line + strlen(key) + 1);
	}
	fclose(state);
	if (value < 0) {
		errno = ENOENT;
		fail(key);
	}
	return value;
}

static void cost_memory(void)
{
	static const int events[] = { 0, EVENTS, EVENTS + 1 };
	pid_t pids[PROCESSES];
	char label[64];
	unsigned int i;
	long before;
	int k;

	for (i = 0; i < sizeof(events) / sizeof(*events); i++) {
		before = module_state("MemoryUsed");
		for (k = 0; k < PROCESSES; k++)
			pids[k] = start_target(events[i]);
		snprintf(label, sizeof(label),
			 "bytes for a process, %d events", events[i]);
		report(label, (double)(module_state("MemoryUsed") - before) /
			      PROCESSES);
		for (k = 0; k < PROCESSES; k++)
			stop_target(pids[k]);
		/* Their memory is freed a while later. */
		sleep(1);
	}
}

static void cost_load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY);
	long start;

	if (fd < 0)
		fail(path);
	start = now();
	if (syscall(SYS_finit_module, fd, parameters, 0))
		fail("cannot load the module");
	report("load, waits included", now() - start);
	start = now();
	if (syscall(SYS_delete_module, "heapinfo", O_NONBLOCK))
		fail("cannot unload the module");
	report("unload, waits included", now() - start);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "nothing"))
		return 0;
	if (!strcmp(what, "target") && argc == 3)
		be_target(atoi(argv[2]));
	else if (!strcmp(what, "calls"))
		cost_calls();
	else if (!strcmp(what, "processes"))
		cost_processes();
	else if (!strcmp(what, "contention"))
		cost_contention();
	else if (!strcmp(what, "files"))
		cost_files();
	else if (!strcmp(what, "memory"))
		cost_memory();
	else if (!strcmp(what, "load") && argc == 4)
		cost_load(argv[2], argv[3]);
	else
		fprintf(stderr, "usage: cost calls|processes|contention|files|memory\n"
			"       cost load FILE PARAMETERS\n");
	return 0;
}
