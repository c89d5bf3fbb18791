// SPDX-License-Identifier: GPL-2.0
/* Print what malloc's memory is used for: bytes and chunks of each kind. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "commands/sizes.h"

static void size_row(const char *name, u64 bytes, u64 of, const char *more)
{
	char human[HUMAN_ROOM];

	printf("  %-14s %10s %5.1f%%  %s\n", name, text_human(human, bytes),
	       of ? 100.0 * bytes / of : 0, more);
}

static void chunks_row(const char *name, u64 bytes, u64 of, u64 chunks,
		       const char *what)
{
	char more[160];

	snprintf(more, sizeof(more), "%" PRIu64 " chunk%s %s", chunks,
		 text_s(chunks), what);
	size_row(name, bytes, of, more);
}

/**
 * sizes_print - print what malloc's memory is used for, in a row for each use
 * @u: the sizes, or the sum of several processes' sizes
 * @mmapped_chunks: chunks with a mapping of their own
 * @mmapped_bytes: of these
 */
void sizes_print(const struct usage *u, u64 mmapped_chunks, u64 mmapped_bytes)
{
	char human[HUMAN_ROOM];

	size_row("address space", u->size, u->size, "in all arenas");
	if (u->mem_resident != UINT64_MAX)
		size_row("resident", u->mem_resident, u->size,
			 "of it in memory now");
	if (u->mem_swapped && u->mem_swapped != UINT64_MAX)
		size_row("swapped", u->mem_swapped, u->size, "of it in swap");
	chunks_row("in use", u->in_use, u->size, u->chunks_in_use,
		   "that the program holds");
	chunks_row("cached", u->cached, u->size, u->chunks_cached,
		   "freed, kept in tcaches and fastbins");
	chunks_row("free", u->free, u->size, u->chunks_free, "in bins");
	size_row("top", u->top, u->size, "not handed out yet");
	size_row("overhead", u->overhead, u->size,
		 "headers, tcaches, arenas, fenceposts");
	if (u->foreign)
		size_row("foreign", u->foreign, u->size,
			 "from others' calls of sbrk()");
	if (u->damaged)
		size_row("damaged", u->damaged, u->size,
			 "could not be decoded; see 'heapinfo check'");
	if (mmapped_chunks)
		printf("  %-14s %10s         %" PRIu64
		       " chunk%s beside the arenas, mapped alone\n", "mmapped",
		       text_human(human, mmapped_bytes), mmapped_chunks,
		       text_s(mmapped_chunks));
}

/**
 * sizes_json - the same as JSON, without the chunks that are mapped alone
 * @u: the sizes
 *
 * Return: an object.
 */
struct json_object *sizes_json(const struct usage *u)
{
	struct json_object *o = json_object_new_object();

	json_add_u64(o, "address_space", u->size);
	if (u->mem_resident != UINT64_MAX) {
		json_add_u64(o, "resident", u->mem_resident);
		json_add_u64(o, "swapped", u->mem_swapped);
	}
	json_add_u64(o, "in_use", u->in_use);
	json_add_u64(o, "cached", u->cached);
	json_add_u64(o, "free", u->free);
	json_add_u64(o, "top", u->top);
	json_add_u64(o, "overhead", u->overhead);
	json_add_u64(o, "foreign", u->foreign);
	json_add_u64(o, "damaged", u->damaged);
	json_add_u64(o, "chunks_in_use", u->chunks_in_use);
	json_add_u64(o, "chunks_cached", u->chunks_cached);
	json_add_u64(o, "chunks_free", u->chunks_free);
	return o;
}

/**
 * sizes_total_json - chunks and their bytes as JSON
 * @chunks: how many
 * @bytes: of all of them
 *
 * Return: an object.
 */
struct json_object *sizes_total_json(u64 chunks, u64 bytes)
{
	struct json_object *o = json_object_new_object();

	json_add_u64(o, "chunks", chunks);
	json_add_u64(o, "bytes", bytes);
	return o;
}
