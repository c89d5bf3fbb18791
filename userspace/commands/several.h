/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A command's answer of each of several processes, one after the other, and the
 * sums over all of them.  Of one process, it is as if there were no sums.
 */
#ifndef HEAPINFO_SEVERAL_H
#define HEAPINFO_SEVERAL_H

#include "base/json.h"
#include "commands/cmd.h"
#include "heap/memory.h"
#include "heap/usage.h"

struct several;

/* What a command has to tell. */
struct several_ops {
	/*
	 * Read the heap, let the process run on, print what there is. Where
	 * several_sums() is true, add it to the sums.
	 */
	void (*show)(struct several *s, struct heap *h);
	/* More of the sum than malloc's memory, behind that; or NULL. */
	void (*print_sum)(void);
	void (*sum_json)(struct json_object *sum);
};

int several_run(const struct common *c, const struct several_ops *ops);

/* For show() above. */
bool several_sums(const struct several *s);
bool several_json(const struct several *s);
void several_add_malloc(struct several *s, const struct heap *h,
			const struct usages *u);
void several_add_memory(struct several *s, const struct memory *mem);
/* The end of the answer: its notes, or its document, which is freed. */
void several_notes(const struct several *s, const struct heap *h);
void several_document(struct several *s, struct json_object *doc,
		      const struct heap *h);

#endif
