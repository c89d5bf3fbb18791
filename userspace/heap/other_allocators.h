/* SPDX-License-Identifier: GPL-2.0 */
/* Allocators that are not glibc's: named, not decoded. */
#ifndef HEAPINFO_OTHER_ALLOCATORS_H
#define HEAPINFO_OTHER_ALLOCATORS_H

#include "target/elfinfo.h"

/* "jemalloc", ... or NULL where there is none that this program knows. */
const char *other_allocator(struct target *t, const struct modules *mods);

#endif
