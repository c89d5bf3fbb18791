/* SPDX-License-Identifier: GPL-2.0 */
/* Choose the malloc that the program uses. */
#ifndef HEAPINFO_GLIBC_WHICH_MALLOC_H
#define HEAPINFO_GLIBC_WHICH_MALLOC_H

#include "glibc/glibc.h"

bool glibc_find(struct glibc *g, const struct modules *mods);

#endif
