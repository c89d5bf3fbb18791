/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the kernel that are not exported, found by their name. */
#ifndef HEAPINFO_TRACEPOINTS_H
#define HEAPINFO_TRACEPOINTS_H

#include <linux/tracepoint.h>

/**
 * struct heapinfo_tracepoint - a function of ours on a tracepoint
 * @name: of the tracepoint
 * @probe: its first argument is NULL, the others are the tracepoint's
 * @found: the tracepoint while attached
 */
struct heapinfo_tracepoint {
	const char *name;
	void *probe;
	struct tracepoint *found;
};

int heapinfo_tracepoint_attach(struct heapinfo_tracepoint *point);
void heapinfo_tracepoint_detach(struct heapinfo_tracepoint *point);

#endif /* HEAPINFO_TRACEPOINTS_H */
