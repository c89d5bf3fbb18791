// SPDX-License-Identifier: GPL-2.0
/* Write a file that has no name, or a temporary one, until it is complete. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/outfile.h"

#define MAX_NAMES 1000u	/* to try, where some are taken */

bool outfile_always_named;

static const int deadly[] = { SIGHUP, SIGINT, SIGTERM };
static const char *volatile leftover;	/* remove it if a signal ends us */

static void on_signal(int sig)
{
	if (leftover)
		unlink(leftover);
	/*
	 * It is blocked until this handler returns; then it ends the program.
	 */
	raise(sig);
}

/* Signals that are ignored, as under nohup, or caught already stay so. */
static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESETHAND }, old;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(deadly); i++)
		if (!sigaction(deadly[i], NULL, &old) &&
		    old.sa_handler == SIG_DFL)
			sigaction(deadly[i], &sa, NULL);
}

static void block_signals(sigset_t *before)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(deadly); i++)
		sigaddset(&set, deadly[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

static void drop_name(struct outfile *o)
{
	leftover = NULL;
	free(o->tmp);
	o->tmp = NULL;
}

static int fail(struct outfile *o, const char *what, struct error *e)
{
	int err = errno;

	error_set(e, "cannot %s %s: %s%s", what, o->path, strerror(err),
		  err == ENOSPC ? "; free space there, or write elsewhere" :
		  err == ENOENT ? "; make its folder first" : "");
	outfile_drop(o);
	return -1;
}

/* A file without a name vanishes with the program, however that ends. */
static int open_unnamed(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd;

	if (outfile_always_named)
		return -1;
	/* With the slash, so that the folder of "/name" is "/". */
	dir = slash ? strndup(path, slash + 1 - path) : xstrdup(".");
	fd = dir ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
	free(dir);
	return fd;
}

/* For file systems that know no files without a name: a temporary name. */
static int open_named(struct outfile *o)
{
	size_t room = strlen(o->path) + sizeof(".XXXXXX");
	sigset_t before;
	int fd;

	o->tmp = xcalloc(room, 1);
	snprintf(o->tmp, room, "%s.XXXXXX", o->path);
	catch_signals();
	block_signals(&before);
	fd = mkostemp(o->tmp, O_CLOEXEC);
	if (fd >= 0)
		leftover = o->tmp;
	else
		drop_name(o);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fd;
}

/**
 * outfile_open - begin to write a file
 * @o: filled; end it with outfile_done() or outfile_drop()
 * @path: the name that it gets
 * @mode: its permissions
 * @e: the reason, on failure
 *
 * Only one file can be open at a time.  If SIGHUP, SIGINT or SIGTERM ends the
 * program before outfile_done(), no file is left behind.
 *
 * Return: 0, or -1.
 */
int outfile_open(struct outfile *o, const char *path, mode_t mode,
		 struct error *e)
{
	*o = (struct outfile){ .path = xstrdup(path) };
	o->fd = open_unnamed(path);
	if (o->fd < 0)
		o->fd = open_named(o);
	if (o->fd < 0 || fchmod(o->fd, mode))
		return fail(o, "write", e);
	return 0;
}

/**
 * outfile_write - write bytes at a place
 * @o: the file
 * @buf: the bytes
 * @len: how many
 * @at: where in the file
 * @e: the reason, on failure
 *
 * Return: 0, or -1 with @o dropped.
 */
int outfile_write(struct outfile *o, const void *buf, size_t len, u64 at,
		  struct error *e)
{
	const u8 *from = buf;
	ssize_t n;

	for (; len; len -= n, from += n, at += n) {
		n = pwrite(o->fd, from, len, at);
		if (n <= 0)
			return fail(o, "write", e);
	}
	return 0;
}

/*
 * Give the file its name. Where another file has that name, linkat() fails:
 * then give ours a temporary one, so that rename() can replace the other.
 */
static int give_name(struct outfile *o)
{
	size_t room = strlen(o->path) + 32;
	char self[32];
	unsigned int i;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", o->fd);
	if (!linkat(AT_FDCWD, self, AT_FDCWD, o->path, AT_SYMLINK_FOLLOW))
		return 0;
	o->tmp = xcalloc(room, 1);
	for (i = 0; errno == EEXIST && i < MAX_NAMES; i++) {
		snprintf(o->tmp, room, "%s.%d.%u", o->path, (int)getpid(), i);
		if (!linkat(AT_FDCWD, self, AT_FDCWD, o->tmp,
			    AT_SYMLINK_FOLLOW))
			return 0;
	}
	drop_name(o);
	return -1;
}

static int publish(struct outfile *o, struct error *e)
{
	int bad;

	if (!o->tmp && give_name(o))
		return fail(o, "write", e);
	bad = close(o->fd);
	o->fd = -1;
	if (bad)
		return fail(o, "write", e);
	return o->tmp && rename(o->tmp, o->path) ? fail(o, "replace", e) : 0;
}

/**
 * outfile_done - give the complete file its name
 * @o: the file
 * @e: the reason, on failure
 *
 * Return: 0, or -1 with @o dropped and an older file untouched.
 */
int outfile_done(struct outfile *o, struct error *e)
{
	sigset_t before;
	int ret;

	/* This takes but a moment, and must not be interrupted halfway. */
	block_signals(&before);
	ret = publish(o, e);
	if (!ret) {
		drop_name(o);
		outfile_drop(o);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

/**
 * outfile_drop - give up, and leave no file
 * @o: the file
 */
void outfile_drop(struct outfile *o)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->tmp)
		unlink(o->tmp);
	drop_name(o);
	free(o->path);
	*o = (struct outfile){ .fd = -1 };
}
