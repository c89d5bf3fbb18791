/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounds on the memory that an ELF file, written by anybody, can make us use.
 */
#ifndef HEAPINFO_ELF_BOUND_H
#define HEAPINFO_ELF_BOUND_H

#include <libelf.h>

#include "base/util.h"

/*
 * How many bytes of a file may still be read.  A sparse file of gigabytes costs
 * its owner nothing, and each of its headers may ask us to read all of it.
 */
struct elf_budget {
	u64 left;
};

Elf *elf_begin_bounded(int fd);
bool elf_spend(struct elf_budget *b, u64 len);

#endif
