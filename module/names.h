/* SPDX-License-Identifier: GPL-2.0 */
/* How calls end and why they fail: the words that users read, in one list. */
#ifndef HEAPINFO_NAMES_H
#define HEAPINFO_NAMES_H

/*
 * How a call ended, and the words for it. "moved" is no call: the history has
 * it where the break is not where the last call left it.
 */
#define HEAPINFO_CALLS						\
	HEAPINFO_NAMED(HEAPINFO_QUERY,		"query")	\
	HEAPINFO_NAMED(HEAPINFO_GROW,		"grow")		\
	HEAPINFO_NAMED(HEAPINFO_SHRINK,		"shrink")	\
	HEAPINFO_NAMED(HEAPINFO_UNCHANGED,	"unchanged")	\
	HEAPINFO_NAMED(HEAPINFO_FAILED,		"failed")	\
	HEAPINFO_NAMED(HEAPINFO_MOVED,		"moved")

/*
 * Why a call failed, in the order in which the kernel asks. "unmapped" is a
 * heap whose end the process itself unmapped; "sealed" one it sealed with
 * mseal(2). "unknown" is said when the address space could not be looked at.
 */
#define HEAPINFO_RESULTS					\
	HEAPINFO_NAMED(HEAPINFO_OK,		"ok")		\
	HEAPINFO_NAMED(HEAPINFO_KILLED,		"killed")	\
	HEAPINFO_NAMED(HEAPINFO_BELOW_START,	"below_start")	\
	HEAPINFO_NAMED(HEAPINFO_RLIMIT_DATA,	"rlimit_data")	\
	HEAPINFO_NAMED(HEAPINFO_UNMAPPED,	"unmapped")	\
	HEAPINFO_NAMED(HEAPINFO_SEALED,		"sealed")	\
	HEAPINFO_NAMED(HEAPINFO_MLOCK,		"mlock")	\
	HEAPINFO_NAMED(HEAPINFO_OVERLAP,	"overlap")	\
	HEAPINFO_NAMED(HEAPINFO_RLIMIT_AS,	"rlimit_as")	\
	HEAPINFO_NAMED(HEAPINFO_MAP_COUNT,	"map_count")	\
	HEAPINFO_NAMED(HEAPINFO_NOMEM,		"nomem")	\
	HEAPINFO_NAMED(HEAPINFO_UNKNOWN,	"unknown")

#endif /* HEAPINFO_NAMES_H */
