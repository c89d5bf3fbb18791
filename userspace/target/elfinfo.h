/* SPDX-License-Identifier: GPL-2.0 */
/* Read the ELF files that a target has mapped: modules, data, symbols. */
#ifndef HEAPINFO_ELFINFO_H
#define HEAPINFO_ELFINFO_H

#include <libelf.h>

#include "target/target.h"

/* One mapped ELF file. */
struct module {
	char *path;
	u64 start;	/* of its first mapping */
	u64 end;
	u64 rw_start;	/* of its data and the bss behind; 0: it has none */
	u64 rw_end;
	bool exe;	/* the program itself */
};

struct modules {
	struct module *mod;
	size_t n;
};

/* Bytes from a file or from the target, with their address. */
struct image {
	u64 addr;
	u8 *bytes;
	size_t len;
	unsigned int word;
};

/* An open ELF file, and where the target has it in memory. */
struct elf_file;

void modules_find(struct target *t, struct modules *mods);
void modules_free(struct modules *mods);
const struct module *modules_matching(const struct modules *mods,
				      const char *const names[],
				      const struct module *before);

struct elf_file *elf_open(struct target *t, const struct module *mod);
struct elf_file *elf_take(struct target *t, const struct module *mod, int fd);
void elf_close(struct elf_file *ef);
Elf *elf_handle(const struct elf_file *ef);
int elf_fd(const struct elf_file *ef);
bool elf_is_trusted(const struct elf_file *ef);
u64 elf_bias(const struct elf_file *ef);
bool elf_data_image(struct elf_file *ef, struct image *img);
bool elf_find_text(struct elf_file *ef, const char *needle, char *out,
		   size_t room);
u64 elf_dynamic(const struct elf_file *ef);
bool elf_exports(struct elf_file *ef, const char *name, const char *version);
bool elf_has_symbol(struct elf_file *ef, const char *const names[]);

/* A symbol to find. */
struct elf_wanted {
	const char *name;
	u64 addr;	/* filled; of a TLS symbol, its offset in the block */
	u64 size;
	bool found;
};

void elf_own_symbols(struct elf_file *ef, struct elf_wanted *want, size_t n);

/* Those of separate debug files too (libc6-dbg); slow. */
void elf_symbols(struct target *t, const struct module *mod,
		 struct elf_wanted *want, size_t n);

#endif
