// SPDX-License-Identifier: GPL-2.0
/* Tell which allocator a program brought with it. */
#include <string.h>

#include "heap/other_allocators.h"

struct allocator {
	const char *name;
	/* How the library's name begins; with a slash, how its path ends. */
	const char *const files[4];
	const char *const symbols[4];	/* what a program linked with it has */
};

static const struct allocator allocators[] = {
	{ "jemalloc", { "libjemalloc" },
	  { "je_malloc", "mallocx", "je_mallctl" } },
	{ "tcmalloc", { "libtcmalloc" },
	  { "tc_malloc", "TCMallocInternalMalloc" } },
	{ "mimalloc", { "libmimalloc" }, { "mi_malloc" } },
	{ "musl's malloc", { "ld-musl-", "libc.musl-", "-linux-musl/libc.so" },
	  { "__libc_malloc_impl", "__malloc_donate" } },
	{ "scudo", { "libscudo", "libclang_rt.scudo" },
	  { "__scudo_print_stats" } },
	{ "AddressSanitizer's allocator", { "libasan.so", "libclang_rt.asan" },
	  { "__asan_init" } },
};

static bool program_has(struct target *t, const struct modules *mods,
			const char *const symbols[])
{
	struct elf_file *ef;
	bool has = false;
	size_t i;

	for (i = 0; i < mods->n && !has; i++) {
		if (!mods->mod[i].exe)
			continue;
		ef = elf_open(t, &mods->mod[i]);
		if (!ef)
			continue;
		has = elf_has_symbol(ef, symbols);
		elf_close(ef);
	}
	return has;
}

static bool has_path(const struct modules *mods, const char *const ends[])
{
	size_t i, j;

	for (i = 0; i < mods->n; i++) {
		size_t len = strlen(mods->mod[i].path);

		for (j = 0; ends[j]; j++)
			if (strchr(ends[j], '/') && len >= strlen(ends[j]) &&
			    !strcmp(mods->mod[i].path + len - strlen(ends[j]),
				    ends[j]))
				return true;
	}
	return false;
}

/**
 * other_allocator - name an allocator that heapinfo cannot read
 * @t: the target
 * @mods: its modules
 *
 * Return: a name, or NULL.
 */
const char *other_allocator(struct target *t, const struct modules *mods)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (modules_matching(mods, allocators[i].files, NULL) ||
		    has_path(mods, allocators[i].files) ||
		    program_has(t, mods, allocators[i].symbols))
			return allocators[i].name;
	return NULL;
}

/**
 * other_allocator_in - name the allocator of one module
 * @t: the target
 * @mod: the module
 *
 * Return: a name, or NULL.
 */
const char *other_allocator_in(struct target *t, const struct module *mod)
{
	struct module only = *mod;
	const struct modules mods = { &only, 1 };

	return other_allocator(t, &mods);
}
