/* SPDX-License-Identifier: GPL-2.0 */
/* Stop all threads of a live process, and let them run on. */
#ifndef HEAPINFO_FREEZE_H
#define HEAPINFO_FREEZE_H

#include <sys/types.h>

#include "base/util.h"

struct freezer;
struct thread;

struct freezer *freezer_stop(pid_t pid, struct error *e);
void freezer_limit(struct freezer *f, u64 ns);
bool freezer_is_over(const struct freezer *f);
u64 freezer_go(struct freezer *f);
u64 freezer_tcb(const struct freezer *f, pid_t tid);
bool freezer_was_held(const struct freezer *f);
void freezer_where(const struct freezer *f, struct thread *th);

#endif
