// SPDX-License-Identifier: GPL-2.0
/*
 * Ask the target's loader in which order it has its modules.
 *
 * For debuggers, the loader leaves the address of a struct r_debug in the
 * program's dynamic section, under DT_DEBUG. From there its list of modules
 * begins: the program, what LD_PRELOAD names, then libraries, each level of those
 * that others need behind the level before. So glibc and musl do it (<link.h>).
 */
#include <elf.h>
#include <stdlib.h>

#include "target/load_order.h"

#define MAX_DYN 1000u		/* entries of a dynamic section */
#define MAX_MODULES 100000u	/* a list that is longer goes in a circle */

/* struct r_debug and struct link_map, in words. */
enum { DEBUG_MAP = 1 };
enum { MAP_DYNAMIC = 2, MAP_NEXT = 3 };

static bool word_at(struct target *t, u64 addr, unsigned int index, u64 *val)
{
	return target_word(t, addr + index * t->wordsize, val);
}

/* Where the loader's struct r_debug is; 0: the program has none. */
static u64 find_r_debug(struct target *t, const struct modules *mods)
{
	u64 dynamic = 0, tag, val;
	struct elf_file *ef;
	unsigned int i;
	size_t m;

	for (m = 0; m < mods->n && !dynamic; m++) {
		ef = mods->mod[m].exe ? elf_open(t, &mods->mod[m]) : NULL;
		dynamic = ef ? elf_dynamic(ef) : 0;
		elf_close(ef);
	}
	for (i = 0; dynamic && i < MAX_DYN; i++) {
		if (!word_at(t, dynamic, 2 * i, &tag) ||
		    !word_at(t, dynamic, 2 * i + 1, &val) || tag == DT_NULL)
			return 0;
		if (tag == DT_DEBUG)
			return val;
	}
	return 0;
}

static const struct module *module_at(const struct modules *mods, u64 addr)
{
	size_t i;

	for (i = 0; i < mods->n; i++)
		if (addr >= mods->mod[i].start && addr < mods->mod[i].end)
			return &mods->mod[i];
	return NULL;
}

/**
 * load_order_find - list the modules as the loader has them
 * @t: the target
 * @mods: its modules
 * @lo: filled; load_order_free() it
 *
 * It is empty where the program was linked statically, where the loader has not
 * begun, or where its list is not in memory that can be read.
 */
void load_order_find(struct target *t, const struct modules *mods,
		     struct load_order *lo)
{
	u64 r_debug = find_r_debug(t, mods), map, dynamic;
	const struct module *mod;
	unsigned int i;

	lo->mod = NULL;
	lo->n = 0;
	if (!r_debug || !word_at(t, r_debug, DEBUG_MAP, &map))
		return;
	for (i = 0; map && i < MAX_MODULES; i++) {
		if (!word_at(t, map, MAP_DYNAMIC, &dynamic))
			return;
		mod = module_at(mods, dynamic);
		if (mod) {
			lo->mod = xgrow(lo->mod, lo->n, sizeof(const void *));
			lo->mod[lo->n++] = mod;
		}
		if (!word_at(t, map, MAP_NEXT, &map))
			return;
	}
}

/**
 * load_order_free - give the list back
 * @lo: from load_order_find()
 */
void load_order_free(struct load_order *lo)
{
	free(lo->mod);
	lo->mod = NULL;
	lo->n = 0;
}
