// SPDX-License-Identifier: GPL-2.0
/* Write to a temporary file beside the wanted one, then rename it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"

static int fail(struct outfile *o, const char *what, struct error *e)
{
	int err = errno;

	error_set(e, "cannot %s %s: %s%s", what, o->path, strerror(err),
		  err == ENOSPC ? "; free space there, or write elsewhere" :
		  err == ENOENT ? "; make its folder first" : "");
	outfile_drop(o);
	return -1;
}

/**
 * outfile_open - begin to write a file
 * @o: filled; outfile_done() or outfile_drop() it
 * @path: what it shall be called
 * @mode: its permissions
 * @e: why not
 *
 * Return: 0, or -1.
 */
int outfile_open(struct outfile *o, const char *path, mode_t mode,
		 struct error *e)
{
	size_t room = strlen(path) + sizeof(".XXXXXX");

	o->path = xstrdup(path);
	o->tmp = xcalloc(room, 1);
	snprintf(o->tmp, room, "%s.XXXXXX", path);
	o->fd = mkostemp(o->tmp, O_CLOEXEC);
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
 * @e: why not
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

/**
 * outfile_done - let the file appear
 * @o: the file
 * @e: why not
 *
 * Return: 0, or -1 with @o dropped and an older file untouched.
 */
int outfile_done(struct outfile *o, struct error *e)
{
	if (close(o->fd)) {
		o->fd = -1;
		return fail(o, "write", e);
	}
	o->fd = -1;
	if (rename(o->tmp, o->path))
		return fail(o, "replace", e);
	free(o->tmp);
	o->tmp = NULL;
	outfile_drop(o);
	return 0;
}

/**
 * outfile_drop - give up, and leave nothing
 * @o: the file
 */
void outfile_drop(struct outfile *o)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->tmp)
		unlink(o->tmp);
	free(o->tmp);
	free(o->path);
	*o = (struct outfile){ .fd = -1 };
}
