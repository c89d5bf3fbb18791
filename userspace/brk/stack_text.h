/* SPDX-License-Identifier: GPL-2.0 */
/* The functions on a stack in words, with libc's own folded to one. */
#ifndef HEAPINFO_STACK_TEXT_H
#define HEAPINFO_STACK_TEXT_H

#include "base/json.h"
#include "brk/stacks.h"

/* A function on a stack, or several that are shown as one. */
struct stack_call {
	const struct frame *frame;
	const struct function *fn;	/* NULL: it has no name */
	char *label;	/* "malloc", "perl+0x1234"; harmless to print */
	char *through;	/* "sysmalloc and sbrk", or NULL */
};

struct stack_calls {
	struct stack_call *call;	/* the innermost first */
	size_t n;
	enum unwind_end end;
};

void stack_calls(const struct frames *f, bool all, struct stack_calls *calls);
void stack_calls_free(struct stack_calls *calls);
const char *stack_call_file(const struct stack_call *c);
const char *stack_end_name(enum unwind_end end);
void stack_print(const struct frames *f, bool all, const char *indent);
struct json_object *stack_frames_json(const struct frames *f);
struct json_object *stack_json(const struct stack *k);

#endif
