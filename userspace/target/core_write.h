/* SPDX-License-Identifier: GPL-2.0 */
/* Write a live process to an ELF core file, which core.c and gdb can read. */
#ifndef HEAPINFO_CORE_WRITE_H
#define HEAPINFO_CORE_WRITE_H

#include "target/target.h"

struct core_written {
	u64 memory;	/* bytes of the process's memory that it describes */
	u64 stored;	/* as many of these are in the file */
	u64 missing;	/* these could not be read: zeroes in the file */
};

int core_write(struct target *t, const struct thread *threads, size_t n,
	       const char *path, struct core_written *w, struct error *e);

#endif
