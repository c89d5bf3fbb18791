// SPDX-License-Identifier: GPL-2.0
/* All that can be done with files of heapinfo, in random order. */
#include "fileops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SLOTS		48
#define CHILDREN	4	/* at once */
#define HELD_OPS	40	/* of a child that has its parent's open files */
#define FILES		300	/* all their numbers are below */
#define WATCHES		300	/* each keeps an inode */

enum kind { FREE, OF_PROCESS, OF_MODULE, DIRECTORY, NUMBER_ONLY, OTHER };

static struct slot {
	int fd;		/* -1 where it is free */
	enum kind kind;
} slots[SLOTS];

static unsigned int children;
static bool is_child;
static int pipes[2], pair[2], memory, watches, epoll;
static char buffer[1 << 17];

/* Sizes and offsets around those at which something changes. */
static size_t odd_size(void)
{
	static const size_t sizes[] = {
		0, 1, 2, 7, 63, 511, 4095, 4096, 4097, 65536
	};

	return chance(60) ? PICK(sizes) : draw(sizeof(buffer) + 1);
}

static off_t odd_offset(void)
{
	static const off_t offsets[] = {
		0, 1, 4095, 4096, 65535, 1L << 31, 1L << 32, INT64_MAX,
		INT64_MAX - 4096, -1, INT64_MIN,
	};

	return chance(40) ? PICK(offsets) : (off_t)draw(20000);
}

/* What an open file is, as the kernel says it. */
static enum kind kind_of(int fd)
{
	char link[32], path[256];
	struct stat st;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return OTHER;
	path[length] = '\0';
	if (!strstr(path, "/proc/"))
		return OTHER;
	if (fcntl(fd, F_GETFL) & O_PATH)
		return NUMBER_ONLY;
	if (!strcmp(path, "/proc/heapinfo"))
		return OF_MODULE;
	if (strstr(path, "/heapinfo"))
		return OF_PROCESS;
	return !fstat(fd, &st) && S_ISDIR(st.st_mode) ? DIRECTORY : OTHER;
}

static void set_free(struct slot *slot)
{
	if (slot->kind)
		close(slot->fd);
	slot->fd = -1;
	slot->kind = FREE;
}

/* Keeps an open file, in the place of any that was kept. */
static int keep(int fd)
{
	struct slot *slot = &PICK(slots);

	if (fd < 0)
		return -1;
	set_free(slot);
	slot->fd = fd;
	slot->kind = kind_of(fd);
	return 0;
}

/* A file that is kept and of this kind, or any if there is none. */
static struct slot *any(enum kind kind)
{
	unsigned int i, from = draw(SLOTS);

	for (i = 0; i < SLOTS; i++)
		if (slots[(from + i) % SLOTS].kind == kind)
			return &slots[(from + i) % SLOTS];
	for (i = 0; i < SLOTS; i++)
		if (slots[(from + i) % SLOTS].kind)
			return &slots[(from + i) % SLOTS];
	return &slots[0];
}

/* One of heapinfo's, most often that of a process. */
static struct slot *file(void)
{
	return any(chance(80) ? OF_PROCESS : OF_MODULE);
}

/* A path below that of a process; sometimes one that is not there. */
static const char *path_of(const char *name)
{
	static char path[64];
	pid_t pid = PICK(shared->targets);

	if (chance(15))
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	else if (chance(5))
		snprintf(path, sizeof(path), "/proc/2/%s", name);
	else if (chance(5))
		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, pid,
			 name);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return path;
}

static int any_flags(void)
{
	static const int flags[] = {
		O_RDWR, O_WRONLY, O_NONBLOCK, O_DIRECT, O_CREAT, O_APPEND, O_TRUNC,
		O_NOFOLLOW, O_DIRECTORY, O_NOATIME, O_SYNC, O_CREAT | O_EXCL,
	};

	return O_CLOEXEC | (chance(80) ? O_RDONLY : PICK(flags));
}

static long do_open(void)
{
	return keep(open(path_of("heapinfo"), any_flags(), 0600));
}

static long do_open_status(void)
{
	return keep(open("/proc/heapinfo", any_flags(), 0600));
}

static long do_open_dir(void)
{
	return keep(open(path_of(chance(70) ? "" : "task"),
			 O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static long do_open_at(void)
{
	return keep(openat(any(DIRECTORY)->fd, "heapinfo", any_flags(), 0600));
}

static long do_open_path(void)
{
	return keep(open(path_of("heapinfo"), O_PATH | O_CLOEXEC));
}

static long do_reopen(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 any(chance(70) ? NUMBER_ONLY : OF_PROCESS)->fd);
	return keep(open(path, any_flags(), 0600));
}

static long do_read(void)
{
	return read(file()->fd, buffer, odd_size());
}

/* What a file begins with must be its own text, whoever else has it open. */
static long do_pread(void)
{
	struct slot *slot = file();
	const char *begin = slot->kind == OF_PROCESS ? "Name:" : "Version:";
	size_t size = odd_size();
	off_t offset = odd_offset();
	ssize_t length = pread(slot->fd, buffer, size, offset);

	if (length > (ssize_t)size)
		strange("pread of more than was asked", length);
	if (!offset && length >= 8 &&
	    (slot->kind == OF_PROCESS || slot->kind == OF_MODULE) &&
	    strncmp(buffer, begin, strlen(begin)))
		strange("a file that begins otherwise", slot->kind);
	return length;
}

static void cut(struct iovec iov[3])
{
	size_t size = odd_size() / 3;

	iov[0] = (struct iovec) { buffer, draw(9) };
	iov[1] = (struct iovec) { buffer + 10, 0 };
	iov[2] = (struct iovec) { buffer + 20, size };
}

static long do_readv(void)
{
	struct iovec iov[3];

	cut(iov);
	return readv(file()->fd, iov, 3);
}

static long do_preadv2(void)
{
	static const int flags[] = { 0, 0, RWF_HIPRI, RWF_NOWAIT, RWF_SYNC, -1 };
	struct iovec iov[3];

	cut(iov);
	return preadv2(file()->fd, iov, 3, odd_offset(), PICK(flags));
}

static long do_lseek(void)
{
	static const int whences[] = {
		SEEK_SET, SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, 77,
	};

	return lseek(any(chance(80) ? OF_PROCESS : DIRECTORY)->fd, odd_offset(),
		     PICK(whences));
}

static void empty(int fd)
{
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
}

static long do_splice(void)
{
	loff_t offset = odd_offset();
	long ret = splice(any(chance(50) ? OF_PROCESS : OF_MODULE)->fd,
			  chance(50) ? &offset : NULL, pipes[1], NULL,
			  odd_size(), SPLICE_F_NONBLOCK);

	empty(pipes[0]);
	return ret;
}

static long do_sendfile(void)
{
	off_t offset = odd_offset();
	long ret = sendfile(chance(50) ? pipes[1] : memory,
			    any(chance(50) ? OF_PROCESS : OF_MODULE)->fd,
			    chance(50) ? &offset : NULL, odd_size());

	empty(pipes[0]);
	return ret | ftruncate(memory, 0);
}

static long do_copy(void)
{
	loff_t offset = odd_offset();
	long ret = syscall(SYS_copy_file_range, file()->fd, &offset, memory,
			   NULL, odd_size(), 0);

	return ret | ftruncate(memory, 0);
}

static long do_poll(void)
{
	struct pollfd polled[] = {
		{ file()->fd, POLLIN | POLLPRI | POLLRDHUP, 0 },
		{ any(DIRECTORY)->fd, POLLIN | POLLOUT, 0 },
	};

	return poll(polled, ARRAY_SIZE(polled), 0);
}

static long do_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = file()->fd;
	long ret = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);

	epoll_wait(epoll, &event, 1, 0);
	epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
	return ret;
}

static long do_mmap(void)
{
	static const int flags[] = {
		MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE | MAP_SYNC,
		MAP_PRIVATE | MAP_POPULATE,
	};
	struct slot *slot = any(chance(50) ? OF_PROCESS : OF_MODULE);
	size_t size = odd_size() + 1;
	void *at = mmap(NULL, size, chance(50) ? PROT_READ :
			PROT_READ | PROT_WRITE, PICK(flags), slot->fd,
			odd_offset() & -4096L);

	if (at == MAP_FAILED)
		return -1;
	munmap(at, size);
	if (slot->kind == OF_PROCESS || slot->kind == OF_MODULE)
		strange("mmap of kind", slot->kind);
	return 0;
}

static long do_ioctl(void)
{
	static const unsigned long requests[] = {
		FIONREAD, FIONBIO, FIOASYNC, FIOCLEX, FIGETBSZ, FIBMAP, FIFREEZE,
		FIOQSIZE, TIOCGWINSZ,
	};
	int fd = file()->fd;
	long number = draw(2);

	return ioctl(fd, chance(80) ? PICK(requests) : draw(~0U), &number);
}

static long do_fcntl(void)
{
	static const int commands[] = {
		F_GETFD, F_GETFL, F_SETFL, F_GETLK, F_GETLEASE, F_SETOWN,
		F_GETPIPE_SZ, F_ADD_SEALS,
	};
	struct flock lock = { .l_type = F_RDLCK };
	int command = PICK(commands);

	if (command == F_GETLK)
		return fcntl(file()->fd, command, &lock);
	return fcntl(file()->fd, command, command == F_SETOWN ? 0 :
		     command == F_SETFL ? O_NONBLOCK | O_NOATIME : F_RDLCK);
}

static long do_flock(void)
{
	static const int ways[] = { LOCK_SH, LOCK_EX, LOCK_UN };

	return flock(file()->fd, PICK(ways) | LOCK_NB);
}

/* These a file refuses to everybody, but that root may set modes of /proc/heapinfo. */
static long refused(const struct slot *slot, const char *what, long ret)
{
	if (ret >= 0 && slot->kind == OF_PROCESS)
		strange(what, ret);
	return ret;
}

static long do_write(void)
{
	struct slot *slot = file();

	return refused(slot, "write", chance(50) ?
		       write(slot->fd, buffer, 1 + draw(9999)) :
		       pwrite(slot->fd, buffer, 1 + draw(9999), draw(9999)));
}

static long do_truncate(void)
{
	struct slot *slot = file();

	return refused(slot, "truncate", chance(50) ?
		       ftruncate(slot->fd, draw(10)) :
		       fallocate(slot->fd, draw(4), 0, 4096));
}

static long do_chmod(void)
{
	struct slot *slot = file();

	return refused(slot, "chmod", fchmod(slot->fd, 0444));
}

static long do_chown(void)
{
	struct slot *slot = file();

	return refused(slot, "chown", fchown(slot->fd, 0, 0));
}

static long do_utimens(void)
{
	struct slot *slot = file();

	return refused(slot, "utimens", futimens(slot->fd, NULL));
}

static long do_xattr(void)
{
	struct slot *slot = file();

	fgetxattr(slot->fd, "security.selinux", buffer, 100);
	flistxattr(slot->fd, buffer, 100);
	return refused(slot, "setxattr",
		       fsetxattr(slot->fd, "user.heapinfo", "1", 1, 0));
}

static long do_stat(void)
{
	struct statfs fs;
	struct stat st;

	fstatfs(file()->fd, &fs);
	syscall(SYS_statx, any(NUMBER_ONLY)->fd, "", AT_EMPTY_PATH, ~0U >> 1,
		buffer);
	return chance(50) ? stat(path_of("heapinfo"), &st) :
			    fstat(file()->fd, &st);
}

static long do_access(void)
{
	const char *path = path_of("heapinfo");

	readlink(path, buffer, 100);
	unlink(path);
	link(path, "/tmp/heapinfo-link");
	rename(path, "/tmp/heapinfo-renamed");
	return access(path, R_OK);
}

static long do_sync(void)
{
	int fd = file()->fd;

	posix_fadvise(fd, 0, 4096, POSIX_FADV_WILLNEED);
	readahead(fd, 0, 65536);
	sync_file_range(fd, 0, 4096, 0);
	return fsync(fd);
}

/* Watches outlive what they are of, and the files that are open of it. */
static long do_inotify(void)
{
	long ret = inotify_add_watch(watches, path_of(chance(80) ? "heapinfo" : ""),
				     IN_ALL_EVENTS);

	empty(watches);
	if (ret > 0 && chance(50))
		inotify_rm_watch(watches, draw(ret) + 1);
	if (ret > WATCHES) {
		close(watches);
		watches = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	}
	return ret;
}

static long list(int fd)
{
	long ret;

	if (chance(30))
		lseek(fd, draw(300), SEEK_SET);
	else if (chance(50))
		lseek(fd, 0, SEEK_SET);
	do {
		ret = syscall(SYS_getdents64, fd, buffer, 20 + odd_size() / 2);
	} while (ret > 0 && chance(70));
	return ret;
}

static long do_list(void)
{
	return list(any(DIRECTORY)->fd);
}

static long do_list_tasks(void)
{
	int fd = open(path_of("task"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long ret = list(fd);

	close(fd);
	return ret;
}

static long do_dup(void)
{
	struct slot *slot = file();

	return keep(chance(50) ? dup(slot->fd) :
		    fcntl(slot->fd, F_DUPFD_CLOEXEC, 100));
}

/* By way of a socket, in which it is nobody's for a while. */
static long do_pass(void)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control = {};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct slot *slot = file();
	int fd = slot->fd;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(pair[0], &message, MSG_DONTWAIT) != 1)
		return -1;
	set_free(slot);
	if (recvmsg(pair[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (!header)
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return keep(fd);
}

static long do_close(void)
{
	struct slot *slot = &PICK(slots);
	long ret;

	ret = slot->kind ? 0 : -1;
	set_free(slot);
	return ret;
}

static void random_ops(unsigned long nr);

/*
 * A child with the same open files, which goes on while its parent does. It has none
 * of its own, or they would become ever more.
 */
static pid_t start_child(void)
{
	unsigned long own = draw(1UL << 40) + 1;
	pid_t pid;

	if (is_child)
		return -1;
	while (children && waitpid(-1, NULL, children < CHILDREN ?
				   WNOHANG : 0) > 0)
		children--;
	pid = fork();
	if (pid > 0)
		children++;
	if (!pid) {
		seed = own;
		is_child = true;
	}
	return pid;
}

static long do_over_fork(void)
{
	pid_t pid = start_child();

	if (!pid) {
		random_ops(draw(HELD_OPS));
		_exit(0);
	}
	return pid;
}

static long do_over_exec(void)
{
	pid_t pid = start_child();
	unsigned int i;

	if (pid)
		return pid;
	for (i = 0; i < SLOTS; i++)
		if (slots[i].kind && chance(50))
			fcntl(slots[i].fd, F_SETFD, 0);
	run_program("--held");
	return -1;
}

/* A file of a process that has ended, read before or not. */
static long do_over_exit(void)
{
	bool reap = chance(50);
	char path[32];
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		return pid;
	if (!pid) {
		syscall(SYS_brk, syscall(SYS_brk, 0) + draw(99999));
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/heapinfo", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (chance(50))
		read(fd, buffer, odd_size());
	kill(pid, SIGKILL);
	if (reap)
		waitpid(pid, NULL, 0);
	read(fd, buffer, odd_size());
	lseek(fd, 0, SEEK_SET);
	read(fd, buffer, odd_size());
	if (!reap)
		waitpid(pid, NULL, 0);
	return keep(fd);
}

/* Dentries and inodes that nobody uses; only root may. */
static long do_drop(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	long ret = write(fd, "2", 1);

	close(fd);
	return ret;
}

const struct op ops[] = {
	{ "open", do_open },
	{ "open_status", do_open_status },
	{ "open_dir", do_open_dir },
	{ "open_at", do_open_at },
	{ "open_path", do_open_path },
	{ "reopen", do_reopen },
	{ "read", do_read },
	{ "pread", do_pread },
	{ "readv", do_readv },
	{ "preadv2", do_preadv2 },
	{ "lseek", do_lseek },
	{ "splice", do_splice },
	{ "sendfile", do_sendfile },
	{ "copy", do_copy, .refused = true },
	{ "poll", do_poll },
	{ "epoll", do_epoll, .refused = true },
	{ "mmap", do_mmap, .refused = true },
	{ "ioctl", do_ioctl },
	{ "fcntl", do_fcntl },
	{ "flock", do_flock },
	{ "write", do_write, .refused = true },
	{ "truncate", do_truncate, .refused = true },
	{ "chmod", do_chmod, .refused = true },
	{ "chown", do_chown, .refused = true },
	{ "utimens", do_utimens, .refused = true },
	{ "xattr", do_xattr, .refused = true },
	{ "stat", do_stat },
	{ "access", do_access },
	{ "sync", do_sync, .refused = true },
	{ "inotify", do_inotify },
	{ "list", do_list },
	{ "list_tasks", do_list_tasks },
	{ "dup", do_dup },
	{ "pass", do_pass },
	{ "close", do_close },
	{ "over_fork", do_over_fork },
	{ "over_exec", do_over_exec, .seldom = true },
	{ "over_exit", do_over_exit },
	{ "drop", do_drop, .seldom = true },
};

const unsigned int nr_ops = ARRAY_SIZE(ops);
_Static_assert(ARRAY_SIZE(ops) <= OPS_MAX, "OPS_MAX");

static void random_ops(unsigned long nr)
{
	unsigned int i;

	while (nr-- && !shared->stop) {
		i = draw(nr_ops);
		if (ops[i].seldom && chance(75))
			continue;
		count(&shared->ops[i].tried);
		if (ops[i].run() >= 0)
			count(&shared->ops[i].succeeded);
	}
}

static void get_ready(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (!slots[i].kind)
			slots[i].fd = -1;
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		_exit(2);
	memory = memfd_create("fileops", MFD_CLOEXEC);
	watches = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (memory < 0 || watches < 0 || epoll < 0)
		_exit(2);
}

/* Until the end. */
void do_ops(void)
{
	get_ready();
	random_ops(~0UL);
	while (wait(NULL) > 0)
		;
}

/* A program that was handed open files: it finds them by their numbers. */
void do_ops_with_what_is_open(void)
{
	unsigned int kept = 0;
	enum kind kind;
	int fd;

	for (fd = 3; fd < FILES && kept < SLOTS; fd++) {
		kind = kind_of(fd);
		if (kind != OTHER)
			slots[kept++] = (struct slot) { fd, kind };
	}
	is_child = true;
	get_ready();
	random_ops(HELD_OPS);
}
