/* SPDX-License-Identifier: GPL-2.0 */
/* The stack of the call that is under way: kept, or found among those kept before. */
#ifndef HEAPINFO_STACK_H
#define HEAPINFO_STACK_H

#include <linux/types.h>

struct heapinfo_owner;
struct heapinfo_ring;
struct heapinfo_stack;

int heapinfo_stack_start(void);
void heapinfo_stack_stop(void);
struct heapinfo_stack *heapinfo_stack_take(struct heapinfo_owner *owner,
					   bool may_sleep);
u16 heapinfo_stack_find(const struct heapinfo_ring *ring);
size_t heapinfo_stack_memory(const struct heapinfo_stack *stack);

#endif /* HEAPINFO_STACK_H */
