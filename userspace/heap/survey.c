// SPDX-License-Identifier: GPL-2.0
/* Follow the free lists, then walk the chunks, and note what was unsure. */
#include "heap/survey.h"
#include "base/text.h"

/**
 * survey - look at all of the heap
 * @h: the heap
 * @s: what to look at; the results are filled in, survey_free() them
 *
 * Return: 0, or what @s->fn returned to end the walk.
 */
int survey(struct heap *h, struct survey *s)
{
	struct glibc *g = &h->g;
	int ret;

	s->walk = (struct walk){ .g = g, .from = s->from, .to = s->to,
				 .fn = s->fn, .ctx = s->ctx };
	walk_progress_start(s->what, g);
	if (!s->no_lists) {
		marks_init(&s->marks, g);
		s->lists = (struct lists){ .g = g, .marks = &s->marks,
					   .findings = s->findings,
					   .names_only = !s->all_lists };
		lists_walk(&s->lists);
		s->walk.marks = &s->marks;
	}
	ret = walk_heap(&s->walk);
	progress_end();
	if (s->walk.changed)
		notes_add(&g->notes, "the process changed its heap meanwhile; --freeze gives an exact answer");
	if (s->walk.damaged || s->lists.faults)
		notes_add(&g->notes, h->t->doubt ?
			  "parts of the heap could not be decoded: it is damaged%s; 'heapinfo check' tells" :
			  "parts of the heap are damaged%s; 'heapinfo check' says what and where",
			  target_or(h->t));
	return ret;
}

/**
 * survey_free - give the results back
 * @s: from survey()
 */
void survey_free(struct survey *s)
{
	if (s->no_lists)
		return;
	lists_free(&s->lists);
	marks_free(&s->marks);
}
