/* SPDX-License-Identifier: GPL-2.0 */
/* Everything about one target's heap, opened for a command. */
#ifndef HEAPINFO_HEAP_H
#define HEAPINFO_HEAP_H

#include "brk/kernel.h"
#include "glibc/glibc.h"

struct heap {
	struct target *t;
	struct modules mods;
	struct kernel_facts k;
	bool has_glibc;
	struct glibc g;		/* if has_glibc */
	const char *other;	/* another allocator's name, or NULL */
	char why_not[512];	/* if !has_glibc: a line that says so */
};

/* Which process or core to look at, and how. */
struct target_choice {
	pid_t pid;
	pid_t via;		/* 0, or the thread that still has memory */
	const char *core;	/* a core file's path, or NULL */
	bool freeze;		/* stop the process meanwhile */
};

/* What the threads of a process are doing. */
enum stand {
	STAND_RUNS,	/* at least one runs */
	STAND_QUIET,	/* none runs, and none is inside malloc */
	STAND_MIDWAY,	/* one was stopped inside malloc */
	STAND_UNKNOWN,	/* none runs, and where they are is not told */
};

int heap_open(struct heap *h, const struct target_choice *c, bool need_glibc,
	      struct error *e);
int heap_freeze(struct heap *h, struct error *e);
enum stand heap_stand(struct heap *h);
void heap_close(struct heap *h);

#endif
