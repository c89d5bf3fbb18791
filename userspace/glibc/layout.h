/* SPDX-License-Identifier: GPL-2.0 */
/* What malloc's structures look like, by glibc version: see layout.c. */
#ifndef HEAPINFO_LAYOUT_H
#define HEAPINFO_LAYOUT_H

#include "heap/chunk.h"

#define NBINS		128u	/* bin 1 is unsorted; 0 and 127 stay unused */
#define NBINWORDS	254u	/* fd and bk of bins 1..127 */
#define MAX_FASTBINS	11u
#define MAX_TCACHE_BINS	76u
#define DEFAULT_THRESHOLD 0x20000u	/* of trim, mmap and top_pad in mp_ */

/* The flags of a size field, which are those of struct chunk. */
#define SIZE_BITS	(PREV_INUSE | IS_MMAPPED | NON_MAIN_ARENA)

/* What glibc says when it aborts; layout_words() has the text. */
enum words {
	WORDS_NONE,		/* it does not notice, or crashes */
	WORDS_FREE_POINTER,
	WORDS_FREE_SIZE,
	WORDS_FREE_NEXT_FAST,
	WORDS_FREE_NEXT_NORMAL,
	WORDS_DOUBLE_FREE_OUT,
	WORDS_DOUBLE_FREE_PREV,
	WORDS_DOUBLE_FREE_FASTTOP,
	WORDS_PREV_SIZE,
	WORDS_PREV_SIZE_CONSOLIDATING,
	WORDS_LINKED_LIST,
	WORDS_LINKED_LIST_LARGE,
	WORDS_UNSORTED_SIZE,
	WORDS_UNSORTED_NEXT_SIZE,
	WORDS_UNSORTED_PREV_SIZE,
	WORDS_UNSORTED_LINK,
	WORDS_UNSORTED_PREV_INUSE,
	WORDS_SMALLBIN_LINK,
	WORDS_LARGEBIN_NEXTSIZE,
	WORDS_LARGEBIN_BK,
	WORDS_FAST_SIZE,
	WORDS_FAST_UNALIGNED,
	WORDS_TCACHE_UNALIGNED,
	WORDS_TCACHE_DOUBLE,
	WORDS_TCACHE_MANY,
	WORDS_TOP_SIZE,
	WORDS_TOP_ASSERT,
	WORDS_MUNMAP,
};

/* One row of the table: versions 2.FIRST to 2.LAST, minor numbers only. */
struct layout {
	unsigned int first;	/* 31 for 2.31 */
	unsigned int last;
	unsigned int minor;	/* the version, or the newest it can be */
	unsigned int word;	/* 4 or 8 */
	unsigned int align;	/* MALLOC_ALIGNMENT */
	unsigned int minsize;	/* of a chunk */

	/* struct malloc_state; these are offsets, here and below */
	unsigned int nfastbins;	/* 0 from 2.43 on */
	unsigned int fastbins;
	unsigned int top;
	unsigned int last_remainder;
	unsigned int bins;
	unsigned int binmap;
	unsigned int next;
	unsigned int next_free;
	unsigned int attached;
	unsigned int system_mem;
	unsigned int max_system_mem;
	unsigned int state_size;

	/* struct malloc_par, called mp_ */
	unsigned int mp_trim_threshold;
	unsigned int mp_top_pad;
	unsigned int mp_mmap_threshold;
	unsigned int mp_arena_test;
	unsigned int mp_thp_pagesize;	/* 0 before 2.35 */
	unsigned int mp_hp_pagesize;	/* 0 before 2.35 */
	unsigned int mp_n_mmaps;
	unsigned int mp_n_mmaps_max;
	unsigned int mp_no_dyn_threshold;
	unsigned int mp_mmapped_mem;
	unsigned int mp_max_mmapped_mem;
	unsigned int mp_sbrk_base;
	unsigned int mp_tcache_max;	/* 0 before 2.26 */
	unsigned int mp_tcache_count;	/* 0 before 2.26 */
	unsigned int mp_size;

	/* struct _heap_info, at the start of a thread arena's heap */
	unsigned int heap_info_size;
	u64 heap_max;		/* without huge pages */
	bool heap_max_by_hp;	/* 4 huge pages with hugetlb >= 2 */

	/* struct tcache_perthread_struct */
	unsigned int tcache_bins;	/* 0: no tcache */
	unsigned int tcache_small_bins;	/* of one size each */
	unsigned int tcache_width;	/* bytes of a counter */
	bool tcache_counts_down;
	bool tcache_first;	/* it is made before the thread's first chunk */
	bool tcache_by_entry;	/* malloc tests entries, not counts, for 0 */
	unsigned int tcache_entries;
	unsigned int tcache_size;
	u64 tcache_chunk;	/* size of the chunk it lives in */
	unsigned int tcache_fill;	/* chunks a bin, by default */
	u64 tcache_large_lim;	/* for the large bins' index */

	bool has_tcache_key;	/* in the second word of a cached chunk */
	bool tcache_key_random;	/* one random word; else the tcache's address */
	bool safe_linking;
	bool mmap_excludes_header;	/* size field of an mmapped chunk */
	bool mmapped_mem_drifts; /* each realloc() adds 2 words too many */
	bool free_tests_alignment;	/* of a size; takes 0 for a wrap */
	unsigned int bad_flags;	/* bits malloc_state.flags never has */
};

size_t layout_rows(void);
void layout_make(size_t row, unsigned int wordsize, unsigned int align,
		 struct layout *l);

u64 layout_request2size(const struct layout *l, u64 request);
unsigned int layout_fast_index(const struct layout *l, u64 size);
unsigned int layout_bin_index(const struct layout *l, u64 size);
u64 layout_min_large(const struct layout *l);
const char *layout_words(const struct layout *l, enum words words);
int layout_tcache_index(const struct layout *l, u64 size);
u64 layout_first_chunk(const struct layout *l, u64 after);

#endif
