// SPDX-License-Identifier: GPL-2.0
/* Say what is not known of stacks that were shown, in a line for each reason. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/stack_notes.h"

#define NAMED_FILES 4u	/* of those without names, in one line */

static bool lacks_name(const struct stacks *s, const struct code_file *f)
{
	size_t i, j;

	for (i = 0; i < s->n; i++) {
		const struct frames *fr = &s->stack[i].frames;

		for (j = 0; j < fr->n; j++)
			if (fr->frame[j].place->file == f &&
			    (!fr->frame[j].place->fns ||
			     !fr->frame[j].place->fn[0].name))
				return true;
	}
	return false;
}

/* The vdso is the kernel's: no package would help. */
static void note_nameless(struct heap *h, const struct stacks *s)
{
	const struct code_files *files = unwind_files(s->u);
	char *text = NULL;
	size_t len = 0, i, n = 0;
	FILE *f = open_memstream(&text, &len);

	for (i = 0; f && i < files->n; i++) {
		const struct code_file *file = &files->file[i];

		if (file->state != CODE_USABLE || file->vdso ||
		    !lacks_name(s, file) || n++ >= NAMED_FILES)
			continue;
		fprintf(f, "%s%.64s", n > 1 ? ", " : "",
			text_base_name(file->mod.path));
		if (file->build_id[0])
			fprintf(f, " (build-id %s)", file->build_id);
	}
	if (f && n > NAMED_FILES)
		fprintf(f, " and %zu more files", n - NAMED_FILES);
	if (f)
		fclose(f);
	if (text && n)
		notes_add(&h->notes, "functions without names are in %s; their debug packages would name them, or DEBUGINFOD_URLS with libdebuginfod",
			  text);
	free(text);
}

static void note_files(struct heap *h, const struct stacks *s)
{
	const struct code_files *files = unwind_files(s->u);
	size_t i;

	for (i = 0; i < files->n; i++) {
		const char *path = files->file[i].mod.path;

		switch (files->file[i].state) {
		case CODE_REPLACED:
			notes_add(&h->notes, "%s is not the file that was mapped: it was replaced since; what of its code is on a stack is unknown",
				  path);
			break;
		case CODE_GONE:
			notes_add(&h->notes, "%s cannot be opened: it was deleted, or is on another machine; what of its code is on a stack is unknown",
				  path);
			break;
		case CODE_DENIED:
			notes_add(&h->notes, "%s may not be read; look again as root to know what of its code is on a stack",
				  path);
			break;
		case CODE_UNFIT:
			notes_add(&h->notes, "%s is damaged, of another machine, or mapped in another way than it says; what of its code is on a stack is unknown",
				  path);
			break;
		case CODE_UNTRIED:
		case CODE_USABLE:
			break;
		}
	}
}

/**
 * stack_notes - add notes about the stacks that were shown
 * @h: the heap, which gets them
 * @s: the stacks
 */
void stack_notes(struct heap *h, const struct stacks *s)
{
	size_t i, gave_up = 0;

	if (s->wrong)
		notes_add(&h->notes, "heapstacks has %zu line%s that make no sense, and were left out; the file is damaged, or of a newer module",
			  s->wrong, text_s(s->wrong));
	if (s->lost)
		notes_add(&h->notes, "of %" PRIu64 " event%s the module could not keep the stack: memory was refused, or the stack could not be read",
			  s->lost, text_s(s->lost));
	if (!s->u)
		return;
	for (i = 0; i < s->n; i++)
		gave_up += s->stack[i].unwound &&
			   s->stack[i].frames.end == UNWIND_GAVE_UP;
	if (gave_up)
		notes_add(&h->notes, "of %zu stack%s the functions are not known: this program's unwind tables take too long to read, or too much memory",
			  gave_up, text_s(gave_up));
	if (unwind_lacks_names(s->u))
		notes_add(&h->notes, "some functions have no names here: the symbols and debug information of this program's files take too long to read, or too much memory");
	note_files(h, s);
	note_nameless(h, s);
}
