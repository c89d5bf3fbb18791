// SPDX-License-Identifier: GPL-2.0
/*
 * Open a core as it is kept.
 *
 * systemd-coredump compresses cores and knows them by the program's name, apport
 * puts them into a report.  A core is read here and there, not from front to
 * back, so a compressed one is unpacked to a file without a name first, by the
 * program that belongs to the format.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/unpack.h"

#define BLOCK (1u << 20)	/* what is copied at a time */
#define LOOK_AT_ROOM (64u << 20)	/* unpacked between two looks at it */
#define SPARE (1ull << 30)	/* room left to others, or a 20th of it all */

extern char **environ;

/* How a kind of file begins, and which program unpacks it. */
struct format {
	const char *magic;
	size_t len;
	const char *name;
	const char *package;
	const char *program;
	const char *to_stdout;	/* its option */
};

static const struct format formats[] = {
	{ "\x28\xb5\x2f\xfd", 4, "zstd", "zstd", "zstd", "-dcq" },
	{ "\3757zXZ", 6, "xz", "xz-utils", "xz", "-dcq" },
	{ "\x04\x22\x4d\x18", 4, "lz4", "lz4", "lz4", "-dcq" },
	{ "\x1f\x8b", 2, "gzip", "gzip", "gzip", "-dcq" },
	{ "BZh", 3, "bzip2", "bzip2", "bzip2", "-dcq" },
};

/* How the report begins that apport writes, which has the core in it as text. */
static const char apport[] = "ProblemType:";

static bool reads(int fd, const char *magic, size_t len)
{
	char head[16];

	return pread(fd, head, len, 0) == (ssize_t)len &&
	       !memcmp(head, magic, len);
}

static const struct format *format_of(int fd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (reads(fd, formats[i].magic, formats[i].len))
			return &formats[i];
	return NULL;
}

static const char *folder(void)
{
	const char *dir = getenv("TMPDIR");

	/* Cores are large: /tmp may be memory. */
	return dir && dir[0] ? dir : "/var/tmp";
}

/* Nobody else sees the file, and it goes when it is closed. */
static int nameless_file(void)
{
	char path[4096];
	int fd = open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

	/* Not every file system has those. */
	if (fd >= 0 || snprintf(path, sizeof(path), "%s/heapinfo-XXXXXX",
				folder()) >= (int)sizeof(path))
		return fd;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

/* What is compressed well would fill any disk: some of it is left to others. */
static bool has_room(int fd)
{
	struct statvfs st;
	u64 unit;

	if (fstatvfs(fd, &st))
		return true;
	unit = st.f_frsize;
	return unit * st.f_bavail > min_u64(SPARE, unit * st.f_blocks / 20);
}

static bool is_zero(const u8 *p, size_t len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

/* Pages of zeroes become holes, as in a core that the kernel wrote. */
static int write_block(int fd, const u8 *block, size_t len, u64 at)
{
	size_t off, n;
	ssize_t wrote;

	for (off = 0; off < len; off += n) {
		n = min_u64(PAGE, len - off);
		if (is_zero(block + off, n))
			continue;
		while (off + n < len &&
		       !is_zero(block + off + n, min_u64(PAGE, len - off - n)))
			n += min_u64(PAGE, len - off - n);
		wrote = pwrite(fd, block + off, n, at + off);
		if (wrote != (ssize_t)n) {
			if (wrote >= 0)
				errno = ENOSPC;
			return -1;
		}
	}
	return 0;
}

/* Fill the block as far as the pipe goes.  Return: bytes, or -1. */
static ssize_t read_block(int fd, u8 *block)
{
	size_t len = 0;
	ssize_t n;

	while (len < BLOCK) {
		n = read(fd, block + len, BLOCK - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		len += n;
	}
	return len;
}

/* All that comes out of the pipe to the file.  Return: bytes, or -1. */
static s64 copy(int from, int to)
{
	u8 *block = xcalloc(1, BLOCK);
	u64 len = 0, look = 0;
	ssize_t n;

	while ((n = read_block(from, block)) > 0) {
		if (len >= look) {
			look = len + LOOK_AT_ROOM;
			if (!has_room(to)) {
				errno = ENOSPC;
				n = -1;
				break;
			}
		}
		if (write_block(to, block, n, len)) {
			n = -1;
			break;
		}
		len += n;
	}
	free(block);
	return n < 0 || ftruncate(to, len) ? -1 : (s64)len;
}

/*
 * Start a program with @in as its input; what it complains of is not shown.  It
 * gets back the signals that this one may ignore.
 */
static int start(char *const argv[], int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t set;
	int ret;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&files, STDIN_FILENO,
						 "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return ret;
}

/* What came of running a program into a file. */
struct ran {
	int fd;		/* the file, or -1 */
	int error;	/* errno, where it could not be run or written */
	bool started;
	bool failed;	/* it said so itself */
	s64 len;
};

static struct ran run_into_file(char *const argv[], int in)
{
	struct ran r = { .fd = nameless_file() };
	int ends[2], status = 0;
	pid_t pid;

	if (r.fd < 0 || pipe2(ends, O_CLOEXEC)) {
		r.error = errno;
		r.started = true;
		return r;
	}
	r.error = start(argv, in, ends[1], &pid);
	close(ends[1]);
	r.started = !r.error;
	if (r.started) {
		r.len = copy(ends[0], r.fd);
		if (r.len < 0)
			r.error = errno;
	}
	/* A program that still writes ends by this. */
	close(ends[0]);
	if (r.started) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		r.failed = !WIFEXITED(status) || WEXITSTATUS(status);
	}
	return r;
}

/* Return: the file, or -1 with a line that says what to do instead. */
static int result_of(struct ran *r, const char *path, const char *hint,
		     struct error *e)
{
	if (r->error)
		error_set(e, "%s cannot be unpacked to %s: %s; set TMPDIR to a folder with more room, or %s",
			  path, folder(), strerror(r->error), hint);
	else if (!r->len)
		error_set(e, "%s cannot be unpacked: it is damaged or cut off; try to %s",
			  path, hint);
	else
		return r->fd;
	if (r->fd >= 0)
		close(r->fd);
	return -1;
}

static int unpack(int in, const struct format *f, const char *path, bool *cut,
		  struct error *e)
{
	char *const argv[] = { (char *)f->program, (char *)f->to_stdout, NULL };
	char hint[256];
	struct ran r;

	if (lseek(in, 0, SEEK_SET) < 0)
		return error_set(e, "%s is compressed and cannot be read twice: save it to a file first",
				 path);
	r = run_into_file(argv, in);
	if (!r.started) {
		if (r.fd >= 0)
			close(r.fd);
		return error_set(e, "%s is compressed, and there is no %s here to unpack it: sudo apt install %s",
				 path, f->program, f->package);
	}
	*cut = r.failed;
	snprintf(hint, sizeof(hint), "unpack it yourself: %s -dc %.100s >core",
		 f->program, path);
	return result_of(&r, path, hint, e);
}

/*
 * The newest core of a program, from systemd-coredump.  The name is one that no
 * file has, and never an option.
 */
static int from_coredumpctl(const char *name, bool *cut, struct error *e)
{
	char *const argv[] = { "coredumpctl", "--quiet", "dump", "--",
			       (char *)name, NULL };
	struct ran r = run_into_file(argv, -1);
	char hint[256];

	if (!r.started || (!r.error && !r.len)) {
		if (r.fd >= 0)
			close(r.fd);
		return error_set(e, "cannot open %s: No such file%s", name,
				 r.started ? ", and coredumpctl has no core of a program of that name; 'coredumpctl list' says of which" :
				 "");
	}
	*cut = r.failed;
	snprintf(hint, sizeof(hint), "coredumpctl dump %.100s -o core", name);
	return result_of(&r, name, hint, e);
}

/**
 * unpack_open - open a core, unpacked where it is compressed
 * @path: a file's name; where there is none, that of a program whose newest core
 *	systemd-coredump is asked for
 * @cut: set where what was unpacked is only the beginning
 * @e: why not
 *
 * What is unpacked goes to a file without a name in $TMPDIR, or /var/tmp, which
 * goes when the descriptor is closed.
 *
 * Return: a descriptor, or -1.
 */
int unpack_open(const char *path, bool *cut, struct error *e)
{
	const struct format *f;
	int fd, plain;

	*cut = false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && !strchr(path, '/'))
		return from_coredumpctl(path, cut, e);
	if (fd < 0)
		return error_set(e, "cannot open %s: %s", path,
				 strerror(errno));
	if (reads(fd, apport, strlen(apport))) {
		close(fd);
		return error_set(e, "%s is a report of apport's with the core in it: 'apport-unpack %.100s FOLDER', then --core FOLDER/CoreDump",
				 path, path);
	}
	f = format_of(fd);
	if (!f)
		return fd;
	plain = unpack(fd, f, path, cut, e);
	close(fd);
	return plain;
}
