/* SPDX-License-Identifier: GPL-2.0 */
/* ELF files of anybody's, with a bound on the memory that reading them takes. */
#ifndef HEAPINFO_ELF_BOUND_H
#define HEAPINFO_ELF_BOUND_H

#include <libelf.h>

#include "base/util.h"

/*
 * What may still be read of a file.  A sparse file of gigabytes takes its owner
 * nothing, and its headers may name all of it, as often as there are headers.
 */
struct elf_budget {
	u64 left;
};

Elf *elf_begin_bounded(int fd);
bool elf_spend(struct elf_budget *b, u64 len);

#endif
