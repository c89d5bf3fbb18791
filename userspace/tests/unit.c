// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the floors of the reader, mostly on made-up heaps of every
 * glibc.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "brk/brk_text.h"
#include "brk/kernel.h"
#include "glibc/glibc.h"
#include "glibc/marks.h"
#include "heap/check.h"
#include "heap/survey.h"
#include "open-synth.h"

/*
 * Sizes and offsets as gdb prints them from the debug symbols of Debian's libc.
 */
static void test_layouts_of_debian(void **state)
{
	static const struct {
		size_t row;
		unsigned int word, size, next, sbrk_base, heap_info, tcache;
	} want[] = {
		{ 5, 8, 2200, 2160, 72, 32, 0x290 },	/* 2.31 */
		{ 8, 8, 2200, 2160, 96, 48, 0x290 },	/* 2.36, 2.41 */
		{ 9, 8, 2200, 2160, 96, 48, 0x300 },	/* 2.42 */
		{ 10, 8, 2112, 2072, 104, 48, 0x300 },	/* 2.43 */
		{ 5, 4, 1116, 1096, 44, 24, 0x190 },
		{ 10, 4, 1068, 1048, 60, 24, 0x1d0 },
	};
	struct layout l;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		layout_make(want[i].row, want[i].word, 0, &l);
		assert_int_equal(l.state_size, want[i].size);
		assert_int_equal(l.next, want[i].next);
		assert_int_equal(l.mp_sbrk_base, want[i].sbrk_base);
		assert_int_equal(l.heap_info_size, want[i].heap_info);
		assert_int_equal(l.tcache_chunk, want[i].tcache);
	}
}

static void test_bin_indexes(void **state)
{
	struct layout l;

	(void)state;
	layout_make(8, 8, 0, &l);
	assert_int_equal(layout_bin_index(&l, 32), 2);
	assert_int_equal(layout_bin_index(&l, 1008), 63);
	assert_int_equal(layout_bin_index(&l, 1024), 64);
	assert_int_equal(layout_bin_index(&l, 1 << 20), 126);
	assert_int_equal(layout_tcache_index(&l, 32), 0);
	assert_int_equal(layout_tcache_index(&l, 0x410), 63);
	layout_make(8, 4, 0, &l);
	assert_int_equal(layout_min_large(&l), 1008);
	assert_int_equal(layout_bin_index(&l, 16), 2);
	assert_int_equal(layout_bin_index(&l, 992), 63);
	layout_make(10, 8, 0, &l);
	assert_int_equal(layout_tcache_index(&l, 0x420), 64);
	assert_int_equal(layout_tcache_index(&l, 0x800), 65);
	assert_int_equal(layout_tcache_index(&l, (4 << 20) - 16), 75);
	assert_int_equal(layout_tcache_index(&l, 4 << 20), -1);
}

struct seen {
	u64 count[CHUNK_STATES];
};

static int count_states(const struct batch *b, void *ctx)
{
	struct seen *seen = ctx;
	size_t i;

	for (i = 0; i < b->n; i++)
		seen->count[b->chunk[i].state]++;
	return 0;
}

/*
 * A sound heap of each glibc, of 64 and 32 bits, is found and read without
 * fault.
 */
static void test_every_layout(void **state)
{
	unsigned int word;
	size_t row;

	(void)state;
	for (word = 4; word <= 8; word += 4) {
		for (row = 0; row < layout_rows(); row++) {
			struct seen seen = { 0 };
			struct survey v = { .fn = count_states, .ctx = &seen,
					    .all_lists = true };
			struct check c;
			struct synth s;
			struct error e;
			struct heap h;

			synth_make(&s, row, word);
			open_synth(&s, &h);
			assert_int_equal(h.root, s.main_arena);
			assert_int_equal(glibc_of(&h)->mp.addr, s.mp);
			assert_int_equal(h.arenas, 2);
			assert_int_equal(h.regions, 2);
			assert_int_equal(glibc_of(&h)->l.bins, s.l.bins);
			assert_int_equal(glibc_of(&h)->l.mp_size, s.l.mp_size);
			/* Does it hide pointers, and how wide are a tcache's
			 * counters? The reader takes that from the version text
			 * of libc, which this core does not have.
			 */
			glibc_of(&h)->l = s.l;
			assert_int_equal(heap_reread(&h, &e), 0);
			survey(&h, &v);
			assert_int_equal(seen.count[CHUNK_TCACHE], !!s.cached);
			assert_int_equal(seen.count[CHUNK_FASTBIN], !!s.fast);
			assert_int_equal(seen.count[CHUNK_SMALL], 1);
			assert_int_equal(seen.count[CHUNK_LARGE], 1);
			assert_int_equal(seen.count[CHUNK_UNSORTED], 1);
			assert_int_equal(seen.count[CHUNK_TOP], 2);
			assert_int_equal(seen.count[CHUNK_DAMAGED], 0);
			survey_free(&v);
			assert_int_equal(check_heap(&h, &c, &e), 0);
			if (c.findings.n)
				fail_msg("2.%u, %u bytes a word: %s",
					 s.l.first, word,
					 c.findings.found[0].text);
			check_free(&c);
			heap_close(&h);
			synth_free(&s);
		}
	}
}

/*
 * A tcache that was written over is damaged; it is not taken for something
 * else.
 */
static void test_damaged_tcache(void **state)
{
	unsigned int word;
	struct synth s;
	struct check c;
	struct error e;
	struct heap h;
	size_t i;

	(void)state;
	for (word = 4; word <= 8; word += 4) {
		synth_make(&s, 8, word);
		for (i = 0; i < s.l.tcache_size; i += word)
			synth_put(&s, s.tcache + i, 0x41414141);
		open_synth(&s, &h);
		assert_int_equal(h.caches, 1);
		assert_int_equal(check_heap(&h, &c, &e), 0);
		assert_true(c.findings.n > 0);
		check_free(&c);
		heap_close(&h);
		synth_free(&s);
	}
}

/*
 * If a thread was inside malloc when the core was written, what looks damaged
 * may be half of a change. Not so if it crashed there: that was the damage.
 */
static void test_core_midway(void **state)
{
	static const struct {
		s64 nr[2];	/* 32, 64 bits */
		bool in_libc, locked, unsure;
		int fault_code;
	} cases[] = {
		{ { -1, -1 }, .in_libc = false },
		{ { -1, -1 }, .in_libc = true, .unsure = true },
		{ { -1, -1 }, .locked = true, .unsure = true },
		/* brk(2), read(2) */
		{ { 45, 12 }, .in_libc = true, .unsure = true },
		{ { 3, 0 }, .in_libc = true },
		/* abort(), a fault, kill(2) */
		{ { 270, 234 }, .in_libc = true, .locked = true },
		{ { -1, -1 }, .in_libc = true, .locked = true,
		  .fault_code = 1 },
		{ { -1, -1 }, .in_libc = true, .fault_code = -6,
		  .unsure = true },
	};
	struct synth s;
	struct check c;
	struct error e;
	struct heap h;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		bool wide = i % 2;

		synth_make(&s, 8, wide ? 8 : 4);
		synth_put(&s, s.used + s.l.word, 0x48);
		synth_put(&s, s.main_arena, cases[i / 2].locked);
		s.nr = cases[i / 2].nr[wide];
		s.pc = cases[i / 2].in_libc ? s.mp : s.seg[1].addr;
		s.fault_code = cases[i / 2].fault_code;
		open_synth(&s, &h);
		assert_int_equal(check_heap(&h, &c, &e), 0);
		assert_true(c.findings.n > 0);
		if (c.unsure != cases[i / 2].unsure)
			fail_msg("case %zu is%s sure", i,
				 c.unsure ? " not" : "");
		check_free(&c);
		heap_close(&h);
		synth_free(&s);
	}
}

static void assert_reasons(struct heap *h, unsigned int want)
{
	struct error e;
	struct trim tr;

	assert_int_equal(h->a->trim(h, &tr, &e), 0);
	assert_int_equal(tr.reasons, want);
}

/* Where top or the break cannot be right, no reason is made up from them. */
static void test_reasons(void **state)
{
	unsigned int word;
	struct synth s;
	struct heap h;
	u64 end;

	(void)state;
	for (word = 4; word <= 8; word += 4) {
		synth_make(&s, 8, word);
		end = s.seg[1].addr + s.seg[1].len;
		open_synth(&s, &h);
		assert_reasons(&h, TRIM_BELOW_THRESHOLD);
		h.k.known = true;
		h.k.brk = end + PAGE;
		assert_reasons(&h, TRIM_FOREIGN_ABOVE);
		h.k.brk = end - PAGE;
		assert_reasons(&h, TRIM_BELOW_THRESHOLD);
		glibc_of(&h)->mp.addr = 0;
		glibc_of(&h)->mp.trim_threshold = 0;
		assert_reasons(&h, 0);
		heap_close(&h);
		synth_put(&s, s.top + word, UINT64_MAX);
		open_synth(&s, &h);
		assert_reasons(&h, TRIM_TOP_DAMAGED);
		heap_close(&h);
		synth_put(&s, s.main_arena + s.l.top, s.mp);
		open_synth(&s, &h);
		assert_reasons(&h, TRIM_TOP_DAMAGED);
		heap_close(&h);
		synth_free(&s);
	}
}

/* Up to glibc 2.33, a thread's TCB has no thread number without libpthread. */
static void test_unnamed_thread(void **state)
{
	struct synth s;
	struct heap h;

	(void)state;
	synth_make(&s, 5, 4);
	synth_put(&s, s.seg[2].addr + 0x1000 + 0x68, 0);
	open_synth(&s, &h);
	assert_int_equal(h.caches, 1);
	assert_int_equal(h.cache[0].addr, s.tcache);
	heap_close(&h);
	synth_free(&s);
}

static void assert_mapping(const struct synth *s, u64 missing, size_t findings)
{
	struct check c;
	struct error e;
	struct heap h;

	open_synth(s, &h);
	assert_int_equal(h.missing, missing);
	assert_int_equal(h.regions, missing ? 2 : 3);
	if (!missing)
		assert_int_equal(h.region[2].end - h.region[2].start,
				 0x3000);
	assert_int_equal(check_heap(&h, &c, &e), 0);
	assert_int_equal(c.findings.total, findings);
	check_free(&c);
	heap_close(&h);
}

/*
 * The mapping that no list leads to is found, even with damage in it, or said
 * to be missing.
 */
static void test_mapping(void **state)
{
	unsigned int word;
	struct synth s;
	u64 size;

	(void)state;
	for (word = 4; word <= 8; word += 4) {
		synth_make(&s, 8, word);
		synth_add_mapping(&s);
		assert_mapping(&s, 0, 0);
		size = synth_get(&s, s.mapped[45] + word);
		synth_put(&s, s.mapped[45] + word, size | 8);
		assert_mapping(&s, 0, 1);
		/*
		 * Five sound chunks may be chance: the mapping is not known
		 * then.
		 */
		synth_put(&s, s.mapped[45] + word, size);
		synth_put(&s, s.mapped[5] + word, size | 8);
		assert_mapping(&s, 0x3000, 0);
		synth_free(&s);
	}
}

/*
 * A damaged list may lead out of the heap, to a loop: the head of an empty bin.
 */
static void test_loop_outside(void **state)
{
	struct check c;
	struct synth s;
	struct error e;
	struct heap h;
	u64 empty_bin;

	(void)state;
	synth_make(&s, 8, 8);
	empty_bin = s.main_arena + s.l.bins + 98 * 2 * 8 - 2 * 8;
	assert_int_equal(synth_get(&s, empty_bin + 3 * 8), empty_bin);
	synth_put(&s, s.small + 3 * 8, empty_bin);
	open_synth(&s, &h);
	assert_int_equal(check_heap(&h, &c, &e), 0);
	assert_in_range(c.findings.total, 1, 20);
	check_free(&c);
	heap_close(&h);
	synth_free(&s);
}

static void test_maps(void **state)
{
	static char text[] =
		"00400000-00401000 r-xp 00000000 08:01 174583   /a b/0\n"
		"nonsense\n"
		"01195000-011b6000 rw-p 00000000 00:00 0    [heap]\n"
		"011b6000-011b7000 rw-p 00000000 00:00 0\n";
	FILE *f = fmemopen(text, strlen(text), "r");
	struct maps maps = { 0 };

	(void)state;
	assert_int_equal(maps_parse(&maps, f), 0);
	fclose(f);
	assert_int_equal(maps.n, 3);
	assert_string_equal(maps.map[0].path, "/a b/0");
	assert_null(maps_find(&maps, 0x401000));
	assert_ptr_equal(maps_find(&maps, 0x11b5fff), &maps.map[1]);
	assert_int_equal(maps_run_end(&maps, 0x1195000), 0x11b7000);
	assert_true(maps_hold(&maps, 0x11b6000, 0x1000));
	assert_false(maps_hold(&maps, 0x11b6000, 0x1001));
	assert_false(maps_hold(&maps, 0x11b6000, UINT64_MAX));
	maps_free(&maps);
}

/*
 * If the process is gone the text is empty: that gives no mappings, and no
 * crash.
 */
static void test_no_maps(void **state)
{
	char text[] = "\n";
	FILE *f = fmemopen(text, strlen(text), "r");
	struct maps maps = { 0 };

	(void)state;
	assert_int_equal(maps_parse(&maps, f), -1);
	fclose(f);
	assert_int_equal(maps.n, 0);
	assert_null(maps_find(&maps, 0x400000));
	maps_free(&maps);
}

/*
 * A forged text maps the whole address space: going through it must take no
 * time.
 */
static void test_endless_mapping(void **state)
{
	static const char text[] =
		"7f4000001000-7f4000003000 rw-p 0 0:0 1 /nowhere/libc.so.6\n"
		"7f4000100000-ffffffffffffffff rw-p 0 0:0 0\n";
	struct synth s;
	struct heap h;

	(void)state;
	synth_make(&s, 8, 8);
	s.text_name = "maps";
	s.text = text;
	s.text_len = strlen(text);
	alarm(60);
	open_synth(&s, &h);
	alarm(0);
	assert_int_equal(target_next_page(h.t, 0x7f4000102000, UINT64_MAX),
			 UINT64_MAX);
	assert_int_equal(target_next_page(h.t, 0x7f4000003000, UINT64_MAX),
			 0x7f4000100000);
	heap_close(&h);
	synth_free(&s);
}

static void test_marks(void **state)
{
	struct region r[1] = { { .first = 0x1000, .end = 0x2000 } };
	struct glibc g;
	struct heap h = { .priv = &g, .region = r, .regions = 1 };
	struct marks m;

	(void)state;
	layout_make(8, 8, 0, &g.l);
	marks_init(&m, &h);
	marks_set(&m, 0, 0x1000, MARK_BIN);
	marks_set(&m, 0, 0x1020, MARK_TCACHE);
	marks_set(&m, 0, 0x1fe0, MARK_FASTBIN);
	assert_int_equal(marks_get(&m, 0, 0x1000), MARK_BIN);
	assert_int_equal(marks_get(&m, 0, 0x1020), MARK_TCACHE);
	assert_int_equal(marks_get(&m, 0, 0x1040), MARK_NONE);
	assert_int_equal(marks_get(&m, 0, 0x1fe0), MARK_FASTBIN);
	assert_int_equal(marks_inside(&m, 0, 0x1040, 0x1fc0), 0x1fc0);
	assert_int_equal(marks_inside(&m, 0, 0x1040, 0x2000), 0x1ff0);
	/*
	 * Addresses behind the region, as of a heap that has grown meanwhile.
	 */
	assert_int_equal(marks_get(&m, 0, 0x2000), MARK_NONE);
	assert_int_equal(marks_get(&m, 0, 0x40000000), MARK_NONE);
	marks_free(&m);
}

static void test_safe_text(void **state)
{
	char human[HUMAN_ROOM];
	char *s = text_safe_dup("a\033[31m\n\\\x7f", 8);

	(void)state;
	assert_string_equal(s, "a\\x1b[31m\\x0a\\x5c");
	free(s);
	assert_string_equal(text_human(human, 135168), "132 KiB");
	assert_string_equal(text_human(human, 1023), "1023 B");
	assert_string_equal(text_human(human, 3ull << 30), "3.0 GiB");
}

static FILE *module_text(struct target *t, const char *name)
{
	static char text[] =
		"Name:\t4-main\nPid:\t4172\nStartBrk:\t0x1314000\n"
		"Brk:\t0x1335000\nPeakSize:\t132 kB\nNewKey:\twhatever\n"
		"BrkFailures:\t1 overlap=1\n\n"
		"#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\n"
		"1\t1234.567890\t4172\tgrow\t0x1335000\t0x1314000\t0x1335000\t+135168\tok\t4-main\n"
		"2\t1234.6\t4172\tgrow\t0x1356000\t0x1335000\t0x1335000\t0\toverlap=0x1336000\t4\tmain\n"
		"3\tbroken\n";

	(void)t;
	return strcmp(name, "heapinfo") ? NULL :
	       fmemopen(text, strlen(text), "r");
}

/* Report progress, with stderr going to @fd meanwhile. */
static void say_progress(int fd)
{
	int err = dup(STDERR_FILENO);

	assert_true(err >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	progress_start("stats", 200);
	progress_at(50);
	fputs("<", stderr);
	/* Progress is shown from one second on. */
	usleep(1100000);
	progress_at(100);
	progress_end();
	progress_at(150);
	fputs(">", stderr);
	assert_true(dup2(err, STDERR_FILENO) >= 0);
	close(err);
}

static void test_progress(void **state)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY), terminal;
	char said[200] = "";
	size_t n = 0;

	(void)state;
	if (fd < 0 || grantpt(fd) || unlockpt(fd))
		skip();
	terminal = open(ptsname(fd), O_RDWR | O_NOCTTY);
	assert_true(terminal >= 0);
	say_progress(terminal);
	while (n < sizeof(said) - 1 && !strchr(said, '>')) {
		assert_int_equal(read(fd, said + n, 1), 1);
		n++;
	}
	assert_string_equal(said, "<\rheapinfo: stats 50% \r\033[K>");
	close(terminal);
	close(fd);
}

/* Progress is for a terminal, which somebody watches: a file gets none. */
static void test_no_progress_in_a_file(void **state)
{
	FILE *file = tmpfile();
	char said[200];

	(void)state;
	assert_non_null(file);
	say_progress(fileno(file));
	rewind(file);
	assert_string_equal(fgets(said, sizeof(said), file), "<>");
	fclose(file);
}

static unsigned int reads;

static size_t count_read(struct target *t, u64 addr, void *buf, size_t len)
{
	(void)t;
	(void)addr;
	memset(buf, 1, len);
	reads++;
	return len;
}

/*
 * Small reads here and there, of neighbouring pages and of thread heaps, which
 * lie 64 MiB apart: they must not push each other out of the cache.
 */
static void test_peeks_by_turns(void **state)
{
	static const struct target_ops ops = { .read = count_read };
	static const u64 apart[] = { 16 << 10, 64 << 20 };
	unsigned int turn, i, j;
	u64 word;

	(void)state;
	for (j = 0; j < ARRAY_SIZE(apart); j++) {
		struct target t = { .ops = &ops, .wordsize = 8 };

		reads = 0;
		for (turn = 0; turn < 3; turn++)
			for (i = 0; i < 12; i++)
				assert_true(target_word(&t, 0x7f2000000000 +
							i * apart[j], &word));
		/* Neighbours are read ahead for. */
		assert_in_range(reads, j ? 12 : 1, 12);
		free(t.cache);
	}
}

/* Who reads in order, upwards or downwards, needs few reads. */
static void test_peeks_in_order(void **state)
{
	static const struct target_ops ops = { .read = count_read };
	struct target t = { .ops = &ops, .wordsize = 8 };
	const u64 start = 0x7f2000000000, len = 16 << 20;
	u64 i, word;

	(void)state;
	reads = 0;
	for (i = 0; i < len; i += 1000)
		assert_true(target_word(&t, start + i, &word));
	assert_in_range(reads, 1, 2 * len / TARGET_BLOCK);
	target_forget(&t);
	reads = 0;
	for (i = 0; i < len; i += 1000)
		assert_true(target_word(&t, start + len - i, &word));
	assert_in_range(reads, 1, 2 * len / TARGET_BLOCK);
	/* What is read again after that is of now. */
	target_forget(&t);
	reads = 0;
	assert_true(target_word(&t, start, &word));
	assert_int_equal(reads, 1);
	free(t.cache);
}

/* Where memory ends, what is there is read, and nothing else. */
static size_t read_up_to(struct target *t, u64 addr, void *buf, size_t len)
{
	const u64 end = 0x7f2000000000 + (1 << 20) + PAGE;

	(void)t;
	if (addr >= end)
		return 0;
	len = min_u64(len, end - addr);
	memset(buf, 1, len);
	return len;
}

static void test_peeks_at_an_end(void **state)
{
	static const struct target_ops ops = { .read = read_up_to };
	struct target t = { .ops = &ops, .wordsize = 8 };
	const u64 start = 0x7f2000000000, end = start + (1 << 20) + PAGE;
	u64 at, word;

	(void)state;
	for (at = start; at < end + 64 * PAGE; at += 512)
		assert_int_equal(target_word(&t, at, &word), at < end);
	target_forget(&t);
	for (; at >= start; at -= 512)
		assert_int_equal(target_word(&t, at, &word), at < end);
	free(t.cache);
}

static void test_module_file(void **state)
{
	static const struct target_ops ops = { .text = module_text };
	struct target t = { .ops = &ops };
	struct kernel_facts k;

	(void)state;
	kernel_read(&t, &k);
	assert_true(k.module);
	assert_int_equal(k.start_brk, 0x1314000);
	assert_int_equal(k.brk, 0x1335000);
	assert_int_equal(k.peak_bytes, 132 << 10);
	assert_string_equal(kernel_key(&k, "NewKey"), "whatever");
	assert_int_equal(k.events, 2);
	assert_int_equal(k.event[0].time_ns, 1234567890000);
	assert_int_equal(k.event[0].delta, 135168);
	assert_string_equal(k.event[1].result, "overlap");
	assert_int_equal(k.event[1].overlap, 0x1336000);
	assert_string_equal(k.event[1].comm, "4\tmain");
	kernel_free(&k);
}

/* As one that lives in a time namespace reads it: it began after the first event. */
static FILE *module_text_in_namespace(struct target *t, const char *name)
{
	static char text[] =
		"StartBrk:\t0x1000\nBrk:\t0x1030\n\n"
		"#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\n"
		"3\t-0.250000\t7\tgrow\t0x1020\t0x1010\t0x1020\t+16\tok\tx\n"
		"4\t0.500000\t7\tgrow\t0x1030\t0x1020\t0x1030\t+16\tok\tx\n\n"
		"#span\tfrom\tto\tcalls\tup\tdown\tlow\thigh\n"
		"1\t-10.500000\t-0.750000\t2\t16\t0\t0x1000\t0x1010\n";

	(void)t;
	return strcmp(name, "heapinfo") ? NULL :
	       fmemopen(text, strlen(text), "r");
}

static void test_times_below_zero(void **state)
{
	static const struct target_ops ops = { .text = module_text_in_namespace };
	const struct clocks now = { .boot_ns = 1000000000, .real_ns = 1 };
	const struct clocks unknown = { 0 };
	struct target t = { .ops = &ops };
	struct kernel_facts k;

	(void)state;
	kernel_read(&t, &k);
	assert_int_equal(k.events, 2);
	assert_true(k.event[0].time_ns == -250000000);
	assert_true(k.event[1].time_ns == 500000000);
	assert_int_equal(k.spans, 1);
	assert_true(k.span[0].from_ns == -10500000000);
	assert_true(k.span[0].to_ns == -750000000);
	assert_int_equal(brk_age(k.event[0].time_ns, &now), 1250000000);
	assert_int_equal(brk_age(k.event[1].time_ns, &now), 500000000);
	assert_int_equal(brk_age(2000000000, &now), 0);
	assert_int_equal(brk_age(k.event[0].time_ns, &unknown), 0);
	kernel_free(&k);
}

/* What the module wrote that numbers stacks, and one that has a column more. */
static const char *rows_with_stacks;

static FILE *module_text_with_stacks(struct target *t, const char *name)
{
	(void)t;
	return strcmp(name, "heapinfo") ? NULL :
	       fmemopen((void *)rows_with_stacks, strlen(rows_with_stacks), "r");
}

static void test_numbers_of_stacks(void **state)
{
	static const struct target_ops ops = { .text = module_text_with_stacks };
	struct target t = { .ops = &ops };
	struct kernel_facts k;
	size_t i;
	static const char *const texts[] = {
		"StartBrk:\t0x1000\nBrk:\t0x1030\n\n"
		"#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n"
		"3\t1.0\t7\tgrow\t0x1020\t0x1010\t0x1020\t+16\tok\ta b\t12\n"
		"4\t2.0\t7\tgrow\t0x1030\t0x1020\t0x1030\t+16\tok\t\t0\n",
		"StartBrk:\t0x1000\nBrk:\t0x1030\n\n"
		"#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tnew\tstack\n"
		"3\t1.0\t7\tgrow\t0x1020\t0x1010\t0x1020\t+16\tok\ta b\t99\t12\n"
		"4\t2.0\t7\tgrow\t0x1030\t0x1020\t0x1030\t+16\tok\t\t98\t0\n",
	};

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		rows_with_stacks = texts[i];
		kernel_read(&t, &k);
		assert_int_equal(k.events, 2);
		assert_true(k.stacks);
		assert_string_equal(k.event[0].comm, "a b");
		assert_int_equal(k.event[0].stack, 12);
		assert_string_equal(k.event[1].comm, "");
		assert_int_equal(k.event[1].stack, 0);
		kernel_free(&k);
	}
}

/* Two programs of one process: before an exec, and after it. */
struct program {
	u64 data;
	u64 start_brk;
	u64 heap;
};

static const struct program before_exec = { 0x401000, 0x1314000, 0x1314000 };
static const struct program after_exec = { 0x401000, 0x2ab5000, 0x2ab5000 };

static const struct program *program_now;

static FILE *stat_text(struct target *t, const char *name)
{
	static char text[512];
	unsigned int i, at;

	(void)t;
	if (strcmp(name, "stat"))
		return NULL;
	at = sprintf(text, "4172 (4-main) S");
	for (i = 4; i < 45; i++)
		at += sprintf(text + at, " 1");
	sprintf(text + at, " %ju %ju %ju 0\n", (uintmax_t)program_now->data,
		(uintmax_t)program_now->data + 0x100,
		(uintmax_t)program_now->start_brk);
	return fmemopen(text, strlen(text), "r");
}

static void add_maps(struct maps *maps, const struct program *p)
{
	struct mapping data = { .start = p->data, .end = p->data + 0x1000 };
	struct mapping heap = { .start = p->heap, .end = p->heap + 0x21000,
				.path = (char *)"[heap]" };

	maps_add(maps, &data);
	maps_add(maps, &heap);
}

static int maps_now(struct target *t, struct maps *maps, struct error *e)
{
	(void)t;
	(void)e;
	add_maps(maps, program_now);
	return 0;
}

static void reads_heap(const struct program *mapped,
		       const struct program *now, bool live, bool known)
{
	static const struct target_ops ops = { .text = stat_text,
					       .maps = maps_now };
	struct target t = { .ops = &ops, .live = live };
	struct kernel_facts k;

	add_maps(&t.maps, mapped);
	program_now = now;
	kernel_read(&t, &k);
	assert_int_equal(k.known, known);
	assert_int_equal(k.brk - k.start_brk, known ? 0x21000 : 0);
	kernel_free(&k);
	maps_free(&t.maps);
}

/*
 * An exec may come between reading maps and stat: then they are read again. In
 * a core, which may be forged, what does not fit is not believed.
 */
static void test_break_of_another_program(void **state)
{
	static const struct program forged = { 0x401000, 0x2ab5000, 0x1314000 };

	(void)state;
	reads_heap(&before_exec, &before_exec, true, true);
	reads_heap(&before_exec, &after_exec, true, true);
	reads_heap(&after_exec, &before_exec, true, true);
	reads_heap(&before_exec, &after_exec, false, false);
	reads_heap(&forged, &forged, true, false);
}

static void test_json_numbers(void **state)
{
	static const char wanted[] = "{\"a\":9007199254740992,\"b\":\"9007199254740993\",\"c\":\"18446744073709551615\",\"d\":-9007199254740992,\"e\":\"-9007199254740993\",\"f\":\"9223372036854775807\"}";
	struct json_object *o = json_object_new_object();

	(void)state;
	json_add_u64(o, "a", 1ull << 53);
	json_add_u64(o, "b", (1ull << 53) + 1);
	json_add_u64(o, "c", UINT64_MAX);
	json_add_s64(o, "d", -(1ll << 53));
	json_add_s64(o, "e", -(1ll << 53) - 1);
	json_add_s64(o, "f", INT64_MAX);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
			    wanted);
	json_object_put(o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts_of_debian),
		cmocka_unit_test(test_bin_indexes),
		cmocka_unit_test(test_every_layout),
		cmocka_unit_test(test_damaged_tcache),
		cmocka_unit_test(test_core_midway),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_unnamed_thread),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_loop_outside),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_no_maps),
		cmocka_unit_test(test_endless_mapping),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_safe_text),
		cmocka_unit_test(test_json_numbers),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_no_progress_in_a_file),
		cmocka_unit_test(test_peeks_by_turns),
		cmocka_unit_test(test_peeks_in_order),
		cmocka_unit_test(test_peeks_at_an_end),
		cmocka_unit_test(test_module_file),
		cmocka_unit_test(test_times_below_zero),
		cmocka_unit_test(test_numbers_of_stacks),
		cmocka_unit_test(test_break_of_another_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
