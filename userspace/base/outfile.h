/* SPDX-License-Identifier: GPL-2.0 */
/* A file that appears whole, or not at all. */
#ifndef HEAPINFO_OUTFILE_H
#define HEAPINFO_OUTFILE_H

#include <sys/types.h>

#include "base/util.h"

struct outfile {
	int fd;
	char *path;
	char *tmp;	/* its temporary name beside @path, or NULL */
};

/* For tests: do as on a file system that knows no files without a name. */
extern bool outfile_always_named;

int outfile_open(struct outfile *o, const char *path, mode_t mode,
		 struct error *e);
int outfile_write(struct outfile *o, const void *buf, size_t len, u64 at,
		  struct error *e);
int outfile_done(struct outfile *o, struct error *e);
void outfile_drop(struct outfile *o);

#endif
