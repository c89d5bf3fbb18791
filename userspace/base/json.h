/* SPDX-License-Identifier: GPL-2.0 */
/* Documents of json-c objects, and ones whose long array is streamed. */
#ifndef HEAPINFO_JSON_H
#define HEAPINFO_JSON_H

#include <json-c/json.h>
#include <stdio.h>

#include "base/util.h"

/* The largest number that a double tells from the next one. */
#define LARGEST_EXACT (1ull << 53)

/* Addresses are text, "0x55...", and so are numbers above LARGEST_EXACT. */
void json_add_address(struct json_object *o, const char *key, u64 addr);
void json_add_u64(struct json_object *o, const char *key, u64 v);
void json_add_s64(struct json_object *o, const char *key, int64_t v);
void json_add_text(struct json_object *o, const char *key, const char *s);
void json_append_text(struct json_object *array, const char *s);
void json_add_bool(struct json_object *o, const char *key, bool v);

/* { ..members of @head.., "name": [ ELEMENT, ... ], ..members of @tail.. } */
struct json_stream {
	FILE *f;
	u64 n;
};

void json_stream_start(struct json_stream *s, FILE *f,
		       struct json_object *head, const char *name);
void json_stream_add(struct json_stream *s, struct json_object *element);
int json_stream_end(struct json_stream *s, struct json_object *tail);

#endif
