// SPDX-License-Identifier: GPL-2.0
/*
 * Name the functions at code addresses: by the symbols and the debug information of
 * their file, or by the list that a program which makes code at run time writes for
 * perf. A name costs more than all of the unwinding, so each address is asked for once.
 */
#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "target/places.h"

#define MAX_JIT (1u << 20)	/* functions made at run time */
#define MAX_INLINED 64u

/* A line of /tmp/perf-PID.map. */
struct jit {
	u64 start;
	u64 end;
	size_t order;	/* of its line; of two at one address the later is true */
	char *name;
};

struct places {
	struct target *t;
	const struct code_files *files;
	void *root;	/* of a tree of places, by address and width */
	struct jit *jit;
	size_t jits;
	bool jit_read;
	bool demangle_tried;
	char *(*demangle)(const char *name, char *buf, size_t *len, int *status);
};

/**
 * places_open - begin with nothing known
 * @t: the target
 * @files: its files
 *
 * Return: to be ended with places_close().
 */
struct places *places_open(struct target *t, const struct code_files *files)
{
	struct places *p = xcalloc(1, sizeof(*p));

	p->t = t;
	p->files = files;
	return p;
}

static void free_place(void *node)
{
	struct code_place *place = node;
	size_t i;

	for (i = 0; i < place->fns; i++) {
		free(place->fn[i].name);
		free(place->fn[i].source);
	}
	free(place->fn);
	free(place);
}

/**
 * places_close - forget all of them
 * @p: from places_open()
 */
void places_close(struct places *p)
{
	size_t i;

	tdestroy(p->root, free_place);
	for (i = 0; i < p->jits; i++)
		free(p->jit[i].name);
	free(p->jit);
	free(p);
}

static int by_address(const void *a, const void *b)
{
	const struct code_place *x = a, *y = b;

	if (x->wordsize != y->wordsize)
		return x->wordsize < y->wordsize ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* By address; of two at the same one, the later line comes last. */
static int by_start(const void *a, const void *b)
{
	const struct jit *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* "START SIZE NAME", both numbers in hex, without 0x by most who write it. */
static bool parse_jit(char *line, struct jit *j)
{
	u64 size;
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 " %" SCNx64 " %n", &j->start, &size,
		   &at) < 2 || !at || !line[at] || !size ||
	    size > UINT64_MAX - j->start)
		return false;
	j->end = j->start + size;
	j->name = xstrdup(line + at);
	return true;
}

static void read_jit(struct places *p)
{
	FILE *f = target_text(p->t, "perf-map");
	char *line = NULL;
	size_t room = 0;
	struct jit j;

	p->jit_read = true;
	while (f && p->jits < MAX_JIT && getline(&line, &room, f) > 0) {
		if (!parse_jit(line, &j))
			continue;
		j.order = p->jits;
		p->jit = xgrow(p->jit, p->jits, sizeof(j));
		p->jit[p->jits++] = j;
	}
	free(line);
	if (f)
		fclose(f);
	sort_array(p->jit, p->jits, sizeof(*p->jit), by_start);
}

/* The function that was put last where @addr is, of those that begin closest to it. */
static const struct jit *find_jit(struct places *p, u64 addr)
{
	size_t lo = 0, hi;

	if (!p->jit_read)
		read_jit(p);
	hi = p->jits;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->jit[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && addr < p->jit[lo - 1].end ? &p->jit[lo - 1] : NULL;
}

/**
 * places_at - what is known of an address
 * @p: the places
 * @addr: the address, inside of the call
 * @wordsize: of the stack that it is on
 * @is_new: filled: was it seen for the first time? place_name() then names it
 *
 * Return: the place, with its file; valid until places_close().
 */
struct code_place *places_at(struct places *p, u64 addr, unsigned int wordsize,
			     bool *is_new)
{
	const struct code_place key = { .addr = addr, .wordsize = wordsize };
	struct code_place **found = tfind(&key, &p->root, by_address);
	const struct jit *jit;
	struct code_place *place;

	*is_new = !found;
	if (found)
		return *found;
	place = xcalloc(1, sizeof(*place));
	*place = key;
	place->file = code_file_at(p->files, addr);
	place->unmapped = !code_is_executable(p->t, addr);
	jit = place->file || place->unmapped ? NULL : find_jit(p, addr);
	if (jit) {
		place->jit = true;
		place_add(place)->name = xstrdup(jit->name);
	}
	if (!tsearch(place, &p->root, by_address)) {
		fputs("heapinfo: out of memory\n", stderr);
		exit(EXIT_UNKNOWN);
	}
	return place;
}

/**
 * place_add - add a function to those that an address is in
 * @place: the place
 *
 * Return: the function, all of it empty; valid until the next one is added.
 */
struct function *place_add(struct code_place *place)
{
	place->fn = xgrow(place->fn, place->fns, sizeof(*place->fn));
	memset(&place->fn[place->fns], 0, sizeof(*place->fn));
	return &place->fn[place->fns++];
}

/*
 * What a name of C++ or Rust means. The library that knows is there where such programs
 * are, mostly; so it is not needed to build or to run this one.
 */
static char *readable(struct places *p, const char *name)
{
	void *lib;
	char *s;
	int status;

	if (!p->demangle_tried) {
		p->demangle_tried = true;
		lib = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
		if (lib)
			*(void **)&p->demangle = dlsym(lib, "__cxa_demangle");
	}
	if (!p->demangle || strncmp(name, "_Z", 2))
		return xstrdup(name);
	s = p->demangle(name, NULL, NULL, &status);
	return s ? s : xstrdup(name);
}

/*
 * The symbol that an address lies in; one of assembler may have no size, and is known
 * at its start, where a signal handler returns to. What merely comes before it, as a
 * function that is exported does before ones that have no name, is none.
 */
static const char *symbol_at(Dwfl_Module *dm, u64 addr)
{
	GElf_Off offset;
	GElf_Sym sym;
	const char *name = dwfl_module_addrinfo(dm, addr, &offset, &sym, NULL,
						NULL, NULL);

	return name && (offset < sym.st_size || !offset) ? name : NULL;
}

/*
 * What its symbol is called, of C++ with its class; else what it was declared as. The
 * table of symbols may have several for one address, with versions and suffixes.
 */
static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name;

	name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name,
						     &attr));
	if (!name)
		name = dwarf_formstring(dwarf_attr_integrate(die,
				DW_AT_MIPS_linkage_name, &attr));
	/* C's have a linkage name only where glibc gives them one of its own. */
	return name && name[0] == '_' && (name[1] == 'Z' || name[1] == 'R') ?
	       name : dwarf_diename(die);
}

/* Where an inlined function was called. */
static void call_site(Dwarf_Die *die, Dwarf_Die *unit, const char **source,
		      unsigned int *line)
{
	Dwarf_Files *files;
	Dwarf_Attribute attr;
	Dwarf_Word file, at;

	*source = NULL;
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &file) ||
	    dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &at) ||
	    dwarf_getsrcfiles(unit, &files, NULL))
		return;
	*source = dwarf_filesrc(files, file, NULL, NULL);
	*line = at;
}

/* The innermost function that the debug information knows there, with all around it. */
static int scopes_at(Dwarf_Die *unit, Dwarf_Addr pc, Dwarf_Die **scopes)
{
	Dwarf_Die *lexical = NULL;
	int n = dwarf_getscopes(unit, pc, &lexical), i, all = -1;

	for (i = 0; i < n; i++) {
		int tag = dwarf_tag(&lexical[i]);

		if (tag != DW_TAG_inlined_subroutine &&
		    tag != DW_TAG_subprogram)
			continue;
		all = dwarf_getscopes_die(&lexical[i], scopes);
		break;
	}
	free(lexical);
	return all;
}

static void add_named(struct places *p, struct code_place *place,
		      const char *name, const char *source, unsigned int line)
{
	struct function *fn = place_add(place);

	fn->name = name ? readable(p, name) : NULL;
	fn->source = source ? xstrdup(source) : NULL;
	fn->line = source ? line : 0;
}

/* By the debug information, which has inlined functions too; false: it has nothing. */
static bool name_by_dwarf(struct places *p, struct code_place *place,
			  Dwfl_Module *dm, const char *symbol)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = dwfl_module_addrdie(dm, place->addr, &bias);
	Dwfl_Line *dl = dwfl_module_getsrc(dm, place->addr);
	const char *source = NULL;
	Dwarf_Die *scopes = NULL;
	int line = 0, n = -1, i;

	if (dl)
		source = dwfl_lineinfo(dl, NULL, &line, NULL, NULL, NULL);
	if (unit)
		n = scopes_at(unit, place->addr - bias, &scopes);
	for (i = 0; i < n && place->fns < MAX_INLINED; i++) {
		int tag = dwarf_tag(&scopes[i]);
		const char *name = name_of(&scopes[i]);
		unsigned int at = line;

		if (tag == DW_TAG_subprogram) {
			add_named(p, place, name ? name : symbol, source, line);
			break;
		}
		if (tag != DW_TAG_inlined_subroutine)
			continue;
		add_named(p, place, name, source, line);
		place->fn[place->fns - 1].inlined = true;
		call_site(&scopes[i], unit, &source, &at);
		line = at;
	}
	free(scopes);
	if (!place->fns && source)
		add_named(p, place, symbol, source, line);
	return place->fns;
}

/**
 * place_name - find out which functions an address is in
 * @p: the places
 * @place: one of them, of which that is not known yet
 * @dm: its file
 */
void place_name(struct places *p, struct code_place *place, Dwfl_Module *dm)
{
	const char *symbol = symbol_at(dm, place->addr);

	if (!name_by_dwarf(p, place, dm, symbol) && symbol)
		add_named(p, place, symbol, NULL, 0);
}
