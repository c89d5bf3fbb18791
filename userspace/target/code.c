// SPDX-License-Identifier: GPL-2.0
/*
 * Find the files that a target runs code of, and see whether the file that has the name
 * now is the one that was mapped: unwind tables and names of another one would mislead.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/code.h"

#define MAX_VDSO (1u << 20)
#define MAX_NOTE (64u << 10)

static bool has_code(const struct target *t, const struct module *mod)
{
	size_t i;

	for (i = 0; i < t->maps.n; i++) {
		const struct mapping *m = &t->maps.map[i];

		if (m->start >= mod->start && m->end <= mod->end &&
		    m->perms & MAP_EXEC)
			return true;
	}
	return false;
}

static void add_file(struct code_files *files, const struct module *mod,
		     bool vdso)
{
	struct code_file *f;

	files->file = xgrow(files->file, files->n, sizeof(*f));
	f = &files->file[files->n++];
	memset(f, 0, sizeof(*f));
	f->mod = *mod;
	f->mod.path = xstrdup(mod->path);
	f->vdso = vdso;
}

/**
 * code_files_find - list the files that the target runs code of
 * @t: the target
 * @files: filled; code_files_free() it
 *
 * None is opened for this.
 */
void code_files_find(struct target *t, struct code_files *files)
{
	const struct mapping *vdso = maps_named(&t->maps, "[vdso]");
	struct modules mods;
	size_t i;

	memset(files, 0, sizeof(*files));
	files->t = t;
	modules_find(t, &mods);
	for (i = 0; i < mods.n; i++)
		if (has_code(t, &mods.mod[i]))
			add_file(files, &mods.mod[i], false);
	modules_free(&mods);
	if (vdso) {
		const struct module mod = {
			.path = vdso->path, .start = vdso->start,
			.end = vdso->end,
		};

		add_file(files, &mod, true);
	}
	for (i = 0; i < files->n; i++)
		files->file[i].of = files;
}

/**
 * code_files_free - free such a list
 * @files: the list
 */
void code_files_free(struct code_files *files)
{
	size_t i;

	for (i = 0; i < files->n; i++) {
		elf_end(files->file[i].elf);
		elf_close(files->file[i].ef);
		free(files->file[i].image);
		free(files->file[i].mod.path);
	}
	free(files->file);
	memset(files, 0, sizeof(*files));
}

/**
 * code_file_at - the file that an address is code of
 * @files: the list
 * @addr: the address
 *
 * Return: the file, or NULL.
 */
struct code_file *code_file_at(const struct code_files *files, u64 addr)
{
	size_t i;

	for (i = 0; i < files->n; i++)
		if (addr >= files->file[i].mod.start &&
		    addr < files->file[i].mod.end)
			return &files->file[i];
	return NULL;
}

/**
 * code_file_elf - the file as libelf has it
 * @f: the file
 *
 * Return: valid as long as @f; NULL where it is not usable.
 */
Elf *code_file_elf(const struct code_file *f)
{
	if (f->state != CODE_USABLE)
		return NULL;
	return f->vdso ? f->elf : elf_handle(f->ef);
}

static void take_build_id(struct code_file *f, const u8 *id, size_t len)
{
	size_t i;

	if (!len || len > CODE_BUILD_ID)
		return;
	for (i = 0; i < len; i++)
		sprintf(f->build_id + 2 * i, "%02x", id[i]);
}

/* The build-id among notes. */
static bool find_build_id(struct code_file *f, Elf_Data *notes)
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr nh;

	while (notes && (next = gelf_getnote(notes, at, &nh, &name, &desc))) {
		const u8 *bytes = notes->d_buf;

		if (nh.n_type == NT_GNU_BUILD_ID && nh.n_namesz == 4 &&
		    !memcmp(bytes + name, "GNU", 4)) {
			take_build_id(f, bytes + desc, nh.n_descsz);
			return true;
		}
		at = next;
	}
	return false;
}

static void read_build_id(struct code_file *f, Elf *elf)
{
	GElf_Phdr ph;
	size_t n, i;

	if (elf_getphdrnum(elf, &n))
		return;
	for (i = 0; i < n && i < 64; i++)
		if (gelf_getphdr(elf, i, &ph) && ph.p_type == PT_NOTE &&
		    ph.p_filesz <= MAX_NOTE &&
		    find_build_id(f, elf_getdata_rawchunk(elf, ph.p_offset,
			    ph.p_filesz, ph.p_align == 8 ? ELF_T_NHDR8 :
							   ELF_T_NHDR)))
			return;
}

/* How many bytes its headers take, as the file's header says. */
static size_t headers_len(Elf *elf)
{
	GElf_Ehdr eh;

	return gelf_getehdr(elf, &eh) && eh.e_phoff < PAGE ?
	       eh.e_phoff + (u64)eh.e_phnum * eh.e_phentsize : PAGE;
}

/*
 * Are these the first page of the same file? Where both have a build-id there, the
 * headers and that tell: a debugger's breakpoint may be on the page. Else all of it.
 */
static bool same_page(struct code_file *f, u8 *there, u8 *here, size_t len)
{
	Elf *a, *b;
	struct code_file other = { 0 };
	bool same = !memcmp(there, here, len);

	elf_version(EV_CURRENT);
	a = elf_memory((char *)there, len);
	b = elf_memory((char *)here, len);
	if (a && b) {
		read_build_id(f, a);
		read_build_id(&other, b);
		if (f->build_id[0] && other.build_id[0])
			same = !strcmp(f->build_id, other.build_id) &&
			       !memcmp(there, here,
				       min_u64(headers_len(a), len));
	}
	elf_end(a);
	elf_end(b);
	return same;
}

/*
 * Is the open file the one that was mapped? The first page of one has its headers, and
 * mostly its build-id. Where that is not in memory, and so not in the core either, it
 * must be the same inode.
 */
static bool is_same(struct code_file *f, const struct mapping *m, int fd)
{
	struct target *t = f->of->t;
	u8 there[PAGE], here[PAGE];
	struct stat st;
	ssize_t n;

	if (!m->offset && !target_read_holes(t, m->start, there, PAGE)) {
		n = pread(fd, here, PAGE, 0);
		return n > (ssize_t)EI_NIDENT && same_page(f, there, here, n);
	}
	/* A live one was compared when it was opened. */
	return t->live || (m->inode && !fstat(fd, &st) &&
			   st.st_ino == m->inode);
}

/* It could not be opened, or is not the inode that was mapped: why? */
static enum code_state why_not(const struct code_file *f, int err)
{
	const struct target *t = f->of->t;
	char path[4096 + 64];
	struct stat st;

	if (err == EACCES || err == EPERM)
		return CODE_DENIED;
	if (t->live)
		snprintf(path, sizeof(path), "/proc/%d/root%s", (int)t->via,
			 f->mod.path);
	else
		snprintf(path, sizeof(path), "%s", f->mod.path);
	if (!stat(path, &st))
		return CODE_REPLACED;
	return errno == EACCES || errno == EPERM ? CODE_DENIED : CODE_GONE;
}

static enum code_state try_vdso(struct code_file *f)
{
	GElf_Phdr ph;
	size_t n, i;

	f->image_len = min_u64(f->mod.end - f->mod.start, MAX_VDSO);
	f->image = xcalloc(1, f->image_len);
	if (target_read_holes(f->of->t, f->mod.start, f->image, f->image_len))
		return CODE_DENIED;
	elf_version(EV_CURRENT);
	f->elf = elf_memory((char *)f->image, f->image_len);
	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF ||
	    elf_getphdrnum(f->elf, &n))
		return CODE_UNFIT;
	for (i = 0; i < n && i < 64; i++) {
		if (!gelf_getphdr(f->elf, i, &ph) || ph.p_type != PT_LOAD)
			continue;
		f->bias = f->mod.start - (ph.p_vaddr - ph.p_offset);
		f->trusted = true;
		read_build_id(f, f->elf);
		return CODE_USABLE;
	}
	return CODE_UNFIT;
}

static enum code_state try_file(struct code_file *f)
{
	struct target *t = f->of->t;
	const struct mapping *m = maps_find(&t->maps, f->mod.start);
	int fd;

	if (!m)
		return CODE_GONE;
	errno = 0;
	fd = target_file(t, m);
	if (fd < 0)
		return why_not(f, errno);
	if (!is_same(f, m, fd)) {
		close(fd);
		return CODE_REPLACED;
	}
	f->ef = elf_take(t, &f->mod, fd);
	if (!f->ef)
		return CODE_UNFIT;
	f->bias = elf_bias(f->ef);
	f->trusted = elf_is_trusted(f->ef);
	read_build_id(f, elf_handle(f->ef));
	return CODE_USABLE;
}

/**
 * code_file_try - open a file, if that was not tried yet
 * @f: the file
 *
 * Return: whether it can be used, or why not.
 */
enum code_state code_file_try(struct code_file *f)
{
	if (f->state == CODE_UNTRIED)
		f->state = f->vdso ? try_vdso(f) : try_file(f);
	return f->state;
}

/**
 * code_state_text - why a file cannot be used, in words
 * @s: the state
 *
 * Return: how to go on after "unknown in FILE": "replaced since it was mapped".
 */
const char *code_state_text(enum code_state s)
{
	static const char *const text[] = {
		[CODE_UNTRIED] = "", [CODE_USABLE] = "",
		[CODE_GONE] = "no longer there",
		[CODE_REPLACED] = "replaced since it was mapped",
		[CODE_DENIED] = "not permitted to read",
		[CODE_UNFIT] = "cannot be used",
	};

	return text[s];
}

/**
 * code_state_name - the same as a word for JSON
 * @s: the state
 *
 * Return: the word, or NULL where the file can be used.
 */
const char *code_state_name(enum code_state s)
{
	static const char *const name[] = {
		[CODE_GONE] = "gone", [CODE_REPLACED] = "replaced",
		[CODE_DENIED] = "denied", [CODE_UNFIT] = "unfit",
	};

	return s < ARRAY_SIZE(name) ? name[s] : NULL;
}

/**
 * code_is_executable - may code at this address run?
 * @t: the target
 * @addr: the address
 *
 * Return: true if it is mapped so.
 */
bool code_is_executable(const struct target *t, u64 addr)
{
	const struct mapping *m = maps_find(&t->maps, addr);

	return m && m->perms & MAP_EXEC;
}

/* From the file: a core has no code, and that of a live process is the same. */
static size_t read_file(const struct code_file *f, u64 addr, void *buf,
			size_t len)
{
	Elf *elf = code_file_elf(f);
	u64 vaddr = addr - f->bias;
	GElf_Phdr ph;
	size_t n, i;
	ssize_t got;

	if (!elf || elf_getphdrnum(elf, &n))
		return 0;
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, i, &ph) || ph.p_type != PT_LOAD ||
		    vaddr < ph.p_vaddr || vaddr - ph.p_vaddr >= ph.p_filesz)
			continue;
		len = min_u64(len, ph.p_filesz - (vaddr - ph.p_vaddr));
		got = pread(elf_fd(f->ef), buf, len,
			    ph.p_offset + (vaddr - ph.p_vaddr));
		return got < 0 ? 0 : got;
	}
	return 0;
}

/**
 * code_read - read code of the target
 * @files: its files
 * @addr: where to begin
 * @buf: filled
 * @len: bytes wanted
 *
 * Return: how many bytes could be read.
 */
size_t code_read(const struct code_files *files, u64 addr, void *buf,
		 size_t len)
{
	struct code_file *f = code_file_at(files, addr);

	if (f && !f->vdso)
		return code_file_try(f) == CODE_USABLE ?
		       read_file(f, addr, buf, len) : 0;
	return target_peek(files->t, addr, buf, len) ? len : 0;
}

#if defined(__x86_64__) || defined(__i386__)
#define CALL_ROOM 7u

/*
 * Is this a call through a register or memory, FF /2, of so many bytes? Prefixes, which
 * may come before, are not counted.
 */
static bool is_indirect_call(const u8 *at, unsigned int len)
{
	unsigned int mod = at[1] >> 6, rm = at[1] & 7, want = 2;

	if (at[0] != 0xff || (at[1] >> 3 & 7) != 2)
		return false;
	if (mod != 3 && rm == 4) {
		want++;		/* a SIB byte */
		if (len < want)
			return false;
		rm = mod ? 0 : at[2] & 7;
	}
	if (mod == 1)
		want += 1;
	else if (mod == 2 || (!mod && rm == 5))
		want += 4;
	return want == len;
}

/* Does a call end with the last of these bytes? */
static bool ends_with_call(const u8 bytes[CALL_ROOM])
{
	unsigned int n;

	if (bytes[CALL_ROOM - 5] == 0xe8)
		return true;
	for (n = 2; n <= CALL_ROOM; n++)
		if (is_indirect_call(bytes + CALL_ROOM - n, n))
			return true;
	return false;
}
#elif defined(__aarch64__)
#define CALL_ROOM 4u

static bool ends_with_call(const u8 bytes[CALL_ROOM])
{
	u32 insn = get_u32(bytes);

	/* bl; blr, also with pointer authentication */
	return (insn & 0xfc000000) == 0x94000000 ||
	       (insn & 0xfefff000) == 0xd63f0000;
}
#endif

/**
 * code_follows_call - can a call return to this address?
 * @files: the target's files
 * @pc: the address
 *
 * Return: true if a call instruction ends there; false also where the code cannot be
 * read.
 */
bool code_follows_call(const struct code_files *files, u64 pc)
{
	u8 bytes[CALL_ROOM] = { 0 };
	size_t len;

	/* Where memory begins, a shorter one may stand. */
	for (len = CALL_ROOM; len >= 2; len--)
		if (pc >= len && code_read(files, pc - len,
					   bytes + CALL_ROOM - len, len) == len)
			return ends_with_call(bytes);
	return false;
}
