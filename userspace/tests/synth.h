/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small sound heap of any glibc and word size, made up in memory and
 * written as an ELF core: for unit tests, and for the fuzzer to damage.
 */
#ifndef HEAPINFO_SYNTH_H
#define HEAPINFO_SYNTH_H

#include "glibc/layout.h"

#define SYNTH_SEGMENTS 5u
#define SYNTH_MAPPED 50u	/* chunks in use in the mapping */

struct synth_segment {
	u64 addr;
	u8 *bytes;
	size_t len;
	const char *path;	/* of the file mapped there, or NULL */
};

/* Where things are, for a test to look at or to break. */
struct synth {
	struct layout l;
	struct synth_segment seg[SYNTH_SEGMENTS];
	u64 main_arena;
	u64 mp;
	u64 thread_arena;
	u64 tcache;		/* user address; 0: this version has none */
	u64 cached;		/* chunks: on the tcache */
	u64 fast;		/* 0: this version has none */
	u64 small;
	u64 large;
	u64 unsorted;
	u64 used;		/* the chunk behind "small" */
	u64 top;
	u64 mapped[SYNTH_MAPPED];	/* of synth_add_mapping() */
	size_t row;
	/* Where its thread was stopped, and the signal's code: 0 for none. */
	s64 nr;
	u64 pc;
	int fault_code;
	/* A text of /proc as a snapshot has it, or NULL; of the caller. */
	const char *text_name;
	const char *text;
	size_t text_len;
	/* Of synth_make_shuffled(): free chunks, in order of address. */
	u64 *free;
	size_t frees;
};

#define SYNTH_MAX_TEXT 2048u

void synth_make(struct synth *s, size_t row, unsigned int wordsize);
void synth_make_shuffled(struct synth *s, size_t row, unsigned int wordsize,
			 size_t frees, u64 seed);
void synth_add_mapping(struct synth *s);
u64 synth_bin_head(const struct synth *s, unsigned int bin);
bool synth_has(const struct synth *s, u64 addr, size_t len);
void synth_put(struct synth *s, u64 addr, u64 word);
u64 synth_get(const struct synth *s, u64 addr);
int synth_core(const struct synth *s);
void synth_free(struct synth *s);

#endif
