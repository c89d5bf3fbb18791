/* SPDX-License-Identifier: GPL-2.0 */
/* Allocators that heapinfo knows by name, and cannot read. */
#ifndef HEAPINFO_OTHER_ALLOCATORS_H
#define HEAPINFO_OTHER_ALLOCATORS_H

#include "target/elfinfo.h"

/* "jemalloc", ... or NULL if none of these is there. */
const char *other_allocator(struct target *t, const struct modules *mods);
const char *other_allocator_in(struct target *t, const struct module *mod);

#endif
