// SPDX-License-Identifier: GPL-2.0
/* Refuse ELF files that would take more memory than any real one. */
#include <elf.h>
#include <unistd.h>

#include "target/elf_bound.h"

/*
 * libelf makes room for every section as it opens a file.  How many there are
 * stands in 16 bits, or, where these are 0, in section 0: that is of use to
 * object files alone, which nobody maps.
 */
static bool counts_sections_apart(int fd)
{
	Elf64_Ehdr e64;
	Elf32_Ehdr e32;

	if (pread(fd, &e64, sizeof(e64), 0) != sizeof(e64))
		return false;
	if (e64.e_ident[EI_CLASS] == ELFCLASS64)
		return e64.e_shoff && !e64.e_shnum;
	__builtin_memcpy(&e32, &e64, sizeof(e32));
	return e32.e_shoff && !e32.e_shnum;
}

/**
 * elf_begin_bounded - open a file as elf_begin() does
 * @fd: the file; it stays open
 *
 * Return: the file, or NULL where it is none to read or has more sections than
 * what is mapped, or a core, can have.
 */
Elf *elf_begin_bounded(int fd)
{
	elf_version(EV_CURRENT);
	return counts_sections_apart(fd) ? NULL :
					   elf_begin(fd, ELF_C_READ, NULL);
}

/**
 * elf_spend - may so much more be read?
 * @b: what is left; so much less afterwards
 * @len: bytes
 *
 * Return: true if so.
 */
bool elf_spend(struct elf_budget *b, u64 len)
{
	if (len > b->left)
		return false;
	b->left -= len;
	return true;
}
