// SPDX-License-Identifier: GPL-2.0
/*
 * Tell whose malloc() a program calls.
 *
 * A program may define malloc() itself, and so may a library that LD_PRELOAD names
 * or that was linked before libc. The loader takes the first of them, and so does
 * this; names of libraries are not asked for.
 */
#include "heap/malloc_owner.h"
#include "target/load_order.h"

/**
 * malloc_owner - find the module whose malloc() the program and its libraries call
 * @t: the target
 * @mods: its modules
 *
 * Return: the module, or NULL where that cannot be told: a program that was linked
 * statically does not say which of its functions are malloc.
 */
const struct module *malloc_owner(struct target *t, const struct modules *mods)
{
	const struct module *owner = NULL;
	struct load_order lo;
	struct elf_file *ef;
	size_t i;

	load_order_find(t, mods, &lo);
	for (i = 0; i < lo.n && !owner; i++) {
		ef = elf_open(t, lo.mod[i]);
		/* Programs ask for malloc with the version of the first glibc. */
		if (ef && elf_exports(ef, "malloc", "GLIBC_"))
			owner = lo.mod[i];
		elf_close(ef);
	}
	load_order_free(&lo);
	return owner;
}
