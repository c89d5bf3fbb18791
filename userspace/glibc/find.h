/* SPDX-License-Identifier: GPL-2.0 */
/* Find main_arena and the layout in one module. */
#ifndef HEAPINFO_GLIBC_FIND_H
#define HEAPINFO_GLIBC_FIND_H

#include "glibc/glibc.h"

bool glibc_search_module(struct glibc *g, const struct module *mod,
			 const struct module *libc);

#endif
