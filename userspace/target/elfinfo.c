// SPDX-License-Identifier: GPL-2.0
/* Read the ELF files of a target with elfutils. */
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/elfinfo.h"
#include "target/elf_bound.h"

#define MAX_IMAGE (64u << 20)	/* the largest segment to read whole */
#define MAX_READ (256u << 20)	/* of one file in all, from open to close */
#define MAX_PHDRS 4096u

struct elf_file {
	int fd;
	Elf *elf;
	struct elf_budget budget;
	const struct module *mod;
	size_t phdrs;
	u64 bias;
	unsigned int word;
	int machine;
};

static bool same_module(const struct mapping *a, const struct mapping *b)
{
	return a->inode == b->inode && a->dev == b->dev &&
	       !strcmp(a->path, b->path);
}

static void add_module(struct target *t, struct modules *mods, size_t *i)
{
	const struct mapping *first = &t->maps.map[*i];
	struct module mod = { .start = first->start };
	size_t j;

	for (j = *i; j < t->maps.n; j++) {
		const struct mapping *m = &t->maps.map[j];
		bool mine = same_module(m, first);

		/* The bss lies right behind the data. What the linker left
		 * out between two segments (---p) is a mapping of the file too.
		 */
		if (!mine && !(mod.rw_end == m->start && map_is_anon(m)))
			break;
		if (map_is_rw(m)) {
			if (!mod.rw_start)
				mod.rw_start = m->start;
			mod.rw_end = m->end;
		}
		mod.end = m->end;
		if (!mine) {
			j++;
			break;
		}
	}
	*i = j;
	mod.path = xstrdup(first->path);
	mods->mod = xgrow(mods->mod, mods->n, sizeof(mod));
	mods->mod[mods->n++] = mod;
}

/*
 * /proc/PID/exe leads to the program; in a core it is the first of the files.
 */
static void find_exe(struct target *t, struct modules *mods)
{
	char link[64], path[4096];
	ssize_t len = -1;
	size_t i;

	if (t->live) {
		snprintf(link, sizeof(link), "/proc/%d/exe", (int)t->via);
		len = readlink(link, path, sizeof(path) - 1);
	}
	path[len < 0 ? 0 : len] = '\0';
	for (i = 0; i < mods->n; i++) {
		if (len >= 0 ? !strcmp(mods->mod[i].path, path) : i == 0) {
			mods->mod[i].exe = true;
			return;
		}
	}
}

/**
 * modules_find - list the ELF files that are mapped
 * @t: the target
 * @mods: filled; modules_free() it
 *
 * They are not opened for this: a file that is listed may be none.
 */
void modules_find(struct target *t, struct modules *mods)
{
	size_t i = 0;

	memset(mods, 0, sizeof(*mods));
	while (i < t->maps.n) {
		if (t->maps.map[i].path[0] == '/')
			add_module(t, mods, &i);
		else
			i++;
	}
	find_exe(t, mods);
}

/**
 * modules_free - free a list of modules
 * @mods: the list
 */
void modules_free(struct modules *mods)
{
	size_t i;

	for (i = 0; i < mods->n; i++)
		free(mods->mod[i].path);
	free(mods->mod);
	memset(mods, 0, sizeof(*mods));
}

/**
 * modules_matching - find the next module with one of these names
 * @mods: the list
 * @names: beginnings of file names without their folder; NULL at the end
 * @before: look behind this one; NULL: from the first one on
 *
 * Return: the module, or NULL.
 */
const struct module *modules_matching(const struct modules *mods,
				      const char *const names[],
				      const struct module *before)
{
	size_t i, j;

	for (i = before ? before - mods->mod + 1 : 0; i < mods->n; i++) {
		const char *base = strrchr(mods->mod[i].path, '/') + 1;

		for (j = 0; names[j]; j++)
			if (!strncmp(base, names[j], strlen(names[j])))
				return &mods->mod[i];
	}
	return NULL;
}

static const struct mapping *first_mapping(struct target *t,
					   const struct module *mod)
{
	return maps_find(&t->maps, mod->start);
}

/* The load bias: what to add to an address in the file to get the real one. */
static bool find_bias(struct elf_file *ef, const struct mapping *m)
{
	GElf_Phdr ph;
	size_t i;

	for (i = 0; i < ef->phdrs; i++) {
		u64 off;

		if (!gelf_getphdr(ef->elf, i, &ph) || ph.p_type != PT_LOAD)
			continue;
		off = align_down(ph.p_offset, PAGE);
		if (m->offset < off || m->offset >= ph.p_offset + ph.p_filesz)
			continue;
		ef->bias = m->start - (m->offset - off) -
			   align_down(ph.p_vaddr, PAGE);
		return true;
	}
	return false;
}

/**
 * elf_take - read the open file of a module
 * @t: the target
 * @mod: the module; it must stay until elf_close()
 * @fd: the file, closed by elf_close() or on failure; -1: it cannot be opened
 *
 * Return: the file, or NULL where it is no ELF file, or not mapped as it says.
 */
struct elf_file *elf_take(struct target *t, const struct module *mod, int fd)
{
	const struct mapping *m = first_mapping(t, mod);
	struct elf_file *ef = xcalloc(1, sizeof(*ef));
	GElf_Ehdr eh;

	ef->mod = mod;
	ef->budget.left = MAX_READ;
	ef->fd = fd;
	if (m && ef->fd >= 0)
		ef->elf = elf_begin_bounded(ef->fd);
	if (!ef->elf || elf_kind(ef->elf) != ELF_K_ELF ||
	    !gelf_getehdr(ef->elf, &eh) ||
	    elf_getphdrnum(ef->elf, &ef->phdrs) || ef->phdrs > MAX_PHDRS ||
	    !find_bias(ef, m)) {
		elf_close(ef);
		return NULL;
	}
	ef->word = gelf_getclass(ef->elf) == ELFCLASS32 ? 4 : 8;
	ef->machine = eh.e_machine;
	return ef;
}

/**
 * elf_open - open the file of a module
 * @t: the target
 * @mod: the module; it must stay until elf_close()
 *
 * Return: the file, or NULL where it cannot be opened or is no ELF file.
 */
struct elf_file *elf_open(struct target *t, const struct module *mod)
{
	const struct mapping *m = first_mapping(t, mod);

	return elf_take(t, mod, m ? target_file(t, m) : -1);
}

/**
 * elf_close - close a file
 * @ef: from elf_open(), or NULL
 */
void elf_close(struct elf_file *ef)
{
	if (!ef)
		return;
	elf_end(ef->elf);
	if (ef->fd >= 0)
		close(ef->fd);
	free(ef);
}

/**
 * elf_bias - what to add to an address in the file to get that in the target
 * @ef: the file
 *
 * Return: the bias.
 */
u64 elf_bias(const struct elf_file *ef)
{
	return ef->bias;
}

/**
 * elf_handle - the file as libelf has it
 * @ef: the file
 *
 * Return: valid until elf_close().
 */
Elf *elf_handle(const struct elf_file *ef)
{
	return ef->elf;
}

/**
 * elf_fd - the file's descriptor
 * @ef: the file
 *
 * Return: valid until elf_close().
 */
int elf_fd(const struct elf_file *ef)
{
	return ef->fd;
}

/* Bytes of the file, valid until it is closed; NULL where it is too short. */
static Elf_Data *raw_bytes(struct elf_file *ef, u64 offset, u64 len,
			   Elf_Type type)
{
	return elf_spend(&ef->budget, len) ?
	       elf_getdata_rawchunk(ef->elf, offset, len, type) : NULL;
}

/* Bytes of the file, by their address @vaddr in the file's headers. */
static Elf_Data *chunk_at(struct elf_file *ef, u64 vaddr, u64 len,
			  Elf_Type type)
{
	GElf_Phdr ph;
	size_t i;

	for (i = 0; i < ef->phdrs; i++)
		if (gelf_getphdr(ef->elf, i, &ph) && ph.p_type == PT_LOAD &&
		    range_inside(vaddr, len, ph.p_vaddr,
				 ph.p_vaddr + ph.p_filesz))
			return raw_bytes(ef, ph.p_offset +
					 (vaddr - ph.p_vaddr), len, type);
	return NULL;
}

static bool is_relative(const struct elf_file *ef, u64 type)
{
	switch (ef->machine) {
	case EM_X86_64:
		return type == R_X86_64_RELATIVE;
	case EM_AARCH64:
		return type == R_AARCH64_RELATIVE;
	default:
		return false;
	}
}

/*
 * Relocate pointers for a bias of 0. Only RELA has to be applied: it stores
 * addends apart from the data. Those of REL and RELR are in the data already.
 */
static void apply_rela(struct elf_file *ef, struct image *img)
{
	u64 addr = 0, len = 0;
	Elf_Data *d = NULL;
	GElf_Phdr ph;
	GElf_Rela r;
	GElf_Dyn dyn;
	int n;
	size_t i;

	for (i = 0; i < ef->phdrs && !d; i++)
		if (gelf_getphdr(ef->elf, i, &ph) && ph.p_type == PT_DYNAMIC)
			d = raw_bytes(ef, ph.p_offset, ph.p_filesz, ELF_T_DYN);
	for (n = 0; d && gelf_getdyn(d, n, &dyn) && dyn.d_tag != DT_NULL; n++) {
		if (dyn.d_tag == DT_RELA)
			addr = dyn.d_un.d_ptr;
		else if (dyn.d_tag == DT_RELASZ)
			len = dyn.d_un.d_val;
	}
	/* The loader reads the table from memory: so it must be mapped. */
	d = len && range_inside(addr + ef->bias, len, ef->mod->start,
				ef->mod->end) ?
	    chunk_at(ef, addr, len, ELF_T_RELA) : NULL;
	for (n = 0; d && gelf_getrela(d, n, &r); n++)
		if (is_relative(ef, GELF_R_TYPE(r.r_info)) &&
		    range_inside(r.r_offset, ef->word, img->addr,
				 img->addr + img->len))
			memcpy(img->bytes + (r.r_offset - img->addr),
			       &r.r_addend, ef->word);
}

/**
 * elf_data_image - the writable data, as it would be if loaded with a bias of 0
 * @ef: the file
 * @img: filled; free() its bytes
 *
 * Its pointers are relocated, so they can be followed within the file.
 *
 * Return: true if there is such data.
 */
bool elf_data_image(struct elf_file *ef, struct image *img)
{
	Elf_Data *d = NULL;
	GElf_Phdr ph;
	size_t i;

	for (i = 0; i < ef->phdrs && !d; i++)
		if (gelf_getphdr(ef->elf, i, &ph) && ph.p_type == PT_LOAD &&
		    ph.p_flags & PF_W && ph.p_filesz <= MAX_IMAGE)
			d = raw_bytes(ef, ph.p_offset, ph.p_filesz,
				      ELF_T_BYTE);
	if (!d || !d->d_size)
		return false;
	img->addr = ph.p_vaddr;
	img->len = d->d_size;
	img->word = ef->word;
	img->bytes = xrealloc(NULL, img->len, 1);
	memcpy(img->bytes, d->d_buf, img->len);
	apply_rela(ef, img);
	return true;
}

/**
 * elf_find_text - find a text in the segments of a file that are not writable
 * @ef: the file
 * @needle: how the text begins
 * @out: filled with the text, up to its end or the end of its first line
 * @room: bytes at @out
 *
 * That includes code: a libc linked without -z separate-code (Ubuntu 18.04,
 * RHEL 8) has its texts in the segment of its code.
 *
 * Return: true if it is there.
 */
bool elf_find_text(struct elf_file *ef, const char *needle, char *out,
		   size_t room)
{
	GElf_Phdr ph;
	size_t i;

	for (i = 0; i < ef->phdrs; i++) {
		Elf_Data *d;
		const char *hit;
		size_t n;

		if (!gelf_getphdr(ef->elf, i, &ph) || ph.p_type != PT_LOAD ||
		    ph.p_flags & PF_W || ph.p_filesz > MAX_IMAGE)
			continue;
		d = raw_bytes(ef, ph.p_offset, ph.p_filesz, ELF_T_BYTE);
		hit = d ? memmem(d->d_buf, d->d_size, needle,
				 strlen(needle)) : NULL;
		if (!hit)
			continue;
		n = min_u64(room - 1, (char *)d->d_buf + d->d_size - hit);
		memcpy(out, hit, n);
		out[n] = '\0';
		out[strcspn(out, "\n")] = '\0';
		return true;
	}
	return false;
}

static bool is_symtab(const GElf_Shdr *sh)
{
	return sh->sh_type == SHT_DYNSYM || sh->sh_type == SHT_SYMTAB;
}

/*
 * May the section of the symbols' names be read? libelf reads all of it, and
 * unpacks it if it is compressed, to any size.
 */
static bool spend_names(struct elf_file *ef, size_t section)
{
	GElf_Shdr sh;

	return gelf_getshdr(elf_getscn(ef->elf, section), &sh) &&
	       !(sh.sh_flags & SHF_COMPRESSED) &&
	       elf_spend(&ef->budget, sh.sh_size);
}

/*
 * May a table of symbols be read, and their names? No real one is compressed.
 */
static bool spend_symtab(struct elf_file *ef, const GElf_Shdr *sh)
{
	return !(sh->sh_flags & SHF_COMPRESSED) &&
	       elf_spend(&ef->budget, sh->sh_size) &&
	       spend_names(ef, sh->sh_link);
}

static bool table_has(struct elf_file *ef, Elf_Scn *scn,
		      const char *const names[])
{
	GElf_Shdr sh;
	Elf_Data *d;
	GElf_Sym sym;
	int i;
	size_t j;

	if (!gelf_getshdr(scn, &sh) || !is_symtab(&sh) ||
	    !spend_symtab(ef, &sh))
		return false;
	d = elf_getdata(scn, NULL);
	for (i = 0; d && gelf_getsym(d, i, &sym); i++) {
		const char *s = elf_strptr(ef->elf, sh.sh_link,
					   sym.st_name);

		if (!s || sym.st_shndx == SHN_UNDEF)
			continue;
		for (j = 0; names[j]; j++)
			if (!strcmp(s, names[j]))
				return true;
	}
	return false;
}

/**
 * elf_has_symbol - does the file itself define one of these?
 * @ef: the file
 * @names: symbols; NULL at the end
 *
 * Return: true if so.
 */
bool elf_has_symbol(struct elf_file *ef, const char *const names[])
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(ef->elf, scn)))
		if (table_has(ef, scn, names))
			return true;
	return false;
}

/**
 * elf_dynamic - where the target has the dynamic section
 * @ef: the file
 *
 * Return: its address in the target, or 0 where there is none.
 */
u64 elf_dynamic(const struct elf_file *ef)
{
	GElf_Phdr ph;
	size_t i;

	for (i = 0; i < ef->phdrs; i++)
		if (gelf_getphdr(ef->elf, i, &ph) && ph.p_type == PT_DYNAMIC)
			return ph.p_vaddr + ef->bias;
	return 0;
}

/* The section of a type that is there once at most; NULL: it cannot be read. */
static Elf_Scn *find_section(struct elf_file *ef, unsigned int type,
			     GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(ef->elf, scn)))
		if (gelf_getshdr(scn, sh) && sh->sh_type == type)
			return sh->sh_flags & SHF_COMPRESSED ||
			       !elf_spend(&ef->budget, sh->sh_size) ? NULL : scn;
	return NULL;
}

/* The name of a version that the file defines, or NULL. */
static const char *version_name(struct elf_file *ef, unsigned int index)
{
	GElf_Verdaux aux;
	GElf_Verdef def;
	u64 offset = 0;
	Elf_Data *d;
	GElf_Shdr sh;
	Elf_Scn *scn = find_section(ef, SHT_GNU_verdef, &sh);

	if (!scn || !spend_names(ef, sh.sh_link))
		return NULL;
	d = elf_getdata(scn, NULL);
	while (d && offset < d->d_size && gelf_getverdef(d, offset, &def)) {
		if (def.vd_ndx == index)
			return gelf_getverdaux(d, offset + def.vd_aux, &aux) ?
			       elf_strptr(ef->elf, sh.sh_link, aux.vda_name) :
			       NULL;
		if (!def.vd_next)
			return NULL;
		offset += def.vd_next;
	}
	return NULL;
}

/* May a reference to this version be bound to the symbol? */
static bool version_fits(struct elf_file *ef, int symbol, const char *version)
{
	const char *name;
	GElf_Versym index;
	Elf_Data *d;
	GElf_Shdr sh;
	Elf_Scn *scn = find_section(ef, SHT_GNU_versym, &sh);

	d = scn ? elf_getdata(scn, NULL) : NULL;
	/* Without versions of its own, a file's symbols fit any. */
	if (!d || !gelf_getversym(d, symbol, &index) ||
	    (index & 0x7fff) <= VER_NDX_GLOBAL)
		return true;
	name = version_name(ef, index & 0x7fff);
	return name && !strncmp(name, version, strlen(version));
}

/**
 * elf_exports - does the file define a function for other modules?
 * @ef: the file
 * @name: the function
 * @version: how the version begins that others ask for
 *
 * Return: true if the loader can bind others' calls to it.
 */
bool elf_exports(struct elf_file *ef, const char *name, const char *version)
{
	GElf_Shdr sh;
	Elf_Scn *scn = find_section(ef, SHT_DYNSYM, &sh);
	Elf_Data *d;
	GElf_Sym sym;
	int i;

	if (!scn || !spend_names(ef, sh.sh_link))
		return false;
	d = elf_getdata(scn, NULL);
	for (i = 0; d && gelf_getsym(d, i, &sym); i++) {
		const char *s = elf_strptr(ef->elf, sh.sh_link, sym.st_name);

		if (s && !strcmp(s, name) && sym.st_shndx != SHN_UNDEF &&
		    GELF_ST_BIND(sym.st_info) != STB_LOCAL &&
		    version_fits(ef, i, version))
			return true;
	}
	return false;
}

static void table_take(struct elf_file *ef, Elf_Scn *scn,
		       struct elf_wanted *want, size_t n)
{
	GElf_Shdr sh;
	Elf_Data *d;
	GElf_Sym sym;
	int i;
	size_t j;

	if (!gelf_getshdr(scn, &sh) || !is_symtab(&sh) ||
	    !spend_symtab(ef, &sh))
		return;
	d = elf_getdata(scn, NULL);
	for (i = 0; d && gelf_getsym(d, i, &sym); i++) {
		const char *s = elf_strptr(ef->elf, sh.sh_link,
					   sym.st_name);

		if (!s || sym.st_shndx == SHN_UNDEF)
			continue;
		for (j = 0; j < n; j++) {
			if (want[j].found || strcmp(s, want[j].name))
				continue;
			want[j].found = true;
			want[j].addr = sym.st_value + ef->bias;
			want[j].size = sym.st_size;
		}
	}
}

/**
 * elf_own_symbols - find functions or variables that the file itself names
 * @ef: the file
 * @want: the names; what is found is filled in
 * @n: how many
 */
void elf_own_symbols(struct elf_file *ef, struct elf_wanted *want, size_t n)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(ef->elf, scn)))
		table_take(ef, scn, want, n);
}

/* Would libdwfl unpack this section, to whatever size? */
static bool is_debug_file(struct elf_file *ef, const GElf_Shdr *sh,
			  size_t names)
{
	const char *name = elf_strptr(ef->elf, names, sh->sh_name);

	return name && !strcmp(name, ".gnu_debugdata");
}

/*
 * May libdwfl look for symbols in this file? It reads whole tables, and unpacks
 * sections that hold more of them: only if we @trust the file's owner.
 */
static bool symbols_bounded(struct elf_file *ef, bool trust)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	size_t names;

	if (elf_getshdrstrndx(ef->elf, &names) ||
	    (names && !spend_names(ef, names)))
		return false;
	while ((scn = elf_nextscn(ef->elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (is_symtab(&sh) && !spend_symtab(ef, &sh))
			return false;
		if (!trust && is_debug_file(ef, &sh, names))
			return false;
	}
	return true;
}

/**
 * elf_is_trusted - is it our own file, or root's?
 * @ef: the file
 *
 * Others may have made theirs to exhaust our memory, or to lead to other files.
 *
 * Return: true if so.
 */
bool elf_is_trusted(const struct elf_file *ef)
{
	struct stat st;

	return !fstat(ef->fd, &st) && (!st.st_uid || st.st_uid == geteuid());
}

static int find_no_debuginfo(Dwfl_Module *dm, void **data, const char *name,
			     Dwarf_Addr base, const char *file,
			     const char *link, GElf_Word crc, char **found)
{
	(void)dm;
	(void)data;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	(void)found;
	return -1;
}

static void take_symbols(Dwfl_Module *dm, struct elf_wanted *want, size_t n)
{
	int syms = dwfl_module_getsymtab(dm), i;
	size_t j;

	for (i = 0; i < syms; i++) {
		GElf_Addr addr;
		GElf_Sym sym;
		const char *name = dwfl_module_getsym_info(dm, i, &sym, &addr,
							   NULL, NULL, NULL);

		if (!name || sym.st_shndx == SHN_UNDEF)
			continue;
		for (j = 0; j < n; j++) {
			if (want[j].found || strcmp(name, want[j].name))
				continue;
			want[j].found = true;
			want[j].size = sym.st_size;
			want[j].addr = GELF_ST_TYPE(sym.st_info) == STT_TLS ?
				       sym.st_value : addr;
		}
	}
}

/**
 * elf_symbols - find symbols, in a separate debug file too
 * @t: the target
 * @mod: the module
 * @want: the names; what is found is filled in
 * @n: how many
 *
 * A debug file is looked for on this machine only, never in the network; and
 * only if the module's file is root's or ours: another user's could name any
 * file.
 */
void elf_symbols(struct target *t, const struct module *mod,
		 struct elf_wanted *want, size_t n)
{
	Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	struct elf_file *ef = elf_open(t, mod);
	bool trust = ef && elf_is_trusted(ef);
	char *urls = getenv("DEBUGINFOD_URLS");
	Dwfl_Module *dm;
	Dwfl *dwfl;
	int fd;

	if (!ef || !symbols_bounded(ef, trust)) {
		elf_close(ef);
		return;
	}
	if (!trust)
		callbacks.find_debuginfo = find_no_debuginfo;
	urls = urls ? xstrdup(urls) : NULL;
	unsetenv("DEBUGINFOD_URLS");
	dwfl = dwfl_begin(&callbacks);
	fd = dup(ef->fd);
	dwfl_report_begin(dwfl);
	dm = dwfl_report_elf(dwfl, mod->path, mod->path, fd, ef->bias, false);
	dwfl_report_end(dwfl, NULL, NULL);
	if (dm)
		take_symbols(dm, want, n);
	else
		close(fd);
	dwfl_end(dwfl);
	elf_close(ef);
	/* Who asks for the functions of a stack may mean to use it. */
	if (urls)
		setenv("DEBUGINFOD_URLS", urls, 1);
	free(urls);
}
