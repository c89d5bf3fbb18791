/* SPDX-License-Identifier: GPL-2.0 */
/* New brk events of a live process, as they happen. */
#ifndef HEAPINFO_FOLLOW_H
#define HEAPINFO_FOLLOW_H

#include "brk/kernel.h"
#include "target/target.h"

/* A trace of the brk events of one process. */
struct follow_trace;

/* Gets each event. Those of follow_trace_read() have no number and no name. */
typedef void (*follow_fn)(const struct brk_event *e, void *ctx);

struct follow_trace *follow_trace_open(pid_t pid, struct error *e);
int follow_trace_fd(const struct follow_trace *ft);
void follow_trace_read(struct follow_trace *ft, follow_fn fn, void *ctx);
void follow_trace_close(struct follow_trace *ft);

struct follow {
	struct target *t;
	struct brk_event last;	/* the last one shown; seq 0: none was */
	bool poll_only;		/* do not try tracefs */
	follow_fn fn;
	/* The process has begun another program; its events come next. */
	void (*again)(void *ctx);
	/* Gets a line for the user: that events were lost, or an exec. */
	void (*say)(const char *line, void *ctx);
	void *ctx;
};

int follow_brk(struct follow *f, struct error *e);

#endif
