// SPDX-License-Identifier: GPL-2.0
/* The allocators whose heaps heapinfo can read: a line for each. */
#include "glibc/allocator.h"

const struct allocator *const allocators[] = {
	&glibc_allocator,
	NULL,
};
