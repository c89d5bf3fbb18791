// SPDX-License-Identifier: GPL-2.0
/* What asks heapinfo and its neighbour maps the same, as one user or another. */
#include "neighbour.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heapinfo.h"

/* Where a process started here says that it is what it was to become. */
#define READY_FD	200

/**
 * ask_fd() - read from an open file
 * @fd: read from where it stands
 *
 * Return: ASKED_TEXT, 0 or an error below ASKED_READ.
 */
int ask_fd(int fd)
{
	char text[64];
	ssize_t length = read(fd, text, sizeof(text));

	if (length < 0)
		return ASKED_READ - errno;
	return length ? ASKED_TEXT : 0;
}

/**
 * ask_at() - open a file, and read from it
 * @dirfd: as openat(2) has it
 * @path: as openat(2) has it
 *
 * Return: as ask_fd(), or the negative error of the opening.
 */
int ask_at(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = ask_fd(fd);
	close(fd);
	return ret;
}

/**
 * ask_pid() - open and read a file of a process
 * @proc: where procfs is mounted
 * @pid: of the process, there
 * @name: of the file
 *
 * Return: as ask_at().
 */
int ask_pid(const char *proc, pid_t pid, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/%s", proc, pid, name);
	return ask_at(AT_FDCWD, path);
}

/**
 * become() - be another user, in no further group, and dumpable
 * @uid: all four of them
 * @gid: all four of them
 *
 * Return: 0 or a negative error.
 */
int become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	/* A change of user takes this away, as if secrets were kept. */
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

int become_user_a(void)
{
	return become(USER_A, USER_A);
}

int become_user_b(void)
{
	return become(USER_B, USER_B);
}

/**
 * enter_user_namespace() - be root of a user namespace of one's own
 *
 * Return: 0 or a negative error.
 */
int enter_user_namespace(void)
{
	char uids[40], gids[40];
	int ret;

	snprintf(uids, sizeof(uids), "0 %d 1", geteuid());
	snprintf(gids, sizeof(gids), "0 %d 1", getegid());
	if (unshare(CLONE_NEWUSER))
		return -errno;
	ret = heapinfo_write_file("/proc/self/setgroups", "deny");
	ret = ret ?: heapinfo_write_file("/proc/self/uid_map", uids);
	return ret ?: heapinfo_write_file("/proc/self/gid_map", gids);
}

static int change_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	int i;

	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/**
 * keep_capability() - be user A, with one capability of root
 * @capability: its number
 *
 * Return: 0 or a negative error.
 */
int keep_capability(unsigned int capability)
{
	int ret;

	if (prctl(PR_SET_KEEPCAPS, 1))
		return -errno;
	ret = become_user_a();
	ret = ret ?: change_capabilities(1ULL << capability);
	return ret ?: prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

/**
 * drop_capability() - lose one capability
 * @capability: its number
 *
 * Return: 0 or a negative error.
 */
int drop_capability(unsigned int capability)
{
	int ret = change_capabilities(~(1ULL << capability));

	return ret ?: prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

/**
 * tell_ready() - say that this process is what it was to become
 */
void tell_ready(void)
{
	close(READY_FD);
}

/**
 * start_program() - start a process that becomes somebody and runs a program
 * @setup: run in it first; may be NULL
 * @argv: the program, which calls tell_ready(); NULL for none, to wait for a
 *	signal
 *
 * Return: its number once it is ready, or a negative error.
 */
pid_t start_program(setup_fn setup, const char *const argv[])
{
	int ready[2], ret = 0;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		dup2(ready[1], READY_FD);
		close(ready[0]);
		close(ready[1]);
		if (setup)
			ret = setup();
		if (!ret)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!ret && argv) {
			execv(argv[0], (char *const *)argv);
			ret = -errno;
		}
		if (ret && write(READY_FD, &ret, sizeof(ret)) < 0)
			_exit(1);
		tell_ready();
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &ret, sizeof(ret)) > 0)
		end_process(pid);
	close(ready[0]);
	return ret ?: pid;
}

/**
 * start_process() - start a process that becomes somebody and waits
 * @setup: run in it; may be NULL
 *
 * Return: its number once it is ready, or a negative error.
 */
pid_t start_process(setup_fn setup)
{
	return start_program(setup, NULL);
}

/**
 * end_process() - kill a process and reap it
 * @pid: a child
 */
void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/**
 * mount_proc() - mount procfs once more
 * @dir: where; made if it is missing
 * @options: of the mount, or NULL
 *
 * In a mount namespace of the caller's own, which goes with the caller.
 *
 * Return: 0 or a negative error.
 */
int mount_proc(const char *dir, const char *options)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	return mount("proc", dir, "proc", 0, options) ? -errno : 0;
}

/**
 * is_listed() - whether a directory lists a name
 * @dirfd: of the directory
 * @name: looked for from the directory's beginning
 *
 * Return: true if it does.
 */
bool is_listed(int dirfd, const char *name)
{
	char buffer[4096] __attribute__((aligned(8)));
	struct dirent64 *entry;
	ssize_t length, at;

	lseek(dirfd, 0, SEEK_SET);
	for (;;) {
		length = getdents64(dirfd, buffer, sizeof(buffer));
		if (length <= 0)
			return false;
		for (at = 0; at < length; at += entry->d_reclen) {
			entry = (struct dirent64 *)(buffer + at);
			if (!strcmp(entry->d_name, name))
				return true;
		}
	}
}

/**
 * find_kernel_thread() - the number of kthreadd
 *
 * Return: 2, or 0 in a pid namespace that has none.
 */
pid_t find_kernel_thread(void)
{
	char target[16];

	if (access("/proc/2/status", F_OK) ||
	    readlink("/proc/2/exe", target, sizeof(target)) >= 0 ||
	    errno != ENOENT)
		return 0;
	return 2;
}
