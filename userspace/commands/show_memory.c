// SPDX-License-Identifier: GPL-2.0
/* What 'heapinfo show' says of all memory of a process, as text and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/show_memory.h"

/* Names of at most 14 characters, and the words behind the figures. */
static const struct {
	const char *name;
	const char *words;
} kinds[MEMORY_KINDS] = {
	[MEMORY_ARENAS] = { "malloc", "its arenas" },
	[MEMORY_MMAPPED] = { "mmapped chunks", "malloc's, mapped alone" },
	[MEMORY_BRK] = { "brk", "from brk(2), in no arena" },
	[MEMORY_STACKS] = { "stacks", "" },
	[MEMORY_ANON] = { "anonymous", "unknown whose" },
	[MEMORY_PROGRAM] = { "program", "with its libraries" },
	[MEMORY_FILES] = { "files", "that are mapped" },
	[MEMORY_SHARED] = { "shared memory", "" },
	[MEMORY_KERNEL] = { "kernel", "vdso and the like" },
};

static void row(const char *name, u64 bytes, u64 of, const char *words)
{
	char human[HUMAN_ROOM];

	printf("  %-14s %10s %5.1f%%%s%s\n", name, text_human(human, bytes),
	       of ? 100.0 * bytes / of : 0, *words ? "  " : "", words);
}

static void print_part(const struct memory *mem, const struct memory_part *p)
{
	u64 bytes = mem->counted ? p->resident : p->mapped;
	u64 of = mem->counted ? mem->resident : mem->mapped;
	char human[HUMAN_ROOM], words[96];
	char *owner = NULL;
	int len;

	/* What was never touched takes no memory. */
	if (!bytes && !p->swapped)
		return;
	if (p->owner)
		owner = text_safe_dup(p->owner, strlen(p->owner));
	len = snprintf(words, sizeof(words), "%s%.48s", p->likely ? "likely " :
		       "", owner ? owner : p->kind == MEMORY_STACKS &&
		       p->likely ? "of threads" : kinds[p->kind].words);
	free(owner);
	if (p->swapped)
		snprintf(words + len, sizeof(words) - len, "%s%s swapped",
			 len ? ", " : "", text_human(human, p->swapped));
	row(kinds[p->kind].name, bytes, of, words);
}

/**
 * show_memory - print where all memory of a process is
 * @h: the heap
 * @mem: from memory_read()
 */
void show_memory(const struct heap *h, const struct memory *mem)
{
	char human[2][HUMAN_ROOM], words[128];
	size_t i;

	printf("\n%sMemory of the process%s\n", text_color(COLOR_BOLD),
	       text_plain());
	if (mem->counted) {
		snprintf(words, sizeof(words),
			 "of %s mapped; its share is %s",
			 text_human(human[0], mem->mapped),
			 text_human(human[1], mem->proportional));
		row("resident", mem->resident, mem->resident, words);
		if (mem->swapped)
			printf("  %-14s %10s\n", "swapped",
			       text_human(human[0], mem->swapped));
	} else {
		printf("  %-14s %10s         %s\n", "resident",
		       mem->resident_known ?
		       text_human(human[0], mem->resident) : "unknown",
		       h->t->live ? "of which parts is not known" :
		       "a core does not tell");
		row("address space", mem->mapped, mem->mapped, "");
	}
	for (i = 0; i < mem->parts; i++)
		print_part(mem, &mem->part[i]);
	if (mem->reserved)
		printf("  %-14s %10s         %s\n", "reserved",
		       text_human(human[0], mem->reserved),
		       "addresses only, with no memory behind");
}

static struct json_object *part_json(const struct memory *mem,
				     const struct memory_part *p)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "kind", memory_kind_name(p->kind));
	json_add_text(o, "owner", p->owner);
	json_add_bool(o, "likely", p->likely);
	json_add_u64(o, "pieces", p->pieces);
	json_add_u64(o, "mapped", p->mapped);
	if (!mem->counted)
		return o;
	json_add_u64(o, "resident", p->resident);
	json_add_u64(o, "swapped", p->swapped);
	return o;
}

/**
 * memory_json - the same as JSON
 * @mem: from memory_read()
 *
 * Return: an object.
 */
struct json_object *memory_json(const struct memory *mem)
{
	struct json_object *o = json_object_new_object();
	struct json_object *a = json_object_new_array();
	size_t i;

	json_add_u64(o, "mapped", mem->mapped);
	json_add_u64(o, "reserved", mem->reserved);
	if (mem->resident_known)
		json_add_u64(o, "resident", mem->resident);
	if (mem->counted) {
		json_add_u64(o, "proportional", mem->proportional);
		json_add_u64(o, "swapped", mem->swapped);
	}
	for (i = 0; i < mem->parts; i++)
		json_object_array_add(a, part_json(mem, &mem->part[i]));
	json_object_object_add(o, "parts", a);
	return o;
}
