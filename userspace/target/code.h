/* SPDX-License-Identifier: GPL-2.0 */
/* The files that a target runs code of, and whether they still are what was mapped. */
#ifndef HEAPINFO_CODE_H
#define HEAPINFO_CODE_H

#include <libelf.h>

#include "target/elfinfo.h"

#define CODE_BUILD_ID 64u	/* bytes of one at most; usual are 20 */

enum code_state {
	CODE_UNTRIED,
	CODE_USABLE,
	CODE_GONE,	/* it cannot be opened any more */
	CODE_REPLACED,	/* another file has its name now */
	CODE_DENIED,	/* it may not be read */
	CODE_UNFIT,	/* no ELF file, or mapped in another way than it says */
};

struct code_files;

struct code_file {
	struct code_files *of;
	struct module mod;
	bool vdso;
	enum code_state state;	/* code_file_try() finds it out */
	bool trusted;	/* root's or ours: it may lead to other files */
	char build_id[2 * CODE_BUILD_ID + 1];	/* of what is mapped; "": unknown */
	u64 bias;	/* address in the target - address in the file */
	struct elf_file *ef;
	u8 *image;	/* the vdso, which is no file */
	size_t image_len;
	Elf *elf;	/* of @image */
};

struct code_files {
	struct target *t;
	struct code_file *file;
	size_t n;
};

void code_files_find(struct target *t, struct code_files *files);
void code_files_free(struct code_files *files);
struct code_file *code_file_at(const struct code_files *files, u64 addr);
enum code_state code_file_try(struct code_file *f);
Elf *code_file_elf(const struct code_file *f);
const char *code_state_text(enum code_state s);
const char *code_state_name(enum code_state s);

bool code_is_executable(const struct target *t, u64 addr);
size_t code_read(const struct code_files *files, u64 addr, void *buf,
		 size_t len);
bool code_follows_call(const struct code_files *files, u64 pc);

#endif
