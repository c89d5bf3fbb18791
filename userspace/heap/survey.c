// SPDX-License-Identifier: GPL-2.0
/* Follow the free lists, then walk over the chunks, and note what was doubtful. */
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
	int ret;

	s->h = h;
	s->walk = (struct walk){ .from = s->from, .to = s->to, .fn = s->fn,
				 .ctx = s->ctx };
	walk_progress_start(s->what, h);
	if (!s->no_lists && h->a->lists) {
		s->lists = (struct lists){ .findings = s->findings,
					   .names_only = !s->all_lists };
		h->a->lists(h, &s->lists);
		s->walk.lists = &s->lists;
	}
	ret = h->a->walk(h, &s->walk);
	progress_end();
	if (s->walk.changed)
		notes_add(&h->notes, "the process changed its heap meanwhile; --freeze gives an exact answer");
	/* Who asks what is wrong with the lists says so. */
	if (s->walk.damaged ||
	    (s->lists.faults && !(s->findings && h->t->doubt)))
		notes_add(&h->notes, h->t->doubt ?
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
	if (s->walk.lists)
		s->h->a->lists_free(&s->lists);
}
