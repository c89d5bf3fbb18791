/* SPDX-License-Identifier: GPL-2.0 */
/* The stacks of the calls of brk(2), as the module kept them in heapstacks. */
#ifndef HEAPINFO_STACKS_H
#define HEAPINFO_STACKS_H

#include "brk/kernel.h"
#include "target/unwind.h"

struct stack {
	struct kept_stack kept;
	struct frames frames;	/* once stacks_frames() was asked */
	bool unwound;
	u64 shown;	/* the number of the first event that was shown with it */
};

struct stacks {
	struct target *t;
	bool read;	/* else nothing is known, and there are none */
	u64 limit;	/* how many bytes of a stack are looked at; 0: of none */
	u64 lost;	/* events that should have a stack and have none */
	struct stack *stack;	/* in order of number */
	size_t n;
	size_t wrong;	/* lines that are none */
	struct unwind *u;	/* once there was one to unwind */
};

int stacks_parse(FILE *f, struct stacks *s, struct error *e);
int stacks_read(struct target *t, const struct kernel_facts *k,
		struct stacks *s, struct error *e);
void stacks_renew(struct target *t, struct stacks *s);
void stacks_free(struct stacks *s);
struct stack *stacks_find(const struct stacks *s, u64 number);
const struct frames *stacks_frames(struct stacks *s, u64 number);

#endif
