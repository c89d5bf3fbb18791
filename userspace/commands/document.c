// SPDX-License-Identifier: GPL-2.0
/* What the JSON of each command begins and ends with. */
#include <stdio.h>

#include "commands/document.h"
#include "heap/allocator.h"

static struct json_object *allocator_json(const struct heap *h)
{
	struct json_object *o = json_object_new_object();

	if (!h->a) {
		json_add_text(o, "name", h->other ? h->other : "unknown");
		return o;
	}
	json_add_text(o, "name", h->a->name);
	json_add_text(o, "version", h->version);
	json_add_text(o, "file", h->module);
	json_add_text(o, "found_by", h->found_by);
	if (h->root)
		json_add_address(o, "main_arena", h->root);
	return o;
}

/**
 * json_document - begin a command's document
 * @h: the heap
 * @command: the command's name
 *
 * Return: an object with "heapinfo", "command", "process" and "allocator".
 */
struct json_object *json_document(const struct heap *h, const char *command)
{
	struct json_object *o = json_object_new_object();
	struct json_object *p = json_object_new_object();

	json_add_text(o, "heapinfo", VERSION);
	json_add_text(o, "command", command);
	json_add_u64(p, "pid", h->t->pid);
	json_add_text(p, "name", h->t->comm);
	json_add_bool(p, "live", h->t->live);
	json_add_u64(p, "word_bytes", h->t->wordsize);
	json_object_object_add(o, "process", p);
	json_object_object_add(o, "allocator", allocator_json(h));
	return o;
}

/**
 * json_notes - add the notes to a command's document
 * @doc: the document
 * @h: the heap
 */
void json_notes(struct json_object *doc, const struct heap *h)
{
	struct json_object *a = json_object_new_array();
	const char *note = target_note(h->t);
	size_t i;

	if (note)
		json_append_text(a, note);
	for (i = 0; i < h->notes.n; i++)
		json_append_text(a, h->notes.line[i]);
	json_object_object_add(doc, "notes", a);
	if (h->t->stopped_ns)
		json_add_u64(doc, "stopped_ns", h->t->stopped_ns);
}

/**
 * json_tail - the members that every command's document ends with
 * @h: the heap
 *
 * Return: an object for json_stream_end().
 */
struct json_object *json_tail(const struct heap *h)
{
	struct json_object *o = json_object_new_object();

	json_notes(o, h);
	return o;
}

/**
 * json_print - add the notes, print a document and free it
 * @doc: the document
 * @h: the heap
 *
 * Return: 0, or -1 where it could not be written.
 */
int json_print(struct json_object *doc, const struct heap *h)
{
	const char *s;
	int ret;

	json_notes(doc, h);
	s = json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY |
					   JSON_C_TO_STRING_NOSLASHESCAPE);
	ret = s && puts(s) != EOF ? 0 : -1;
	json_object_put(doc);
	return ret;
}
