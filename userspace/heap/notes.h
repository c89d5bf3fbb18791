/* SPDX-License-Identifier: GPL-2.0 */
/* Lines that the user should see with an answer. */
#ifndef HEAPINFO_NOTES_H
#define HEAPINFO_NOTES_H

#include "base/util.h"

/* What an answer does not cover, and what changed while it was looked for. */
struct notes {
	char **line;
	size_t n;
	size_t kept;	/* the first ones, which notes_forget() leaves */
};

void notes_add(struct notes *n, const char *fmt, ...) __printf(2, 3);
void notes_keep(struct notes *n);
void notes_forget(struct notes *n);
void notes_free(struct notes *n);

#endif
