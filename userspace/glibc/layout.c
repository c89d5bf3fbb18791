// SPDX-License-Identifier: GPL-2.0
/*
 * The one table of glibc versions: what changed in malloc's data, and when.
 *
 * HOWTO add the next glibc, say 2.44
 *
 *  1. In its malloc/malloc.c and malloc/arena.c, compare with the release
 *     before: struct malloc_state, struct malloc_par, heap_info,
 *     tcache_perthread_struct, PROTECT_PTR, set_head of an mmapped chunk, and
 *     the texts given to malloc_printerr.
 *  2. Nothing of those moved: change the number in "last_known" below, done.
 *  3. Something moved: copy the last row, give it "first" = 44, change what
 *     changed.  Each row says all it is; offsets are worked out from it the
 *     way a compiler lays a struct out, so a new field is a new member of
 *     struct version and one line in state_make() or mp_make().
 *  4. A text of glibc's that is new, or gone, is a row of "messages".
 *  5. On a machine that has that glibc, or in a container of a distribution
 *     that does, run 'make check-unit check-live' here: reading processes whose
 *     heap is known finds every number above that is wrong.
 */
#include "glibc/layout.h"

static const unsigned int last_known = 43;

struct version {
	unsigned int first;		/* 2.FIRST */
	bool have_fastchunks;		/* an int after flags */
	bool fastbins;
	bool mp_max_total_mem;
	bool mp_huge_pages;		/* thp_pagesize, hp_pagesize, hp_flags */
	bool mp_thp_mode;		/* an int before those */
	bool heap_pagesize;		/* in heap_info */
	bool heap_max_by_hp;
	unsigned int tcache_bins;
	unsigned int tcache_width;
	unsigned int tcache_fill;
	bool tcache_first;		/* made before the thread's first chunk */
	u64 tcache_lim[2];		/* 64-bit, 32-bit */
	bool tcache_by_entry;
	bool tcache_key;
	bool tcache_key_random;
	bool safe_linking;
	bool mmap_excludes_header;
	bool mmapped_mem_drifts;	/* realloc() adds a header each time */
	bool free_tests_alignment;
	unsigned int bad_flags;
};

static const struct version versions[] = {
	{
		.first = 23, .fastbins = true, .mp_max_total_mem = true,
		.free_tests_alignment = true,
		.bad_flags = ~7u,
	}, {
		.first = 24, .fastbins = true, .free_tests_alignment = true,
		.bad_flags = ~7u,
	}, {
		.first = 26, .fastbins = true, .free_tests_alignment = true,
		.bad_flags = ~7u,
		.tcache_bins = 64, .tcache_width = 1, .tcache_fill = 7,
		.tcache_first = true,
		.tcache_by_entry = true,
	}, {
		.first = 27, .fastbins = true, .have_fastchunks = true,
		.free_tests_alignment = true,
		.bad_flags = ~2u,
		.tcache_bins = 64, .tcache_width = 1, .tcache_fill = 7,
		.tcache_first = true,
		.tcache_by_entry = true,
	}, {
		.first = 29, .fastbins = true, .have_fastchunks = true,
		.free_tests_alignment = true,
		.bad_flags = ~2u,
		.tcache_bins = 64, .tcache_width = 1, .tcache_fill = 7,
		.tcache_first = true,
		.tcache_by_entry = true, .tcache_key = true,
	}, {
		.first = 30, .fastbins = true, .have_fastchunks = true,
		.free_tests_alignment = true,
		.bad_flags = ~2u,
		.tcache_bins = 64, .tcache_width = 2, .tcache_fill = 7,
		.tcache_first = true,
		.tcache_key = true,
	}, {
		.first = 32, .fastbins = true, .have_fastchunks = true,
		.free_tests_alignment = true,
		.bad_flags = ~2u, .safe_linking = true,
		.tcache_bins = 64, .tcache_width = 2, .tcache_fill = 7,
		.tcache_first = true,
		.tcache_key = true,
	}, {
		.first = 34, .fastbins = true, .have_fastchunks = true,
		.free_tests_alignment = true,
		.bad_flags = ~2u, .safe_linking = true,
		.tcache_bins = 64, .tcache_width = 2, .tcache_fill = 7,
		.tcache_first = true,
		.tcache_key = true, .tcache_key_random = true,
	}, {
		.first = 35, .fastbins = true, .have_fastchunks = true,
		.free_tests_alignment = true,
		.bad_flags = ~2u, .safe_linking = true,
		.mp_huge_pages = true, .heap_pagesize = true,
		.heap_max_by_hp = true,
		.tcache_bins = 64, .tcache_width = 2, .tcache_fill = 7,
		.tcache_first = true,
		.tcache_key = true, .tcache_key_random = true,
	}, {
		.first = 42, .fastbins = true, .have_fastchunks = true,
		.bad_flags = ~2u, .safe_linking = true,
		.mp_huge_pages = true, .heap_pagesize = true,
		.tcache_bins = 76, .tcache_width = 2, .tcache_fill = 7,
		.tcache_lim = { 1032, 1020 },
		.tcache_by_entry = true,
		.tcache_key = true, .tcache_key_random = true,
	}, {
		.first = 43, .bad_flags = ~2u, .safe_linking = true,
		.mp_huge_pages = true, .mp_thp_mode = true,
		.heap_pagesize = true, .mmap_excludes_header = true,
		.mmapped_mem_drifts = true,
		.tcache_bins = 76, .tcache_width = 2, .tcache_fill = 16,
		.tcache_lim = { 1040, 1024 },
		.tcache_by_entry = true,
		.tcache_key = true, .tcache_key_random = true,
	},
};

/* A text that changed has two rows. The first row that fits is taken. */
static const struct {
	enum words words;
	unsigned int first, last;	/* 2.FIRST to 2.LAST; 0: to this day */
	const char *text;
} messages[] = {
	{ WORDS_FREE_POINTER, 23, 0, "free(): invalid pointer" },
	{ WORDS_FREE_SIZE, 23, 0, "free(): invalid size" },
	{ WORDS_FREE_NEXT_FAST, 23, 42, "free(): invalid next size (fast)" },
	{ WORDS_FREE_NEXT_FAST, 43, 0, "free(): invalid next size (normal)" },
	{ WORDS_FREE_NEXT_NORMAL, 23, 0, "free(): invalid next size (normal)" },
	{ WORDS_DOUBLE_FREE_OUT, 23, 0, "double free or corruption (out)" },
	{ WORDS_DOUBLE_FREE_PREV, 23, 0, "double free or corruption (!prev)" },
	{ WORDS_DOUBLE_FREE_FASTTOP, 23, 42,
	  "double free or corruption (fasttop)" },
	{ WORDS_PREV_SIZE, 26, 0, "corrupted size vs. prev_size" },
	{ WORDS_PREV_SIZE_CONSOLIDATING, 29, 0,
	  "corrupted size vs. prev_size while consolidating" },
	{ WORDS_LINKED_LIST, 23, 0, "corrupted double-linked list" },
	{ WORDS_LINKED_LIST_LARGE, 23, 0,
	  "corrupted double-linked list (not small)" },
	{ WORDS_UNSORTED_SIZE, 23, 28, "malloc(): memory corruption" },
	{ WORDS_UNSORTED_SIZE, 29, 0, "malloc(): invalid size (unsorted)" },
	{ WORDS_UNSORTED_NEXT_SIZE, 29, 0,
	  "malloc(): invalid next size (unsorted)" },
	{ WORDS_UNSORTED_PREV_SIZE, 29, 0,
	  "malloc(): mismatching next->prev_size (unsorted)" },
	{ WORDS_UNSORTED_LINK, 29, 0,
	  "malloc(): unsorted double linked list corrupted" },
	{ WORDS_UNSORTED_PREV_INUSE, 29, 0,
	  "malloc(): invalid next->prev_inuse (unsorted)" },
	{ WORDS_SMALLBIN_LINK, 23, 0,
	  "malloc(): smallbin double linked list corrupted" },
	{ WORDS_LARGEBIN_NEXTSIZE, 30, 0,
	  "malloc(): largebin double linked list corrupted (nextsize)" },
	{ WORDS_LARGEBIN_BK, 30, 0,
	  "malloc(): largebin double linked list corrupted (bk)" },
	{ WORDS_FAST_SIZE, 23, 42, "malloc(): memory corruption (fast)" },
	{ WORDS_FAST_UNALIGNED, 32, 42,
	  "malloc(): unaligned fastbin chunk detected" },
	{ WORDS_TCACHE_UNALIGNED, 32, 0,
	  "malloc(): unaligned tcache chunk detected" },
	{ WORDS_TCACHE_DOUBLE, 29, 0,
	  "free(): double free detected in tcache 2" },
	{ WORDS_TCACHE_MANY, 33, 0,
	  "free(): too many chunks detected in tcache" },
	{ WORDS_TOP_SIZE, 29, 0, "malloc(): corrupted top size" },
	{ WORDS_TOP_ASSERT, 23, 0,
	  "sysmalloc: Assertion `(old_top == initial_top (av) && old_size == 0) || ...' failed" },
	{ WORDS_MUNMAP, 23, 0, "munmap_chunk(): invalid pointer" },
};

/**
 * layout_words - what glibc says when it aborts over something
 * @l: the layout
 * @words: over what
 *
 * Return: the text, or NULL where this version does not notice.
 */
const char *layout_words(const struct layout *l, enum words words)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i].words == words &&
		    l->minor >= messages[i].first &&
		    (!messages[i].last || l->minor <= messages[i].last))
			return messages[i].text;
	return NULL;
}

/**
 * layout_rows - how many rows the table has
 *
 * Return: their number; rows are counted from 0, oldest first.
 */
size_t layout_rows(void)
{
	return ARRAY_SIZE(versions);
}

/* Place a field of @size bytes at *@at, as a compiler does. */
static unsigned int field(unsigned int *at, unsigned int size,
			  unsigned int count)
{
	unsigned int here = align_up(*at, size);

	*at = here + size * count;
	return here;
}

static void state_make(struct layout *l, const struct version *v)
{
	unsigned int at = 0, w = l->word;

	field(&at, 4, 2);		/* mutex, flags */
	if (v->have_fastchunks)
		field(&at, 4, 1);
	if (v->fastbins) {
		/* MAX_FAST_SIZE is 20 words. */
		u64 largest = layout_request2size(l, 20 * w);

		l->nfastbins = layout_fast_index(l, largest) + 1;
		l->fastbins = field(&at, w, l->nfastbins);
	}
	l->top = field(&at, w, 1);
	l->last_remainder = field(&at, w, 1);
	l->bins = field(&at, w, NBINWORDS);
	l->binmap = field(&at, 4, 4);
	l->next = field(&at, w, 1);
	l->next_free = field(&at, w, 1);
	l->attached = field(&at, w, 1);
	l->system_mem = field(&at, w, 1);
	l->max_system_mem = field(&at, w, 1);
	l->state_size = align_up(at, w);
}

static void mp_make(struct layout *l, const struct version *v)
{
	unsigned int at = 0, w = l->word;

	l->mp_trim_threshold = field(&at, w, 1);
	l->mp_top_pad = field(&at, w, 1);
	l->mp_mmap_threshold = field(&at, w, 1);
	l->mp_arena_test = field(&at, w, 1);
	field(&at, w, 1);		/* arena_max */
	if (v->mp_thp_mode)
		field(&at, 4, 1);
	if (v->mp_huge_pages) {
		l->mp_thp_pagesize = field(&at, w, 1);
		l->mp_hp_pagesize = field(&at, w, 1);
		field(&at, 4, 1);	/* hp_flags */
	}
	l->mp_n_mmaps = field(&at, 4, 1);
	l->mp_n_mmaps_max = field(&at, 4, 1);
	field(&at, 4, 1);		/* max_n_mmaps */
	l->mp_no_dyn_threshold = field(&at, 4, 1);
	l->mp_mmapped_mem = field(&at, w, 1);
	l->mp_max_mmapped_mem = field(&at, w, 1);
	if (v->mp_max_total_mem)
		field(&at, w, 1);
	l->mp_sbrk_base = field(&at, w, 1);
	if (v->tcache_bins) {
		field(&at, w, 1);	/* tcache_bins */
		l->mp_tcache_max = field(&at, w, 1);
		l->mp_tcache_count = field(&at, w, 1);
		field(&at, w, 1);	/* tcache_unsorted_limit */
	}
	l->mp_size = align_up(at, w);
}

static void heap_make(struct layout *l, const struct version *v)
{
	unsigned int at = 0, w = l->word;

	/* ar_ptr, prev, size, mprotect_size, and a pad behind which the
	 * first chunk's user memory is aligned.
	 */
	field(&at, w, v->heap_pagesize ? 5 : 4);
	l->heap_info_size = align_up(at + 2 * w, l->align) - 2 * w;
	l->heap_max = w == 8 ? 64u << 20 : 1u << 20;
	l->heap_max_by_hp = v->heap_max_by_hp;
}

static void tcache_make(struct layout *l, const struct version *v)
{
	unsigned int at = 0;

	if (!v->tcache_bins)
		return;
	l->tcache_bins = v->tcache_bins;
	l->tcache_small_bins = 64;
	l->tcache_width = v->tcache_width;
	l->tcache_counts_down = v->tcache_bins > 64;
	l->tcache_first = v->tcache_first;
	l->tcache_by_entry = v->tcache_by_entry;
	field(&at, v->tcache_width, v->tcache_bins);
	l->tcache_entries = field(&at, l->word, v->tcache_bins);
	l->tcache_size = align_up(at, l->word);
	l->tcache_chunk = layout_request2size(l, l->tcache_size);
	l->tcache_fill = v->tcache_fill;
	l->tcache_large_lim = v->tcache_lim[l->word == 4];
	l->has_tcache_key = v->tcache_key;
	l->tcache_key_random = v->tcache_key_random;
}

/**
 * layout_make - work out every offset for one row of the table
 * @row: 0 to layout_rows() - 1
 * @wordsize: 8 or 4
 * @align: MALLOC_ALIGNMENT; 0 for x86's: 16, but 8 on 32-bit up to 2.25
 * @l: filled
 */
void layout_make(size_t row, unsigned int wordsize, unsigned int align,
		 struct layout *l)
{
	const struct version *v = &versions[row];

	*l = (struct layout){ .first = v->first, .word = wordsize };
	l->last = row + 1 < ARRAY_SIZE(versions) ? v[1].first - 1 : last_known;
	l->minor = l->last;
	if (!align)
		align = wordsize == 4 && v->first < 26 ? 8 : 16;
	l->align = align;
	l->minsize = align_up(4 * wordsize, wordsize == 8 ? align : 8);
	l->safe_linking = v->safe_linking;
	l->mmap_excludes_header = v->mmap_excludes_header;
	l->mmapped_mem_drifts = v->mmapped_mem_drifts;
	l->free_tests_alignment = v->free_tests_alignment;
	l->bad_flags = v->bad_flags;
	state_make(l, v);
	mp_make(l, v);
	heap_make(l, v);
	tcache_make(l, v);
}

/**
 * layout_request2size - the size of the chunk that malloc(@request) makes
 * @l: the layout
 * @request: bytes asked for
 *
 * Return: the chunk's size.
 */
u64 layout_request2size(const struct layout *l, u64 request)
{
	u64 size = align_up(request + l->word, l->align);

	return size < l->minsize ? l->minsize : size;
}

/**
 * layout_fast_index - which fastbin is for a size
 * @l: the layout
 * @size: of the chunk
 *
 * Return: the index; not limited to nfastbins.
 */
unsigned int layout_fast_index(const struct layout *l, u64 size)
{
	return (size >> (l->word == 8 ? 4 : 3)) - 2;
}

/* On i386 since 2.26, chunks are aligned to 16 bytes, and may be 16 bytes long. */
static bool small_bin_correction(const struct layout *l)
{
	return l->align > 2 * l->word;
}

/**
 * layout_min_large - the smallest chunk of the large bins
 * @l: the layout
 *
 * Return: its size.
 */
u64 layout_min_large(const struct layout *l)
{
	return (64 - small_bin_correction(l)) * (u64)l->align;
}

/**
 * layout_bin_index - which bin is for a free chunk
 * @l: the layout
 * @s: its size
 *
 * Return: 2 to 126.
 */
unsigned int layout_bin_index(const struct layout *l, u64 s)
{
	unsigned int limit = 48, base = 48;

	if (s < layout_min_large(l))
		return (l->align == 16 ? s >> 4 : s >> 3) +
		       small_bin_correction(l);
	if (l->word == 4) {
		limit = small_bin_correction(l) ? 45 : 38;
		base = small_bin_correction(l) ? 49 : 56;
	}
	if (s >> 6 <= limit)
		return base + (s >> 6);
	if (s >> 9 <= 20)
		return 91 + (s >> 9);
	if (s >> 12 <= 10)
		return 110 + (s >> 12);
	if (s >> 15 <= 4)
		return 119 + (s >> 15);
	if (s >> 18 <= 2)
		return 124 + (s >> 18);
	return 126;
}

/**
 * layout_tcache_index - which tcache bin is for a size
 * @l: the layout
 * @size: of the chunk
 *
 * Return: the index, or -1 where no bin is.
 */
int layout_tcache_index(const struct layout *l, u64 size)
{
	u64 index;

	if (!l->tcache_bins || size < l->minsize)
		return -1;
	index = (size - l->minsize) / l->align;
	if (index < l->tcache_small_bins)
		return index;
	if (l->tcache_bins == l->tcache_small_bins || size >> 32)
		return -1;
	index = l->tcache_small_bins + __builtin_clz(l->tcache_large_lim) -
		__builtin_clz((u32)size);
	return index < l->tcache_bins ? (int)index : -1;
}

/**
 * layout_first_chunk - where the first chunk lies in some memory
 * @l: the layout
 * @after: the first address that is free to use
 *
 * Return: the chunk's address; its user memory is aligned.
 */
u64 layout_first_chunk(const struct layout *l, u64 after)
{
	return align_up(after + 2 * l->word, l->align) - 2 * l->word;
}
