/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The process that is looked at: live, or as a core file or a snapshot.
 *
 * Everything here treats what it reads as hostile.  Reads never fail as such:
 * they say how many bytes there were.
 */
#ifndef HEAPINFO_TARGET_H
#define HEAPINFO_TARGET_H

#include <stdio.h>
#include <sys/types.h>

#include "base/util.h"
#include "target/maps.h"

#define TARGET_BLOCK (256u << 10)	/* what one sequential read asks for */

struct target;

struct thread {
	pid_t tid;
	u64 tcb;	/* fs_base / gs_base; 0 where the kernel did not say */
	/* Where it is, if it does not run; of a live one see target_where(). */
	bool stopped;
	bool placed;	/* nr and pc are known */
	bool faulted;	/* what it did there ended the process */
	s64 nr;		/* of the system call; negative where in none */
	u64 pc;
};

struct target_ops {
	/* Bytes readable from @addr on, up to @len; stops at the first hole. */
	size_t (*read)(struct target *t, u64 addr, void *buf, size_t len);
	/* Where at or behind @addr there may be more than holes and zeroes. */
	u64 (*next)(struct target *t, u64 addr);
	/* The mappings of now in an empty list; NULL: they stay as they are. */
	int (*maps)(struct target *t, struct maps *maps, struct error *e);
	/* Text of /proc/PID/@name, or NULL where there is none. */
	FILE *(*text)(struct target *t, const char *name);
	/* The file behind a mapping, as a descriptor, or -1. */
	int (*file)(struct target *t, const struct mapping *m);
	/* Every thread; xrealloc()ed array in @list. */
	size_t (*threads)(struct target *t, struct thread **list);
	/* Fill in where it is, if it does not run; NULL: it is known. */
	void (*where)(struct target *t, struct thread *th);
	void (*close)(struct target *t);
};

struct target_cache;
struct freezer;

/* Why what looks wrong in a heap may be a change half done, or not be wrong. */
enum doubt {
	DOUBT_NONE,
	DOUBT_RUNNING,	/* it runs while it is read */
	DOUBT_MIDWAY,	/* it was stopped while a thread was inside malloc */
	DOUBT_SNAPSHOT,	/* it ran while the snapshot was taken */
	DOUBT_TRUNCATED,	/* what is missing was cut off the core */
};

struct target {
	const struct target_ops *ops;
	void *priv;
	struct maps maps;
	pid_t pid;		/* 0: a core that does not tell */
	pid_t via;		/* live: the thread that memory is read of */
	unsigned int wordsize;	/* 8 or 4 */
	bool live;
	struct error denied;	/* live: why no memory can be read, or "" */
	bool partial;		/* a core that ends too early */
	enum doubt doubt;
	char comm[64];		/* may hold anything: print with text_safe() */
	struct target_cache *cache;
	u64 jumps;		/* pages that target_peek() read one at a time */
	struct freezer *freezer;
	u64 stopped_ns;		/* how long target_thaw() found it stopped */
};

struct target *target_open_live(pid_t pid, pid_t via, struct error *e);
struct target *target_open_core(const char *path, struct error *e);
void target_close(struct target *t);

/* Read now, past every cache. */
size_t target_read(struct target *t, u64 addr, void *buf, size_t len);
u64 target_read_holes(struct target *t, u64 addr, void *buf, size_t len);
u64 target_next_page(struct target *t, u64 addr, u64 end);
u64 target_next_touched(struct target *t, u64 addr, u64 end);

/* Small reads through a cache of pages: words, list nodes, structures. */
bool target_peek(struct target *t, u64 addr, void *buf, size_t len);
bool target_word(struct target *t, u64 addr, u64 *val);
void target_forget(struct target *t);

/* Look at maps again (a live process changes); the first keeps what is known. */
int target_maps_now(struct target *t, struct maps *maps, struct error *e);
int target_reload_maps(struct target *t, struct error *e);
FILE *target_text(struct target *t, const char *name);
const char *stat_field(FILE *f, char *line, size_t size, unsigned int field);
int target_file(struct target *t, const struct mapping *m);
size_t target_threads(struct target *t, struct thread **list);
bool target_where(struct target *t, struct thread *th);

/* Stop every thread; let all go on.  No-ops for a core. */
int target_freeze(struct target *t, struct error *e);
void target_thaw(struct target *t);

/* What else it may be, where something looks damaged: "", or ", or ...". */
const char *target_or(const struct target *t);

/* What every answer about it must say with it; or NULL. */
const char *target_note(const struct target *t);

/*
 * Notes of owner "heapinfo" in a snapshot: the text files of /proc as they
 * were, each note's bytes being "NAME\0TEXT".
 */
#define SNAPSHOT_OWNER "heapinfo"
#define SNAPSHOT_DOUBT "doubt"	/* a note: "running" or "midway" */
#define SNAPSHOT_NT_TEXT 0x48495458u	/* "HITX" */

#endif
