// SPDX-License-Identifier: GPL-2.0
/* Each reason for which brk(2) fails is named, and named right. */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fanotify.h>
#include <linux/mman.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MAX_MAP_COUNT	"/proc/sys/vm/max_map_count"
#define OVERCOMMIT	"/proc/sys/vm/overcommit_memory"
#define HUGE_PAGES	"/proc/sys/vm/nr_hugepages"
#define IGNORE_DATA	"/sys/module/kernel/parameters/ignore_rlimit_data"

#ifndef SYS_mseal
#define SYS_mseal	462
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack	453
#endif

/* stack_guard_gap of the kernel, in pages. */
#define GUARD_PAGES	256

static struct heapinfo before, after;
static unsigned long page;

FIXTURE(failures)
{
	unsigned long brk;
	unsigned long end;
	char max_map_count[32];
	char overcommit[32];
};

FIXTURE_VARIANT(failures)
{
	const char *params;
	bool settings;	/* are as they are when a call fails */
};

FIXTURE_VARIANT_ADD(failures, redirect)
{
	.params = "source=redirect",
	.settings = true,
};

FIXTURE_VARIANT_ADD(failures, syscalls)
{
	.params = "source=syscalls",
};

FIXTURE_SETUP(failures)
{
	LOAD_OR_SKIP(variant->params);
	snprintf(self->max_map_count, sizeof(self->max_map_count), "%llu",
		 heapinfo_read_number(MAX_MAP_COUNT));
	snprintf(self->overcommit, sizeof(self->overcommit), "%llu",
		 heapinfo_read_number(OVERCOMMIT));
	page = sysconf(_SC_PAGESIZE);
	/* A heap to shrink, its break at the start of a page. */
	self->brk = raw_brk(0) + 64 * page;
	self->brk &= -page;
	ASSERT_EQ(self->brk, raw_brk(self->brk));
	self->end = self->brk;
}

FIXTURE_TEARDOWN(failures)
{
	if (!self->brk)
		return;
	heapinfo_write_file(MAX_MAP_COUNT, self->max_map_count);
	heapinfo_write_file(OVERCOMMIT, self->overcommit);
	heapinfo_write_file(HUGE_PAGES, "0");
	heapinfo_write_file(IGNORE_DATA, "N");
}

/* Calls brk(2), which must refuse, between readings. */
static bool refused(unsigned long asked, unsigned long brk)
{
	return !heapinfo_read(&before, 0) && raw_brk(asked) == brk &&
	       !heapinfo_read(&after, 0);
}

#define EXPECT_REFUSED(_asked, _reason, _result) do {			\
	struct heapinfo_row _row;					\
	unsigned long _wanted = _asked;					\
	const char *_key = _reason;					\
									\
	ASSERT_TRUE(refused(_wanted, self->brk));			\
	ASSERT_EQ(0, heapinfo_new_row(&before, &after, &_row))		\
		TH_LOG("%s", after.text);				\
	EXPECT_STREQ("failed", _row.call);				\
	EXPECT_EQ(_wanted, _row.asked);					\
	EXPECT_EQ(self->brk, _row.from);				\
	EXPECT_EQ(self->brk, _row.to);					\
	EXPECT_EQ(0, _row.delta);					\
	EXPECT_STREQ(_result, _row.result);				\
	EXPECT_EQ(heapinfo_number(&before, "BrkFailures") + 1,		\
		  heapinfo_number(&after, "BrkFailures"));		\
	EXPECT_EQ(heapinfo_failures(&before, _key) + 1,		\
		  heapinfo_failures(&after, _key));			\
} while (0)

static int set_limit(int resource, unsigned long value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit))
		return -errno;
	limit.rlim_cur = value;
	return setrlimit(resource, &limit) ? -errno : 0;
}

static unsigned long map_at(unsigned long address, unsigned long size,
			    int flags)
{
	return (unsigned long)mmap((void *)address, size,
				   PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

TEST_F(failures, below_start)
{
	unsigned long start;

	ASSERT_EQ(0, heapinfo_read(&after, 0));
	start = heapinfo_number(&after, "StartBrk");
	EXPECT_REFUSED(start - 1, "below_start", "below_start");
	EXPECT_REFUSED(1UL, "below_start", "below_start");
	/* The start itself is no failure. */
	EXPECT_EQ(start, raw_brk(start));
}

TEST_F(failures, rlimit_data_of_the_heap)
{
	unsigned long used;

	ASSERT_EQ(0, heapinfo_read(&after, 0));
	used = self->brk - heapinfo_number(&after, "StartBrk") +
	       heapinfo_number(&after, "EndData") -
	       heapinfo_number(&after, "StartData");
	ASSERT_EQ(0, set_limit(RLIMIT_DATA, used + page));
	EXPECT_REFUSED(self->brk + page + 1, "rlimit_data", "rlimit_data");
	EXPECT_EQ((used + page) / 1024, heapinfo_number(&after, "DataLimit"));
}

/* The kernel holds the limit also against a call that shrinks the heap. */
TEST_F(failures, rlimit_data_of_a_shrink)
{
	ASSERT_EQ(0, set_limit(RLIMIT_DATA, page));
	EXPECT_REFUSED(self->brk - page, "rlimit_data", "rlimit_data");
}

/* The limit is also one for all private memory, of which the heap is part. */
TEST_F(failures, rlimit_data_of_other_memory)
{
	ASSERT_NE(-1UL, map_at(0, 64UL << 20, 0));
	ASSERT_EQ(0, set_limit(RLIMIT_DATA, 32UL << 20));
	EXPECT_REFUSED(self->brk + 1, "rlimit_data", "rlimit_data");
}

TEST_F(failures, overlap)
{
	unsigned long in_way = self->end + 16 * page;
	char result[40];

	ASSERT_EQ(in_way, map_at(in_way, page, 0));
	snprintf(result, sizeof(result), "overlap=0x%lx", in_way);
	EXPECT_REFUSED(in_way + 4 * page, "overlap", result);
	EXPECT_REFUSED(in_way, "overlap", result);
	/* A page must be left between them. */
	EXPECT_REFUSED(in_way - page + 1, "overlap", result);
	EXPECT_EQ(in_way - page, raw_brk(in_way - page));
}

TEST_F(failures, overlap_with_the_nearest)
{
	unsigned long near = self->end + 8 * page, far = near + 8 * page;
	char result[40];

	ASSERT_EQ(near, map_at(near, page, 0));
	ASSERT_EQ(far, map_at(far, page, 0));
	snprintf(result, sizeof(result), "overlap=0x%lx", near);
	EXPECT_REFUSED(far + 8 * page, "overlap", result);
}

/* Below memory that grows down the kernel keeps its stack guard gap free. */
TEST_F(failures, overlap_with_guard_gap)
{
	unsigned long stack = self->end + 2 * GUARD_PAGES * page;
	unsigned long below = stack - GUARD_PAGES * page;
	char result[40];

	ASSERT_EQ(stack, map_at(stack, page, MAP_GROWSDOWN));
	snprintf(result, sizeof(result), "overlap=0x%lx", stack);
	EXPECT_REFUSED(below, "overlap", result);
	EXPECT_REFUSED(below - page + 1, "overlap", result);
	EXPECT_EQ(below - page, raw_brk(below - page));
}

TEST_F(failures, rlimit_as)
{
	ASSERT_EQ(0, set_limit(RLIMIT_AS, page));
	EXPECT_REFUSED(self->brk + page, "rlimit_as", "rlimit_as");
}

/* About how many mappings there are; 0 where that is not known. */
static unsigned int count_mappings(void)
{
	static struct heapinfo maps;
	unsigned int lines = 0;
	const char *at;

	if (heapinfo_read_path(&maps, "/proc/self/maps"))
		return 0;
	for (at = maps.text; *at; at++)
		lines += *at == '\n';
	return lines;
}

static int set_map_count(unsigned int number)
{
	char text[32];

	snprintf(text, sizeof(text), "%u", number);
	return heapinfo_write_file(MAX_MAP_COUNT, text);
}

/* Takes all mappings that the process may have, after lowering their number. */
static bool exhaust_mappings(void)
{
	unsigned int i, mappings = count_mappings();

	if (!mappings || set_map_count(mappings + 50))
		return false;
	/* Neighbours of another protection do not merge. */
	for (i = 0; i < 1000; i++)
		if (mmap(NULL, page, i % 2 ? PROT_READ : PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			return errno == ENOMEM;
	return false;
}

/*
 * Where nothing may sleep, the module learns of a changed setting soon after a
 * failure or a reading: let failures go by until it has, and until then say that
 * memory lacked.
 */
static bool wait_for_map_count(unsigned long asked, unsigned long brk)
{
	unsigned int i;

	for (i = 0; i < 10000; i++) {
		if (!refused(asked, brk))
			return false;
		if (heapinfo_failures(&after, "map_count"))
			return true;
		if (heapinfo_failures(&after, "nomem") !=
		    heapinfo_number(&after, "BrkFailures"))
			return false;
		let_others_run();
	}
	return false;
}

TEST_F(failures, map_count)
{
	ASSERT_TRUE(exhaust_mappings());
	if (!variant->settings)
		ASSERT_TRUE(wait_for_map_count(self->brk + page, self->brk))
			TH_LOG("%s", after.text);
	EXPECT_REFUSED(self->brk + page, "map_count", "map_count");
}

/* A heap that has become one mapping with a neighbour must be split. */
TEST_F(failures, map_count_of_a_shrink)
{
	ASSERT_EQ(self->end, map_at(self->end, page, 0));
	ASSERT_TRUE(exhaust_mappings());
	if (raw_brk(self->brk - 2 * page) != self->brk)
		SKIP(return, "the heap is a mapping of its own");
	if (!variant->settings)
		ASSERT_TRUE(wait_for_map_count(self->brk - 2 * page, self->brk))
			TH_LOG("%s", after.text);
	EXPECT_REFUSED(self->brk - 2 * page, "map_count", "map_count");
}

/* Asks to be asked before anybody opens or reads what is mounted at @path. */
static int watch_mount(int group, const char *path)
{
	unsigned long long mask = FAN_OPEN_PERM | FAN_ACCESS_PERM;

	if (syscall(SYS_fanotify_mark, group, FAN_MARK_ADD | FAN_MARK_MOUNT,
		    mask, AT_FDCWD, path) ||
	    syscall(SYS_fanotify_mark, group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
		    mask, AT_FDCWD, path))
		return -errno;
	return 0;
}

/*
 * Whoever is asked before files of /sys are opened or read, and does not answer,
 * makes nobody wait in brk(2): it could be itself. The kernel lets nobody ask to be
 * asked for /proc.
 */
TEST_F(failures, nobody_is_asked)
{
	int group = syscall(SYS_fanotify_init, FAN_CLASS_CONTENT | FAN_CLOEXEC,
			    O_RDONLY);
	struct pollfd waits[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int done[2], ret;
	pid_t pid;

	ASSERT_TRUE(exhaust_mappings());
	if (group < 0 || watch_mount(group, "/sys")) {
		close(group);
		SKIP(return, "no permission events: %s", strerror(errno));
	}
	ret = pipe(done);
	pid = ret ? -1 : fork();
	/* An assertion that fails must not leave questions open. */
	if (pid < 0)
		close(group);
	ASSERT_LE(0, pid);
	if (!pid) {
		close(group);
		raw_brk(self->brk + page);
		raw_brk(self->brk + page);
		_exit(write(done[1], "", 1) != 1);
	}
	close(done[1]);
	waits[0].fd = done[0];
	waits[1].fd = group;
	EXPECT_EQ(1, poll(waits, 2, -1));
	EXPECT_NE(0, waits[0].revents & POLLIN);
	/* With the group go all questions that nobody has answered. */
	close(group);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(done[0]);
}

static int drop_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

TEST_F(failures, mlock)
{
	ASSERT_EQ(0, set_limit(RLIMIT_MEMLOCK, 16 * page));
	ASSERT_EQ(0, drop_capability(CAP_IPC_LOCK));
	ASSERT_EQ(0, mlockall(MCL_FUTURE));
	EXPECT_REFUSED(self->brk + 17 * page, "mlock", "mlock");
	EXPECT_EQ(self->brk + 16 * page, raw_brk(self->brk + 16 * page));
}

/* No limit on locked memory is asked for where there are no addresses. */
TEST_F(failures, overlap_beyond_all_addresses)
{
	unsigned long in_way = self->end + 16 * page;
	char result[40];

	ASSERT_EQ(in_way, map_at(in_way, page, 0));
	ASSERT_EQ(0, set_limit(RLIMIT_MEMLOCK, 16 * page));
	ASSERT_EQ(0, drop_capability(CAP_IPC_LOCK));
	ASSERT_EQ(0, mlockall(MCL_FUTURE));
	snprintf(result, sizeof(result), "overlap=0x%lx", in_way);
	EXPECT_REFUSED(-1UL, "overlap", result);
	EXPECT_REFUSED(-page, "overlap", result);
}

/* The value of a line of /proc/meminfo, in bytes. */
static unsigned long long bytes_of(const char *key)
{
	unsigned long long bytes = 0;
	char text[4096], *line;
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[length < 0 ? 0 : length] = '\0';
	line = strstr(text, key);
	if (line)
		bytes = strtoull(line + strlen(key), NULL, 10) * 1024;
	return bytes;
}

/* Where the next mapping above the heap begins is not for this test to say. */
static bool has_room(unsigned long brk, unsigned long long size)
{
	return brk + size < (sizeof(long) == 4 ? 0xf0000000ULL : 7ULL << 44);
}

/* So many bytes more than there may be; 0 where that cannot be, with the reason. */
static unsigned long long too_much_memory(unsigned long brk, const char **missing)
{
	unsigned long long size;

	*missing = "the kernel does not overcommit strictly";
	if (heapinfo_write_file(OVERCOMMIT, "2"))
		return 0;
	*missing = "the kernel has lost count of what is committed";
	if (!bytes_of("Committed_AS:"))
		return 0;
	*missing = "more memory than addresses";
	size = bytes_of("CommitLimit:") + page;
	return has_room(brk, size) ? size : 0;
}

TEST_F(failures, nomem_by_strict_overcommit)
{
	const char *missing;
	unsigned long long size = too_much_memory(self->brk, &missing);

	if (!size)
		SKIP(return, "%s", missing);
	EXPECT_REFUSED(self->brk + size, "nomem", "nomem");
}

/*
 * The setting is that of the moment: in the first failure after it was changed, and
 * after each reading of the file, which has it read as well.
 */
TEST_F(failures, map_count_lowered)
{
	unsigned int mappings = count_mappings();

	if (!variant->settings)
		SKIP(return, "learns of the setting after the failure");
	ASSERT_LT(0, mappings);
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	ASSERT_EQ(0, set_map_count(mappings / 2));
	EXPECT_EQ(self->brk, raw_brk(self->brk + page));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(heapinfo_failures(&before, "map_count") + 1,
		  heapinfo_failures(&after, "map_count"))
		TH_LOG("%s", after.text);
}

TEST_F(failures, map_count_raised)
{
	const char *missing;
	unsigned long long size = too_much_memory(self->brk, &missing);
	unsigned int mappings = count_mappings();

	if (!variant->settings)
		SKIP(return, "learns of the setting after the failure");
	if (!size)
		SKIP(return, "%s", missing);
	ASSERT_LT(0, mappings);
	ASSERT_EQ(0, set_map_count(mappings / 2));
	EXPECT_REFUSED(self->brk + page, "map_count", "map_count");
	ASSERT_EQ(0, heapinfo_write_file(MAX_MAP_COUNT, self->max_map_count));
	EXPECT_EQ(self->brk, raw_brk(self->brk + size));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(heapinfo_failures(&before, "nomem") + 1,
		  heapinfo_failures(&after, "nomem"))
		TH_LOG("%s", after.text);
}

TEST_F(failures, nomem_by_heuristic_overcommit)
{
	unsigned long long size;

	ASSERT_EQ(0, heapinfo_write_file(OVERCOMMIT, "0"));
	size = bytes_of("MemTotal:") + bytes_of("SwapTotal:") + (64ULL << 20);
	if (!has_room(self->brk, size))
		SKIP(return, "more memory than addresses");
	EXPECT_REFUSED(self->brk + size, "nomem", "nomem");
}

TEST_F(failures, unmapped)
{
	unsigned long to = self->brk - 4 * page;

	ASSERT_EQ(0, munmap((void *)to, 4 * page));
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	if (raw_brk(to) == to)
		SKIP(return, "this kernel shrinks a heap that is not there");
	EXPECT_REFUSED(to, "unmapped", "unmapped");
}

TEST_F(failures, sealed)
{
	unsigned long to = self->brk - 4 * page;

	if (syscall(SYS_mseal, to, 4 * page, 0))
		SKIP(return, "no mseal: %s", strerror(errno));
	EXPECT_REFUSED(to, "sealed", "sealed");
}

/* The heap is several mappings, and the one that is sealed is not the first. */
TEST_F(failures, sealed_behind_another_mapping)
{
	unsigned long to = self->brk - 8 * page;

	ASSERT_EQ(0, mprotect((void *)(self->brk - 4 * page), 4 * page,
			      PROT_READ));
	if (syscall(SYS_mseal, self->brk - 4 * page, 4 * page, 0))
		SKIP(return, "no mseal: %s", strerror(errno));
	EXPECT_REFUSED(to, "sealed", "sealed");
}

/* A heap of several mappings shrinks as any other. */
TEST_F(failures, none_of_several_mappings)
{
	unsigned long to = self->brk - 8 * page;

	ASSERT_EQ(0, mprotect((void *)(self->brk - 4 * page), 4 * page,
			      PROT_READ));
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	ASSERT_EQ(to, raw_brk(to));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(heapinfo_number(&before, "BrkFailures"),
		  heapinfo_number(&after, "BrkFailures"));
	EXPECT_EQ(heapinfo_number(&before, "BrkShrinks") + 1,
		  heapinfo_number(&after, "BrkShrinks"));
}

/* A huge page that lies in the heap cannot be cut. */
TEST_F(failures, hugetlb)
{
	unsigned long huge = bytes_of("Hugepagesize:"), at;

	if (!huge || heapinfo_write_file(HUGE_PAGES, "1") ||
	    heapinfo_read_number(HUGE_PAGES) != 1)
		SKIP(return, "no huge page to be had");
	at = (self->brk + huge) & -huge;
	self->brk = at + huge + 2 * page;
	ASSERT_EQ(self->brk, raw_brk(self->brk));
	ASSERT_EQ(at, map_at(at, huge, MAP_FIXED | MAP_HUGETLB));
	EXPECT_REFUSED(at + page, "hugetlb", "hugetlb");
	EXPECT_EQ(at, raw_brk(at));
}

/* The end of the heap lies in a huge page, behind a mapping that is none. */
TEST_F(failures, hugetlb_at_the_end)
{
	unsigned long huge = bytes_of("Hugepagesize:"), at;

	if (!huge || heapinfo_write_file(HUGE_PAGES, "1") ||
	    heapinfo_read_number(HUGE_PAGES) != 1)
		SKIP(return, "no huge page to be had");
	at = (self->brk + huge) & -huge;
	self->brk = at + 2 * page;
	ASSERT_EQ(self->brk, raw_brk(self->brk));
	ASSERT_EQ(at, map_at(at, huge, MAP_FIXED | MAP_HUGETLB));
	EXPECT_REFUSED(at - 2 * page, "hugetlb", "hugetlb");
}

/* Below a shadow stack the kernel keeps one page more. */
TEST_F(failures, overlap_with_a_shadow_stack)
{
	unsigned long stack = self->end + 16 * page;
	char result[40];

	if (syscall(SYS_map_shadow_stack, stack, page, 0) != (long)stack)
		SKIP(return, "no shadow stacks: %s", strerror(errno));
	snprintf(result, sizeof(result), "overlap=0x%lx", stack);
	EXPECT_REFUSED(stack - 2 * page + 1, "overlap", result);
	EXPECT_EQ(stack - 2 * page, raw_brk(stack - 2 * page));
}

/*
 * With ignore_rlimit_data the kernel lets data exceed its limit, and only asks
 * for the heap itself.
 */
TEST_F(failures, ignored_rlimit_data)
{
	const char *missing;
	unsigned long long size = too_much_memory(self->brk, &missing);

	if (!variant->settings)
		SKIP(return, "learns of the setting after the failure");
	if (heapinfo_write_file(IGNORE_DATA, "Y"))
		SKIP(return, "no " IGNORE_DATA);
	if (!size)
		SKIP(return, "%s", missing);
	ASSERT_NE(-1UL, map_at(0, 64UL << 20, MAP_NORESERVE));
	ASSERT_EQ(0, set_limit(RLIMIT_DATA, size + (32UL << 20)));
	EXPECT_REFUSED(self->brk + size, "nomem", "nomem");
}

TEST_F(failures, rlimit_data_of_the_heap_is_not_ignored)
{
	if (heapinfo_write_file(IGNORE_DATA, "Y"))
		SKIP(return, "no " IGNORE_DATA);
	ASSERT_EQ(0, set_limit(RLIMIT_DATA, page));
	EXPECT_REFUSED(self->brk + page, "rlimit_data", "rlimit_data");
}

/* Each reason is counted for itself, beside the sum of all. */
TEST_F(failures, reasons_of_one_process)
{
	unsigned long in_way = self->end + 4 * page;

	ASSERT_EQ(0, heapinfo_read(&before, 0));
	ASSERT_EQ(in_way, map_at(in_way, page, 0));
	raw_brk(in_way);
	raw_brk(in_way);
	raw_brk(1);
	ASSERT_EQ(0, set_limit(RLIMIT_DATA, page));
	raw_brk(self->brk + page);
	raw_brk(self->brk + page);
	raw_brk(self->brk + page);
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(6, heapinfo_number(&after, "BrkFailures"));
	EXPECT_STREQ("6 below_start=1 rlimit_data=3 overlap=2",
		     heapinfo_word(&after, "BrkFailures"));
}

#define INSTANCE	"/sys/kernel/tracing/instances/heapinfo_failures"
#define POPULATED	(32UL << 20)
#define MOVERS		8
#define KILL_TRIES	100

/* What the movers ask for; 0: a page more than they have. */
static unsigned long movers_ask;

static void *move_break(void *unused)
{
	unsigned long brk = raw_brk(0);
	unsigned long ask = movers_ask ?: brk + page;

	for (;;) {
		raw_brk(ask);
		raw_brk(brk);
	}
	return NULL;
}

/*
 * One thread forks, which holds the lock of the address space for as long as
 * copying its page tables takes; the others wait for it in brk(2). They are
 * more than there are processors, so that most of them sleep: who spins for
 * the lock gets it even when killed.
 */
static void wait_in_brk(int ready)
{
	pthread_t thread;
	unsigned int i;
	pid_t pid;

	if (map_at(0, POPULATED, MAP_POPULATE) == -1UL)
		_exit(1);
	for (i = 0; i < MOVERS; i++)
		if (pthread_create(&thread, NULL, move_break, NULL))
			_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;) {
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

/* Whether the trace has these words, which are taken out of it. */
static bool trace_has(const char *words)
{
	static char text[1 << 16];
	int fd = open(INSTANCE "/trace", O_RDONLY);
	size_t kept = 0;
	ssize_t part;
	bool found = false;

	if (fd < 0)
		return false;
	while (!found) {
		part = read(fd, text + kept, sizeof(text) - 1 - kept);
		if (part <= 0)
			break;
		kept += part;
		text[kept] = '\0';
		found = strstr(text, words);
		/* The end of this piece may be the start of the words. */
		if (kept > 64) {
			memmove(text, text + kept - 64, 64);
			kept = 64;
		}
	}
	close(fd);
	return found;
}

/* Kills processes whose threads wait in brk(2), until one is told to be killed. */
static void kill_until_told(struct __test_metadata *_metadata)
{
	bool found = false;
	unsigned int i;

	for (i = 0; i < KILL_TRIES && !found; i++) {
		int ready[2];
		char byte;
		pid_t pid;

		ASSERT_EQ(0, pipe(ready));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			wait_in_brk(ready[1]);
		EXPECT_EQ(1, read(ready[0], &byte, 1));
		close(ready[0]);
		close(ready[1]);
		usleep(1000 * (i + 1));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		found = trace_has("call=failed result=killed");
	}
	EXPECT_TRUE(found);
}

/* Have calls traced for which that is so, in an instance that is there. */
static void trace_calls(struct __test_metadata *_metadata, const char *filter)
{
	ASSERT_EQ(0, heapinfo_write_file(INSTANCE "/events/heapinfo/brk/filter",
					 filter));
	ASSERT_EQ(0, heapinfo_write_file(INSTANCE "/events/heapinfo/brk/enable",
					 "1"));
}

static void trace_no_calls(struct __test_metadata *_metadata)
{
	heapinfo_write_file(INSTANCE "/events/heapinfo/brk/enable", "0");
	EXPECT_EQ(0, rmdir(INSTANCE));
}

/* Whether there is an instance for that; else errno says why not. */
static bool has_instance(void)
{
	return !mkdir(INSTANCE, 0700) || errno == EEXIST;
}

TEST_F_TIMEOUT(failures, killed, HEAPINFO_LONG)
{
	if (!has_instance())
		SKIP(return, "no instances in tracefs: %s", strerror(errno));
	/* 1 is the number of "killed" in the tracepoint. */
	trace_calls(_metadata, "result == 1");
	kill_until_told(_metadata);
	trace_no_calls(_metadata);
}

/* What a call asked for may be the error that the kernel answers with. */
TEST_F_TIMEOUT(failures, killed_asking_for_an_error, HEAPINFO_LONG)
{
	if (sizeof(long) < 8)
		SKIP(return, "no address of 32 bits is an error of 64");
	if (!has_instance())
		SKIP(return, "no instances in tracefs: %s", strerror(errno));
	trace_calls(_metadata, "asked > 0xfffffffffffff000");
	movers_ask = -EINTR;
	kill_until_told(_metadata);
	EXPECT_FALSE(trace_has("call=grow"));
	EXPECT_FALSE(trace_has("call=set"));
	trace_no_calls(_metadata);
}

TEST_HARNESS_MAIN
