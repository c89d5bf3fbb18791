// SPDX-License-Identifier: GPL-2.0
/* The sum of what malloc counts of its memory, in a process like another one. */
#include "glibc/ops.h"

#define MAX_ARENAS 65536u

/* An arena's "next" and "system_mem" stand close together: read both at once. */
static bool read_arena(const struct layout *l, struct target *t, u64 arena,
		       u64 *next, u64 *system_mem)
{
	u8 raw[64];
	unsigned int len = l->system_mem + l->word - l->next;

	if (len > sizeof(raw) ||
	    target_read(t, arena + l->next, raw, len) != len)
		return false;
	*next = get_word(raw, l->word);
	*system_mem = get_word(raw + l->system_mem - l->next, l->word);
	return true;
}

/**
 * glibc_total - how much memory malloc has from the kernel, as it counts itself
 * @like: a heap of another process with the same file that malloc is in
 * @t: the process
 * @shift: how much higher than in @like that file lies
 *
 * Return: bytes in all arenas and in chunks with a mapping of their own; what could
 * not be read is left out.
 */
u64 glibc_total(const struct heap *like, struct target *t, u64 shift)
{
	const struct glibc *g = glibc_of(like);
	u64 main_arena = g->main_arena + shift, arena = main_arena;
	u64 sum = 0, system_mem, mmapped;
	size_t i;

	for (i = 0; i < MAX_ARENAS; i++) {
		if (!read_arena(&g->l, t, arena, &arena, &system_mem))
			break;
		sum += system_mem;
		if (arena == main_arena)
			break;
	}
	if (g->mp.addr && target_word_now(t, g->mp.addr + shift +
					  g->l.mp_mmapped_mem, &mmapped))
		sum += mmapped;
	return sum;
}
