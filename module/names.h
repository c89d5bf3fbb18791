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
/* For the tracepoint: the constant, and what __print_symbolic() takes. */
#define HEAPINFO_AS_TRACE_ENUM(id, word)	TRACE_DEFINE_ENUM(id);
#define HEAPINFO_AS_TRACE_SYMBOL(id, word)	{ id, word },

/*
 * How a call ended. "moved" is no call: it is recorded if the break is not
 * where the last call left it.
 */
#define HEAPINFO_CALLS(NAMED)					\
	NAMED(HEAPINFO_QUERY,		"query")	\
	NAMED(HEAPINFO_GROW,		"grow")		\
	NAMED(HEAPINFO_SHRINK,		"shrink")	\
	NAMED(HEAPINFO_UNCHANGED,	"unchanged")	\
	NAMED(HEAPINFO_FAILED,		"failed")	\
	NAMED(HEAPINFO_MOVED,		"moved")

/*
 * Why a call failed, in the order in which the kernel checks. "unmapped": the
 * process itself has unmapped the end of its heap. "sealed": it has sealed it
 * with mseal(2). "unknown": the lock of the address space was not to be had, so
 * the reason could not be looked for.
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
	NAMED(HEAPINFO_UNKNOWN,	"unknown")

#endif /* HEAPINFO_NAMES_H */
