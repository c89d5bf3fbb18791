/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processes are meant by what the user wrote: PIDs, names, a process with
 * its descendants, a cgroup or a container.
 */
#ifndef HEAPINFO_CHOOSE_H
#define HEAPINFO_CHOOSE_H

#include <sys/types.h>

#include "base/util.h"

enum wanted_kind {
	WANTED_PROCESS,	/* a PID, or a name that processes have */
	WANTED_TREE,	/* the same, with all descendants */
	WANTED_CGROUP,	/* a cgroup or a container, with those inside of it */
};

struct wanted {
	enum wanted_kind kind;
	const char *text;
};

struct chosen_process {
	pid_t pid;
	u64 started;	/* ticks since boot; 0: a PID that was not looked up */
};

struct chosen {
	struct chosen_process *p;	/* each once */
	size_t n;
	struct error *miss;	/* for what no process was found, and why */
	size_t misses;
};

bool wanted_is_pid(const char *text);
pid_t wanted_pid(const char *text);
void choose(struct chosen *c, const struct wanted *w, size_t n);
bool chosen_is_same(const struct chosen_process *p);
void chosen_free(struct chosen *c);

#endif
