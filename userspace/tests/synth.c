// SPDX-License-Identifier: GPL-2.0
/* Make up a heap, and write it as a core: see synth.h. */
#include <elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "glibc/glibc.h"
#include "synth.h"

#define TID 4711
#define LIBC_LEN 0x2000u
#define HEAP_LEN 0x4000u
#define TLS_LEN 0x2000u
#define TCB_OFFSET 0x1000u
#define MAPPED_LEN 0x3000u

enum { LIBC, HEAP, TLS, THREAD, MAPPED };

static u8 *bytes_at(const struct synth *s, u64 addr, size_t len)
{
	size_t i;

	for (i = 0; i < SYNTH_SEGMENTS; i++)
		if (range_inside(addr, len, s->seg[i].addr,
				 s->seg[i].addr + s->seg[i].len))
			return s->seg[i].bytes + (addr - s->seg[i].addr);
	return NULL;
}

static u8 *place(const struct synth *s, u64 addr, size_t len)
{
	u8 *bytes = bytes_at(s, addr, len);

	if (!bytes)
		abort();	/* the test has a wrong address */
	return bytes;
}

/**
 * synth_has - does the heap have this memory?
 * @s: the heap
 * @addr: where it begins
 * @len: bytes
 *
 * Return: true if all of it is in one segment.
 */
bool synth_has(const struct synth *s, u64 addr, size_t len)
{
	return bytes_at(s, addr, len);
}

/**
 * synth_put - write a word
 * @s: the heap
 * @addr: where
 * @word: what
 */
void synth_put(struct synth *s, u64 addr, u64 word)
{
	memcpy(place(s, addr, s->l.word), &word, s->l.word);
}

/**
 * synth_get - read a word
 * @s: the heap
 * @addr: where
 *
 * Return: the word.
 */
u64 synth_get(const struct synth *s, u64 addr)
{
	return get_word(place(s, addr, s->l.word), s->l.word);
}

static void put_u32(struct synth *s, u64 addr, u32 v)
{
	memcpy(place(s, addr, 4), &v, 4);
}

static void segment(struct synth *s, unsigned int i, u64 addr, size_t len,
		    const char *path)
{
	s->seg[i].addr = addr;
	s->seg[i].len = len;
	s->seg[i].bytes = xcalloc(len, 1);
	s->seg[i].path = path;
}

static u64 bin_head(const struct synth *s, u64 arena, unsigned int bin)
{
	return arena + s->l.bins + 2 * (bin - 1) * s->l.word - 2 * s->l.word;
}

static void make_arena(struct synth *s, u64 arena, u64 next, u64 top,
		       u64 system_mem)
{
	unsigned int w = s->l.word, bin;

	for (bin = 1; bin < NBINS; bin++) {
		u64 head = bin_head(s, arena, bin);

		synth_put(s, head + 2 * w, head);
		synth_put(s, head + 3 * w, head);
	}
	synth_put(s, arena + s->l.top, top);
	synth_put(s, arena + s->l.next, next);
	synth_put(s, arena + s->l.attached, 1);
	synth_put(s, arena + s->l.system_mem, system_mem);
	synth_put(s, arena + s->l.max_system_mem, system_mem);
}

static void make_mp(struct synth *s, u64 sbrk_base)
{
	const struct layout *l = &s->l;

	synth_put(s, s->mp + l->mp_trim_threshold, 0x20000);
	synth_put(s, s->mp + l->mp_top_pad, 0x20000);
	synth_put(s, s->mp + l->mp_mmap_threshold, 0x20000);
	synth_put(s, s->mp + l->mp_arena_test, l->word == 8 ? 8 : 2);
	put_u32(s, s->mp + l->mp_n_mmaps_max, 65536);
	synth_put(s, s->mp + l->mp_sbrk_base, sbrk_base);
	if (l->mp_tcache_count)
		synth_put(s, s->mp + l->mp_tcache_count, l->tcache_fill);
}

/* Write a chunk of @size at *@at, and move *@at behind it. */
static u64 chunk(struct synth *s, u64 *at, u64 size, unsigned int flags)
{
	u64 here = *at;

	synth_put(s, here + s->l.word, size | flags);
	*at += size;
	return here;
}

/* Put @c on a bin, alone there, and have the next chunk say that it is free. */
static void link_bin(struct synth *s, u64 c, u64 size, unsigned int bin)
{
	u64 head = bin_head(s, s->main_arena, bin), next = c + size;
	u64 map = s->main_arena + s->l.binmap + bin / 32 * 4;
	unsigned int w = s->l.word;

	synth_put(s, head + 2 * w, c);
	synth_put(s, head + 3 * w, c);
	synth_put(s, c + 2 * w, head);
	synth_put(s, c + 3 * w, head);
	synth_put(s, next, size);
	synth_put(s, next + w, synth_get(s, next + w) & ~(u64)PREV_INUSE);
	if (bin > 1)
		put_u32(s, map, get_u32(place(s, map, 4)) | 1u << bin % 32);
	if (size >= layout_min_large(&s->l) && bin > 1) {
		synth_put(s, c + 4 * w, c);
		synth_put(s, c + 5 * w, c);
	}
}

/* A random number: the same ones come again from the same seed. */
static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 16;
}

/* Many chunks, mostly small ones. Every second one is freed later. */
static void make_many(struct synth *s, u64 *at, u64 *seed)
{
	size_t i;

	for (i = 0; i < s->frees; i++) {
		u64 size = s->l.minsize + next_random(seed) % 24 * s->l.align;

		if (!(next_random(seed) % 64))
			size = layout_min_large(&s->l) +
			       next_random(seed) % 64 * s->l.align;
		s->free[i] = chunk(s, at, size, 1);
		chunk(s, at, s->l.minsize + next_random(seed) % 8 * s->l.align,
		      1);
	}
}

/* Put a chunk at the front of a list, as free() does. */
static void link_first(struct synth *s, u64 c, unsigned int bin)
{
	u64 size = synth_get(s, c + s->l.word) & ~(u64)SIZE_BITS;
	u64 head = bin_head(s, s->main_arena, bin);
	unsigned int w = s->l.word;
	u64 first = synth_get(s, head + 2 * w);
	u64 last = synth_get(s, head + 3 * w);

	link_bin(s, c, size, bin);
	if (first == head)
		return;
	synth_put(s, c + 2 * w, first);
	synth_put(s, first + 3 * w, c);
	synth_put(s, head + 3 * w, last);
}

static u64 size_of(const struct synth *s, u64 c)
{
	return synth_get(s, c + s->l.word) & ~(u64)SIZE_BITS;
}

/* Let two words of chunks lead to each other: @fd of @c to @next, and back by @bk. */
static void join(struct synth *s, u64 c, u64 next, unsigned int fd,
		 unsigned int bk)
{
	synth_put(s, c + fd * s->l.word, next);
	synth_put(s, next + bk * s->l.word, c);
}

/*
 * Put a chunk on its large bin, as malloc sorts it: from large to small, the first
 * of each size on the ring, and the newest of the others behind that one.
 */
static void link_sorted(struct synth *s, u64 c)
{
	unsigned int w = s->l.word, bin;
	u64 size = size_of(s, c), first, last, head, at, ring = 0;

	bin = layout_bin_index(&s->l, size);
	head = bin_head(s, s->main_arena, bin);
	first = synth_get(s, head + 2 * w);
	last = synth_get(s, head + 3 * w);
	link_bin(s, c, size, bin);
	if (first == head)
		return;
	synth_put(s, head + 2 * w, first);
	synth_put(s, head + 3 * w, last);
	for (at = first; at != head && size_of(s, at) > size;
	     at = synth_get(s, at + 2 * w))
		if (synth_get(s, at + 4 * w))
			ring = at;
	if (at != head && size_of(s, at) == size) {
		at = synth_get(s, at + 2 * w);
		synth_put(s, c + 4 * w, 0);
		synth_put(s, c + 5 * w, 0);
	} else {
		ring = ring ? ring : synth_get(s, first + 5 * w);
		join(s, c, synth_get(s, ring + 4 * w), 4, 5);
		join(s, ring, c, 4, 5);
	}
	join(s, synth_get(s, at + 3 * w), c, 2, 3);
	join(s, c, at, 2, 3);
}

/*
 * Free them in random order: of three, two on the unsorted list and one on its
 * bin.
 */
static void free_many(struct synth *s, u64 *seed)
{
	u64 *c = xcalloc(s->frees + 1, sizeof(*c)), swap, size;
	size_t i, j;

	if (s->frees)
		memcpy(c, s->free, s->frees * sizeof(*c));
	for (i = 0; i < s->frees; i++) {
		j = i + next_random(seed) % (s->frees - i);
		swap = c[i];
		c[i] = c[j];
		c[j] = swap;
		size = size_of(s, c[i]);
		if (!(i % 3) && size >= layout_min_large(&s->l))
			link_sorted(s, c[i]);
		else
			link_first(s, c[i], i % 3 ? 1 :
				   layout_bin_index(&s->l, size));
	}
	free(c);
}

static u64 hide(const struct synth *s, u64 pos, u64 ptr)
{
	return s->l.safe_linking ? pos >> 12 ^ ptr : ptr;
}

static void link_tcache(struct synth *s, u64 c, u64 size)
{
	const struct layout *l = &s->l;
	int bin = layout_tcache_index(l, size);
	u16 count = l->tcache_counts_down ? l->tcache_fill - 1 : 1;
	u64 mem = c + 2 * l->word;
	unsigned int i;

	for (i = 0; l->tcache_counts_down && i < l->tcache_bins; i++)
		memcpy(place(s, s->tcache + 2 * i, 2),
		       &(u16){ l->tcache_fill }, 2);
	memcpy(place(s, s->tcache + bin * l->tcache_width, l->tcache_width),
	       &count, l->tcache_width);
	synth_put(s, s->tcache + l->tcache_entries + bin * l->word, mem);
	synth_put(s, mem, hide(s, mem, 0));
	synth_put(s, mem + l->word, !l->has_tcache_key ? 0 :
		  l->tcache_key_random ? 0x5eed5eed : s->tcache);
}

static void make_main_heap(struct synth *s, u64 seed)
{
	const struct layout *l = &s->l;
	u64 at = layout_first_chunk(l, s->seg[HEAP].addr);
	u64 end = s->seg[HEAP].addr + s->seg[HEAP].len;
	unsigned int w = l->word, fast;

	if (l->tcache_bins)
		s->tcache = chunk(s, &at, l->tcache_chunk, 1) + 2 * w;
	chunk(s, &at, 0x40, 1);
	s->cached = chunk(s, &at, 0x50, 1);
	chunk(s, &at, 0x40, 1);
	s->small = chunk(s, &at, 0x90, 1);
	s->used = chunk(s, &at, 0x40, 1);
	s->fast = chunk(s, &at, 0x30, 1);
	chunk(s, &at, 0x40, 1);
	s->large = chunk(s, &at, 0x500, 1);
	chunk(s, &at, 0x40, 1);
	s->unsorted = chunk(s, &at, 0x450, 1);
	chunk(s, &at, 0x40, 1);
	make_many(s, &at, &seed);
	s->top = at;
	synth_put(s, at + w, (end - at) | 1);
	make_arena(s, s->main_arena, s->thread_arena, s->top,
		   s->seg[HEAP].len);
	link_bin(s, s->small, 0x90, layout_bin_index(l, 0x90));
	link_bin(s, s->large, 0x500, layout_bin_index(l, 0x500));
	link_bin(s, s->unsorted, 0x450, 1);
	free_many(s, &seed);
	if (l->tcache_bins)
		link_tcache(s, s->cached, 0x50);
	else
		s->cached = 0;
	if (!l->nfastbins) {
		s->fast = 0;
		return;
	}
	fast = layout_fast_index(l, 0x30);
	synth_put(s, s->main_arena + l->fastbins + fast * w, s->fast);
	synth_put(s, s->fast + 2 * w, hide(s, s->fast + 2 * w, 0));
}

static void make_thread_heap(struct synth *s)
{
	const struct layout *l = &s->l;
	u64 heap = s->seg[THREAD].addr, end = heap + HEAP_LEN;
	u64 at = layout_first_chunk(l, s->thread_arena + l->state_size);
	unsigned int w = l->word;

	synth_put(s, heap, s->thread_arena);
	synth_put(s, heap + 2 * w, HEAP_LEN);
	synth_put(s, heap + 3 * w, HEAP_LEN);
	chunk(s, &at, 0x60, 5);
	chunk(s, &at, 0x70, 5);
	synth_put(s, at + w, (end - at) | 1);
	make_arena(s, s->thread_arena, s->main_arena, at, HEAP_LEN);
}

static void make_tls(struct synth *s)
{
	u64 tcb = s->seg[TLS].addr + TCB_OFFSET;
	unsigned int w = s->l.word;

	synth_put(s, tcb, tcb);
	synth_put(s, tcb + 2 * w, tcb);
	put_u32(s, tcb + (w == 8 ? 0x2d0 : 0x68), TID);
	synth_put(s, tcb - 9 * w, s->tcache);
}

/**
 * synth_make_shuffled - make up a heap with many chunks freed in random order
 * @s: filled; end it with synth_free()
 * @row: the row of the table of glibc versions
 * @wordsize: 8 or 4
 * @frees: how many such chunks
 * @seed: not 0; the same seed makes the same heap
 */
void synth_make_shuffled(struct synth *s, size_t row, unsigned int wordsize,
			 size_t frees, u64 seed)
{
	bool wide = wordsize == 8;
	size_t len;

	memset(s, 0, sizeof(*s));
	s->row = row;
	s->frees = frees;
	s->free = xcalloc(frees + 1, sizeof(*s->free));
	layout_make(row, wordsize, 0, &s->l);
	len = HEAP_LEN + align_up(frees * (layout_min_large(&s->l) / 2), PAGE);
	segment(s, HEAP, wide ? 0x555500000000 : 0x56000000, len, NULL);
	segment(s, THREAD, wide ? 0x7f2000000000 : 0xf6000000, HEAP_LEN, NULL);
	segment(s, LIBC, wide ? 0x7f4000001000 : 0xf7001000, LIBC_LEN,
		"/nowhere/libc.so.6");
	segment(s, TLS, wide ? 0x7f4000100000 : 0xf7100000, TLS_LEN, NULL);
	s->mp = s->seg[LIBC].addr + 0x100;
	s->main_arena = s->seg[LIBC].addr + 0x400;
	s->thread_arena = s->seg[THREAD].addr + s->l.heap_info_size;
	make_mp(s, s->seg[HEAP].addr);
	make_main_heap(s, seed);
	make_thread_heap(s);
	make_tls(s);
}

/**
 * synth_make - make up a heap
 * @s: filled; end it with synth_free()
 * @row: the row of the table of glibc versions
 * @wordsize: 8 or 4
 */
void synth_make(struct synth *s, size_t row, unsigned int wordsize)
{
	synth_make_shuffled(s, row, wordsize, 0, 1);
}

/**
 * synth_add_mapping - give the main arena a mapping, as malloc does when brk
 * fails
 * @s: the heap
 *
 * It holds chunks, then a long one, then two fenceposts.  No list of glibc's
 * leads to such a mapping: the reader must search for it.
 */
void synth_add_mapping(struct synth *s)
{
	unsigned int w = s->l.word, i;
	u64 total, at, end;

	segment(s, MAPPED, w == 8 ? 0x7f3000000000 : 0xf6800000, MAPPED_LEN,
		NULL);
	at = layout_first_chunk(&s->l, s->seg[MAPPED].addr);
	end = s->seg[MAPPED].addr + MAPPED_LEN;
	for (i = 0; i < SYNTH_MAPPED; i++)
		s->mapped[i] = chunk(s, &at, 0x40 + i % 2 * s->l.align, 1);
	chunk(s, &at, align_down(end - at - 4 * w, s->l.align), 1);
	chunk(s, &at, 2 * w, 1);
	chunk(s, &at, 2 * w, 1);
	put_u32(s, s->main_arena + 4, ARENA_NONCONTIGUOUS);
	total = synth_get(s, s->main_arena + s->l.system_mem) + MAPPED_LEN;
	synth_put(s, s->main_arena + s->l.system_mem, total);
	synth_put(s, s->main_arena + s->l.max_system_mem, total);
}

/**
 * synth_bin_head - the head of a bin of the main arena
 * @s: the heap
 * @bin: 1 to 126
 *
 * Return: its address, as the links of the chunks on the bin have it.
 */
u64 synth_bin_head(const struct synth *s, unsigned int bin)
{
	return bin_head(s, s->main_arena, bin);
}

/**
 * synth_free - free a heap
 * @s: the heap
 */
void synth_free(struct synth *s)
{
	size_t i;

	for (i = 0; i < SYNTH_SEGMENTS; i++)
		free(s->seg[i].bytes);
	free(s->free);
}

struct out {
	int fd;
	u64 at;
};

static void write_at(struct out *o, u64 at, const void *p, size_t len)
{
	if (pwrite(o->fd, p, len, at) != (ssize_t)len)
		abort();
	if (at + len > o->at)
		o->at = at + len;
}

static void write_phdr(struct out *o, const struct synth *s, unsigned int i,
		       u32 type, u64 offset, u64 addr, u64 len)
{
	if (s->l.word == 8) {
		Elf64_Phdr p = { .p_type = type, .p_flags = PF_R | PF_W,
				 .p_offset = offset, .p_vaddr = addr,
				 .p_filesz = len, .p_memsz = len };

		if (type == PT_NOTE)
			p.p_memsz = 0;
		write_at(o, sizeof(Elf64_Ehdr) + i * sizeof(p), &p, sizeof(p));
	} else {
		Elf32_Phdr p = { .p_type = type, .p_flags = PF_R | PF_W,
				 .p_offset = offset, .p_vaddr = addr,
				 .p_filesz = len, .p_memsz = len };

		if (type == PT_NOTE)
			p.p_memsz = 0;
		write_at(o, sizeof(Elf32_Ehdr) + i * sizeof(p), &p, sizeof(p));
	}
}

static unsigned int segments(const struct synth *s)
{
	return s->seg[MAPPED].len ? SYNTH_SEGMENTS : SYNTH_SEGMENTS - 1;
}

static void write_ehdr(struct out *o, const struct synth *s)
{
	Elf64_Ehdr e64 = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_phoff = sizeof(e64),
		.e_ehsize = sizeof(e64), .e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = segments(s) + 1,
	};
	Elf32_Ehdr e32 = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_386,
		.e_version = EV_CURRENT, .e_phoff = sizeof(e32),
		.e_ehsize = sizeof(e32), .e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = segments(s) + 1,
	};

	if (s->l.word == 8)
		write_at(o, 0, &e64, sizeof(e64));
	else
		write_at(o, 0, &e32, sizeof(e32));
}

static size_t note(u8 *to, const char *owner, u32 type, const void *desc,
		   size_t len)
{
	u32 head[3] = { strlen(owner) + 1, len, type };
	size_t desc_at = sizeof(head) + align_up(head[0], 4);

	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head), owner, head[0]);
	memcpy(to + desc_at, desc, len);
	return desc_at + align_up(len, 4);
}

static size_t note_text(const char *called, const char *text, size_t text_len,
			u8 *to)
{
	size_t name = strlen(called) + 1;
	size_t len = min_u64(text_len, SYNTH_MAX_TEXT - name);
	u8 desc[SYNTH_MAX_TEXT];

	memcpy(desc, called, name);
	memcpy(desc + name, text, len);
	return note(to, SNAPSHOT_OWNER, SNAPSHOT_NT_TEXT, desc, name + len);
}

static size_t make_notes(const struct synth *s, u8 *to)
{
	unsigned int w = s->l.word;
	u8 status[336] = { 0 }, files[256] = { 0 };
	u64 tcb = s->seg[TLS].addr + TCB_OFFSET, v;
	size_t n;

	memcpy(status + (w == 8 ? 32 : 24), &(u32){ TID }, 4);
	memcpy(status + (w == 8 ? 112 + 15 * w : 72 + 11 * w), &s->nr, w);
	memcpy(status + (w == 8 ? 112 + 16 * w : 72 + 12 * w), &s->pc, w);
	if (w == 8)
		memcpy(status + 112 + 21 * 8, &tcb, 8);
	n = note(to, "CORE", NT_PRSTATUS, status, w == 8 ? 336 : 144);
	if (s->fault_code) {
		int info[32] = { SIGSEGV, 0, s->fault_code };

		n += note(to + n, "CORE", NT_SIGINFO, info, sizeof(info));
	}
	/* One file is mapped: libc. */
	v = 1;
	memcpy(files, &v, w);
	v = PAGE;
	memcpy(files + w, &v, w);
	v = s->seg[LIBC].addr;
	memcpy(files + 2 * w, &v, w);
	v += s->seg[LIBC].len;
	memcpy(files + 3 * w, &v, w);
	strcpy((char *)files + 5 * w, s->seg[LIBC].path);
	n += note(to + n, "CORE", NT_FILE, files,
		  5 * w + strlen(s->seg[LIBC].path) + 1);
	if (s->heapinfo)
		n += note_text("heapinfo", s->heapinfo, strlen(s->heapinfo),
			       to + n);
	return s->text_name ? n + note_text(s->text_name, s->text, s->text_len,
					    to + n) : n;
}

/**
 * synth_core - write the heap as a core
 * @s: the heap
 *
 * Return: a descriptor of a file in memory, to be closed by the caller.
 */
int synth_core(const struct synth *s)
{
	struct out o = { .fd = memfd_create("core", MFD_CLOEXEC) };
	u8 notes[1024 + SYNTH_MAX_TEXT] = { 0 };
	size_t n = make_notes(s, notes), i;
	u64 at = PAGE;

	write_ehdr(&o, s);
	write_phdr(&o, s, 0, PT_NOTE, at, 0, n);
	write_at(&o, at, notes, n);
	at += PAGE;
	for (i = 0; i < segments(s); i++) {
		const struct synth_segment *seg = &s->seg[i];

		write_phdr(&o, s, i + 1, PT_LOAD, at, seg->addr, seg->len);
		write_at(&o, at, seg->bytes, seg->len);
		at += seg->len;
	}
	return o.fd;
}
