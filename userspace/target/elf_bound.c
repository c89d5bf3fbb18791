// SPDX-License-Identifier: GPL-2.0
/* Refuse ELF files that would take more memory to read than any real one. */
#include <elf.h>
#include <unistd.h>

#include "target/elf_bound.h"

/*
 * As it opens a file, libelf allocates memory for each section.  A file says
 * how many it has in 16 bits; or, where these are 0, in section 0, as a larger
 * number. Only object files need that, and these are never mapped.
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
 * elf_begin_bounded - open an ELF file, as elf_begin() does
 * @fd: the file; it stays open
 *
 * Return: the file, or NULL where it cannot be read, or has more sections than
 * a mapped file or a core can have.
 */
Elf *elf_begin_bounded(int fd)
{
	elf_version(EV_CURRENT);
	return counts_sections_apart(fd) ? NULL :
					   elf_begin(fd, ELF_C_READ, NULL);
}

/**
 * elf_spend - may so much more be read?
 * @b: what may still be read; reduced if the answer is yes
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
