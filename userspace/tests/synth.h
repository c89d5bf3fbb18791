/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A made-up heap: small, sound, of any glibc and word size. A test makes it in
 * memory, may damage it, and writes it as an ELF core for the reader to read.
 */
#ifndef HEAPINFO_SYNTH_H
#define HEAPINFO_SYNTH_H

#include "glibc/layout.h"

#define SYNTH_SEGMENTS 5u
#define SYNTH_MAPPED 50u	/* chunks that synth_add_mapping() makes */

struct synth_segment {
	u64 addr;
	u8 *bytes;
	size_t len;
	const char *path;	/* of the file that is mapped, or NULL */
};

/* Where the parts of the heap are, for a test to look at or to break. */
struct synth {
	struct layout l;
	struct synth_segment seg[SYNTH_SEGMENTS];
	u64 main_arena;
	u64 mp;
	u64 thread_arena;
	u64 tcache;		/* its user address; 0: this version has none */
	/* Chunks, by the free list that they are on: */
	u64 cached;		/* on the tcache; 0: this version has none */
	u64 fast;		/* 0: this version has none */
	u64 small;
	u64 large;
	u64 unsorted;
	u64 used;		/* in use; it lies right behind @small */
	u64 top;
	u64 mapped[SYNTH_MAPPED];	/* chunks of synth_add_mapping() */
	size_t row;		/* of the table of glibc versions */
	/*
	 * Where its thread was stopped, and the signal's si_code; 0: no signal.
	 */
	s64 nr;
	u64 pc;
	int fault_code;
	/*
	 * A text of /proc, to be stored as in a snapshot, or NULL. Never freed.
	 */
	const char *text_name;
	const char *text;
	size_t text_len;
	const char *heapinfo;	/* one more, of that name; or NULL */
	/* The free chunks of synth_make_shuffled(), in order of address. */
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
