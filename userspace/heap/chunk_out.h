/* SPDX-License-Identifier: GPL-2.0 */
/* One chunk as a line of text, and as JSON. */
#ifndef HEAPINFO_CHUNK_OUT_H
#define HEAPINFO_CHUNK_OUT_H

#include "base/fast.h"
#include "base/json.h"
#include "heap/walk.h"

#define MAX_HEXDUMP 4096u
#define CACHE_TEXT 40u	/* room for the longest chunk_cache_text() */

const struct thread_cache *chunk_cache(const struct heap *h,
				       const struct chunk *c);
const char *chunk_cache_text(const struct thread_cache *cache, char *room,
			     size_t size);
void chunk_line(struct fast *o, const struct batch *b, const struct chunk *c,
		size_t hexdump);
void chunk_json_text(struct fast *o, const struct batch *b,
		     const struct chunk *c, size_t hexdump);
struct json_object *chunk_json(const struct batch *b, const struct chunk *c,
			       size_t hexdump);

#endif
