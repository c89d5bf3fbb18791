/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel says of the break. Where the module is loaded, that is what
 * /proc/PID/heapinfo says; elsewhere stat and maps, which say less.
 */
#ifndef HEAPINFO_KERNEL_H
#define HEAPINFO_KERNEL_H

#include "target/target.h"

/* One line of the module's history. */
struct brk_event {
	u64 seq;
	s64 time_ns;	/* CLOCK_BOOTTIME; below 0 before a time namespace began */
	pid_t tid;
	char call[16];	/* grow, shrink, moved, query, ... */
	u64 asked;
	u64 from;
	u64 to;
	s64 delta;
	char result[24];	/* "ok", or why it failed: "overlap" */
	u64 overlap;	/* the mapping in the way, if result is "overlap" */
	char comm[32];	/* may hold anything */
	u64 stack;	/* its number in heapstacks; 0: none is known */
};

/* Events that are no longer kept, summed up by the module. */
struct brk_span {
	s64 from_ns;	/* CLOCK_BOOTTIME, of the first event */
	s64 to_ns;	/* of the last one */
	u64 calls;	/* number of events */
	u64 up;		/* bytes that they moved the break up */
	u64 down;
	u64 low;	/* the lowest break */
	u64 high;
};

/* A line "NAME: VALUE" of the module's file. */
struct kernel_key {
	char *name;
	char *value;
};

struct kernel_facts {
	bool module;		/* from /proc/PID/heapinfo */
	bool known;		/* are start_brk and brk? */
	bool brk_exact;		/* false: brk is where [heap] ends */
	u64 start_data;
	u64 end_data;
	u64 end_bss;
	u64 start_brk;
	u64 brk;
	u64 peak_bytes;		/* module only */
	u64 data_limit;		/* UINT64_MAX: unlimited */
	u64 brk_window;		/* module only */
	bool brk_window_likely;	/* it may as well be another */
	struct kernel_key *key;	/* every key of the module's file */
	size_t keys;
	struct brk_event *event;	/* oldest first */
	size_t events;
	bool stacks;		/* the events' have numbers of stacks */
	struct brk_span *span;	/* what was before them; oldest first */
	size_t spans;
};

void kernel_read(struct target *t, struct kernel_facts *k);
void kernel_read_module(struct kernel_facts *k);
void kernel_free(struct kernel_facts *k);
const char *kernel_key(const struct kernel_facts *k, const char *name);
u64 kernel_number(const struct kernel_facts *k, const char *name, u64 otherwise);

#endif
