// SPDX-License-Identifier: GPL-2.0
/*
 * A crowd of processes that fork, call brk(2), run programs and end. Meanwhile
 * others read every heapinfo and list every directory, some directories are kept
 * until their numbers have been given away, processors come and go, and a memory
 * cgroup is too small for its share of the crowd.
 *
 * HEAPINFO_CROWD is how many processes there are in all (100).
 */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* What delete_module(2) says of a module that somebody holds. */
#define IN_USE		(-EWOULDBLOCK)

/* How often an unloading is tried before those who use the files hold still. */
#define UNLOAD_TRIES	1000

#define AT_ONCE		60
#define READERS		3
#define HELPERS		(READERS + 1)
#define LEAF_CALLS	5
#define HELD		64
#define PID_MAX		"/proc/sys/kernel/pid_max"
#define FEW_PIDS	"600"
#define CGROUP		"/sys/fs/cgroup/heapinfo-crowd"
#define CGROUP_BYTES	(256 << 10)

/* What the processes of the crowd count together. */
struct sums {
	volatile unsigned int stop;
	volatile unsigned int pause;
	unsigned int turns;
	unsigned long calls;
	unsigned long reads;
	unsigned long lists;
	unsigned long stale;
	unsigned long strange;
	unsigned long switches;
};

static struct heapinfo info;

static void count(unsigned long *sum, unsigned long by)
{
	__atomic_fetch_add(sum, by, __ATOMIC_RELAXED);
}

/* Calls that change the break in every way; the break ends where it began. */
static unsigned long move_break(const struct sums *sums, unsigned int seed)
{
	unsigned long from = raw_brk(0), calls = 1;
	unsigned int i, turns = sums->turns * (1 + seed % 20);

	for (i = 0; i < turns; i++, calls += 3) {
		raw_brk(from + 4096 * (1 + (seed + i) % 9));
		raw_brk(1);
		raw_brk(from);
	}
	return calls;
}

/* The program that some of the crowd run is this one. */
static void __attribute__((constructor)) leaf(int argc, char **argv)
{
	unsigned long from;
	unsigned int i;

	if (argc != 2 || strcmp(argv[1], "--leaf"))
		return;
	from = raw_brk(0);
	for (i = 1; i < LEAF_CALLS; i++)
		raw_brk(from + 4096 * (i % 2));
	/* The sums are another image's: who waits for this one adds them up. */
	_exit(LEAF_CALLS);
}

static void *move_in_thread(void *arg)
{
	struct sums *sums = arg;

	count(&sums->calls, move_break(sums, 7));
	return NULL;
}

/* More memory than the cgroup has: whoever is killed for it, it was met. */
static void fill_cgroup(void)
{
	mmap(NULL, 2 * CGROUP_BYTES, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

/* One of the crowd; what it does goes by its number. */
static void member(struct sums *sums, unsigned int i, bool in_cgroup)
{
	pthread_t thread;
	char name[16];
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A line of its own, for whoever believes it. */
	snprintf(name, sizeof(name), "%u\nBrk:\t0x1\n#", i);
	prctl(PR_SET_NAME, name);
	if (in_cgroup && i % 3 == 0)
		heapinfo_write_file(CGROUP "/cgroup.procs", "0");
	count(&sums->calls, move_break(sums, i));
	if (in_cgroup && !i)
		fill_cgroup();
	switch (i % 4) {
	case 0:
		pid = fork();
		if (!pid) {
			count(&sums->calls, move_break(sums, i / 4));
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		break;
	case 1:
		execl("/proc/self/exe", "leaf", "--leaf", NULL);
		count(&sums->strange, 1);
		break;
	case 2:
		if (!pthread_create(&thread, NULL, move_in_thread, sums)) {
			count(&sums->calls, move_break(sums, i));
			pthread_join(thread, NULL);
		}
		break;
	}
	_exit(0);
}

/* Of who has just ended there is nothing; a kernel thread has two lines. */
static bool is_whole(const struct heapinfo *of)
{
	if (!of->length)
		return true;
	if (strncmp(of->text, "Name:\t", 6) ||
	    heapinfo_number(of, "Brk") == 1)
		return false;
	if (!heapinfo_has(of, "StartBrk"))
		return !heapinfo_has(of, "Recorded");
	return heapinfo_has(of, "EventsLost") ||
	       !strcmp(heapinfo_word(of, "Recorded"), "no");
}

/*
 * Names are members' own numbers: what a directory says later must be of the
 * same member, before it had that name or when it ran a program, or nothing.
 */
static void ask_again(struct sums *sums, int dir, const char *name)
{
	char path[64];
	const char *now;
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/heapinfo", dir);
	ret = heapinfo_read_path(&info, path);
	if (ret) {
		count(ret == -ENOENT || ret == -ESRCH ? &sums->stale :
		      &sums->strange, 1);
		return;
	}
	now = heapinfo_word(&info, "Name");
	if (info.length && strcmp(now, name) && strcmp(now, "exe") &&
	    strcmp(now, "crowd"))
		count(&sums->strange, 1);
}

/* Directories that are kept until others have their numbers. */
static struct {
	int dir;
	char name[HEAPINFO_WORD_MAX];
} held[HELD];

static void let_go(struct sums *sums, unsigned int i)
{
	if (!held[i].dir)
		return;
	ask_again(sums, held[i].dir, held[i].name);
	close(held[i].dir);
	held[i].dir = 0;
}

/* Keep a directory in the place of the one that was kept the longest. */
static void keep_directory(struct sums *sums, int dir, const char *name)
{
	static unsigned int at;

	let_go(sums, at);
	held[at].dir = dir;
	strcpy(held[at].name, name);
	at = (at + 1) % HELD;
}

static void read_all_entries(struct sums *sums)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[64];
	int ret, dir;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || sums->stop)
			continue;
		while (sums->pause && !sums->stop)
			let_others_run();
		snprintf(path, sizeof(path), "/proc/%d", pid);
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		count(&sums->lists, is_listed(dir, "heapinfo"));
		snprintf(path, sizeof(path), "/proc/self/fd/%d/heapinfo", dir);
		ret = heapinfo_read_path(&info, path);
		close(dir);
		if (!ret && is_whole(&info))
			count(&sums->reads, 1);
		else if (ret != -ENOENT && ret != -ESRCH)
			count(&sums->strange, 1);
	}
	if (proc)
		closedir(proc);
}

static void let_all_go(struct sums *sums)
{
	unsigned int i;

	for (i = 0; i < HELD; i++)
		let_go(sums, i);
}

/* Keep the directory of a member, whose name is as in member(), escaped. */
static void keep_member(struct sums *sums, pid_t pid, unsigned int i)
{
	char path[64], name[64];
	int dir;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	snprintf(name, sizeof(name), "%u\\012Brk:\\0110x1\\012#", i);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		keep_directory(sums, dir, name);
}

/* Processors other than the first go off and come back. */
static void switch_processors(struct sums *sums)
{
	unsigned int cpu = 1;
	char path[64];

	while (!sums->stop) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%u/online", cpu);
		if (access(path, W_OK)) {
			/* Not even this one: there is nothing to switch. */
			if (cpu == 1)
				usleep(100000);
			cpu = 1;
			continue;
		}
		if (!heapinfo_write_file(path, "0"))
			count(&sums->switches, 1);
		usleep(20000);
		if (heapinfo_write_file(path, "1"))
			count(&sums->strange, 1);
		cpu++;
	}
}

static bool make_cgroup(void)
{
	char bytes[24];

	snprintf(bytes, sizeof(bytes), "%u", CGROUP_BYTES);
	return heapinfo_make_cgroup(CGROUP) &&
	       !heapinfo_write_file(CGROUP "/memory.max", bytes);
}

/* How often the cgroup had no more memory to give. */
static unsigned long long cgroup_refusals(void)
{
	unsigned long long times = 0;
	char word[16];
	FILE *events = fopen(CGROUP "/memory.events", "r");

	while (events && fscanf(events, "%15s %llu", word, &times) == 2 &&
	       strcmp(word, "max"))
		times = 0;
	if (events)
		fclose(events);
	return times;
}

FIXTURE(crowd)
{
	struct sums *sums;
	unsigned int members;
	bool in_cgroup;
	unsigned long long pid_max;
	pid_t helpers[HELPERS];
};

FIXTURE_VARIANT(crowd)
{
	const char *params;
	unsigned int turns;	/* of a member: many fill the memory */
	bool reload;
};

FIXTURE_VARIANT_ADD(crowd, redirect)
{
	.params = "source=redirect", .turns = 1,
};

FIXTURE_VARIANT_ADD(crowd, syscalls)
{
	.params = "source=syscalls", .turns = 1,
};

FIXTURE_VARIANT_ADD(crowd, small_memory)
{
	.params = "memory=1 history=4096", .turns = 20,
};

FIXTURE_VARIANT_ADD(crowd, reloaded)
{
	.params = "", .turns = 1,
	.reload = true,
};

FIXTURE_SETUP(crowd)
{
	const char *members = getenv("HEAPINFO_CROWD");
	unsigned int i;

	RELOAD_OR_SKIP(variant->params);
	self->members = members ? atoi(members) : 100;
	self->sums = mmap(NULL, sizeof(*self->sums), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->sums);
	self->sums->turns = variant->turns;
	self->in_cgroup = make_cgroup();
	self->pid_max = heapinfo_read_number(PID_MAX);
	ASSERT_EQ(0, heapinfo_write_file(PID_MAX, FEW_PIDS));
	for (i = 0; i < HELPERS; i++) {
		self->helpers[i] = fork();
		if (self->helpers[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i == READERS)
			switch_processors(self->sums);
		else
			while (!self->sums->stop)
				read_all_entries(self->sums);
		_exit(0);
	}
}

FIXTURE_TEARDOWN(crowd)
{
	char pid_max[24];

	snprintf(pid_max, sizeof(pid_max), "%llu", self->pid_max);
	heapinfo_write_file(PID_MAX, pid_max);
	rmdir(CGROUP);
	heapinfo_load("");
}

/* How many of the helpers did not end as they should? */
static unsigned int stop_helpers(struct sums *sums, const pid_t *helpers)
{
	unsigned int i, bad = 0;
	int status;

	sums->stop = 1;
	for (i = 0; i < HELPERS; i++) {
		waitpid(helpers[i], &status, 0);
		bad += !!status;
	}
	return bad;
}

TEST_F_TIMEOUT(crowd, comes_and_goes, HEAPINFO_LONG)
{
	unsigned long processes, reloads = 0, killed = 0, tries;
	unsigned int i, running = 0, ended = 0;
	struct sums *sums = self->sums;
	int status, ret;

	ASSERT_EQ(0, heapinfo_read_path(&info, "/proc/heapinfo"));
	processes = heapinfo_number(&info, "Processes");
	for (i = 0; ended < self->members;) {
		if (i < self->members && running < AT_ONCE) {
			pid_t pid = fork();

			if (!pid)
				member(sums, i, self->in_cgroup);
			ASSERT_LT(0, pid);
			keep_member(sums, pid, i);
			running++;
			i++;
			continue;
		}
		/* A helper ends only when it is told to. */
		ASSERT_LT(0, waitpid(-1, &status, 0));
		running--;
		ended++;
		/* The cgroup is there to be too small. */
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			killed++;
		else if (WIFEXITED(status) && WEXITSTATUS(status) == LEAF_CALLS)
			count(&sums->calls, LEAF_CALLS);
		else
			EXPECT_EQ(0, status);
		if (!variant->reload || ended % 50)
			continue;
		for (tries = 0; ; tries++) {
			ret = heapinfo_unload();
			if (ret != IN_USE)
				break;
			sums->pause = tries > UNLOAD_TRIES;
			sched_yield();
		}
		sums->pause = 0;
		EXPECT_EQ(0, ret);
		EXPECT_EQ(0, heapinfo_load(""));
		reloads++;
	}
	EXPECT_EQ(0, stop_helpers(sums, self->helpers));
	let_all_go(sums);
	EXPECT_EQ(0, sums->strange);
	EXPECT_LT(0, (long)sums->reads);
	EXPECT_LT(0, (long)sums->lists);
	EXPECT_LE(self->members / 2, sums->stale);
	if (self->in_cgroup)
		EXPECT_LT(0, cgroup_refusals());
	TH_LOG("%u processes, %lu killed in a cgroup that had none left %llu times, %lu calls, %lu files read, %lu listed, %lu directories of the ended, processors switched off %lu times, reloaded %lu times",
	       ended, killed, cgroup_refusals(), sums->calls, sums->reads, sums->lists,
	       sums->stale, sums->switches, reloads);

	ASSERT_EQ(0, heapinfo_read_path(&info, "/proc/heapinfo"));
	TH_LOG("seen %llu, refused %llu, rows %llu, without room %llu, memory %llu",
	       heapinfo_number(&info, "CallsSeen"),
	       heapinfo_number(&info, "CallsRefused"),
	       heapinfo_number(&info, "EventsRecorded"),
	       heapinfo_number(&info, "EventsLost"),
	       heapinfo_number(&info, "MemoryUsed"));
	/* All that ended are forgotten, and so is their memory. */
	EXPECT_GE(processes + 5, heapinfo_number(&info, "Processes"));
	EXPECT_GE(heapinfo_number(&info, "MemoryBound"),
		  heapinfo_number(&info, "MemoryUsed"));
	if (variant->reload)
		return;
	if (variant->turns > 1)
		EXPECT_LT(0, heapinfo_number(&info, "EventsLost"));
	/* Of whoever was killed, and of programs' loaders, there are more. */
	EXPECT_LE(sums->calls, heapinfo_number(&info, "CallsSeen"));
	EXPECT_EQ(heapinfo_number(&info, "CallsSeen"),
		  heapinfo_number(&info, "CallsRecorded") +
		  heapinfo_number(&info, "CallsRefused"));
}

TEST_HARNESS_MAIN
