/* SPDX-License-Identifier: GPL-2.0 */
/* Stop a traced thread when it reaches an address. */
#ifndef HEAPINFO_BREAKPOINT_H
#define HEAPINFO_BREAKPOINT_H

#include <sys/types.h>

#include "base/util.h"

struct breakpoint {
	u64 addr;
	u64 word;	/* what was there before */
	bool set;
};

bool breakpoint_possible(void);
int breakpoint_set(pid_t tid, struct breakpoint *b, u64 addr);
void breakpoint_clear(pid_t tid, struct breakpoint *b);
void breakpoint_clear_copy(pid_t tid, const struct breakpoint *b);
bool breakpoint_hit(pid_t tid, const struct breakpoint *b);
void breakpoint_back(pid_t tid, const struct breakpoint *b);
bool breakpoint_step(pid_t tid, struct breakpoint *b, int *status);

#endif
