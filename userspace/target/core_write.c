// SPDX-License-Identifier: GPL-2.0
/*
 * Write an ELF core as the kernel does: notes about the process and its
 * threads, then its private writable memory.  Pages that were never touched
 * become holes in the file.  Notes of our own hold those files of /proc that
 * the reader looks at.
 */
#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/outfile.h"
#include "base/text.h"
#include "target/clocks.h"
#include "target/core_write.h"
#include "target/pagemap.h"

#define MAX_TEXT (16u << 20)	/* as much as is kept of one file of /proc */

/*
 * Sizes and offsets of the kernel's elf_prstatus and elf_prpsinfo, 32-bit x86.
 */
#define PRSTATUS32_SIZE 144u
#define PRSTATUS32_PID 24u
#define PRSTATUS32_REGS 72u
#define PRPSINFO32_SIZE 124u
#define PRPSINFO32_PID 12u
#define PRPSINFO32_NAME 28u

/* In the kernel's user_regs_struct of x86-64; a 32-bit one ends before. */
#define REGS64_FS_BASE (21u * 8)

struct buffer {
	u8 *bytes;
	size_t n;
};

struct writer {
	struct target *t;
	struct outfile out;
	struct buffer notes;
	struct pagemap *pm;
	struct core_written *w;
	u8 block[TARGET_BLOCK];
};

static void put(struct buffer *b, const void *bytes, size_t len)
{
	b->bytes = xrealloc(b->bytes, b->n + len, 1);
	if (bytes)
		memcpy(b->bytes + b->n, bytes, len);
	else
		memset(b->bytes + b->n, 0, len);
	b->n += len;
}

static void put_word(struct buffer *b, u64 v, unsigned int wordsize)
{
	put(b, &v, wordsize);	/* little-endian, as the target is */
}

static void pad(struct buffer *b)
{
	put(b, NULL, align_up(b->n, 4) - b->n);
}

static void put_note(struct buffer *b, const char *owner, u32 type,
		     const void *bytes, size_t len)
{
	u32 head[3] = { strlen(owner) + 1, len, type };

	put(b, head, sizeof(head));
	put(b, owner, head[0]);
	pad(b);
	put(b, bytes, len);
	pad(b);
}

/* All of a file of /proc/PID; ->n is 0 where there is none. */
static struct buffer read_text(struct target *t, const char *name)
{
	struct buffer b = { 0 };
	FILE *f = target_text(t, name);
	char block[4096];
	size_t n;

	while (f && b.n < MAX_TEXT && (n = fread(block, 1, sizeof(block), f)))
		put(&b, block, n);
	if (f)
		fclose(f);
	return b;
}

static void note_text(struct writer *w, const char *name, struct buffer *text)
{
	struct buffer b = { 0 };

	if (text->n) {
		put(&b, name, strlen(name) + 1);
		put(&b, text->bytes, text->n);
		put_note(&w->notes, SNAPSHOT_OWNER, SNAPSHOT_NT_TEXT, b.bytes,
			 b.n);
	}
	free(b.bytes);
	free(text->bytes);
}

static void note_texts(struct writer *w)
{
	static const char *const name[] = {
		"maps", "stat", "heapinfo", "heapstacks", "limits", "smaps",
		"perf-map"
	};
	struct buffer b = { 0 };
	struct clocks c;
	char line[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(name); i++) {
		b = read_text(w->t, name[i]);
		note_text(w, name[i], &b);
	}
	if (w->t->doubt != DOUBT_NONE) {
		const char *doubt = w->t->doubt == DOUBT_MIDWAY ? "midway\n" :
								  "running\n";

		b = (struct buffer){ 0 };
		put(&b, doubt, strlen(doubt));
		note_text(w, SNAPSHOT_DOUBT, &b);
	}
	clocks_now(&c);
	b = (struct buffer){ 0 };
	put(&b, line, snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 "\n",
			       c.boot_ns, c.real_ns));
	note_text(w, CLOCKS_TEXT, &b);
}

static void note_prpsinfo(struct writer *w)
{
	struct buffer args = read_text(w->t, "cmdline");
	u32 pid = w->t->pid;
	size_t i;

	for (i = 0; i + 1 < args.n; i++)
		if (!args.bytes[i])
			args.bytes[i] = ' ';
	if (w->t->wordsize == 8) {
		struct elf_prpsinfo p = { .pr_sname = 'R', .pr_pid = pid };

		memcpy(p.pr_fname, w->t->comm, sizeof(p.pr_fname));
		if (args.n)
			memcpy(p.pr_psargs, args.bytes,
			       min_u64(args.n, sizeof(p.pr_psargs) - 1));
		put_note(&w->notes, "CORE", NT_PRPSINFO, &p, sizeof(p));
	} else {
		u8 p[PRPSINFO32_SIZE] = { 0 };

		memcpy(p + PRPSINFO32_PID, &pid, 4);
		memcpy(p + PRPSINFO32_NAME, w->t->comm, 16);
		put_note(&w->notes, "CORE", NT_PRPSINFO, p, sizeof(p));
	}
	free(args.bytes);
}

/*
 * The registers can be read only of a thread that this program has stopped.  Of
 * any other, one register is known: fs_base, which holds the address of its
 * TCB.
 */
static void read_registers(const struct writer *w, const struct thread *th,
			   void *regs, size_t len)
{
	struct iovec iov = { regs, len };

	if (w->t->freezer &&
	    !ptrace(PTRACE_GETREGSET, th->tid, (void *)NT_PRSTATUS, &iov))
		return;
#ifdef __x86_64__
	if (len >= REGS64_FS_BASE + sizeof(th->tcb))
		memcpy((u8 *)regs + REGS64_FS_BASE, &th->tcb,
		       sizeof(th->tcb));
#endif
}

static void note_thread(struct writer *w, const struct thread *th)
{
	u32 tid = th->tid;

	if (w->t->wordsize == 8) {
		struct elf_prstatus p = { .pr_pid = tid };

		read_registers(w, th, &p.pr_reg, sizeof(p.pr_reg));
		put_note(&w->notes, "CORE", NT_PRSTATUS, &p, sizeof(p));
	} else {
		u8 p[PRSTATUS32_SIZE] = { 0 };

		memcpy(p + PRSTATUS32_PID, &tid, 4);
		read_registers(w, th, p + PRSTATUS32_REGS,
			       PRSTATUS32_SIZE - PRSTATUS32_REGS - 4);
		put_note(&w->notes, "CORE", NT_PRSTATUS, p, sizeof(p));
	}
}

/* The first thread of a core is the one that debuggers show first. */
static void note_threads(struct writer *w, const struct thread *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].tid == w->t->pid)
			note_thread(w, &list[i]);
	for (i = 0; i < n; i++)
		if (list[i].tid != w->t->pid)
			note_thread(w, &list[i]);
}

static void note_auxv(struct writer *w)
{
	struct buffer b = read_text(w->t, "auxv");

	if (b.n)
		put_note(&w->notes, "CORE", NT_AUXV, b.bytes, b.n);
	free(b.bytes);
}

/*
 * A deleted file keeps its name from maps, "/tmp/x (deleted)": gdb shows it so.
 */
static void note_files(struct writer *w)
{
	unsigned int word = w->t->wordsize;
	struct buffer b = { 0 }, names = { 0 };
	const struct maps *maps = &w->t->maps;
	u64 count = 0;
	size_t i;

	for (i = 0; i < maps->n; i++)
		count += maps->map[i].path[0] == '/';
	put_word(&b, count, word);
	put_word(&b, PAGE, word);
	for (i = 0; i < maps->n; i++) {
		const struct mapping *m = &maps->map[i];

		if (m->path[0] != '/')
			continue;
		put_word(&b, m->start, word);
		put_word(&b, m->end, word);
		put_word(&b, m->offset / PAGE, word);
		put(&names, m->path, strlen(m->path) + 1);
	}
	put(&b, names.bytes, names.n);
	put_note(&w->notes, "CORE", NT_FILE, b.bytes, b.n);
	free(b.bytes);
	free(names.bytes);
}

/* How many bytes of a mapping, from its start on, go into the file. */
static u64 stored_bytes(const struct writer *w, const struct mapping *m)
{
	char magic[SELFMAG];

	if (!strcmp(m->path, "[vdso]"))
		return m->end - m->start;
	if (map_is_rw(m) && !(m->perms & MAP_SHARED_))
		return m->end - m->start;
	/*
	 * Data that was relocated, then made read-only: debuggers begin with
	 * it.
	 */
	if (m->path[0] == '/' && !(m->perms & MAP_SHARED_) &&
	    pagemap_has_private(w->pm, m->start, m->end))
		return m->end - m->start;
	/* From the headers of an ELF file debuggers learn its build id. */
	if (m->path[0] == '/' && !m->offset && m->perms & MAP_READ &&
	    !(m->perms & MAP_SHARED_) &&
	    target_read(w->t, m->start, magic, SELFMAG) == SELFMAG &&
	    !memcmp(magic, ELFMAG, SELFMAG))
		return PAGE;
	return 0;
}

static int machine_of(unsigned int wordsize)
{
#if defined(__x86_64__) || defined(__i386__)
	return wordsize == 8 ? EM_X86_64 : EM_386;
#elif defined(__aarch64__)
	return wordsize == 8 ? EM_AARCH64 : EM_ARM;
#else
	(void)wordsize;
	return EM_NONE;
#endif
}

/* Write the headers; fill @data with where each mapping's bytes will be. */
static int write_headers(struct writer *w, u64 *data, u64 *end,
			 struct error *e)
{
	const struct maps *maps = &w->t->maps;
	int class = w->t->wordsize == 8 ? ELFCLASS64 : ELFCLASS32;
	size_t phnum = maps->n + 1, i;
	GElf_Phdr ph = { .p_type = PT_NOTE, .p_flags = PF_R, .p_align = 4 };
	GElf_Ehdr eh;
	Elf *elf;
	u64 at;

	if (phnum >= PN_XNUM)
		return error_set(e, "the process has %zu mappings, more than a core file can list",
				 maps->n);
	elf_version(EV_CURRENT);
	elf = elf_begin(w->out.fd, ELF_C_WRITE, NULL);
	if (!elf || !gelf_newehdr(elf, class) || !gelf_newphdr(elf, phnum) ||
	    !gelf_getehdr(elf, &eh))
		goto failed;
	elf_flagelf(elf, ELF_C_SET, ELF_F_LAYOUT);
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_type = ET_CORE;
	eh.e_machine = machine_of(w->t->wordsize);
	eh.e_version = EV_CURRENT;
	eh.e_phoff = gelf_fsize(elf, ELF_T_EHDR, 1, EV_CURRENT);
	gelf_update_ehdr(elf, &eh);
	ph.p_offset = eh.e_phoff +
		      gelf_fsize(elf, ELF_T_PHDR, phnum, EV_CURRENT);
	ph.p_filesz = w->notes.n;
	gelf_update_phdr(elf, 0, &ph);
	at = align_up(ph.p_offset + ph.p_filesz, PAGE);
	for (i = 0; i < maps->n; i++) {
		const struct mapping *m = &maps->map[i];
		GElf_Phdr load = {
			.p_type = PT_LOAD, .p_offset = at, .p_vaddr = m->start,
			.p_memsz = m->end - m->start, .p_align = PAGE,
			.p_flags = (m->perms & MAP_READ ? PF_R : 0) |
				   (m->perms & MAP_WRITE ? PF_W : 0) |
				   (m->perms & MAP_EXEC ? PF_X : 0),
		};

		load.p_filesz = stored_bytes(w, m);
		data[i] = at;
		at += load.p_filesz;
		w->w->memory += load.p_filesz;
		gelf_update_phdr(elf, i + 1, &load);
	}
	*end = at;
	if (elf_update(elf, ELF_C_WRITE) < 0)
		goto failed;
	elf_end(elf);
	return outfile_write(&w->out, w->notes.bytes, w->notes.n, ph.p_offset,
			     e);
failed:
	error_set(e, "cannot write %s: %s", w->out.path, elf_errmsg(-1));
	elf_end(elf);
	return -1;
}

static int write_mapping(struct writer *w, const struct mapping *m, u64 to,
			 struct error *e)
{
	u64 len = stored_bytes(w, m), at = m->start, end = m->start + len;
	size_t n;

	for (; at < end; at += n) {
		/*
		 * Anonymous memory that was never touched holds zeroes: leave
		 * holes in the file for it.
		 */
		if (!m->inode)
			at = pagemap_next(w->pm, at, end);
		n = min_u64(end - at, 16 * PAGE);
		w->w->missing += target_read_holes(w->t, at, w->block, n);
		w->w->stored += n;
		if (outfile_write(&w->out, w->block, n, to + (at - m->start),
				  e))
			return -1;
		progress_at(w->w->stored);
	}
	return 0;
}

static int write_memory(struct writer *w, const u64 *data, u64 end,
			struct error *e)
{
	const struct maps *maps = &w->t->maps;
	size_t i;

	progress_start("snapshot", w->w->memory);
	for (i = 0; i < maps->n; i++)
		if (write_mapping(w, &maps->map[i], data[i], e))
			return -1;
	progress_end();
	if (ftruncate(w->out.fd, end))
		return error_set(e, "cannot write %s: %s", w->out.path,
				 strerror(errno));
	return 0;
}

/**
 * core_write - write a process as a core file
 * @t: the process, live; stopped if its registers shall be in the file
 * @threads: its threads, each with its TCB where that is known
 * @n: how many
 * @path: the file; only its owner may read it
 * @w: filled: how much was written
 * @e: the reason, on failure
 *
 * Return: 0, or -1 with no file left.
 */
int core_write(struct target *t, const struct thread *threads, size_t n,
	       const char *path, struct core_written *w, struct error *e)
{
	struct writer *wr = xcalloc(1, sizeof(*wr));
	u64 *data, end = 0;
	int ret;

	memset(w, 0, sizeof(*w));
	wr->t = t;
	wr->w = w;
	ret = outfile_open(&wr->out, path, 0600, e);
	if (ret) {
		free(wr);
		return ret;
	}
	wr->pm = pagemap_open(t);
	data = xcalloc(t->maps.n, sizeof(*data));
	note_prpsinfo(wr);
	note_threads(wr, threads, n);
	note_auxv(wr);
	note_files(wr);
	note_texts(wr);
	ret = write_headers(wr, data, &end, e);
	if (!ret)
		ret = write_memory(wr, data, end, e);
	/*
	 * If the process has ended by now, zeroes were written for its memory.
	 */
	if (!ret)
		ret = target_reload_maps(t, e);
	if (!ret)
		ret = outfile_done(&wr->out, e);
	else
		outfile_drop(&wr->out);
	pagemap_close(wr->pm);
	free(wr->notes.bytes);
	free(data);
	free(wr);
	return ret;
}
