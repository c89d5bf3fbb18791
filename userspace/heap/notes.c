// SPDX-License-Identifier: GPL-2.0
/* Collect lines for the user, see notes.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap/notes.h"

/**
 * notes_add - keep a line for the user
 * @n: the lines so far
 * @fmt: as printf, without a newline
 *
 * A line that is there already is not added again.
 */
void notes_add(struct notes *n, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	size_t i;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (i = 0; i < n->n; i++)
		if (!strcmp(n->line[i], text))
			return;
	n->line = xgrow(n->line, n->n, sizeof(*n->line));
	n->line[n->n++] = xstrdup(text);
}

/**
 * notes_keep - have notes_forget() leave the lines that there are now
 * @n: the lines
 */
void notes_keep(struct notes *n)
{
	n->kept = n->n;
}

/**
 * notes_forget - drop the lines that were added since notes_keep()
 * @n: the lines
 *
 * They tell of one look at a process, and may not be true of the next one.
 */
void notes_forget(struct notes *n)
{
	while (n->n > n->kept)
		free(n->line[--n->n]);
}

/**
 * notes_free - drop all lines
 * @n: the lines
 */
void notes_free(struct notes *n)
{
	n->kept = 0;
	notes_forget(n);
	free(n->line);
	n->line = NULL;
}
