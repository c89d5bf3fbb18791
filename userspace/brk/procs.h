/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every process that the caller may see, with what the kernel says of its
 * break.
 */
#ifndef HEAPINFO_PROCS_H
#define HEAPINFO_PROCS_H

#include <sys/types.h>

#include "brk/kernel.h"
#include "target/choose.h"

struct proc {
	pid_t pid;
	uid_t uid;
	u64 started;	/* ticks since boot: with pid, it names a process */
	char comm[64];	/* may hold anything */
	struct kernel_facts k;
	u64 heap;	/* bytes between the start of the heap and the break */
	u64 malloc;	/* bytes that malloc has, of all kinds; UINT64_MAX: not known */
	u64 rss;	/* bytes of all of the process that are in memory */
	bool seen;	/* the look before found it, too */
	s64 growth;	/* of heap since then, in bytes */
	s64 more;	/* of malloc; of heap where that is not known */
};

/* Says how many bytes malloc has in a process. This stands above this floor. */
struct proc_malloc {
	u64 (*total)(void *arg, struct target *t);
	void *arg;
};

struct procs {
	struct proc *p;
	size_t n;
	u64 hidden;	/* processes that the caller may not look at */
	struct error why;	/* why one is missing, hidden or not; or "" */
};

void procs_read(struct procs *now, const struct procs *before,
		const struct proc_malloc *pm, const struct chosen *only);
void procs_sort(struct procs *ps, int (*cmp)(const void *a, const void *b));
int procs_by_malloc(const void *a, const void *b);
int procs_by_heap(const void *a, const void *b);
int procs_by_growth(const void *a, const void *b);
int procs_by_rss(const void *a, const void *b);
bool procs_know_module(const struct procs *ps);
void procs_free(struct procs *ps);

#endif
