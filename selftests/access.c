// SPDX-License-Identifier: GPL-2.0
/* Whoever may read /proc/<pid>/maps may read heapinfo, and nobody else. */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* A word of argv that makes this program wait, once it is what it is to be. */
#define WAIT_WORD	"wait-for-signal"

#define EXEC_ROUNDS	150
#define OPENED_MAX	512

/* Somebody, to be read or to read. */
struct somebody {
	const char *name;
	setup_fn setup;
};

static int be_hidden(void)
{
	return prctl(PR_SET_DUMPABLE, 0) ? -errno : 0;
}

static int be_hidden_user_a(void)
{
	return become_user_a() ?: be_hidden();
}

static int be_user_a_for_files(void)
{
	setfsuid(USER_A);
	return setfsuid(USER_A) == USER_A ? 0 : -EPERM;
}

static int be_user_a_group_b(void)
{
	return become(USER_A, USER_B);
}

static int be_mixed(void)
{
	if (setresuid(USER_A, USER_B, USER_A))
		return -errno;
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

static int be_user_a_apart(void)
{
	return become_user_a() ?: enter_user_namespace();
}

static int be_hidden_user_a_apart(void)
{
	return be_user_a_apart() ?: be_hidden();
}

static int be_user_b_apart(void)
{
	return become_user_b() ?: enter_user_namespace();
}

static int be_root_apart(void)
{
	return enter_user_namespace();
}

static int be_tracer(void)
{
	return keep_capability(CAP_SYS_PTRACE);
}

static int be_user_with_time(void)
{
	return keep_capability(CAP_SYS_TIME);
}

static int be_root_without_ptrace(void)
{
	return drop_capability(CAP_SYS_PTRACE);
}

static const struct somebody read_ones[] = {
	{ "root", NULL },
	{ "root, not dumpable", be_hidden },
	{ "root without CAP_SYS_PTRACE", be_root_without_ptrace },
	{ "user A", become_user_a },
	{ "user A, not dumpable", be_hidden_user_a },
	{ "user A in group B", be_user_a_group_b },
	{ "user A, effective user B", be_mixed },
	{ "user A with CAP_SYS_TIME", be_user_with_time },
	{ "user B", become_user_b },
	{ "root of A's namespace", be_user_a_apart },
	{ "root of A's namespace, not dumpable", be_hidden_user_a_apart },
	{ "root of B's namespace", be_user_b_apart },
	{ "root of root's namespace", be_root_apart },
};

static const struct somebody readers[] = {
	{ "root", NULL },
	{ "root without CAP_SYS_PTRACE", be_root_without_ptrace },
	{ "root, user A for files", be_user_a_for_files },
	{ "user A", become_user_a },
	{ "user A in group B", be_user_a_group_b },
	{ "user A, effective user B", be_mixed },
	{ "user A with CAP_SYS_PTRACE", be_tracer },
	{ "user A with CAP_SYS_TIME", be_user_with_time },
	{ "user B", become_user_b },
	{ "root of A's namespace", be_user_a_apart },
	{ "root of B's namespace", be_user_b_apart },
	{ "root of root's namespace", be_root_apart },
};

/* What the files say to somebody. */
struct answers {
	int maps;
	int heapinfo;
	int stacks;
};

#define NOT_ASKED	12345

/* Ask as somebody, in a process made for that. */
static struct answers ask_as(setup_fn setup, const char *proc, pid_t of)
{
	struct answers answers = { NOT_ASKED, NOT_ASKED, NOT_ASKED };
	int result[2];
	pid_t pid;

	if (pipe(result))
		return answers;
	pid = fork();
	if (!pid) {
		if (setup && setup())
			_exit(1);
		answers.maps = ask_pid(proc, of, "maps");
		answers.heapinfo = ask_pid(proc, of, "heapinfo");
		answers.stacks = ask_pid(proc, of, "heapstacks");
		if (write(result[1], &answers, sizeof(answers)) < 0)
			_exit(1);
		_exit(0);
	}
	close(result[1]);
	if (read(result[0], &answers, sizeof(answers)) < 0)
		answers.maps = NOT_ASKED;
	close(result[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return answers;
}

FIXTURE(access) {
	char dir[32];
	char suid[48];
};

static const char *suid_program;

FIXTURE_SETUP(access)
{
	const char *copy[4] = { "cp", NULL, self->suid, NULL };
	char exe[256] = "";

	LOAD_OR_SKIP("");
	strcpy(self->dir, "/tmp/heapinfo.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, chmod(self->dir, 0755));
	snprintf(self->suid, sizeof(self->suid), "%s/suid", self->dir);
	ASSERT_LT(0, readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	copy[1] = exe;
	ASSERT_EQ(0, heapinfo_run(copy));
	ASSERT_EQ(0, chmod(self->suid, 04755));
	suid_program = self->suid;
}

FIXTURE_TEARDOWN(access)
{
	unlink(self->suid);
	rmdir(self->dir);
}

static pid_t start_suid(setup_fn setup)
{
	const char *const argv[] = { suid_program, WAIT_WORD, NULL };

	return start_program(setup, argv);
}

TEST_F_TIMEOUT(access, everybody_reads_everybody, HEAPINFO_LONG)
{
	unsigned int allowed = 0, refused = 0, i, j;
	struct answers answers;
	pid_t pid;

	for (i = 0; i <= ARRAY_SIZE(read_ones); i++) {
		const char *name = "set-uid program of user A";

		if (i < ARRAY_SIZE(read_ones)) {
			name = read_ones[i].name;
			pid = start_process(read_ones[i].setup);
		} else {
			pid = start_suid(become_user_a);
		}
		if (pid < 0) {
			TH_LOG("cannot be %s here: %s", name, strerror(-pid));
			continue;
		}
		for (j = 0; j < ARRAY_SIZE(readers); j++) {
			answers = ask_as(readers[j].setup, "/proc", pid);
			if (answers.maps == NOT_ASKED) {
				TH_LOG("cannot be %s here", readers[j].name);
				continue;
			}
			EXPECT_EQ(answers.maps, answers.heapinfo)
				TH_LOG("%s reads %s", readers[j].name, name);
			EXPECT_EQ(answers.maps, answers.stacks)
				TH_LOG("%s reads stacks of %s", readers[j].name,
				       name);
			if (answers.heapinfo == ASKED_TEXT)
				allowed++;
			else if (answers.heapinfo == -EACCES)
				refused++;
		}
		end_process(pid);
	}
	TH_LOG("%u pairs: %u may read, %u may not", i * j, allowed, refused);
	EXPECT_LT(30, allowed);
	EXPECT_LT(50, refused);
}

/* The answers themselves, where there can be no doubt. */
TEST_F(access, root_owner_other)
{
	pid_t pid = start_process(become_user_a);

	ASSERT_LT(0, pid);
	EXPECT_EQ(ASKED_TEXT, ask_as(NULL, "/proc", pid).heapinfo);
	EXPECT_EQ(ASKED_TEXT, ask_as(become_user_a, "/proc", pid).heapinfo);
	EXPECT_EQ(-EACCES, ask_as(become_user_b, "/proc", pid).heapinfo);
	end_process(pid);

	pid = start_process(be_hidden_user_a);
	ASSERT_LT(0, pid);
	EXPECT_EQ(ASKED_TEXT, ask_as(NULL, "/proc", pid).heapinfo);
	EXPECT_EQ(-EACCES, ask_as(become_user_a, "/proc", pid).heapinfo);
	EXPECT_EQ(ASKED_TEXT, ask_as(be_tracer, "/proc", pid).heapinfo);
	end_process(pid);

	pid = start_suid(become_user_a);
	ASSERT_LT(0, pid);
	EXPECT_EQ(ASKED_TEXT, ask_as(NULL, "/proc", pid).heapinfo);
	EXPECT_EQ(-EACCES, ask_as(become_user_a, "/proc", pid).heapinfo);
	end_process(pid);
}

TEST_F(access, kernel_thread)
{
	static struct heapinfo info;
	pid_t pid = find_kernel_thread();
	char path[40];

	if (!pid)
		SKIP(return, "no kernel thread can be seen");
	ASSERT_EQ(0, heapinfo_read(&info, pid));
	EXPECT_STREQ("kthreadd", heapinfo_word(&info, "Name"));
	EXPECT_EQ(pid, heapinfo_number(&info, "Pid"));
	EXPECT_EQ(strlen("Name:\tkthreadd\nPid:\t2\n"), info.length);
	EXPECT_EQ(ASKED_TEXT, ask_as(become_user_a, "/proc", pid).heapinfo);
	/* It makes no calls. */
	EXPECT_EQ(0, ask_pid("/proc", pid, "heapstacks"));
	snprintf(path, sizeof(path), "/proc/%d/heapinfo", pid);
	EXPECT_EQ(-1, open(path, O_WRONLY | O_TRUNC));
}

FIXTURE(hidepid) {
	char dir[32];
};

FIXTURE_VARIANT(hidepid) {
	const char *options;
	int user_b;
};

FIXTURE_VARIANT_ADD(hidepid, off) {
	.options = "hidepid=0", .user_b = -EACCES,
};

FIXTURE_VARIANT_ADD(hidepid, no_access) {
	.options = "hidepid=1", .user_b = -EPERM,
};

FIXTURE_VARIANT_ADD(hidepid, invisible) {
	.options = "hidepid=2", .user_b = -ENOENT,
};

FIXTURE_VARIANT_ADD(hidepid, invisible_but_group) {
	.options = "hidepid=2,gid=61002", .user_b = -EACCES,
};

FIXTURE_VARIANT_ADD(hidepid, ptraceable) {
	.options = "hidepid=ptraceable", .user_b = -EPERM,
};

FIXTURE_VARIANT_ADD(hidepid, subset) {
	.options = "subset=pid", .user_b = -EACCES,
};

FIXTURE_VARIANT_ADD(hidepid, subset_ptraceable) {
	.options = "subset=pid,hidepid=4", .user_b = -EPERM,
};

FIXTURE_SETUP(hidepid)
{
	LOAD_OR_SKIP("");
	strcpy(self->dir, "/tmp/heapinfo.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, chmod(self->dir, 0755));
	if (mount_proc(self->dir, variant->options))
		SKIP(return, "no mount of procfs with %s", variant->options);
}

FIXTURE_TEARDOWN(hidepid)
{
	umount2(self->dir, MNT_DETACH);
	rmdir(self->dir);
}

TEST_F_TIMEOUT(hidepid, as_maps, HEAPINFO_LONG)
{
	static const setup_fn of[] = {
		NULL, become_user_a, be_hidden_user_a, be_user_a_apart,
	};
	unsigned int i, j, asked = 0;
	struct answers answers;
	char path[64];
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(of); i++) {
		pid = start_process(of[i]);
		if (pid < 0)
			continue;
		for (j = 0; j < ARRAY_SIZE(readers); j++) {
			answers = ask_as(readers[j].setup, self->dir, pid);
			EXPECT_EQ(answers.maps, answers.heapinfo)
				TH_LOG("%s", readers[j].name);
			asked += answers.maps != NOT_ASKED;
		}
		EXPECT_EQ(ASKED_TEXT,
			  ask_as(NULL, self->dir, pid).heapinfo);
		if (of[i] == become_user_a)
			EXPECT_EQ(variant->user_b,
				  ask_as(become_user_b, self->dir,
					 pid).heapinfo);
		end_process(pid);
	}
	EXPECT_LT(30, asked);
	/* The module's own state goes with the other files of the root. */
	snprintf(path, sizeof(path), "%s/heapinfo", self->dir);
	EXPECT_EQ(strstr(variant->options, "subset") ? -ENOENT : ASKED_TEXT,
		  ask_at(AT_FDCWD, path));
}

/* The keys of /proc/heapinfo that count what the whole machine does. */
static const char *const counts[] = {
	"Processes", "MemoryUsed", "CallsSeen", "CallsRecorded",
	"CallsRefused", "EventsRecorded", "EventsLost",
};

static struct heapinfo state, state_before;

static unsigned long long first_digit(unsigned long long count)
{
	unsigned long long unit = 1;

	while (count / unit >= 10)
		unit *= 10;
	return count / unit * unit;
}

static int open_state(void)
{
	return open("/proc/heapinfo", O_RDONLY | O_CLOEXEC);
}

/* 0 if an open /proc/heapinfo has such counts; closes it. */
static int check_counts(int fd, bool exact)
{
	unsigned long long count;
	ssize_t part;
	unsigned int i;

	state.length = 0;
	while ((part = read(fd, state.text + state.length, 100)) > 0)
		state.length += part;
	state.text[state.length] = '\0';
	close(fd);
	if (strcmp(exact ? "exact" : "rounded", heapinfo_word(&state, "Counts")))
		return 1;
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		count = heapinfo_number(&state, counts[i]);
		if (count == HEAPINFO_NO_NUMBER)
			return 2;
		if (!exact && count != first_digit(count))
			return 3;
	}
	/* Nearly always one digit: that would be exact. */
	if (exact != heapinfo_has(&state, "CallsUnderWay"))
		return 5;
	/* Calls only become more. */
	count = heapinfo_number(&state_before, "CallsSeen");
	return heapinfo_number(&state, "CallsSeen") <
	       (exact ? count : first_digit(count)) ? 4 : 0;
}

static int be_watcher(void)
{
	return keep_capability(CAP_PERFMON);
}

static int be_administrator(void)
{
	return keep_capability(CAP_SYS_ADMIN);
}

static int be_root_who_watches_nobody(void)
{
	return drop_capability(CAP_PERFMON) ?: drop_capability(CAP_SYS_ADMIN);
}

static const struct {
	struct somebody who;
	bool exact;
} counters[] = {
	{ { "root", NULL }, true },
	{ { "user A with CAP_PERFMON", be_watcher }, true },
	{ { "user A with CAP_SYS_ADMIN", be_administrator }, true },
	{ { "root without both", be_root_who_watches_nobody }, false },
	{ { "user A", become_user_a }, false },
	{ { "user A with CAP_SYS_PTRACE", be_tracer }, false },
	{ { "root of A's namespace", be_user_a_apart }, false },
	{ { "root of root's namespace", be_root_apart }, false },
};

/* What cannot be tried, as an exit status. */
#define NOT_TRIED	100

static int check_counts_of(setup_fn setup, bool exact)
{
	if (setup && setup())
		return NOT_TRIED;
	return check_counts(open_state(), exact);
}

/* Who opened the file counts, not who reads it. */
static int check_handed_down(void)
{
	int fd = open_state();

	return become_user_a() ? NOT_TRIED : check_counts(fd, true);
}

static int check_handed_up(void)
{
	int fd;

	if (seteuid(USER_A))
		return NOT_TRIED;
	fd = open_state();
	return seteuid(0) ? NOT_TRIED : check_counts(fd, false);
}

/* A descriptor that names the file but was not opened to read. */
static int ask_again(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return ask_at(AT_FDCWD, path);
}

static int open_path(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_PATH | O_CLOEXEC);
}

/* In a process of its own: exits with what @check returns. */
#define IN_CHILD(check) ({						\
	int _status;							\
	pid_t _pid = fork();						\
	if (!_pid)							\
		_exit(check);						\
	waitpid(_pid, &_status, 0);					\
	WIFEXITED(_status) ? WEXITSTATUS(_status) : 255;		\
})

TEST_F(access, counts_of_the_machine)
{
	unsigned int i;
	int ret;

	ASSERT_EQ(0, heapinfo_read_path(&state_before, "/proc/heapinfo"));
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		ret = IN_CHILD(check_counts_of(counters[i].who.setup,
					       counters[i].exact));
		if (ret == NOT_TRIED) {
			TH_LOG("cannot be %s here", counters[i].who.name);
			continue;
		}
		EXPECT_EQ(0, ret)
			TH_LOG("%s", counters[i].who.name);
	}
	EXPECT_EQ(0, IN_CHILD(check_handed_down()));
	EXPECT_EQ(0, IN_CHILD(check_handed_up()));
}

static int ask_both_again(const int fds[2], setup_fn setup, int want)
{
	if (setup && setup())
		return 1;
	if (ask_again(fds[0]) != want)
		return 2;
	return ask_again(fds[1]) == want ? 0 : 3;
}

TEST_F(access, descriptor_without_access)
{
	pid_t pid = start_process(become_user_a);
	int fds[2];
	char byte;

	ASSERT_LT(0, pid);
	fds[0] = open_path(pid, "maps");
	fds[1] = open_path(pid, "heapinfo");
	ASSERT_LE(0, fds[0]);
	ASSERT_LE(0, fds[1]);
	EXPECT_EQ(-1, read(fds[1], &byte, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(0, IN_CHILD(ask_both_again(fds, NULL, ASKED_TEXT)));
	EXPECT_EQ(0, IN_CHILD(ask_both_again(fds, become_user_a, ASKED_TEXT)));
	EXPECT_EQ(0, IN_CHILD(ask_both_again(fds, become_user_b, -EACCES)));
	end_process(pid);
	/* Of what has ended nothing is shown, by whatever way. */
	EXPECT_EQ(ask_again(fds[0]), ask_again(fds[1]));
	EXPECT_GT(0, ask_again(fds[1]));
}

static int send_both(int socket, const int fds[2])
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, 2 * sizeof(int));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_both(int socket, int fds[2])
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {};
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -EIO;
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&msg)), 2 * sizeof(int));
	return 0;
}

static int read_received(int socket, setup_fn setup, int want)
{
	int fds[2];

	if (setup() || receive_both(socket, fds))
		return 1;
	if (ask_fd(fds[0]) != want)
		return 2;
	if (ask_fd(fds[1]) != want)
		return 3;
	/* What was opened for another is not opened again. */
	return ask_again(fds[0]) == ask_again(fds[1]) ? 0 : 4;
}

TEST_F(access, descriptor_over_a_socket)
{
	pid_t pid = start_process(NULL);
	int pair[2], fds[2];
	char path[64];

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fds[0] = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/heapinfo", pid);
	fds[1] = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(0, send_both(pair[0], fds));
	EXPECT_EQ(0, IN_CHILD(read_received(pair[1], become_user_b,
					    ASKED_TEXT)));

	lseek(fds[0], 0, SEEK_SET);
	lseek(fds[1], 0, SEEK_SET);
	ASSERT_EQ(0, send_both(pair[0], fds));
	end_process(pid);
	EXPECT_EQ(0, IN_CHILD(read_received(pair[1], become_user_b,
					    ASKED_READ - ESRCH)));
}

/* Pipes between a test and a process that is told when to run a program. */
static int go_fd, went_fd;

static int wait_for_go(void)
{
	char byte;
	int ret = become_user_a();

	if (ret)
		return ret;
	tell_ready();
	if (read(go_fd, &byte, 1) != 1)
		return -EIO;
	/* The program that follows says that it runs by way of this. */
	return dup2(went_fd, 200) < 0 ? -errno : 0;
}

/* Everything that a user who watches another one's exec sees. */
struct watch {
	bool traces;
	unsigned int traced;
	unsigned int opened;
	unsigned int refused;
	unsigned int again;
	unsigned int strange;
	unsigned int late;	/* another program was seen */
	unsigned int kept;	/* the same by an old descriptor */
	volatile unsigned int stop;
	unsigned long long start_brk;
};

/* Stop a process and let it go on, wherever in its exec it is. */
static bool trace_once(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return false;
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return true;
}

/*
 * The break of the program that was there first is the only one that may be
 * seen; each descriptor is kept, to be read when the other program runs.
 */
static void watch_exec(struct watch *watch, pid_t pid)
{
	static struct heapinfo info;
	static int fds[OPENED_MAX];
	unsigned long long seen;
	unsigned int i, nr = 0;
	char path[40];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/%d/heapinfo", pid);
	while (!watch->stop) {
		/* The exec is over: nothing is raced for any more. */
		if (watch->refused || watch->late)
			let_others_run();
		if (watch->traces)
			watch->traced += trace_once(pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			if (errno == EACCES)
				watch->refused++;
			else if (errno == EAGAIN)
				watch->again++;
			else
				watch->strange++;
			continue;
		}
		watch->opened++;
		ret = read(fd, info.text, sizeof(info.text) - 1);
		info.text[ret < 0 ? 0 : ret] = '\0';
		if (ret > 0) {
			seen = heapinfo_number(&info, "StartBrk");
			if (!watch->start_brk)
				watch->start_brk = seen;
			if (seen != watch->start_brk)
				watch->late++;
		}
		if (nr < OPENED_MAX)
			fds[nr++] = fd;
		else
			close(fd);
	}
	/* None of the descriptors shows the program that runs now. */
	for (i = 0; i < nr; i++) {
		lseek(fds[i], 0, SEEK_SET);
		if (ask_fd(fds[i]) == ASKED_TEXT)
			watch->kept++;
	}
}

/* Who is traced when it runs a set-uid program does not become its owner. */
static bool is_root(pid_t pid)
{
	static struct heapinfo status;
	unsigned int uid, euid;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (heapinfo_read_path(&status, path))
		return false;
	return sscanf(heapinfo_word(&status, "Uid"), "%u %u", &uid,
		      &euid) == 2 && !euid;
}

static void watch_execs(struct __test_metadata *_metadata, bool traces)
{
	unsigned int rounds = heapinfo_share(EXEC_ROUNDS, 1);
	unsigned int i, opened = 0, refused = 0, again = 0, leaks = 0;
	unsigned int roots = 0, traced = 0;
	struct watch *watch = mmap(NULL, sizeof(*watch),
				   PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static struct heapinfo info;
	pid_t pid, watcher;
	int go[2], went[2];
	char byte;

	ASSERT_NE(MAP_FAILED, watch);
	for (i = 0; i < rounds; i++) {
		memset(watch, 0, sizeof(*watch));
		watch->traces = traces;
		ASSERT_EQ(0, pipe2(go, O_CLOEXEC));
		ASSERT_EQ(0, pipe2(went, O_CLOEXEC));
		go_fd = go[0];
		went_fd = went[1];
		pid = start_suid(wait_for_go);
		ASSERT_LT(0, pid);
		watcher = fork();
		if (!watcher) {
			close(went[1]);
			if (!become_user_a())
				watch_exec(watch, pid);
			_exit(0);
		}
		while (!*(volatile unsigned int *)&watch->opened)
			let_others_run();
		close(went[1]);
		ASSERT_EQ(1, write(go[1], "", 1));
		/* Ends when the program closes its end, or died. */
		ASSERT_EQ(0, read(went[0], &byte, 1));
		ASSERT_EQ(0, heapinfo_read(&info, pid));
		while (!*(volatile unsigned int *)&watch->refused &&
		       !*(volatile unsigned int *)&watch->late)
			let_others_run();
		watch->stop = 1;
		waitpid(watcher, NULL, 0);
		EXPECT_NE(watch->start_brk, heapinfo_number(&info, "StartBrk"));
		EXPECT_EQ(0, watch->strange);
		if (is_root(pid)) {
			leaks += watch->late + watch->kept;
			roots++;
		}
		traced += watch->traced;
		opened += watch->opened;
		refused += watch->refused;
		again += watch->again;
		end_process(pid);
		close(go[0]);
		close(go[1]);
		close(went[0]);
	}
	TH_LOG("%u execs, %u became root, traced %u times, %u opened, %u refused, %u asked to try again, %u leaks",
	       i, roots, traced, opened, refused, again, leaks);
	EXPECT_EQ(0, leaks);
	EXPECT_LT(0, roots);
	EXPECT_EQ(traces, !!traced);
}

TEST_F_TIMEOUT(access, set_uid_exec, HEAPINFO_LONG)
{
	watch_execs(_metadata, false);
}

TEST_F_TIMEOUT(access, set_uid_exec_traced, HEAPINFO_LONG)
{
	watch_execs(_metadata, true);
}

/* A user's own root, with what they like over another one's files. */
static int cover_maps(pid_t pid, const char *source)
{
	char path[64];

	if (be_user_a_apart() || unshare(CLONE_NEWNS))
		return 1;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	if (mount(source, path, NULL, MS_BIND, NULL))
		return 2;
	if (ask_at(AT_FDCWD, path) != ASKED_TEXT)
		return 3;
	return ask_pid("/proc", pid, "heapinfo") == -EACCES ? 0 : 4;
}

TEST_F(access, mount_over_maps)
{
	pid_t pid = start_process(NULL), own = start_process(be_user_a_apart);

	ASSERT_LT(0, pid);
	if (own < 0) {
		end_process(pid);
		SKIP(return, "no user namespaces for users");
	}
	EXPECT_EQ(0, IN_CHILD(cover_maps(pid, "/proc/self/maps")));
	EXPECT_EQ(0, IN_CHILD(cover_maps(pid, "/proc/self/status")));
	EXPECT_EQ(0, IN_CHILD(cover_maps(pid, "/etc/passwd")));
	end_process(own);
	end_process(pid);
}

/* The same, with heapinfo itself put elsewhere. */
static int move_heapinfo(pid_t pid, const char *dir)
{
	char from[64], to[64];
	int fd;

	if (be_user_a_apart() || unshare(CLONE_NEWNS) ||
	    mount("none", dir, "tmpfs", 0, NULL))
		return 1;
	snprintf(from, sizeof(from), "/proc/%d/heapinfo", pid);
	snprintf(to, sizeof(to), "%s/maps", dir);
	fd = open(to, O_CREAT | O_WRONLY, 0644);
	if (fd < 0 || mount(from, to, NULL, MS_BIND, NULL))
		return 2;
	if (ask_at(AT_FDCWD, to) != -EACCES)
		return 3;
	if (umount2(to, 0) ||
	    mount("/proc/self/heapinfo", to, NULL, MS_BIND, NULL))
		return 4;
	return ask_at(AT_FDCWD, to) == ASKED_TEXT ? 0 : 5;
}

TEST_F(access, bind_mount_elsewhere)
{
	pid_t pid = start_process(NULL), own = start_process(be_user_a_apart);

	ASSERT_LT(0, pid);
	if (own < 0) {
		end_process(pid);
		SKIP(return, "no user namespaces for users");
	}
	EXPECT_EQ(0, IN_CHILD(move_heapinfo(pid, self->dir)));
	end_process(own);
	end_process(pid);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], WAIT_WORD)) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		tell_ready();
		for (;;)
			pause();
	}
	return test_harness_run(argc, argv);
}
