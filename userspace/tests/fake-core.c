// SPDX-License-Identifier: GPL-2.0
/*
 * usage: fake-core OUT NAME=FILE...
 *
 * Write an ELF core like a snapshot, with one page of zeroes at 0x10000 and
 * these text files of /proc: what the commands print of it is always the same,
 * and can be compared with fixed text.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWNER "heapinfo"
#define NT_TEXT 0x48495458
#define PAGE 4096

static char notes[1 << 16];
static size_t used;

static void put(const void *bytes, size_t len)
{
	if (used + len + 4 > sizeof(notes)) {
		fputs("fake-core: the texts are too long\n", stderr);
		exit(1);
	}
	memcpy(notes + used, bytes, len);
	used += len;
}

static void pad(void)
{
	while (used % 4)
		notes[used++] = 0;
}

static void note(const char *owner, int type, const void *bytes, size_t len)
{
	Elf64_Nhdr nh = { strlen(owner) + 1, len, type };

	put(&nh, sizeof(nh));
	put(owner, nh.n_namesz);
	pad();
	put(bytes, len);
	pad();
}

static int text(char *arg)
{
	static char buf[1 << 15];
	char *path = strchr(arg, '=');
	size_t len;
	FILE *f;

	if (!path)
		return -1;
	*path++ = '\0';
	len = strlen(arg) + 1;
	memcpy(buf, arg, len);
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		return -1;
	}
	len += fread(buf + len, 1, sizeof(buf) - len, f);
	fclose(f);
	note(OWNER, NT_TEXT, buf, len);
	return 0;
}

int main(int argc, char **argv)
{
	static char info[136], page[PAGE];
	Elf64_Ehdr eh = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_phoff = sizeof(eh),
		.e_ehsize = sizeof(eh), .e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	Elf64_Phdr ph[2] = {
		{ .p_type = PT_NOTE,
		  .p_offset = sizeof(eh) + sizeof(ph) },
		{ .p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = PAGE,
		  .p_memsz = PAGE, .p_flags = PF_R | PF_W },
	};
	FILE *f;
	int i;

	*(int *)(info + 24) = 4172;
	strcpy(info + 40, "4-main");
	note("CORE", NT_PRPSINFO, info, sizeof(info));
	for (i = 2; i < argc; i++)
		if (text(argv[i]))
			return 1;
	f = argc > 1 ? fopen(argv[1], "w") : NULL;
	if (!f)
		return 64;
	ph[0].p_filesz = used;
	ph[1].p_offset = ph[0].p_offset + used;
	fwrite(&eh, sizeof(eh), 1, f);
	fwrite(ph, sizeof(ph), 1, f);
	fwrite(notes, used, 1, f);
	fwrite(page, sizeof(page), 1, f);
	return fclose(f) ? 1 : 0;
}
