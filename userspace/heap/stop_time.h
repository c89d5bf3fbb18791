/* SPDX-License-Identifier: GPL-2.0 */
/* For how long --freeze stops a process, foretold. */
#ifndef HEAPINFO_STOP_TIME_H
#define HEAPINFO_STOP_TIME_H

#include "heap/heap.h"

struct stop_time {
	u64 bytes;	/* to be read */
	u64 rate;	/* bytes a second, as measured */
	u64 ns;
};

void stop_time(struct heap *h, unsigned int copies, bool all,
	       struct stop_time *s);

#endif
