/* SPDX-License-Identifier: GPL-2.0 */
/* Which words of a stack are kept. */
#ifndef HEAPINFO_STACK_SCAN_H
#define HEAPINFO_STACK_SCAN_H

#include <linux/types.h>

#include "stack_table.h"

/* A stack is looked at up to so many words. */
#define HEAPINFO_SCAN_SLOTS	4096
/* So many words may be undecided at a time; at least twice what is kept. */
#define HEAPINFO_SCAN_WORDS	(2 * HEAPINFO_WORDS_MAX + 12)

/* Whether there is code at an address, for a word that may be kept. */
typedef bool (heapinfo_is_code)(void *data, unsigned long address);

/**
 * struct heapinfo_stack_scan - a stack that is looked at, from its lowest address on
 * @top: the lowest address, where slot 0 is
 * @end: where what is to be looked at ends
 * @shift: a word has 1 << shift bytes
 * @slots: how many words were looked at
 * @nr: how many of them are in @words
 * @lowest: no address that may be kept lies below
 * @highest: none lies there or above
 * @code: a bit for each word that was looked at: it is the address of code
 * @words: those that are kept, or of which that is not known yet
 */
struct heapinfo_stack_scan {
	unsigned long top;
	unsigned long end;
	unsigned int shift;
	unsigned int slots;
	unsigned int nr;
	unsigned long lowest;
	unsigned long highest;
	u64 code[HEAPINFO_SCAN_SLOTS / 64];
	struct heapinfo_word words[HEAPINFO_SCAN_WORDS];
};

void heapinfo_stack_scan_begin(struct heapinfo_stack_scan *scan,
			       unsigned long top, unsigned long end,
			       unsigned int shift);
bool heapinfo_stack_scan_words(struct heapinfo_stack_scan *scan,
			       const struct heapinfo_word *words, unsigned int nr,
			       heapinfo_is_code *is_code, void *data);
void heapinfo_stack_scan_to(struct heapinfo_stack_scan *scan, unsigned int slot);
bool heapinfo_stack_scan_end(struct heapinfo_stack_scan *scan);

#endif /* HEAPINFO_STACK_SCAN_H */
