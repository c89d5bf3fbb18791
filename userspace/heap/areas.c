// SPDX-License-Identifier: GPL-2.0
/* Sort the mappings of a process into the parts that people name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap/areas.h"
#include "target/resident.h"

#define NEAR (2u << 20)	/* mappings that are closer become one area */
#define MAX_LABEL 400u
#define UPPER_HALF (1ull << 63)	/* of it, a process has the page [vsyscall] at most */

struct finder {
	const struct heap *h;
	const struct module *exe;
	bool all;		/* an area for each mapping */
	struct areas *as;
};

/**
 * area_kind_name - the word for a kind of area
 * @kind: the kind
 *
 * Return: the word.
 */
const char *area_kind_name(enum area_kind kind)
{
	static const char *const name[] = {
		[AREA_TEXT] = "text", [AREA_RODATA] = "rodata",
		[AREA_DATA] = "data", [AREA_BSS] = "bss",
		[AREA_OFFSET] = "offset", [AREA_HEAP] = "heap",
		[AREA_MAPPINGS] = "mappings", [AREA_STACK] = "stack",
		[AREA_RESERVED] = "reserved",
		[AREA_BEYOND] = "beyond", [AREA_KERNEL] = "kernel",
		[AREA_UNMAPPED] = "unmapped",
	};

	return name[kind];
}

static struct area *last_area(struct areas *as)
{
	return as->n ? &as->area[as->n - 1] : NULL;
}

static struct area *add_area(struct finder *f, enum area_kind kind, u64 start,
			     u64 end, const char *label)
{
	struct areas *as = f->as;
	struct area *a;

	as->area = xgrow(as->area, as->n, sizeof(*a));
	a = &as->area[as->n++];
	*a = (struct area){ .kind = kind, .start = start, .end = end,
			    .label = xstrdup(label) };
	return a;
}

/*
 * Name what is not mapped. Between the end of bss and the heap it is the random
 * offset that the kernel drew. Below the upper half there is much that no process
 * can map, so that is no hole. Elsewhere it is just unmapped.
 */
static void fill_hole(struct finder *f, u64 to)
{
	struct area *last = last_area(f->as);
	const struct kernel_facts *k = &f->h->k;
	enum area_kind kind = AREA_UNMAPPED;

	if (!last || last->end >= to)
		return;
	if (k->known && to == k->start_brk && last->end == k->end_bss)
		kind = AREA_OFFSET;
	else if (last->end < UPPER_HALF && to >= UPPER_HALF)
		kind = AREA_BEYOND;
	add_area(f, kind, last->end, to, area_kind_name(kind));
}

static const char *base_name(const char *path)
{
	const char *slash = path[0] == '/' ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* "libc.so.6, anonymous": each name once, as long as there is room. */
static void add_name(struct area *a, const char *name)
{
	size_t len = strlen(a->label), more = strlen(name);
	const char *at = a->label;

	for (; (at = strstr(at, name)); at++)
		if ((at == a->label || at[-1] == ' ') &&
		    (!at[more] || at[more] == ','))
			return;
	if (len + more + 3 > MAX_LABEL)
		return;
	a->label = xrealloc(a->label, len + more + 3, 1);
	sprintf(a->label + len, "%s%s", len ? ", " : "", name);
}

static const char *mapping_name(const struct heap *h, const struct mapping *m)
{
	size_t i;

	for (i = 0; i < h->regions; i++)
		if (h->region[i].start >= m->start &&
		    h->region[i].start < m->end)
			return "malloc arena";
	return m->path[0] ? base_name(m->path) : "anonymous";
}

static void add_mapping(struct finder *f, enum area_kind kind,
			const struct mapping *m, u64 start)
{
	struct area *last = last_area(f->as);
	const char *name = mapping_name(f->h, m);

	if (!f->all && last && last->kind == kind && start - last->end < NEAR) {
		last->end = m->end;
	} else {
		fill_hole(f, start);
		last = add_area(f, kind, start, m->end, "");
	}
	last->mappings++;
	add_name(last, name);
}

static void add_part(struct finder *f, enum area_kind kind, u64 start, u64 end)
{
	struct area *last = last_area(f->as);

	if (start >= end)
		return;
	if (last && last->kind == kind && last->end == start) {
		last->end = end;
	} else {
		fill_hole(f, start);
		last = add_area(f, kind, start, end, area_kind_name(kind));
	}
	last->mappings++;
}

/* The writable part of the program: data, and bss behind its end. */
static void add_writable(struct finder *f, const struct mapping *m)
{
	const struct kernel_facts *k = &f->h->k;
	u64 end = m->end, data = k->end_data;

	if (k->known && k->start_brk > m->start && k->start_brk < end)
		end = k->start_brk;
	if (!k->known)
		data = m->inode ? end : m->start;
	data = min_u64(max_u64(data, m->start), end);
	add_part(f, AREA_DATA, m->start, data);
	add_part(f, AREA_BSS, data, end);
}

static bool is_program(const struct finder *f, const struct mapping *m)
{
	const struct kernel_facts *k = &f->h->k;

	if (!f->exe)
		return false;
	if (!strcmp(m->path, f->exe->path))
		return true;
	/* A mapping of bss has no file: its addresses tell whose it is. */
	return map_is_anon(m) && m->start > f->exe->start &&
	       m->start < max_u64(f->exe->end, k->known ? k->end_bss : 0);
}

static void add_heap(struct finder *f, const struct mapping *m)
{
	const struct kernel_facts *k = &f->h->k;
	u64 start = m->start, end = m->end;

	if (k->known && start < k->start_brk) {
		add_writable(f, m);
		start = k->start_brk;
	}
	/*
	 * The kernel may merge a mapping that begins at the break into [heap];
	 * what lies behind the break is not heap.
	 */
	if (k->known && k->brk_exact)
		end = min_u64(end, align_up(k->brk, PAGE));
	add_part(f, AREA_HEAP, start, end);
	if (end < m->end)
		add_mapping(f, AREA_MAPPINGS, m, max_u64(end, m->start));
}

static bool holds_heap(const struct finder *f, const struct mapping *m)
{
	const struct kernel_facts *k = &f->h->k;

	if (map_is_heap(m))
		return true;
	return k->known && k->brk > k->start_brk && map_is_rw(m) &&
	       m->start < k->brk && m->end > k->start_brk;
}

/*
 * Address space that somebody keeps for later. Guards of stacks and what the linker
 * left out of a file are less than that.
 */
static bool is_reserved(const struct mapping *m)
{
	return !(m->perms & (MAP_READ | MAP_WRITE | MAP_EXEC)) && !m->inode &&
	       m->path[0] != '/' && m->end - m->start >= NEAR;
}

static void add_any(struct finder *f, const struct mapping *m)
{
	if (map_is_kernels(m))
		add_mapping(f, AREA_KERNEL, m, m->start);
	else if (holds_heap(f, m))
		add_heap(f, m);
	else if (is_reserved(m))
		add_part(f, AREA_RESERVED, m->start, m->end);
	else if (!strcmp(m->path, "[stack]"))
		add_part(f, AREA_STACK, m->start, m->end);
	else if (!is_program(f, m))
		add_mapping(f, AREA_MAPPINGS, m, m->start);
	else if (m->perms & MAP_WRITE)
		add_writable(f, m);
	else
		add_part(f, m->perms & MAP_EXEC ? AREA_TEXT : AREA_RODATA,
			 m->start, m->end);
}

/**
 * areas_find - sort the mappings into areas
 * @h: the heap
 * @all: do not put neighbouring mappings into one area
 * @as: filled; areas_free() it
 */
void areas_find(const struct heap *h, bool all, struct areas *as)
{
	struct finder f = { .h = h, .all = all, .as = as };
	size_t i;

	memset(as, 0, sizeof(*as));
	for (i = 0; i < h->mods.n; i++)
		if (h->mods.mod[i].exe)
			f.exe = &h->mods.mod[i];
	for (i = 0; i < h->t->maps.n; i++)
		add_any(&f, &h->t->maps.map[i]);
}

/**
 * areas_count - find out how much of each area is in memory
 * @h: the heap
 * @as: from areas_find(); where it is known, ->counted is set
 */
void areas_count(const struct heap *h, struct areas *as)
{
	struct pagemap *pm;
	struct maps maps;
	size_t i;

	if (!resident_read(h->t, &maps))
		return;
	pm = pagemap_open(h->t);
	for (i = 0; i < as->n; i++) {
		struct area *a = &as->area[i];

		if (a->kind == AREA_OFFSET || a->kind == AREA_UNMAPPED ||
		    a->kind == AREA_BEYOND)
			continue;
		a->counted = !resident_count(&maps, pm, a->start, a->end,
					     &a->resident, &a->swapped);
		/* Data and bss share a page. */
		a->resident = min_u64(a->resident, a->end - a->start);
		as->counted |= a->counted;
	}
	pagemap_close(pm);
	maps_free(&maps);
}

/**
 * areas_free - give the areas back
 * @as: from areas_find()
 */
void areas_free(struct areas *as)
{
	size_t i;

	for (i = 0; i < as->n; i++)
		free(as->area[i].label);
	free(as->area);
	memset(as, 0, sizeof(*as));
}
