/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The target: the process that is looked at, live or from a core file.  A
 * snapshot is a core file.
 *
 * What is read may have been made up to mislead the reader, and nothing here
 * relies on it.  Reading does not fail; it says how many bytes could be read.
 */
#ifndef HEAPINFO_TARGET_H
#define HEAPINFO_TARGET_H

#include <stdio.h>
#include <sys/types.h>

#include "base/util.h"
#include "target/maps.h"

#define TARGET_BLOCK (512u << 10)	/* how much to read at once, in order */
/* In field 9 of stat: as in the kernel's sched.h. */
#define PF_IO_WORKER 0x10u
#define PF_USER_WORKER 0x4000u
#define PF_KTHREAD 0x00200000u

struct target;

struct thread {
	pid_t tid;
	u64 tcb;	/* thread control block (fs_base); 0: not known */
	/*
	 * Where it is, if stopped. In a live target, target_where() fills
	 * these.
	 */
	bool stopped;
	bool placed;	/* nr and pc are known */
	bool faulted;	/* its fault there ended the process */
	s64 nr;		/* of the system call; negative: in none */
	u64 pc;
	u64 sp;		/* target_syscall() alone fills it */
};

struct target_ops {
	/* Read up to @len bytes, up to the first hole. Return: how many. */
	size_t (*read)(struct target *t, u64 addr, void *buf, size_t len);
	/* From @addr on, the first address that may hold more than zeroes. */
	u64 (*next)(struct target *t, u64 addr);
	/* Fill an empty list with the mappings as of now; NULL: no change. */
	int (*maps)(struct target *t, struct maps *maps, struct error *e);
	/*
	 * Text of /proc/PID/@name, or NULL where there is none; "perf-map" is that
	 * of functions which the program made at run time.
	 */
	FILE *(*text)(struct target *t, const char *name);
	/* The file behind a mapping, as a descriptor, or -1. */
	int (*file)(struct target *t, const struct mapping *m);
	/* List all threads in @list, for free(). Return: how many. */
	size_t (*threads)(struct target *t, struct thread **list);
	/* Fill in where a thread is, if stopped; NULL: threads() does so. */
	void (*where)(struct target *t, struct thread *th);
	void (*close)(struct target *t);
};

struct target_cache;
struct freezer;

/* Why what looks damaged in a heap may be sound, or half of a change. */
enum doubt {
	DOUBT_NONE,
	DOUBT_RUNNING,	/* the process runs while it is read */
	DOUBT_MIDWAY,	/* it was stopped while a thread was inside malloc */
	DOUBT_SNAPSHOT,	/* it ran while the snapshot was taken */
	DOUBT_TRUNCATED,	/* the core was cut off */
};

struct target {
	const struct target_ops *ops;
	void *priv;
	struct maps maps;
	pid_t pid;		/* 0: a core that does not say */
	pid_t via;		/* live: memory is read through this thread */
	unsigned int wordsize;	/* 8 or 4 */
	bool live;
	struct error denied;	/* live: why no memory can be read, or "" */
	bool partial;		/* a core that ends too early */
	enum doubt doubt;
	char comm[64];		/* may hold anything: text_safe() prints it */
	struct target_cache *cache;
	u64 jumps;		/* pages that target_peek() read one at a time */
	struct freezer *freezer;
	u64 freeze_ns;		/* for how long it may be stopped; 0: for ever */
	bool expired;		/* that was over: nothing is read any more */
	u64 stopped_ns;		/* how long target_freeze() had it stopped */
};

struct target *target_open_live(pid_t pid, pid_t via, struct error *e);
struct target *target_open_core(const char *path, struct error *e);
void target_close(struct target *t);

/* Read memory as it is now, past the cache. */
size_t target_read(struct target *t, u64 addr, void *buf, size_t len);
u64 target_read_holes(struct target *t, u64 addr, void *buf, size_t len);
u64 target_next_page(struct target *t, u64 addr, u64 end);
u64 target_next_touched(struct target *t, u64 addr, u64 end);

/* Small reads, of words and structures, go through a cache of pages. */
bool target_peek(struct target *t, u64 addr, void *buf, size_t len);
bool target_word(struct target *t, u64 addr, u64 *val);
bool target_word_now(struct target *t, u64 addr, u64 *val);
void target_forget(struct target *t);

/* Read the mappings again; only the second changes those of the target. */
int target_maps_now(struct target *t, struct maps *maps, struct error *e);
int target_reload_maps(struct target *t, struct error *e);
FILE *target_text(struct target *t, const char *name);
pid_t target_own_number(struct target *t, pid_t tid);
const char *stat_field(FILE *f, char *line, size_t size, unsigned int field);
int target_file(struct target *t, const struct mapping *m);
size_t target_threads(struct target *t, struct thread **list);
bool target_syscall(struct target *t, struct thread *th);
bool target_is_worker(struct target *t, pid_t tid);
bool target_where(struct target *t, struct thread *th);

/* Stop every thread; let all run on.  For a core they do nothing. */
int target_freeze(struct target *t, struct error *e);
void target_thaw(struct target *t);

/*
 * What else may be the case, where something looks damaged: ", or ..." or "".
 */
const char *target_or(const struct target *t);

/* A note that belongs to each answer about the target; or NULL. */
const char *target_note(const struct target *t);

/*
 * The notes of owner "heapinfo" in a snapshot: text files of /proc as they were
 * then.  A note holds the name of one, a zero byte and its text.
 */
#define SNAPSHOT_OWNER "heapinfo"
#define SNAPSHOT_DOUBT "doubt"	/* a text: "running" or "midway" */
#define SNAPSHOT_NT_TEXT 0x48495458u	/* "HITX" */

#endif
