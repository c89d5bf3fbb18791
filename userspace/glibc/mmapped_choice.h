/* SPDX-License-Identifier: GPL-2.0 */
/* Tell mmapped chunks from what only looks like one. */
#ifndef HEAPINFO_GLIBC_MMAPPED_CHOICE_H
#define HEAPINFO_GLIBC_MMAPPED_CHOICE_H

#include "heap/mmapped.h"

unsigned int mmapped_choose(const struct mmapped_chunk *c, size_t n, u64 count,
			    u64 bytes, bool *keep);

#endif
