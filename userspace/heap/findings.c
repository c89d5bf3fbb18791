// SPDX-License-Identifier: GPL-2.0
/* Keep what was found wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap/findings.h"

/**
 * findings_add - keep one violation
 * @f: what was found so far, or NULL for nobody who cares
 * @addr: where
 * @words: what glibc would abort with, or NULL
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
