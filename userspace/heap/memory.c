// SPDX-License-Identifier: GPL-2.0
/* Sort all memory of a process into parts, and say how much of each is resident. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "heap/memory.h"
#include "heap/memory_owners.h"
#include "heap/mmapped.h"
#include "target/resident.h"

#define MAX_GUARD (64u << 10)	/* bytes below a stack that may not be touched */
#define MAX_PARTS 64u	/* a program can give each page a name of its own */
#define MIN_OF_OTHER (64u << 10)	/* allocators ask the kernel for so much */

/* A stretch that is known to be malloc's, whatever its mapping looks like. */
struct span {
	u64 start;
	u64 end;
	enum memory_kind kind;
};

struct finder {
	struct heap *h;
	struct memory *mem;
	const struct maps *maps;
	struct pagemap *pm;
	struct span *span;	/* in order of address; they do not overlap */
	size_t spans;
	u64 *stack;		/* addresses that lie in stacks, in order */
	size_t stacks;
	bool *code;		/* of each of heap.mods: may it be executed? */
};

/* Bytes of one mapping, or of a part of it. */
struct count {
	u64 mapped;
	u64 resident;
	u64 swapped;
};

/**
 * memory_kind_name - the word for a kind of memory
 * @kind: the kind
 *
 * Return: the word, as in JSON.
 */
const char *memory_kind_name(enum memory_kind kind)
{
	static const char *const name[MEMORY_KINDS] = {
		[MEMORY_ARENAS] = "arenas", [MEMORY_MMAPPED] = "mmapped",
		[MEMORY_BRK] = "brk", [MEMORY_STACKS] = "stacks",
		[MEMORY_ANON] = "anonymous", [MEMORY_PROGRAM] = "program",
		[MEMORY_FILES] = "files", [MEMORY_SHARED] = "shared",
		[MEMORY_KERNEL] = "kernel",
	};

	return name[kind];
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void add_part(struct finder *f, enum memory_kind kind,
		     const char *owner, bool likely, const struct count *c)
{
	struct memory *mem = f->mem;
	struct memory_part *p = NULL;
	size_t i;

	for (i = 0; i < mem->parts && !p; i++)
		if (mem->part[i].kind == kind &&
		    mem->part[i].likely == likely &&
		    same(mem->part[i].owner, owner))
			p = &mem->part[i];
	if (!p) {
		mem->part = xgrow(mem->part, mem->parts, sizeof(*p));
		p = &mem->part[mem->parts++];
		*p = (struct memory_part){ .kind = kind, .likely = likely };
		p->owner = owner ? xstrdup(owner) : NULL;
	}
	p->pieces++;
	p->mapped += c->mapped;
	p->resident += c->resident;
	p->swapped += c->swapped;
	mem->mapped += c->mapped;
	mem->resident += c->resident;
	mem->swapped += c->swapped;
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void add_span(struct finder *f, u64 start, u64 end,
		     enum memory_kind kind)
{
	f->span = xgrow(f->span, f->spans, sizeof(*f->span));
	f->span[f->spans++] = (struct span){ start, end, kind };
}

static void find_spans(struct finder *f)
{
	struct mmapped mm = { 0 };
	struct heap *h = f->h;
	u64 end = 0;
	size_t i;

	for (i = 0; i < h->regions; i++)
		add_span(f, h->region[i].start, h->region[i].end,
			 MEMORY_ARENAS);
	if (h->a && h->mmaps.chunks)
		mmapped_find(h, &mm);
	for (i = 0; i < mm.n; i++)
		add_span(f, mm.chunk[i].map,
			 mm.chunk[i].map + mm.chunk[i].map_len,
			 MEMORY_MMAPPED);
	mmapped_free(&mm);
	sort_array(f->span, f->spans, sizeof(*f->span), by_start);
	/* In a damaged heap two may overlap: count no byte twice. */
	for (i = 0; i < f->spans; i++) {
		f->span[i].start = max_u64(f->span[i].start, end);
		f->span[i].end = max_u64(f->span[i].end, f->span[i].start);
		end = f->span[i].end;
	}
}

static void add_stack(struct finder *f, u64 addr)
{
	f->stack = xgrow(f->stack, f->stacks, sizeof(*f->stack));
	f->stack[f->stacks++] = addr;
}

static int by_value(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * A thread's control block lies in its stack; that of the first thread lies beside
 * the libraries.
 */
static void find_stacks(struct finder *f)
{
	struct target *t = f->h->t;
	struct thread *list = NULL;
	size_t n = target_threads(t, &list), i;

	for (i = 0; i < n; i++) {
		/* One that waits tells its stack pointer. */
		if (t->live && target_syscall(t, &list[i]) && list[i].sp)
			add_stack(f, list[i].sp);
		if (list[i].tcb && list[i].tid != t->pid)
			add_stack(f, list[i].tcb);
	}
	for (i = 0; i < f->h->caches; i++)
		if (f->h->cache[i].tcb && f->h->cache[i].tid &&
		    f->h->cache[i].tid != t->pid)
			add_stack(f, f->h->cache[i].tcb);
	free(list);
	sort_array(f->stack, f->stacks, sizeof(*f->stack), by_value);
}

static bool holds_stack(const struct finder *f, const struct mapping *m)
{
	size_t lo = 0, hi = f->stacks;

	if (!strcmp(m->path, "[stack]"))
		return true;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->stack[mid] < m->start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->stacks && f->stack[lo] < m->end;
}

static bool has_file(const struct modules *mods, const char *const pattern[])
{
	size_t i, j;

	for (i = 0; i < mods->n; i++)
		for (j = 0; j < ARRAY_SIZE(memory_owners->with) && pattern[j];
		     j++)
			if (!fnmatch(pattern[j],
				     text_base_name(mods->mod[i].path), 0))
				return true;
	return false;
}

/* Memory of which nothing may be touched, and nothing is there. */
static bool is_reserved(const struct mapping *m)
{
	return !(m->perms & (MAP_READ | MAP_WRITE | MAP_EXEC)) &&
	       !m->resident && !m->swapped;
}

static bool is_guarded(const struct finder *f, const struct mapping *m)
{
	const struct mapping *below = m - 1;
	u64 all;

	if (m == f->maps->map || below->end != m->start ||
	    below->perms & (MAP_READ | MAP_WRITE | MAP_EXEC) || below->inode)
		return false;
	all = m->end - below->start;
	return !(all & (all - 1)) && below->end - below->start <= MAX_GUARD;
}

static bool is_beside_file(const struct finder *f, const struct mapping *m)
{
	const struct mapping *last = f->maps->map + f->maps->n - 1;

	return (m > f->maps->map && m[-1].end == m->start && m[-1].inode) ||
	       (m < last && m[1].start == m->end && m[1].inode);
}

/* Does a row of the table fit? A row without a name cannot be certain. */
static bool owner_fits(const struct finder *f, const struct memory_owner *o,
		       const struct mapping *m)
{
	u64 len = m->end - m->start;

	if (o->named)
		return !fnmatch(o->named, m->path, 0);
	if (m->path[0])
		return false;
	return m->start >= o->low && (!o->high || m->start < o->high) &&
	       len >= o->min && (!o->max || len <= o->max) &&
	       (!o->align || (m->start & (o->align - 1)) == o->offset) &&
	       (!o->exec || m->perms & MAP_EXEC) &&
	       (!o->guarded || is_guarded(f, m)) &&
	       (!o->beside_file || is_beside_file(f, m)) &&
	       (!o->with[0] || has_file(&f->h->mods, o->with));
}

static void add_anon(struct finder *f, const struct mapping *m,
		     const struct count *c)
{
	const struct memory_owner *o = NULL;
	size_t i;

	for (i = 0; i < memory_owners_n && !o; i++)
		if (owner_fits(f, &memory_owners[i], m))
			o = &memory_owners[i];
	if (o && o->kind == OWNER_STACK)
		add_part(f, MEMORY_STACKS, NULL, !o->named, c);
	else if (o && o->kind == OWNER_MALLOC)
		add_part(f, MEMORY_ANON, "malloc, in no arena that was found",
			 false, c);
	else if (o)
		add_part(f, MEMORY_ANON, o->owner, !o->named, c);
	else if (!strncmp(m->path, "[anon:", 6))
		/* There is no row, but the program gave it a name. */
		add_part(f, MEMORY_ANON, f->mem->parts < MAX_PARTS ?
			 m->path : "with other names", false, c);
	else if (f->h->other && m->end - m->start >= MIN_OF_OTHER)
		add_part(f, MEMORY_ANON, f->h->other, true, c);
	else
		add_part(f, MEMORY_ANON, NULL, false, c);
}

/* A mapping of a file that is no file of a disk: memory that can be shared. */
static bool is_shared_memory(const struct mapping *m)
{
	static const char *const begin[] = {
		"/memfd:", "/dev/shm/", "/SYSV", "/dev/zero", "[anon_shmem:",
		"anon_inode:",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(begin); i++)
		if (!strncmp(m->path, begin[i], strlen(begin[i])))
			return true;
	return m->perms & MAP_SHARED_ && m->path[0] != '/';
}

/* Files with code are the program and its libraries; others are data. */
static void find_code(struct finder *f)
{
	const struct modules *mods = &f->h->mods;
	size_t i, j;

	f->code = xcalloc(mods->n, sizeof(*f->code));
	for (i = 0; i < f->maps->n; i++) {
		const struct mapping *m = &f->maps->map[i];

		for (j = 0; m->perms & MAP_EXEC && j < mods->n; j++)
			f->code[j] |= !strcmp(m->path, mods->mod[j].path);
	}
}

static bool is_of_program(const struct finder *f, const struct mapping *m)
{
	const struct modules *mods = &f->h->mods;
	size_t i;

	for (i = 0; i < mods->n; i++) {
		const struct module *mod = &mods->mod[i];

		/* The bss has no name: its addresses tell whose it is. */
		if (m->path[0] ? !strcmp(m->path, mod->path) :
		    m->start >= mod->start && m->end <= mod->end)
			return f->code[i];
	}
	return false;
}

/* What no malloc was found in. */
static void add_rest(struct finder *f, const struct mapping *m,
		     const struct count *c)
{
	if (map_is_kernels(m))
		add_part(f, MEMORY_KERNEL, NULL, false, c);
	else if (map_is_heap(m))
		add_part(f, MEMORY_BRK, NULL, false, c);
	else if (is_shared_memory(m))
		add_part(f, MEMORY_SHARED, NULL, false, c);
	else if (is_of_program(f, m))
		add_part(f, MEMORY_PROGRAM, NULL, false, c);
	else if ((m->inode || m->path[0] == '/') && !map_is_hugetlb(m))
		add_part(f, MEMORY_FILES, NULL, false, c);
	else if (holds_stack(f, m))
		add_part(f, MEMORY_STACKS, NULL, false, c);
	else
		add_anon(f, m, c);
}

/* Take a part of a mapping away from what is left of it. */
static void take(struct finder *f, const struct mapping *m, u64 start,
		 u64 end, struct count *left, struct count *c)
{
	u64 len = m->end - m->start;

	*c = *left;
	c->mapped = end - start;
	if (c->mapped == len)
		goto out;
	c->resident = 0;
	c->swapped = 0;
	if (!f->pm || pagemap_count(f->pm, start, end, &c->resident,
				    &c->swapped)) {
		/* A snapshot counts mappings: the larger part gets all of it. */
		c->resident = c->mapped > len / 2 ? left->resident : 0;
		c->swapped = c->mapped > len / 2 ? left->swapped : 0;
	}
	/* The process may have touched more since its mappings were counted. */
	c->resident = min_u64(c->resident, left->resident);
	c->swapped = min_u64(c->swapped, left->swapped);
out:
	left->mapped -= c->mapped;
	left->resident -= c->resident;
	left->swapped -= c->swapped;
}

/* @at is the first span that may reach into this mapping. */
static void add_mapping(struct finder *f, const struct mapping *m, size_t *at)
{
	struct count left = { m->end - m->start, m->resident, m->swapped }, c;
	size_t i;

	while (*at < f->spans && f->span[*at].end <= m->start)
		++*at;
	for (i = *at; i < f->spans && f->span[i].start < m->end; i++) {
		u64 start = max_u64(f->span[i].start, m->start);
		u64 end = min_u64(f->span[i].end, m->end);

		/* The kernel gives whole pages: the last one counts as used. */
		if (m->end - end < PAGE)
			end = m->end;
		if (start >= end)
			continue;
		take(f, m, start, end, &left, &c);
		add_part(f, f->span[i].kind, NULL, false, &c);
	}
	if (!left.mapped)
		return;
	if (is_reserved(m))
		f->mem->reserved += left.mapped;
	else
		add_rest(f, m, &left);
}

static u64 read_resident(struct target *t)
{
	FILE *f = target_text(t, "statm");
	u64 pages = 0;

	if (f && fscanf(f, "%*s %" SCNu64, &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static int by_kind(const void *a, const void *b)
{
	const struct memory_part *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	/* What nobody is known for comes last. */
	if (!x->owner != !y->owner)
		return x->owner ? -1 : 1;
	if (x->resident != y->resident)
		return x->resident > y->resident ? -1 : 1;
	if (x->mapped != y->mapped)
		return x->mapped > y->mapped ? -1 : 1;
	return 0;
}

/**
 * memory_read - find out where all memory of a process is
 * @h: the heap
 * @mem: filled; memory_free() it
 *
 * For this the kernel walks all page tables of a live process once.
 */
void memory_read(struct heap *h, struct memory *mem)
{
	struct finder f = { .h = h, .mem = mem };
	struct maps maps;
	size_t i, at = 0;

	memset(mem, 0, sizeof(*mem));
	mem->counted = resident_read(h->t, &maps);
	f.maps = mem->counted ? &maps : &h->t->maps;
	f.pm = pagemap_open(h->t);
	find_spans(&f);
	find_stacks(&f);
	find_code(&f);
	for (i = 0; i < f.maps->n; i++) {
		const struct mapping *m = &f.maps->map[i];

		add_mapping(&f, m, &at);
		mem->proportional += m->proportional;
		mem->heap_resident += map_is_heap(m) ? m->resident : 0;
	}
	sort_array(mem->part, mem->parts, sizeof(*mem->part), by_kind);
	if (!mem->counted)
		mem->resident = read_resident(h->t);
	mem->resident_known = mem->counted || mem->resident;
	free(f.span);
	free(f.stack);
	free(f.code);
	pagemap_close(f.pm);
	maps_free(&maps);
}

/**
 * memory_free - give the parts back
 * @mem: from memory_read()
 */
void memory_free(struct memory *mem)
{
	size_t i;

	for (i = 0; i < mem->parts; i++)
		free(mem->part[i].owner);
	free(mem->part);
	memset(mem, 0, sizeof(*mem));
}
