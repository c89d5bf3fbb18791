/* SPDX-License-Identifier: GPL-2.0 */
/* Find each thread's tcache. */
#ifndef HEAPINFO_GLIBC_THREADS_H
#define HEAPINFO_GLIBC_THREADS_H

#include "glibc/glibc.h"

void glibc_find_tcaches(struct glibc *g);

#endif
