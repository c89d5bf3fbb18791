// SPDX-License-Identifier: GPL-2.0
/* Collect what was found wrong in a heap. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap/findings.h"

/**
 * findings_add - keep one violation
 * @f: what was found so far; NULL: nobody wants to know
 * @addr: where
 * @words: what the allocator would abort with; NULL: it does not notice
 * @fmt: what is wrong, as printf
 */
void findings_add(struct findings *f, u64 addr, const char *words,
		  const char *fmt, ...)
{
	struct finding *x;
	va_list ap;

	if (!f)
		return;
	f->total++;
	if (f->n >= MAX_FINDINGS)
		return;
	f->found = xgrow(f->found, f->n, sizeof(*x));
	x = &f->found[f->n++];
	x->addr = addr;
	x->words = words;
	va_start(ap, fmt);
	vsnprintf(x->text, sizeof(x->text), fmt, ap);
	va_end(ap);
}

/**
 * findings_free - forget them
 * @f: what was found
 */
void findings_free(struct findings *f)
{
	free(f->found);
	memset(f, 0, sizeof(*f));
}
