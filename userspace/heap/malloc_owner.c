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

/* Programs ask for malloc with the version of the first glibc. */
static bool defines_malloc(struct target *t, const struct module *mod)
{
	struct elf_file *ef = elf_open(t, mod);
	bool does = ef && elf_exports(ef, "malloc", "GLIBC_");

	elf_close(ef);
	return does;
}

/**
 * malloc_owner - find the module whose malloc() the program and its libraries call
 * @t: the target
 * @mods: its modules
 *
 * Return: the module, or NULL where that cannot be told: a program that was linked
 * statically does not say which of its functions are malloc, and the loader's list
 * may be missing in a truncated core.
 */
const struct module *malloc_owner(struct target *t, const struct modules *mods)
{
	const struct module *owner = NULL;
	struct load_order lo;
	size_t i;

	load_order_find(t, mods, &lo);
	for (i = 0; i < lo.n && !owner; i++)
		if (defines_malloc(t, lo.mod[i]))
			owner = lo.mod[i];
	/* The program is first in each list, so of itself it needs none. */
	for (i = 0; i < mods->n && !lo.n && !owner; i++)
		if (mods->mod[i].exe && defines_malloc(t, &mods->mod[i]))
			owner = &mods->mod[i];
	load_order_free(&lo);
	return owner;
}
