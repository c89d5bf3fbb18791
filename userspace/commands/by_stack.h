/* SPDX-License-Identifier: GPL-2.0 */
/* Which code grew the heap, by bytes: a tree of functions, or a line for each stack. */
#ifndef HEAPINFO_BY_STACK_H
#define HEAPINFO_BY_STACK_H

#include "base/json.h"
#include "brk/stacks.h"

struct by_stack;

struct by_stack *by_stack_make(struct stacks *s, const struct brk_event *event,
			       size_t events, bool all);
void by_stack_free(struct by_stack *b);
void by_stack_print(const struct by_stack *b, bool all);
void by_stack_print_folded(const struct by_stack *b);
struct json_object *by_stack_json(const struct by_stack *b);
struct json_object *by_stack_folded_json(const struct by_stack *b);

#endif
