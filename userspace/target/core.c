// SPDX-License-Identifier: GPL-2.0
/*
 * Read a process from an ELF core file: one that the kernel or gcore wrote, or
 * a snapshot of our own, which also holds text files of /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/elf_bound.h"
#include "target/target.h"
#include "target/unpack.h"

/* Bounds on what a file may make us read; no process comes near them. */
#define MAX_NOTES (256u << 20)
#define MAX_PHDRS (2u << 20)

struct segment {
	u64 addr;
	u64 len;	/* bytes that the file really has */
	u64 offset;
};

struct text {
	char *name;
	char *bytes;
	size_t len;
};

struct core {
	int fd;
	u64 file_size;
	off_t data;	/* the range without a hole that was found last */
	off_t data_end;
	struct segment *seg;
	size_t segs;
	struct text *text;
	size_t texts;
	struct thread *thread;
	size_t threads;
	int machine;
	struct elf_budget notes;
};

static const struct segment *segment_of(const struct core *c, u64 addr)
{
	size_t lo = 0, hi = c->segs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr < c->seg[mid].addr)
			hi = mid;
		else if (addr - c->seg[mid].addr >= c->seg[mid].len)
			lo = mid + 1;
		else
			return &c->seg[mid];
	}
	return NULL;
}

static size_t core_read(struct target *t, u64 addr, void *buf, size_t len)
{
	struct core *c = t->priv;
	size_t done = 0;

	while (done < len) {
		const struct segment *s = segment_of(c, addr + done);
		ssize_t n;

		if (!s)
			break;
		n = pread(c->fd, (u8 *)buf + done,
			  min_u64(len - done, s->len - (addr + done - s->addr)),
			  s->offset + (addr + done - s->addr));
		if (n <= 0)
			break;
		done += n;
	}
	return done;
}

/* A hole in the file stands for zeroes: memory that was never touched. */
static u64 next_data(struct core *c, const struct segment *s, u64 addr)
{
	off_t at = s->offset + (addr - s->addr), data;

	if (at >= c->data && at < c->data_end)
		return addr;
	data = lseek(c->fd, at, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? s->addr + s->len : addr;
	c->data = data;
	c->data_end = lseek(c->fd, data, SEEK_HOLE);
	return s->addr + min_u64(data - s->offset, s->len);
}

static u64 core_next(struct target *t, u64 addr)
{
	struct core *c = t->priv;
	size_t lo = 0, hi = c->segs;

	/* Find the first segment that ends behind @addr. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->seg[mid].addr > addr ||
		    addr - c->seg[mid].addr < c->seg[mid].len)
			hi = mid;
		else
			lo = mid + 1;
	}
	for (; lo < c->segs; lo++) {
		const struct segment *s = &c->seg[lo];

		addr = next_data(c, s, max_u64(s->addr, addr));
		if (addr - s->addr < s->len)
			return addr;
	}
	return UINT64_MAX;
}

static FILE *core_text(struct target *t, const char *name)
{
	struct core *c = t->priv;
	size_t i;

	for (i = 0; i < c->texts; i++)
		if (!strcmp(c->text[i].name, name) && c->text[i].len)
			return fmemopen(c->text[i].bytes, c->text[i].len, "r");
	errno = ENOENT;
	return NULL;
}

static int core_file(struct target *t, const struct mapping *m)
{
	struct stat st;
	int fd;

	(void)t;
	/* A forged core may name a device: look before opening. */
	if (stat(m->path, &st) || !S_ISREG(st.st_mode))
		return -1;
	fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static size_t core_threads(struct target *t, struct thread **list)
{
	struct core *c = t->priv;

	*list = xrealloc(NULL, c->threads, sizeof(**list));
	if (c->threads)
		memcpy(*list, c->thread, c->threads * sizeof(**list));
	return c->threads;
}

static void core_close(struct target *t)
{
	struct core *c = t->priv;
	size_t i;

	for (i = 0; i < c->texts; i++) {
		free(c->text[i].name);
		free(c->text[i].bytes);
	}
	free(c->text);
	free(c->seg);
	free(c->thread);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static const struct target_ops core_ops = {
	.read = core_read,
	.next = core_next,
	.text = core_text,
	.file = core_file,
	.threads = core_threads,
	.close = core_close,
};

static int by_addr(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Where two segments overlap, the address belongs to the first. */
static void sort_segments(struct core *c)
{
	size_t i, out = 0;

	sort_array(c->seg, c->segs, sizeof(*c->seg), by_addr);
	for (i = 0; i < c->segs; i++) {
		struct segment s = c->seg[i];

		if (out) {
			struct segment *p = &c->seg[out - 1];
			u64 over;

			if (s.addr - p->addr < p->len) {
				over = p->len - (s.addr - p->addr);
				if (over >= s.len)
					continue;
				s.addr += over;
				s.offset += over;
				s.len -= over;
			}
		}
		c->seg[out++] = s;
	}
	c->segs = out;
}

static void add_segment(struct target *t, const GElf_Phdr *ph)
{
	struct core *c = t->priv;
	struct mapping m = {
		.start = ph->p_vaddr,
		.end = ph->p_vaddr + ph->p_memsz,
		.perms = (ph->p_flags & PF_R ? MAP_READ : 0) |
			 (ph->p_flags & PF_W ? MAP_WRITE : 0) |
			 (ph->p_flags & PF_X ? MAP_EXEC : 0),
		.path = "",
	};
	u64 len = ph->p_filesz;

	if (m.end <= m.start)
		return;
	maps_add(&t->maps, &m);
	if (len > ph->p_memsz)
		len = ph->p_memsz;
	if (ph->p_offset > c->file_size || len > c->file_size - ph->p_offset) {
		t->partial = true;
		len = ph->p_offset < c->file_size ?
		      c->file_size - ph->p_offset : 0;
	}
	if (!len)
		return;
	c->seg = xgrow(c->seg, c->segs, sizeof(*c->seg));
	c->seg[c->segs++] = (struct segment){ ph->p_vaddr, len, ph->p_offset };
}

/* An entry of NT_FILE. */
struct file_range {
	u64 start;
	u64 end;
	u64 offset;
	const char *name;
};

static int by_range(const void *a, const void *b)
{
	const struct file_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Files and mappings are both in order of address: one pass does for both. */
static void name_mappings(struct target *t, const struct file_range *f,
			  size_t n)
{
	size_t i, at = 0;

	for (i = 0; n && i < t->maps.n; i++) {
		struct mapping *m = &t->maps.map[i];

		while (at + 1 < n && f[at + 1].start <= m->start)
			at++;
		if (m->start < f[at].start || m->start >= f[at].end)
			continue;
		free(m->path);
		m->path = xstrdup(f[at].name);
		m->offset = f[at].offset + (m->start - f[at].start);
	}
}

/*
 * NT_FILE is: count, page size, {start, end, offset in pages} for each, names.
 */
static void note_files(struct target *t, const u8 *d, size_t len)
{
	const char *name, *end = (const char *)d + len;
	unsigned int w = t->wordsize;
	struct file_range *f;
	u64 count, unit, i;

	if (len < 2 * w)
		return;
	count = get_word(d, w);
	unit = get_word(d + w, w);
	if (count > (len - 2 * w) / (3 * w))
		return;
	f = xcalloc(count, sizeof(*f));
	name = (const char *)d + (2 + 3 * count) * w;
	for (i = 0; i < count && memchr(name, 0, end - name); i++) {
		const u8 *e = d + (2 + 3 * i) * w;

		f[i].start = get_word(e, w);
		f[i].end = get_word(e + w, w);
		f[i].offset = get_word(e + 2 * w, w) * unit;
		f[i].name = name;
		name += strlen(name) + 1;
	}
	/* The kernel writes them in order; a forged core may not. */
	sort_array(f, i, sizeof(*f), by_range);
	name_mappings(t, f, i);
	free(f);
}

/* Offsets in the kernel's elf_prstatus and elf_prpsinfo. */
static void note_prstatus(struct target *t, const u8 *d, size_t len)
{
	struct core *c = t->priv;
	struct thread th = { .stopped = true };

	if (c->machine == EM_X86_64 && len >= 288) {
		th.tid = get_u32(d + 32);
		th.tcb = get_word(d + 112 + 21 * 8, 8);	/* fs_base */
		th.nr = get_word(d + 112 + 15 * 8, 8);	/* orig_rax */
		th.pc = get_word(d + 112 + 16 * 8, 8);	/* rip */
		th.placed = true;
	} else if (c->machine == EM_386 && len >= 72 + 13 * 4) {
		th.tid = get_u32(d + 24);
		th.nr = (int)get_u32(d + 72 + 11 * 4);	/* orig_eax */
		th.pc = get_u32(d + 72 + 12 * 4);	/* eip */
		th.placed = true;
	} else if (c->machine == EM_386 && len >= 28) {
		th.tid = get_u32(d + 24);
	} else {
		return;
	}
	c->thread = xgrow(c->thread, c->threads, sizeof(*c->thread));
	c->thread[c->threads++] = th;
	if (!t->pid)
		t->pid = th.tid;
}

/*
 * The first thread in the file got the signal. Did it also cause it, by a
 * fault?
 */
static void note_siginfo(struct core *c, const u8 *d, size_t len)
{
	int sig, code;

	if (len < 12 || c->threads != 1)
		return;
	sig = get_u32(d);
	code = get_u32(d + 8);
	c->thread[0].faulted = code > 0 &&
			       (sig == SIGSEGV || sig == SIGBUS ||
				sig == SIGILL || sig == SIGFPE);
}

static void note_prpsinfo(struct target *t, const u8 *d, size_t len)
{
	size_t pid = t->wordsize == 8 ? 24 : 12;
	size_t name = t->wordsize == 8 ? 40 : 28;

	if (len < name + 16)
		return;
	t->pid = get_u32(d + pid);
	memcpy(t->comm, d + name, 16);
	t->comm[16] = '\0';
}

static void note_text(struct core *c, const char *d, size_t len)
{
	const char *end = memchr(d, 0, len);
	struct text *x;

	if (!end)
		return;
	c->text = xgrow(c->text, c->texts, sizeof(*c->text));
	x = &c->text[c->texts++];
	x->name = xstrdup(d);
	x->len = len - (end + 1 - d);
	x->bytes = xrealloc(NULL, x->len, 1);
	memcpy(x->bytes, end + 1, x->len);
}

static bool note_is(const char *name, size_t len, const char *owner)
{
	return len == strlen(owner) + 1 && !memcmp(name, owner, len);
}

/*
 * Read the notes, all but NT_FILE; or, with @files, NT_FILE alone: it names the
 * mappings, and so must wait until all of them are known.
 */
static void read_notes(struct target *t, Elf *elf, const GElf_Phdr *ph,
		       bool files)
{
	struct core *c = t->priv;
	size_t off = 0, next, name_off, desc_off;
	Elf_Data *data;
	GElf_Nhdr nh;

	if (ph->p_offset > c->file_size ||
	    ph->p_filesz > c->file_size - ph->p_offset) {
		t->partial = true;
		return;
	}
	if (!elf_spend(&c->notes, ph->p_filesz))
		return;
	data = elf_getdata_rawchunk(elf, ph->p_offset, ph->p_filesz,
				    ELF_T_NHDR);
	if (!data)
		return;
	while ((next = gelf_getnote(data, off, &nh, &name_off, &desc_off))) {
		const char *name = (char *)data->d_buf + name_off;
		const u8 *d = (u8 *)data->d_buf + desc_off;

		if (files && note_is(name, nh.n_namesz, "CORE") &&
		    nh.n_type == NT_FILE)
			note_files(t, d, nh.n_descsz);
		else if (files)
			;
		else if (note_is(name, nh.n_namesz, SNAPSHOT_OWNER) &&
			 nh.n_type == SNAPSHOT_NT_TEXT)
			note_text(c, (const char *)d, nh.n_descsz);
		else if (!note_is(name, nh.n_namesz, "CORE"))
			;
		else if (nh.n_type == NT_PRSTATUS)
			note_prstatus(t, d, nh.n_descsz);
		else if (nh.n_type == NT_PRPSINFO)
			note_prpsinfo(t, d, nh.n_descsz);
		else if (nh.n_type == NT_SIGINFO)
			note_siginfo(c, d, nh.n_descsz);
		off = next;
	}
}

/*
 * Only a snapshot may have been taken of a process that ran, and it says so.
 * Whatever it says: in a file that is cut off, what looks wrong may be missing.
 */
static void read_doubt(struct target *t)
{
	FILE *f = core_text(t, SNAPSHOT_DOUBT);
	char word[16] = "";

	if (t->partial)
		t->doubt = DOUBT_TRUNCATED;
	if (!f)
		return;
	if (fscanf(f, "%15s", word) != 1)
		word[0] = '\0';
	if (!t->partial)
		t->doubt = !strcmp(word, "running") ? DOUBT_SNAPSHOT :
			   !strcmp(word, "midway") ? DOUBT_MIDWAY : DOUBT_NONE;
	fclose(f);
}

static void read_headers(struct target *t, Elf *elf, size_t phdrs)
{
	struct core *c = t->priv;
	struct maps own = { 0 };
	GElf_Phdr ph;
	FILE *f;
	size_t i;

	c->notes.left = MAX_NOTES;
	for (i = 0; i < phdrs; i++) {
		if (!gelf_getphdr(elf, i, &ph))
			t->partial = true;
		else if (ph.p_type == PT_LOAD)
			add_segment(t, &ph);
		else if (ph.p_type == PT_NOTE)
			read_notes(t, elf, &ph, false);
	}
	sort_segments(c);
	maps_sort(&t->maps);
	c->notes.left = MAX_NOTES;
	for (i = 0; i < phdrs; i++)
		if (gelf_getphdr(elf, i, &ph) && ph.p_type == PT_NOTE)
			read_notes(t, elf, &ph, true);
	read_doubt(t);
	f = core_text(t, "maps");
	if (f && !maps_parse(&own, f)) {
		maps_free(&t->maps);
		t->maps = own;
	}
	if (f)
		fclose(f);
}

static int load(struct target *t, const char *path, struct error *e)
{
	struct core *c = t->priv;
	struct stat st;
	size_t phdrs;
	GElf_Ehdr eh;
	Elf *elf;
	int ret = 0;

	c->fd = unpack_open(path, &t->partial, e);
	if (c->fd < 0)
		return -1;
	if (fstat(c->fd, &st))
		return error_set(e, "cannot open %s: %s", path,
				 strerror(errno));
	c->file_size = S_ISREG(st.st_mode) ? st.st_size : 0;
	elf = elf_begin_bounded(c->fd);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh))
		ret = error_set(e, "%s is no ELF file%s", path, st.st_size ?
				"; give a core that the kernel, gcore or 'heapinfo snapshot' wrote" :
				": it is empty; check the disk space and 'ulimit -c' where it was written");
	else if (eh.e_type != ET_CORE)
		ret = error_set(e, "%s is an ELF file but no core; give a core that the kernel, gcore or 'heapinfo snapshot' wrote",
				path);
	else if (eh.e_ident[EI_DATA] != ELFDATA2LSB)
		ret = error_set(e, "%s is of a big-endian machine, which heapinfo cannot decode",
				path);
	else if (elf_getphdrnum(elf, &phdrs) || !phdrs)
		ret = error_set(e, "%s is truncated: it ends before its program headers; check the disk space and 'ulimit -c' where it was written",
				path);
	else if (phdrs > MAX_PHDRS)
		ret = error_set(e, "%s lists %zu mappings, more than heapinfo reads: it is damaged, or no core of a process",
				path, phdrs);
	if (!ret) {
		t->wordsize = gelf_getclass(elf) == ELFCLASS32 ? 4 : 8;
		c->machine = eh.e_machine;
		read_headers(t, elf, phdrs);
		if (!t->maps.n || !c->segs)
			ret = error_set(e, "%s holds no memory%s", path,
					t->partial ? ": it is truncated; check the disk space and 'ulimit -c' where it was written" : "");
	}
	elf_end(elf);
	return ret;
}

/**
 * target_open_core - look at a core file
 * @path: its name, or that of a program, as unpack_open() takes it
 * @e: the reason, on failure
 *
 * A core that ends too early is used as far as it goes, with ->partial set.
 *
 * Return: the target, or NULL.
 */
struct target *target_open_core(const char *path, struct error *e)
{
	struct target *t = xcalloc(1, sizeof(*t));
	struct core *c = xcalloc(1, sizeof(*c));

	c->fd = -1;
	t->ops = &core_ops;
	t->priv = c;
	t->wordsize = 8;
	if (load(t, path, e)) {
		target_close(t);
		return NULL;
	}
	return t;
}
