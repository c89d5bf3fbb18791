/* SPDX-License-Identifier: GPL-2.0 */
/* Open a made-up heap in a unit test, as the commands open a core. */
#ifndef HEAPINFO_OPEN_SYNTH_H
#define HEAPINFO_OPEN_SYNTH_H

#include <unistd.h>

#include "heap/heap.h"
#include "synth.h"

static inline void open_synth(const struct synth *s, struct heap *h)
{
	char path[64];
	const struct target_choice choice = { .core = path };
	struct error e = { "" };
	int fd = synth_core(s);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (heap_open(h, &choice, NEED_CHECK, &e))
		fail_msg("%s", e.text);
	close(fd);
}

#endif
