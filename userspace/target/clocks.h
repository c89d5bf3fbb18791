/* SPDX-License-Identifier: GPL-2.0 */
/* What the machine's clocks said when a target was looked at. */
#ifndef HEAPINFO_CLOCKS_H
#define HEAPINFO_CLOCKS_H

#include "target/target.h"

/* One moment on two clocks; both 0 where that moment is not known. */
struct clocks {
	u64 boot_ns;	/* CLOCK_BOOTTIME */
	u64 real_ns;	/* CLOCK_REALTIME */
};

/* The text of a snapshot that holds them: "BOOT_NS REAL_NS". */
#define CLOCKS_TEXT "clocks"

void clocks_now(struct clocks *c);
void clocks_of(struct target *t, struct clocks *c);

#endif
