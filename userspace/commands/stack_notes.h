/* SPDX-License-Identifier: GPL-2.0 */
/* What the stacks of an answer do not tell, and what would help. */
#ifndef HEAPINFO_STACK_NOTES_H
#define HEAPINFO_STACK_NOTES_H

#include "brk/stacks.h"
#include "heap/heap.h"

void stack_notes(struct heap *h, const struct stacks *s);

#endif
