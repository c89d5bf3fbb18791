// SPDX-License-Identifier: GPL-2.0
/* Build and print JSON with json-c. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

/**
 * json_add_address - add an address
 * @o: the object
 * @key: its name
 * @addr: the address
 */
void json_add_address(struct json_object *o, const char *key, u64 addr)
{
	char text[24];

	snprintf(text, sizeof(text), "%#" PRIx64, addr);
	json_object_object_add(o, key, json_object_new_string(text));
}

/**
 * json_add_u64 - add a number
 * @o: the object
 * @key: its name
 * @v: the number
 *
 * Many programs read each number of JSON as a double, which would round a large
 * one. So one above 2^53 is written as text: its decimal digits.
 */
void json_add_u64(struct json_object *o, const char *key, u64 v)
{
	char text[24];

	if (v <= LARGEST_EXACT) {
		json_object_object_add(o, key, json_object_new_uint64(v));
		return;
	}
	snprintf(text, sizeof(text), "%" PRIu64, v);
	json_object_object_add(o, key, json_object_new_string(text));
}

/**
 * json_add_s64 - add a number that may be negative
 * @o: the object
 * @key: its name
 * @v: the number; a large one is written as json_add_u64() does
 */
void json_add_s64(struct json_object *o, const char *key, int64_t v)
{
	char text[24];

	if (v >= 0) {
		json_add_u64(o, key, v);
	} else if (v >= -(int64_t)LARGEST_EXACT) {
		json_object_object_add(o, key, json_object_new_int64(v));
	} else {
		snprintf(text, sizeof(text), "%" PRId64, v);
		json_object_object_add(o, key, json_object_new_string(text));
	}
}

/**
 * json_add_text - add text, which may be of unknown origin
 * @o: the object
 * @key: its name
 * @s: the text, or NULL
 */
void json_add_text(struct json_object *o, const char *key, const char *s)
{
	char *safe = s ? text_safe_dup(s, strlen(s)) : NULL;

	json_object_object_add(o, key,
			       safe ? json_object_new_string(safe) : NULL);
	free(safe);
}

/**
 * json_append_text - add text to an array
 * @array: the array
 * @s: the text, which may be of unknown origin
 */
void json_append_text(struct json_object *array, const char *s)
{
	char *safe = text_safe_dup(s, strlen(s));

	json_object_array_add(array, json_object_new_string(safe));
	free(safe);
}

/**
 * json_add_bool - add true or false
 * @o: the object
 * @key: its name
 * @v: which
 */
void json_add_bool(struct json_object *o, const char *key, bool v)
{
	json_object_object_add(o, key, json_object_new_boolean(v));
}

#define STREAM_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* An object's text without its braces. */
static void print_members(FILE *f, struct json_object *o)
{
	const char *s = json_object_to_json_string_ext(o, STREAM_FLAGS);
	size_t len = strlen(s);

	if (len > 2)
		fwrite(s + 1, 1, len - 2, f);
}

/**
 * json_stream_start - begin a document with a long array
 * @s: filled
 * @f: where to
 * @head: members before the array; freed here
 * @name: of the array
 */
void json_stream_start(struct json_stream *s, FILE *f,
		       struct json_object *head, const char *name)
{
	s->f = f;
	s->n = 0;
	fputc('{', f);
	print_members(f, head);
	fprintf(f, "%s\"%s\":[", json_object_object_length(head) ? "," : "",
		name);
	json_object_put(head);
}

/**
 * json_stream_add - add an element, one line each
 * @s: the document
 * @element: the element; freed here
 */
void json_stream_add(struct json_stream *s, struct json_object *element)
{
	fputs(s->n++ ? ",\n" : "\n", s->f);
	fputs(json_object_to_json_string_ext(element, STREAM_FLAGS), s->f);
	json_object_put(element);
}

/**
 * json_stream_end - end the array and the document
 * @s: the document
 * @tail: members behind the array; freed here
 *
 * Return: 0, or -1 where it could not be written.
 */
int json_stream_end(struct json_stream *s, struct json_object *tail)
{
	fputs("\n]", s->f);
	if (json_object_object_length(tail)) {
		fputc(',', s->f);
		print_members(s->f, tail);
	}
	fputs("}\n", s->f);
	json_object_put(tail);
	return fflush(s->f) || ferror(s->f) ? -1 : 0;
}
