/* SPDX-License-Identifier: GPL-2.0 */
/* Open a made-up heap as the commands open a core; for cmocka's tests. */
#ifndef HEAPINFO_OPEN_SYNTH_H
#define HEAPINFO_OPEN_SYNTH_H

#include <string.h>
#include <unistd.h>

#include "../heap.h"
#include "synth.h"

static inline void open_synth(const struct synth *s, struct heap *h)
{
	char path[64];
	struct error e = { "" };
	int fd = synth_core(s);

	memset(h, 0, sizeof(*h));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	h->t = target_open_core(path, &e);
	close(fd);
	if (!h->t)
		fail_msg("%s", e.text);
	modules_find(h->t, &h->mods);
	h->has_glibc = glibc_open(h->t, &h->mods, &h->g, &e);
	if (!h->has_glibc)
		fail_msg("%s", e.text);
}

#endif
