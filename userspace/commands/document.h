/* SPDX-License-Identifier: GPL-2.0 */
/* The JSON document that a command prints of a heap. */
#ifndef HEAPINFO_DOCUMENT_H
#define HEAPINFO_DOCUMENT_H

#include "base/json.h"
#include "heap/heap.h"

/* The members that every command's document begins with. */
struct json_object *json_document(const struct heap *h, const char *command);
/*
 * End with the notes: json_tail() for a stream, json_print() for a whole
 * document, json_notes() for one that is part of another.
 */
struct json_object *json_tail(const struct heap *h);
void json_notes(struct json_object *doc, const struct heap *h);
int json_print(struct json_object *doc, const struct heap *h);

#endif
