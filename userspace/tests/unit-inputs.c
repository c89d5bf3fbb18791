// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests with files that were forged to mislead or to exhaust the reader.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "glibc/glibc.h"
#include "open-synth.h"
#include "target/elfinfo.h"

#define HUGE_LEN (2ull << 30)	/* of holes in a file: no room on disk */
#define MOST_MEMORY (1ull << 30)	/* for reading such a file */
#define UNPACKED (400ull << 20)
#define ZEROS "head -c 400M /dev/zero"
#define BIAS 0x10000u
#define MAX_HEADERS 28u

/* The headers of a file; behind them it has holes. */
struct forged {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[MAX_HEADERS];
	Elf64_Shdr sh[MAX_HEADERS];
	char bytes[PAGE];	/* at offset and address BYTES_AT */
};

#define BYTES_AT PAGE

static int forged_fd;

static void forge(struct forged *f, unsigned int type)
{
	memset(f, 0, sizeof(*f));
	f->eh = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = type, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_ehsize = sizeof(f->eh),
		.e_phoff = offsetof(struct forged, ph),
		.e_phentsize = sizeof(f->ph[0]),
		.e_shentsize = sizeof(f->sh[0]),
	};
}

static void add_phdr(struct forged *f, u32 type, u32 flags, u64 offset, u64 len)
{
	f->ph[f->eh.e_phnum++] = (Elf64_Phdr){
		.p_type = type, .p_flags = flags, .p_offset = offset,
		.p_vaddr = offset, .p_filesz = len, .p_memsz = len,
		.p_align = PAGE,
	};
}

/* Section 0 is always there, and has no type. */
static void add_section(struct forged *f, u32 type, u32 link)
{
	f->eh.e_shoff = offsetof(struct forged, sh);
	if (!f->eh.e_shnum)
		f->eh.e_shnum = 1;
	f->sh[f->eh.e_shnum++] = (Elf64_Shdr){
		.sh_type = type, .sh_offset = 2 * PAGE, .sh_link = link,
		.sh_size = HUGE_LEN / sizeof(Elf64_Sym) * sizeof(Elf64_Sym),
		.sh_entsize = type == SHT_SYMTAB ? sizeof(Elf64_Sym) : 0,
	};
}

static void write_at(u64 at, const void *bytes, size_t len)
{
	assert_int_equal(pwrite(forged_fd, bytes, len, at), len);
}

static void write_headers(const struct forged *f)
{
	write_at(0, f, offsetof(struct forged, bytes));
}

static void write_forged(const struct forged *f)
{
	forged_fd = memfd_create("forged", MFD_CLOEXEC);
	assert_true(forged_fd >= 0);
	assert_int_equal(ftruncate(forged_fd, 2 * PAGE + HUGE_LEN), 0);
	write_headers(f);
	write_at(BYTES_AT, f->bytes, PAGE);
}

static int open_forged(struct target *t, const struct mapping *m)
{
	(void)t;
	(void)m;
	return dup(forged_fd);
}

static const char *const no_names[] = { "nosuch", NULL };

/* Ask of a module's file all that the reader ever asks. */
static void read_module(void)
{
	static const struct target_ops ops = { .file = open_forged };
	struct mapping m = { .start = BIAS, .end = BIAS + PAGE, .inode = 1,
			     .path = (char *)"/forged" };
	struct target t = { .ops = &ops, .wordsize = 8,
			    .maps = { .map = &m, .n = 1 } };
	struct module mod = { .path = m.path, .start = m.start,
			      .end = BIAS + 3 * PAGE };
	struct elf_wanted want = { .name = "nosuch" };
	struct elf_file *ef = elf_open(&t, &mod);
	struct image img = { 0 };
	char text[80];

	if (ef) {
		elf_data_image(ef, &img);
		elf_find_text(ef, "nosuch", text, sizeof(text));
		elf_has_symbol(ef, no_names);
	}
	free(img.bytes);
	elf_close(ef);
	elf_symbols(&t, &mod, &want, 1);
}

static void read_core(void)
{
	char path[64];
	struct error e;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", forged_fd);
	target_close(target_open_core(path, &e));
}

/*
 * Read forged_fd in a child, whose peak memory is then that of reading it, and
 * close it.
 */
static void takes_at_most(u64 bytes, void (*reads)(void))
{
	struct rusage used;
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		reads();
		_exit(0);
	}
	assert_int_equal(wait4(pid, &status, 0, &used), pid);
	assert_int_equal(status, 0);
	assert_in_range(used.ru_maxrss, 0, bytes >> 10);
	close(forged_fd);
}

static void takes_little(const struct forged *f, void (*reads)(void))
{
	write_forged(f);
	takes_at_most(MOST_MEMORY, reads);
}

static void forge_library(struct forged *f)
{
	forge(f, ET_DYN);
	add_phdr(f, PT_LOAD, PF_R, 0, PAGE);
	add_phdr(f, PT_LOAD, PF_R | PF_W, BYTES_AT, PAGE);
}

static void test_huge_relocations(void **state)
{
	Elf64_Dyn dyn[] = { { DT_RELA, { 2 * PAGE } },
			    { DT_RELASZ, { HUGE_LEN } }, { DT_NULL, { 0 } } };
	struct forged f;

	(void)state;
	forge_library(&f);
	add_phdr(&f, PT_LOAD, PF_R, 2 * PAGE, HUGE_LEN);
	add_phdr(&f, PT_DYNAMIC, PF_R, BYTES_AT, sizeof(dyn));
	memcpy(f.bytes, dyn, sizeof(dyn));
	takes_little(&f, read_module);
}

static void test_huge_dynamic(void **state)
{
	struct forged f;

	(void)state;
	forge_library(&f);
	add_phdr(&f, PT_DYNAMIC, PF_R, 2 * PAGE, HUGE_LEN);
	takes_little(&f, read_module);
}

static void test_huge_symbols(void **state)
{
	struct forged f;

	(void)state;
	forge_library(&f);
	add_section(&f, SHT_SYMTAB, 2);
	add_section(&f, SHT_STRTAB, 0);
	takes_little(&f, read_module);
}

/* Write what a command prints to the forged file, all but its first bytes. */
static size_t write_output(const char *command, size_t skipped, u64 at)
{
	static char bytes[1 << 20];
	FILE *f = popen(command, "r");
	size_t len;

	assert_non_null(f);
	assert_int_equal(fread(bytes, 1, skipped, f), skipped);
	len = fread(bytes, 1, sizeof(bytes), f);
	assert_in_range(len, 1, sizeof(bytes) - 1);
	assert_int_equal(pclose(f), 0);
	write_at(at, bytes, len);
	return len;
}

/*
 * Symbol names that are small in the file and huge when unpacked. gzip makes
 * them: behind its header is the same as in zlib's format.
 */
static void test_packed_names(void **state)
{
	struct {
		Elf64_Chdr ch;
		u8 zlib[2];
	} head = {
		.ch = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = UNPACKED,
			.ch_addralign = 1 },
		.zlib = { 0x78, 0x9c },
	};
	const u64 at = 2 * PAGE, len = offsetof(typeof(head), zlib) + 2;
	struct forged f;
	int again;

	(void)state;
	forge_library(&f);
	add_section(&f, SHT_SYMTAB, 2);
	add_section(&f, SHT_STRTAB, 0);
	write_forged(&f);
	again = dup(forged_fd);
	write_at(at, &head, len);
	f.sh[2].sh_flags = SHF_COMPRESSED;
	f.sh[2].sh_size = len + write_output(ZEROS " | gzip", 10, at + len);
	f.sh[1].sh_size = PAGE / sizeof(Elf64_Sym) * sizeof(Elf64_Sym);
	write_headers(&f);
	takes_at_most(UNPACKED / 2, read_module);
	forged_fd = again;
	f.sh[1].sh_type = SHT_PROGBITS;
	f.eh.e_shstrndx = 2;
	write_headers(&f);
	takes_at_most(UNPACKED / 2, read_module);
}

/*
 * Another user's file with a section .gnu_debugdata, in which some
 * distributions keep symbols, and which is huge when unpacked.
 */
static void test_packed_debug_file(void **state)
{
	static const char names[] = "\0.gnu_debugdata";
	struct forged f;

	(void)state;
	forge_library(&f);
	add_section(&f, SHT_PROGBITS, 0);
	add_section(&f, SHT_STRTAB, 0);
	f.eh.e_shstrndx = 2;
	f.sh[1].sh_name = 1;
	f.sh[2].sh_offset = BYTES_AT;
	f.sh[2].sh_size = sizeof(names);
	memcpy(f.bytes, names, sizeof(names));
	write_forged(&f);
	f.sh[1].sh_size = write_output(ZEROS " | xz -0", 0, 2 * PAGE);
	write_headers(&f);
	if (fchown(forged_fd, 61001, -1)) {
		close(forged_fd);
		skip();
	}
	takes_at_most(UNPACKED / 2, read_module);
}

/* Many segments, none of which is too large by itself. */
static void test_many_texts(void **state)
{
	struct forged f;
	u64 i;

	(void)state;
	forge_library(&f);
	for (i = 2; f.eh.e_phnum < MAX_HEADERS; i++)
		add_phdr(&f, PT_LOAD, PF_R, i * PAGE, 60u << 20);
	takes_little(&f, read_module);
}

/* A number of sections that 16 bits cannot hold: it is in section 0. */
static void test_many_sections(void **state)
{
	struct forged f;

	(void)state;
	forge_library(&f);
	f.eh.e_shoff = offsetof(struct forged, sh);
	f.sh[0].sh_size = HUGE_LEN / sizeof(Elf64_Shdr);
	takes_little(&f, read_module);
	f.eh.e_type = ET_CORE;
	takes_little(&f, read_core);
}

static void test_many_headers(void **state)
{
	struct forged f;

	(void)state;
	forge_library(&f);
	f.eh.e_phnum = PN_XNUM;
	f.eh.e_shoff = offsetof(struct forged, sh);
	f.eh.e_shnum = 1;
	f.sh[0].sh_info = HUGE_LEN / sizeof(Elf64_Phdr);
	takes_little(&f, read_module);
	f.eh.e_type = ET_CORE;
	takes_little(&f, read_core);
}

static void test_huge_notes(void **state)
{
	struct forged f;

	(void)state;
	forge(&f, ET_CORE);
	add_phdr(&f, PT_LOAD, PF_R | PF_W, BYTES_AT, PAGE);
	add_phdr(&f, PT_NOTE, 0, 2 * PAGE, HUGE_LEN);
	takes_little(&f, read_core);
}

#define MANY 400000u	/* mappings, and as many files */
#define MAPPED_AT 0x7f0000000000ull

/* Write the note NT_FILE, with the highest address first. */
static size_t write_files(u64 at)
{
	static u64 entry[2 + 3 * MANY];
	static char names[MANY * 8];
	Elf64_Nhdr nh = { .n_namesz = 5, .n_type = NT_FILE };
	size_t len = 0, i;

	entry[0] = MANY;
	entry[1] = PAGE;
	for (i = 0; i < MANY; i++) {
		u64 start = MAPPED_AT + (MANY - 1 - i) * 2 * PAGE;

		entry[2 + 3 * i] = start;
		entry[3 + 3 * i] = start + PAGE;
		entry[4 + 3 * i] = 3;
		len += sprintf(names + len, "/%06zu", MANY - 1 - i) + 1;
	}
	nh.n_descsz = sizeof(entry) + len;
	write_at(at, &nh, sizeof(nh));
	write_at(at + sizeof(nh), "CORE\0\0\0", 8);
	at += sizeof(nh) + 8;
	write_at(at, entry, sizeof(entry));
	write_at(at + sizeof(entry), names, len);
	return sizeof(nh) + 8 + nh.n_descsz;
}

/* Very many files take no more than one pass over them. */
static void test_many_files(void **state)
{
	static Elf64_Phdr ph[MANY + 1];
	struct forged f;
	struct target *t;
	struct error e;
	char path[64];
	size_t i;

	(void)state;
	forge(&f, ET_CORE);
	f.eh.e_phnum = PN_XNUM;
	f.eh.e_phoff = PAGE;
	f.eh.e_shnum = 1;
	f.eh.e_shoff = offsetof(struct forged, sh);
	f.sh[0].sh_info = MANY + 1;
	write_forged(&f);
	for (i = 0; i < MANY; i++)
		ph[i] = (Elf64_Phdr){
			.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = PAGE,
			.p_vaddr = MAPPED_AT + i * 2 * PAGE, .p_memsz = PAGE,
		};
	ph[MANY] = (Elf64_Phdr){ .p_type = PT_NOTE,
				 .p_offset = PAGE + sizeof(ph), .p_align = 4 };
	ph[MANY].p_filesz = write_files(ph[MANY].p_offset);
	write_at(PAGE, ph, sizeof(ph));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", forged_fd);
	alarm(60);
	t = target_open_core(path, &e);
	alarm(0);
	assert_non_null(t);
	assert_int_equal(t->maps.n, MANY);
	for (i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "/%06zu", i);
		assert_string_equal(t->maps.map[i].path, path);
		assert_int_equal(t->maps.map[i].offset, 3 * PAGE);
	}
	target_close(t);
	close(forged_fd);
}

#define BANNER "GNU C Library (made up) stable release version 2.35."

static bool finds_banner(unsigned int flags)
{
	struct mapping m = { .start = BIAS, .end = BIAS + PAGE, .inode = 1,
			     .path = (char *)"/forged" };
	struct target t = { .ops = &(struct target_ops){ .file = open_forged },
			    .wordsize = 8, .maps = { .map = &m, .n = 1 } };
	struct module mod = { .path = m.path, .start = m.start,
			      .end = BIAS + 2 * PAGE };
	struct elf_file *ef;
	char text[80] = "";
	struct forged f;
	bool found;

	forge(&f, ET_DYN);
	add_phdr(&f, PT_LOAD, PF_R, 0, PAGE);
	add_phdr(&f, PT_LOAD, flags, BYTES_AT, PAGE);
	strcpy(f.bytes + 100, BANNER "\nand more");
	write_forged(&f);
	ef = elf_open(&t, &mod);
	assert_non_null(ef);
	found = elf_find_text(ef, "GNU C Library (", text, sizeof(text));
	assert_string_equal(text, found ? BANNER : "");
	elf_close(ef);
	close(forged_fd);
	return found;
}

/*
 * The version text is found where the linker has put texts and code together.
 */
static void test_banner_in_code(void **state)
{
	(void)state;
	assert_true(finds_banner(PF_R));
	assert_true(finds_banner(PF_R | PF_X));
	assert_false(finds_banner(PF_R | PF_W));
}

/*
 * If the file lacks the version text, say since it was replaced, memory has it.
 */
static void test_banner_of_memory(void **state)
{
	static const char maps[] =
		"555500000000-555500004000 rw-p 0 0:0 0 [heap]\n"
		"7f2000000000-7f2000004000 rw-p 0 0:0 0\n"
		"7f3000000000-7f3000001000 r-xp 0 0:0 1 %1$s\n"
		"7f4000001000-7f4000003000 rw-p 1000 0:0 1 %1$s\n"
		"7f4000100000-7f4000102000 rw-p 0 0:0 0\n";
	char dir[] = "/tmp/heapinfo-XXXXXX", path[64], text[512];
	struct forged f;
	struct synth s;
	struct heap h;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/libc.so.6", dir);
	forge(&f, ET_DYN);
	add_phdr(&f, PT_LOAD, PF_R, 0, PAGE);
	file = fopen(path, "w");
	assert_int_equal(fwrite(&f, sizeof(f), 1, file), 1);
	fclose(file);
	synth_make(&s, 8, 8);
	s.seg[SYNTH_SEGMENTS - 1] = (struct synth_segment){
		.addr = 0x7f3000000000, .len = PAGE, .bytes = xcalloc(PAGE, 1),
	};
	strcpy((char *)s.seg[SYNTH_SEGMENTS - 1].bytes + 100, BANNER);
	snprintf(text, sizeof(text), maps, path);
	s.text_name = "maps";
	s.text = text;
	s.text_len = strlen(text);
	open_synth(&s, &h);
	assert_string_equal(glibc_of(&h)->banner, BANNER);
	assert_string_equal(h.version, "2.35");
	heap_close(&h);
	synth_free(&s);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_huge_relocations),
		cmocka_unit_test(test_huge_dynamic),
		cmocka_unit_test(test_huge_symbols),
		cmocka_unit_test(test_packed_names),
		cmocka_unit_test(test_packed_debug_file),
		cmocka_unit_test(test_many_texts),
		cmocka_unit_test(test_many_sections),
		cmocka_unit_test(test_many_headers),
		cmocka_unit_test(test_huge_notes),
		cmocka_unit_test(test_many_files),
		cmocka_unit_test(test_banner_in_code),
		cmocka_unit_test(test_banner_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
