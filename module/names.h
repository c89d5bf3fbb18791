/* SPDX-License-Identifier: GPL-2.0 */
/* How calls end and why they fail: the words that users read, in one list. */
#ifndef HEAPINFO_NAMES_H
#define HEAPINFO_NAMES_H

/*
 * Each list names a macro that its entries are handed to, with a constant and
 * its word. These are the macros that make something of them.
 */
#define HEAPINFO_AS_CONSTANT(id, word)	id,
#define HEAPINFO_AS_WORD(id, word)	word,
/* For a condition: whether a row has room for the word (text.h). */
#define HEAPINFO_AS_FITTING(id, word)	sizeof(word) <= HEAPINFO_TEXT_WORD + 1 &&
/* For the tracepoint: the constant, and what __print_symbolic() takes. */
#define HEAPINFO_AS_TRACE_ENUM(id, word)	TRACE_DEFINE_ENUM(id);
#define HEAPINFO_AS_TRACE_SYMBOL(id, word)	{ id, word },

/*
 * How a call ended, and the words for it. "moved" is no call: the history has
 * it where the break is not where the last call left it. "set" is a call that got
 * what it asked, of which is not known which way that moved the break.
 */
#define HEAPINFO_CALLS(NAMED)					\
	NAMED(HEAPINFO_QUERY,		"query")	\
	NAMED(HEAPINFO_GROW,		"grow")		\
	NAMED(HEAPINFO_SHRINK,		"shrink")	\
	NAMED(HEAPINFO_UNCHANGED,	"unchanged")	\
	NAMED(HEAPINFO_FAILED,		"failed")	\
	NAMED(HEAPINFO_MOVED,		"moved")	\
	NAMED(HEAPINFO_SET,		"set")

/*
 * Why a call failed, in the order in which the kernel asks. "unmapped" is a
 * heap whose end the process itself unmapped; "sealed" one it sealed with
 * mseal(2); "hugetlb" one in which it put huge pages, of which the call would cut
 * one. "unknown" is said when the address space could not be looked at.
 *
 * "raced" is no failure: the call got what it asked, but others of its address
 * space were under way, and "from" is only where the break was when it began.
 *
 * New words come last: the numbers of the others stand in filters of tracers.
 */
#define HEAPINFO_RESULTS(NAMED)					\
	NAMED(HEAPINFO_OK,		"ok")		\
	NAMED(HEAPINFO_KILLED,		"killed")	\
	NAMED(HEAPINFO_BELOW_START,	"below_start")	\
	NAMED(HEAPINFO_RLIMIT_DATA,	"rlimit_data")	\
	NAMED(HEAPINFO_UNMAPPED,	"unmapped")	\
	NAMED(HEAPINFO_SEALED,		"sealed")	\
	NAMED(HEAPINFO_MLOCK,		"mlock")	\
	NAMED(HEAPINFO_OVERLAP,	"overlap")	\
	NAMED(HEAPINFO_RLIMIT_AS,	"rlimit_as")	\
	NAMED(HEAPINFO_MAP_COUNT,	"map_count")	\
	NAMED(HEAPINFO_NOMEM,		"nomem")	\
	NAMED(HEAPINFO_UNKNOWN,	"unknown")	\
	NAMED(HEAPINFO_HUGETLB,	"hugetlb")	\
	NAMED(HEAPINFO_RACED,		"raced")

#endif /* HEAPINFO_NAMES_H */
