// SPDX-License-Identifier: GPL-2.0
/*
 * The agent: pid 1 of a VM once its root is there. Loads heapinfo.ko if told
 * to, runs COMMAND, and sends its output and status and the kernel's log to
 * the relay outside.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"

#define ETC		"/usr/lib/heapinfo-vm/"
#define CLASS		"/sys/class/virtio-ports/"
#define SYSLOG_READ_ALL	3
#define SYSLOG_SIZE	10
#define NOT_STARTED	125

static int port = -1;

/* The last words of a VM that cannot go on: to the console, which is kept. */
static void fail(const char *what)
{
	dprintf(STDERR_FILENO, "heapinfo-vm: %s: %s\n", what, strerror(errno));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void send_frame(enum frame_type type, const void *buf, size_t len)
{
	struct frame frame = { .type = type, .len = len };

	if (write_all(port, &frame, sizeof(frame)) || write_all(port, buf, len))
		fail("cannot write to the port");
}

/* Read the whole of a small file as a string; NULL where there is none. */
static char *read_file(const char *path, size_t *len)
{
	struct stat st;
	char *text;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	/* sysfs tells no true size, but none of its names is longer */
	if (fstat(fd, &st))
		fail(path);
	text = calloc(1, st.st_size + 4096);
	if (!text)
		fail(path);
	n = read(fd, text, st.st_size + 4095);
	if (n < 0)
		fail(path);
	close(fd);
	if (len)
		*len = n;
	return text;
}

/* The port's number is the driver's choice and it takes a moment to appear. */
static int open_port(void)
{
	for (;;) {
		struct dirent *entry;
		DIR *dir = opendir(CLASS);

		while (dir && (entry = readdir(dir))) {
			char path[512], *name;

			snprintf(path, sizeof(path), CLASS "%s/name",
				 entry->d_name);
			name = read_file(path, NULL);
			if (!name || strcmp(name, "heapinfo\n"))
				continue;
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			return open(path, O_RDWR | O_CLOEXEC);
		}
		if (dir)
			closedir(dir);
		usleep(10000);
	}
}

/* Load the module with the parameters in ETC "params", where there are any. */
static int load_module(void)
{
	char *module = read_file(ETC "module", NULL);
	char *params = read_file(ETC "params", NULL);
	char text[512];
	int fd;

	if (!params)
		return 0;
	fd = open(module ? module : "", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !syscall(SYS_finit_module, fd, params, 0)) {
		close(fd);
		return 0;
	}
	snprintf(text, sizeof(text), "cannot load heapinfo.ko%s%s: %s\n",
		 *params ? " " : "", params, strerror(errno));
	send_frame(FRAME_ERR, text, strlen(text));
	return -1;
}

/* Become COMMAND; its words are in ETC "argv", each ended by a zero byte. */
static void run_command(void)
{
	size_t len, i, argc = 0;
	char *words = read_file(ETC "argv", &len);
	char **argv = words ? calloc(len + 1, sizeof(*argv)) : NULL;

	if (!argv)
		_exit(NOT_STARTED);
	for (i = 0; i < len; i += strlen(words + i) + 1)
		argv[argc++] = words + i;
	if (chdir("/root"))
		_exit(NOT_STARTED);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Give COMMAND the serial line that is the terminal outside. */
static void use_terminal(const char *path)
{
	int fd = open(path, O_RDWR);

	setsid();
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0))
		_exit(NOT_STARTED);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

static pid_t start_command(int out, int err)
{
	char *terminal = read_file(ETC "terminal", NULL);
	sigset_t none;
	pid_t pid = fork();
	int null;

	if (pid < 0)
		fail("fork");
	if (pid)
		return pid;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (terminal) {
		use_terminal(terminal);
	} else {
		setsid();
		null = open("/dev/null", O_RDONLY);
		dup2(null, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	run_command();
	return 0;
}

/*
 * Pass on what is in a pipe now. Returns the number of bytes, 0 at its end,
 * -1 when it is empty.
 */
static ssize_t pass_on(int fd, enum frame_type type)
{
	static char buf[FRAME_MAX];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		send_frame(type, buf, n);
	return n;
}

/* As pid 1: reap everybody. Returns whether @pid was among them. */
static int reap(pid_t pid, int *status)
{
	pid_t dead;
	int word, found = 0;

	while ((dead = waitpid(-1, &word, WNOHANG)) > 0) {
		if (dead != pid)
			continue;
		found = 1;
		*status = WIFSIGNALED(word) ? 128 + WTERMSIG(word) :
					      WEXITSTATUS(word);
	}
	return found;
}

/* Only to wake ppoll(). */
static void on_child(int sig)
{
}

/*
 * Pass on COMMAND's output until it ends, and then what is left in the pipes:
 * not until their end, since what it left running may hold them open.
 */
static int follow_command(pid_t pid, int out, int err)
{
	struct pollfd fds[] = {
		{ .fd = out, .events = POLLIN },
		{ .fd = err, .events = POLLIN },
	};
	sigset_t none;
	int status = NOT_STARTED;

	sigemptyset(&none);
	while (!reap(pid, &status)) {
		if (ppoll(fds, 2, NULL, &none) < 0)
			continue;
		if (fds[0].revents && !pass_on(out, FRAME_OUT))
			fds[0].fd = -1;
		if (fds[1].revents && !pass_on(err, FRAME_ERR))
			fds[1].fd = -1;
	}
	while (pass_on(out, FRAME_OUT) > 0)
		;
	while (pass_on(err, FRAME_ERR) > 0)
		;
	return status;
}

static void send_log(void)
{
	int size = klogctl(SYSLOG_SIZE, NULL, 0);
	char *log = size > 0 ? malloc(size) : NULL;
	int len, done, n;

	len = log ? klogctl(SYSLOG_READ_ALL, log, size) : -1;
	if (len < 0)
		fail("cannot read the kernel's log");
	for (done = 0; done < len; done += n) {
		n = len - done < FRAME_MAX ? len - done : FRAME_MAX;
		send_frame(FRAME_LOG, log + done, n);
	}
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_child };
	int out[2], err[2];
	sigset_t child;
	uint32_t status = FRAME_NOT_LOADED;
	pid_t pid;

	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", "linux", 1);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigaction(SIGCHLD, &action, NULL);

	port = open_port();
	if (port < 0)
		fail("no port to the outside");
	if (!load_module()) {
		if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
			fail("pipe");
		fcntl(out[0], F_SETFL, O_NONBLOCK);
		fcntl(err[0], F_SETFL, O_NONBLOCK);
		pid = start_command(out[1], err[1]);
		close(out[1]);
		close(err[1]);
		status = follow_command(pid, out[0], err[0]);
	}
	send_log();
	send_frame(FRAME_STATUS, &status, sizeof(status));
	for (;;)
		pause();
}
