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
	x->at = (struct place){ 0 };
	va_start(ap, fmt);
	vsnprintf(x->text, sizeof(x->text), fmt, ap);
	va_end(ap);
}

/**
 * findings_place - say where the violations found last are to be looked for again
 * @f: what was found so far
 * @from: the first of them: what ->n was before
 * @at: the place
 */
void findings_place(struct findings *f, size_t from, const struct place *at)
{
	if (from == f->n && !f->lost && !findings_at(f, at))
		f->lost = true;
	for (; from < f->n; from++)
		f->found[from].at = *at;
}

static bool has(const struct findings *f, const struct finding *x)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->found[i].addr == x->addr &&
		    !strcmp(f->found[i].text, x->text))
			return true;
	return false;
}

/**
 * findings_take - add violations that were found elsewhere
 * @to: what was found so far; none gets into it twice
 * @from: the others
 */
void findings_take(struct findings *to, const struct findings *from)
{
	size_t i;

	for (i = 0; i < from->n; i++) {
		const struct finding *x = &from->found[i];

		if (has(to, x))
			continue;
		findings_add(to, x->addr, x->words, "%s", x->text);
		if (to->total == to->n)
			to->found[to->n - 1].at = x->at;
	}
}

/**
 * place_is - are two places the same?
 * @a: one
 * @b: the other
 *
 * Return: true if so; what helps to look there may differ.
 */
bool place_is(const struct place *a, const struct place *b)
{
	return a->kind == b->kind && a->list == b->list &&
	       a->index == b->index && a->owner == b->owner &&
	       a->addr == b->addr;
}

/**
 * findings_at - is something wrong at a place?
 * @f: what was found
 * @at: the place
 *
 * Return: true if so.
 */
bool findings_at(const struct findings *f, const struct place *at)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (place_is(&f->found[i].at, at))
			return true;
	return false;
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
