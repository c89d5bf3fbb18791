/* SPDX-License-Identifier: GPL-2.0 */
/* What the table of allocators has of glibc's malloc. */
#ifndef HEAPINFO_GLIBC_ALLOCATOR_H
#define HEAPINFO_GLIBC_ALLOCATOR_H

#include "heap/allocator.h"

extern const struct allocator glibc_allocator;

#endif
