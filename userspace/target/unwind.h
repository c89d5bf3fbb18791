/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unwind a stack of which only code addresses and addresses of the stack itself were
 * kept, and name the functions on it.
 */
#ifndef HEAPINFO_UNWIND_H
#define HEAPINFO_UNWIND_H

#include "target/code.h"

#define KEPT_REGS 17u	/* by their number in DWARF, as many as any machine has */

struct kept_word {
	u64 at;		/* bytes above the stack pointer */
	u64 value;
};

/* What was kept of a stack at the moment of a call. */
struct kept_stack {
	u64 number;
	u64 rows;	/* how many rows of the history have it */
	unsigned int wordsize;	/* 8 or 4 */
	bool cut;	/* more words than are kept */
	bool part;	/* a page of it was not in memory */
	bool end;	/* it was looked at up to its end */
	u64 looked;	/* otherwise, how many bytes of it; 0: not known */
	u64 reg[KEPT_REGS];
	u32 has;	/* one bit a register */
	struct kept_word *word;	/* in order */
	size_t words;
};

/* A function that an address is in; of inlined ones there are several. */
struct function {
	char *name;	/* demangled; NULL: not known */
	char *source;	/* where in it the address is, or NULL */
	unsigned int line;
	bool inlined;
};

/* What is known of a code address, however many frames have it. */
struct code_place {
	u64 addr;	/* inside of the call */
	unsigned int wordsize;
	const struct code_file *file;	/* NULL: no file's */
	bool unmapped;	/* there is no code any more */
	bool jit;	/* made at run time; the name is the program's own word */
	struct function *fn;	/* the innermost first; may be none */
	size_t fns;
};

struct frame {
	u64 pc;
	const struct code_place *place;
};

/* How the frames of a stack end. */
enum unwind_end {
	UNWIND_WHOLE,	/* where the thread began */
	UNWIND_CUT,	/* more words would be needed than are kept */
	UNWIND_PART,	/* a page was not in memory */
	UNWIND_DEEP,	/* the stack is larger than what is looked at */
	UNWIND_FILE,	/* that file is not what was mapped */
	UNWIND_UNMAPPED,	/* there is no code there any more */
	UNWIND_LOST,	/* the tables do not lead on */
	UNWIND_GAVE_UP,	/* it took too long, or too much memory */
	UNWIND_LAST = UNWIND_GAVE_UP,
};

struct frames {
	struct frame *frame;	/* the innermost first */
	size_t n;
	enum unwind_end end;
};

struct unwind;

extern unsigned int unwind_seconds;	/* tests make it less */
extern bool unwind_forks;	/* the fuzzer wants all in its own process */

unsigned int kept_pc(unsigned int wordsize);
unsigned int kept_sp(unsigned int wordsize);

struct unwind *unwind_open(struct target *t);
void unwind_close(struct unwind *u);
void unwind_stack(struct unwind *u, const struct kept_stack *k,
		  struct frames *f);
void unwind_stack_here(struct unwind *u, const struct kept_stack *k,
		       struct frames *f);
const struct code_files *unwind_files(const struct unwind *u);
bool unwind_lacks_names(const struct unwind *u);

#endif
