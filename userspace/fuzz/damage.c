// SPDX-License-Identifier: GPL-2.0
/* Write over a made-up heap, or its core, what the bytes of an input say. */
#include <string.h>
#include <unistd.h>

#include "damage.h"
#include "glibc/glibc.h"

/* Only the start of a core is damaged, which is mostly headers and notes. */
#define CORE_HEAD 0x2800u

/* One change: where (2 bytes), how long (1 byte, up to 16), the bytes. */
static size_t take_change(const u8 *data, size_t size, u64 *where, size_t *len)
{
	if (size < 4)
		return 0;
	*where = data[0] | data[1] << 8;
	*len = min_u64(1 + data[2] % 16, size - 3);
	return 3 + *len;
}

static void write_over(struct synth *s, u64 where, const u8 *bytes, size_t len)
{
	u64 total = 0;
	size_t i;

	for (i = 0; i < SYNTH_SEGMENTS; i++)
		total += s->seg[i].len;
	where %= total;
	for (i = 0; where >= s->seg[i].len; i++)
		where -= s->seg[i].len;
	memcpy(s->seg[i].bytes + where, bytes,
	       min_u64(len, s->seg[i].len - where));
}

/**
 * damage_memory - write bytes anywhere in a heap
 * @s: the heap
 * @data: the changes, as take_change() reads them
 * @size: bytes of @data
 */
void damage_memory(struct synth *s, const u8 *data, size_t size)
{
	size_t n, len;
	u64 where;

	for (; (n = take_change(data, size, &where, &len)); size -= n) {
		write_over(s, where, data + 3, len);
		data += n;
	}
}

/* The n-th of the addresses that malloc relies on: chunks, lists, arenas. */
static u64 place(const struct synth *s, u8 n)
{
	const u64 places[] = {
		s->main_arena, s->mp, s->thread_arena, s->tcache, s->cached,
		s->fast, s->small, s->large, s->unsorted, s->used, s->top,
		s->mapped[0], s->mapped[SYNTH_MAPPED - 1],
		chunk_to_mem(&s->l, s->cached), chunk_to_mem(&s->l, s->fast),
		synth_bin_head(s, 1), synth_bin_head(s, 2),
		synth_bin_head(s, NBINS - 2), s->main_arena + s->l.bins,
		s->main_arena + s->l.top, s->main_arena + s->l.system_mem,
		s->mp + s->l.mp_sbrk_base, s->tcache + s->l.tcache_entries,
		s->seg[0].addr, s->seg[1].addr, s->seg[1].addr + s->seg[1].len,
		s->seg[2].addr + 0x1000, s->seg[3].addr,
		s->seg[3].addr + s->seg[3].len, s->seg[4].addr, 0, 1,
	};

	return places[n % ARRAY_SIZE(places)];
}

/*
 * A word to write: such an address, mangled by safe-linking or not, or the old
 * one.
 */
static u64 new_word(const struct synth *s, u64 where, u64 old, u8 how, u8 by)
{
	const u64 step = (s64)(int8_t)by;

	switch (how >> 5) {
	case 0:
		return old + step;
	case 1:
		return old ^ 1ull << by % 64;
	case 2:
		return old + step * PAGE;
	case 3:
		return reveal_ptr(&s->l, where, place(s, how));
	case 4:
		return reveal_ptr(&s->l, where, place(s, how) + step);
	case 5:
		return place(s, how) + step * s->l.align;
	default:
		return place(s, how) + step;
	}
}

/**
 * damage_words - change words that malloc relies on
 * @s: the heap
 * @data: changes of four bytes: near which place, how many words from it, what
 *	kind of word, which one
 * @size: bytes of @data
 *
 * Bytes that are written anywhere seldom hit what matters, and still more
 * seldom make something that looks sound at first.
 */
void damage_words(struct synth *s, const u8 *data, size_t size)
{
	const unsigned int w = s->l.word;
	u64 where;

	for (; size >= 4; size -= 4, data += 4) {
		where = place(s, data[0]) + ((s64)data[1] - 8) * w;
		if (synth_has(s, where, w))
			synth_put(s, where, new_word(s, where,
						     synth_get(s, where),
						     data[2], data[3]));
	}
}

/**
 * damage_core - write bytes over the headers and notes of a core
 * @fd: the core
 * @data: the changes, as take_change() reads them
 * @size: bytes of @data
 */
void damage_core(int fd, const u8 *data, size_t size)
{
	size_t n, len;
	u64 where;

	for (; (n = take_change(data, size, &where, &len)); size -= n) {
		if (pwrite(fd, data + 3, len, where % CORE_HEAD) < 0)
			break;
		data += n;
	}
}
