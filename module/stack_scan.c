// SPDX-License-Identifier: GPL-2.0
/* Which words of a stack are kept: what unwinding needs of it, and no data. */
#include "stack_scan.h"
#include "code.h"

#include <linux/minmax.h>
#include <linux/string.h>

/*
 * Kept are addresses of code; and of addresses of the stack itself those that may be
 * a frame: where a return address stands right above what they point to, as with
 * saved frame pointers; or near it, as functions have it that align their frame, and
 * the loader; and the stack pointer that a signal has saved. They point upwards.
 *
 * What stands above is not known yet when a word is looked at. So addresses of the
 * stack are kept first, and decided when there is no room left, and at the end. There
 * is no kernel in this: others may build it, too.
 */

/* How many words there are to be looked at. */
static unsigned int heapinfo_slots_most(const struct heapinfo_stack_scan *scan)
{
	return (scan->end - scan->top) >> scan->shift;
}

/**
 * heapinfo_stack_scan_begin() - begin to look at a stack
 * @scan: filled in; the caller may change @lowest and @highest
 * @top: the stack pointer
 * @end: where what is to be looked at ends
 * @shift: a word has 1 << shift bytes
 *
 * Context: any.
 */
void heapinfo_stack_scan_begin(struct heapinfo_stack_scan *scan,
			       unsigned long top, unsigned long end,
			       unsigned int shift)
{
	unsigned long most = (unsigned long)HEAPINFO_SCAN_SLOTS << shift;

	scan->top = top;
	scan->end = min(end, top + most);
	scan->shift = shift;
	scan->slots = 0;
	scan->nr = 0;
	scan->lowest = 0;
	scan->highest = HEAPINFO_ADDRESS_END;
	memset(scan->code, 0, (heapinfo_slots_most(scan) + 63) / 64 * sizeof(u64));
}

/* Whether a word is the address of code, as far as is known. */
static bool heapinfo_slot_is_code(const struct heapinfo_stack_scan *scan,
				  unsigned long slot)
{
	return slot < scan->slots && (scan->code[slot / 64] >> slot % 64 & 1);
}

/* Whether what points to a slot may be a frame. */
static bool heapinfo_is_frame(const struct heapinfo_stack_scan *scan,
			      unsigned long slot)
{
	return heapinfo_slot_is_code(scan, slot + 1) ||
	       heapinfo_slot_is_code(scan, slot + 3) ||
	       (slot && heapinfo_slot_is_code(scan, slot - 1));
}

/*
 * Whether a word may be the stack pointer that a signal has saved: so many words
 * above it, @to_ip, is where the program was interrupted, and @words below that what
 * the handler returns to.
 */
static bool heapinfo_is_signal(const struct heapinfo_stack_scan *scan,
			       unsigned long slot, unsigned int words,
			       unsigned int to_ip)
{
	return slot + to_ip >= words &&
	       heapinfo_slot_is_code(scan, slot + to_ip) &&
	       heapinfo_slot_is_code(scan, slot + to_ip - words);
}

static bool heapinfo_is_interrupted(const struct heapinfo_stack_scan *scan,
				    unsigned long slot)
{
	if (scan->shift == 3)
		return heapinfo_is_signal(scan, slot, HEAPINFO_SIGNAL_WIDE,
					  HEAPINFO_SIGNAL_SP_WIDE);
	return heapinfo_is_signal(scan, slot, HEAPINFO_SIGNAL_NARROW,
				  HEAPINFO_SIGNAL_SP_NARROW) ||
	       heapinfo_is_signal(scan, slot, HEAPINFO_SIGNAL_NARROW_INFO,
				  HEAPINFO_SIGNAL_SP_NARROW);
}

static bool heapinfo_on_stack(const struct heapinfo_stack_scan *scan, u64 value)
{
	return value >= scan->top && value < scan->end;
}

/*
 * Whether it is not known yet what a word is, that points to a slot: what stands there
 * has not been looked at, or what stands above the word itself.
 */
static bool heapinfo_is_undecided(const struct heapinfo_stack_scan *scan,
				  unsigned long to, unsigned long slot)
{
	return to + 3 >= scan->slots ||
	       slot + HEAPINFO_SIGNAL_SP_NARROW >= scan->slots;
}

/*
 * Drops those addresses of the stack that are no frames. Before the @last time, those
 * stay of which that is not known.
 */
static void heapinfo_stack_scan_decide(struct heapinfo_stack_scan *scan,
				       bool last)
{
	unsigned int i, nr = 0;
	unsigned long slot;
	u64 value;

	for (i = 0; i < scan->nr; i++) {
		value = scan->words[i].value;
		slot = (value - scan->top) >> scan->shift;
		if (!heapinfo_on_stack(scan, value) ||
		    heapinfo_is_frame(scan, slot) ||
		    heapinfo_is_interrupted(scan, scan->words[i].slot) ||
		    (!last && heapinfo_is_undecided(scan, slot,
						    scan->words[i].slot)))
			scan->words[nr++] = scan->words[i];
	}
	scan->nr = nr;
}

/* Keeps the word in the last slot. Returns false if more are kept than may be. */
static bool heapinfo_stack_scan_keep(struct heapinfo_stack_scan *scan, u64 value)
{
	if (scan->nr == HEAPINFO_SCAN_WORDS) {
		heapinfo_stack_scan_decide(scan, false);
		/* Else little room is made time and again. */
		if (scan->nr > HEAPINFO_SCAN_WORDS / 2)
			return false;
	}
	scan->words[scan->nr++] = (struct heapinfo_word) {
		.slot = scan->slots - 1, .value = value,
	};
	return true;
}

/*
 * The last slot holds a value that may be an address. Returns as above. Most point to
 * data.
 */
static __always_inline bool
heapinfo_stack_scan_word(struct heapinfo_stack_scan *scan, u64 value,
			 heapinfo_is_code *is_code, void *data)
{
	unsigned int slot = scan->slots - 1;
	u64 unaligned = (1U << scan->shift) - 1;

	if (heapinfo_on_stack(scan, value)) {
		if (value <= scan->top + ((u64)slot << scan->shift) ||
		    (value & unaligned))
			return true;
		return heapinfo_stack_scan_keep(scan, value);
	}
	if (!is_code(data, value))
		return true;
	scan->code[slot / 64] |= 1ULL << slot % 64;
	return heapinfo_stack_scan_keep(scan, value);
}

/**
 * heapinfo_stack_scan_words() - look at the next words of a stack
 * @scan: the stack
 * @words: those from @scan->lowest on and below @scan->highest, in order
 * @nr: how many
 * @is_code: tells whether there is code at an address; asked only for what is not on
 *	the stack
 * @data: for that
 *
 * Context: as @is_code needs it.
 * Return: false if there are more words to keep than may be: then nothing more is to
 * be looked at.
 */
bool heapinfo_stack_scan_words(struct heapinfo_stack_scan *scan,
			       const struct heapinfo_word *words, unsigned int nr,
			       heapinfo_is_code *is_code, void *data)
{
	const struct heapinfo_word *end = words + nr;

	for (; words < end; words++) {
		scan->slots = words->slot + 1;
		if (!heapinfo_stack_scan_word(scan, words->value, is_code, data))
			return false;
	}
	return true;
}

/**
 * heapinfo_stack_scan_to() - go on behind words that are not to be kept
 * @scan: the stack
 * @slot: the next word; its number is no less than that of the word that would be next
 *
 * Context: any.
 */
void heapinfo_stack_scan_to(struct heapinfo_stack_scan *scan, unsigned int slot)
{
	scan->slots = min(slot, heapinfo_slots_most(scan));
}

/**
 * heapinfo_stack_scan_end() - decide what is kept
 * @scan: the stack; has HEAPINFO_WORDS_MAX words at most afterwards, the lowest ones
 *
 * Context: any.
 * Return: false if there were more.
 */
bool heapinfo_stack_scan_end(struct heapinfo_stack_scan *scan)
{
	heapinfo_stack_scan_decide(scan, true);
	if (scan->nr <= HEAPINFO_WORDS_MAX)
		return true;
	scan->nr = HEAPINFO_WORDS_MAX;
	return false;
}
