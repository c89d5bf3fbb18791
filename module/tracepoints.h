/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the kernel that are not exported: found by their names. */
#ifndef HEAPINFO_TRACEPOINTS_H
#define HEAPINFO_TRACEPOINTS_H

#include <linux/tracepoint.h>

/**
 * struct heapinfo_tracepoint - a tracepoint and a function that it calls
 * @name: the name of the tracepoint
 * @probe: the function; its first argument is NULL, then come those of the
 *	tracepoint
 * @found: the tracepoint, while the function is attached to it
 */
struct heapinfo_tracepoint {
	const char *name;
	void *probe;
	struct tracepoint *found;
};

int heapinfo_tracepoint_attach(struct heapinfo_tracepoint *point);
void heapinfo_tracepoint_detach(struct heapinfo_tracepoint *point);

#endif /* HEAPINFO_TRACEPOINTS_H */
