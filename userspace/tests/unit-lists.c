// SPDX-License-Identifier: GPL-2.0
/*
 * There are two ways to follow free lists: in a table of the free chunks, or by
 * reading chunk after chunk from the target. Both must find the same in the
 * same heap, whether that is sound or damaged in any way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "glibc/lists.h"
#include "glibc/marks.h"
#include "heap/allocator.h"
#include "open-synth.h"

#define ROW 8u		/* 2.36 */
#define MANY 20000u	/* free chunks, on more pages than are cached */
#define SOME 700u

/* All that comes out when the lists are followed. */
struct outcome {
	struct heap *h;
	struct findings found;
	struct lists lists;
	struct check check;
	u64 jumps;
};

static void follow(struct heap *h, bool names_only, u64 min_jumps,
		   struct outcome *o)
{
	struct error e;
	u64 before;

	memset(o, 0, sizeof(*o));
	o->h = h;
	lists_min_jumps = min_jumps;
	o->lists = (struct lists){ .names_only = names_only,
				   .findings = names_only ? NULL : &o->found };
	target_forget(h->t);
	before = h->t->jumps;
	h->a->lists(h, &o->lists);
	o->jumps = h->t->jumps - before;
	assert_int_equal(check_heap(h, &o->check, &e), 0);
	lists_min_jumps = 1024;
}

static void outcome_free(struct outcome *o)
{
	findings_free(&o->found);
	o->h->a->lists_free(&o->lists);
	check_free(&o->check);
}

static void assert_same_findings(const struct findings *a,
				 const struct findings *b)
{
	size_t i;

	for (i = 0; i < a->n && i < b->n; i++) {
		assert_string_equal(a->found[i].text, b->found[i].text);
		assert_int_equal(a->found[i].addr, b->found[i].addr);
		assert_ptr_equal(a->found[i].words, b->found[i].words);
	}
	assert_int_equal(a->total, b->total);
	assert_int_equal(a->n, b->n);
}

static void assert_same_lists(const struct lists *a, const struct lists *b)
{
	size_t i;

	assert_int_equal(a->n, b->n);
	assert_int_equal(a->faults, b->faults);
	for (i = 0; i < a->n; i++) {
		const struct list *x = &a->list[i], *y = &b->list[i];

		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->owner, y->owner);
		assert_int_equal(x->index, y->index);
		assert_int_equal(x->head, y->head);
		assert_int_equal(x->claimed, y->claimed);
		assert_int_equal(x->count, y->count);
		assert_int_equal(x->faults, y->faults);
		if (a->names_only)
			continue;
		assert_int_equal(x->bytes, y->bytes);
		assert_int_equal(x->min_size, y->min_size);
		assert_int_equal(x->max_size, y->max_size);
	}
}

/* Compare the two ways. Return: how many faults both have found. */
static u64 assert_same(struct heap *h, u64 min_jumps)
{
	struct outcome table, nodes;
	unsigned int names_only;
	u64 faults = 0;

	for (names_only = 0; names_only < 2; names_only++) {
		follow(h, names_only, min_jumps, &table);
		follow(h, names_only, UINT64_MAX, &nodes);
		assert_same_findings(&table.found, &nodes.found);
		assert_same_findings(&table.check.findings,
				     &nodes.check.findings);
		assert_same_lists(&table.lists, &nodes.lists);
		assert_int_equal(table.lists.marks->len,
				 nodes.lists.marks->len);
		assert_memory_equal(table.lists.marks->bits,
				    nodes.lists.marks->bits,
				    nodes.lists.marks->len);
		assert_int_equal(table.check.listed, nodes.check.listed);
		if (!faults)
			faults = nodes.check.findings.total;
		outcome_free(&table);
		outcome_free(&nodes);
	}
	return faults;
}

/* Sound heaps of each glibc, with the table used from the first chunk on. */
static void test_sound(void **state)
{
	unsigned int word;
	size_t row;

	(void)state;
	for (word = 4; word <= 8; word += 4) {
		for (row = 0; row < layout_rows(); row++) {
			struct synth s;
			struct heap h;

			synth_make_shuffled(&s, row, word, SOME, 1 + row);
			open_synth(&s, &h);
			glibc_of(&h)->l = s.l;
			assert_int_equal(heap_reread(&h, &(struct error){
						     "" }), 0);
			assert_int_equal(assert_same(&h, 0), 0);
			heap_close(&h);
			synth_free(&s);
		}
	}
}

/*
 * The table is made without being asked for when a list jumps about in memory,
 * and after that few single pages are read.
 */
static void test_jumps(void **state)
{
	struct outcome table, nodes;
	struct synth s;
	struct heap h;

	(void)state;
	synth_make_shuffled(&s, ROW, 8, MANY, 1);
	open_synth(&s, &h);
	follow(&h, true, 1024, &table);
	follow(&h, true, UINT64_MAX, &nodes);
	assert_in_range(nodes.jumps, MANY / 2, 2 * MANY);
	assert_in_range(table.jumps, 1024, 1500);
	outcome_free(&table);
	outcome_free(&nodes);
	assert_int_equal(assert_same(&h, 1024), 0);
	heap_close(&h);
	synth_free(&s);
}

/*
 * Move the unsorted list to the second arena, and put a chunk in its fastbin.
 */
static void use_second_arena(struct synth *s)
{
	const struct layout *l = &s->l;
	u64 first = synth_bin_head(s, 1);
	u64 head = first - s->main_arena + s->thread_arena;
	u64 fast = layout_first_chunk(l, s->thread_arena + l->state_size);
	u64 size = synth_get(s, fast + l->word) & ~(u64)SIZE_BITS;
	u64 next = synth_get(s, first + 2 * l->word);
	u64 last = synth_get(s, first + 3 * l->word);

	synth_put(s, head + 2 * l->word, next);
	synth_put(s, head + 3 * l->word, last);
	synth_put(s, next + 3 * l->word, head);
	synth_put(s, last + 2 * l->word, head);
	synth_put(s, first + 2 * l->word, first);
	synth_put(s, first + 3 * l->word, first);
	synth_put(s, s->thread_arena + l->fastbins +
		  layout_fast_index(l, size) * l->word, fast);
	synth_put(s, fast + 2 * l->word,
		  reveal_ptr(l, fast + 2 * l->word, 0));
}

/* A fastbin in an arena behind the first must not end the use of the table. */
static void test_arenas(void **state)
{
	struct outcome table;
	struct synth s;
	struct heap h;
	size_t i;

	(void)state;
	synth_make_shuffled(&s, ROW, 8, MANY, 1);
	use_second_arena(&s);
	open_synth(&s, &h);
	follow(&h, false, 1024, &table);
	assert_in_range(table.jumps, 1024, 1500);
	for (i = 1; i < table.lists.n; i++)
		assert_true(table.lists.list[i].kind == LIST_TCACHE ||
			    table.lists.list[i - 1].kind == LIST_TCACHE ||
			    table.lists.list[i].owner >=
			    table.lists.list[i - 1].owner);
	assert_int_equal(table.lists.list[table.lists.n - 1].kind,
			 LIST_UNSORTED);
	assert_int_equal(table.lists.list[table.lists.n - 2].kind,
			 LIST_FASTBIN);
	outcome_free(&table);
	assert_int_equal(assert_same(&h, 1024), 0);
	heap_close(&h);
	synth_free(&s);
}

/* With too little memory for the table, or none, the outcome is the same. */
static void test_no_room(void **state)
{
	const size_t usual = free_table_max;
	struct synth s;
	struct heap h;

	(void)state;
	synth_make_shuffled(&s, ROW, 8, SOME, 1);
	open_synth(&s, &h);
	for (free_table_max = 1; free_table_max < 8192; free_table_max *= 8)
		assert_int_equal(assert_same(&h, 0), 0);
	free_table_max = usual;
	heap_close(&h);
	synth_free(&s);
}

/*
 * A value to damage a pointer or a size with: one that could be taken for
 * sound.
 */
static u64 some_value(const struct synth *s, u64 was, u64 random)
{
	u64 chunk = s->free[random / 16 % s->frees];

	switch (random % 16) {
	case 0:
	case 1:
	case 2:
		return chunk;
	case 3:
		return chunk + 2 * s->l.word;
	case 4:
		return chunk + s->l.align;
	case 5:
		return synth_bin_head(s, 1 + random / 16 % 126);
	case 6:
		return s->used;
	case 7:
		return s->top;
	case 8:
		return 0;
	case 9:
		return s->l.word == 8 ? 0x4141414141414141 : 0x41414141;
	case 10:
		return was ^ 1;
	case 11:
		return was + s->l.align;
	case 12:
		return was ^ 1ull << random / 16 % (8 * s->l.word);
	case 13:
		return was | 2;
	case 14:
		return was - s->l.align;
	default:
		return s->l.minsize;
	}
}

/* Change one word of a free chunk, or of the chunk behind it. */
static void damage(struct synth *s, u64 random)
{
	u64 chunk = s->free[random / 8 % s->frees], at;
	unsigned int w = s->l.word;
	u64 size = synth_get(s, chunk + w) & ~(u64)SIZE_BITS, was, is;

	/* The size may have been damaged already. */
	if (size < s->l.minsize || size > 0x10000)
		size = s->l.minsize;
	switch (random % 8) {
	case 0:
		at = chunk + w;
		break;
	case 1:
		at = chunk + size;
		break;
	case 2:
		at = chunk + size + w;
		break;
	case 3:
	case 4:
		at = chunk + 2 * w;
		break;
	case 5:
	case 6:
		at = chunk + 3 * w;
		break;
	default:
		at = chunk;
	}
	was = synth_get(s, at);
	is = some_value(s, was, random >> 16);
	synth_put(s, at, is);
}

static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * 0x2545f4914f6cdd1d >> 8;
}

/* Random damage, of one to four words. */
static void test_damage_by_chance(void **state)
{
	u64 seed = 88172645463325252, faults = 0;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < 1200; i++) {
		struct synth s;
		struct heap h;

		synth_make_shuffled(&s, i % 2 ? ROW : 10, i % 3 ? 8 : 4, 60,
				    1 + i);
		for (j = 0; j <= i % 4; j++)
			damage(&s, next_random(&seed));
		open_synth(&s, &h);
		faults += !!assert_same(&h, i % 5 ? 0 : 3);
		heap_close(&h);
		synth_free(&s);
	}
	/* Some of the changes do no harm, such as one of user data. */
	assert_in_range(faults, 1000, 1200);
}

enum { FD = 2, BK = 3 };

static u64 link_of(const struct synth *s, u64 chunk, unsigned int which)
{
	return synth_get(s, chunk + which * s->l.word);
}

/* A chunk in the middle of the unsorted list, not a large one. */
static u64 middle(const struct synth *s)
{
	u64 c = synth_bin_head(s, 1);
	size_t i;

	for (i = 0; i < s->frees / 4; i++)
		c = link_of(s, c, FD);
	while ((synth_get(s, c + s->l.word) | 7) >= layout_min_large(&s->l))
		c = link_of(s, c, FD);
	return c;
}

/* Take a chunk off its list, and put it on that of another bin. */
static void move_to_other_bin(struct synth *s, u64 c)
{
	unsigned int w = s->l.word;
	u64 next = link_of(s, c, FD), before = link_of(s, c, BK);
	unsigned int own = layout_bin_index(&s->l, synth_get(s, c + w));
	u64 other = synth_bin_head(s, own == 9 ? 10 : 9), behind;

	synth_put(s, before + FD * w, next);
	synth_put(s, next + BK * w, before);
	other = link_of(s, link_of(s, other, FD), FD);
	behind = link_of(s, other, FD);
	synth_put(s, other + FD * w, c);
	synth_put(s, c + BK * w, other);
	synth_put(s, c + FD * w, behind);
	synth_put(s, behind + BK * w, c);
}

/* Put a chunk that is on another list into the tcache, too. */
static void cache_too(struct synth *s, u64 c)
{
	u64 size = synth_get(s, c + s->l.word) & ~(u64)SIZE_BITS;
	int bin = layout_tcache_index(&s->l, size);
	u64 count = s->tcache + bin * s->l.tcache_width;

	synth_put(s, count, synth_get(s, count) | 1);
	synth_put(s, s->tcache + s->l.tcache_entries + bin * s->l.word,
		  chunk_to_mem(&s->l, c));
}

/* A chunk on a large bin, first of its size, with another size behind it. */
static u64 on_ring(const struct synth *s)
{
	unsigned int bin, w = s->l.word;

	for (bin = layout_bin_index(&s->l, layout_min_large(&s->l));; bin++) {
		u64 head = synth_bin_head(s, bin), c = link_of(s, head, FD);

		assert_in_range(bin, 2, NBINS - 2);
		if (c != head && synth_get(s, c + 4 * w) != c)
			return c;
	}
}

/*
 * Damage of a chosen kind, in a heap whose lists jump about enough for the
 * table.
 */
static void hurt(struct synth *s, unsigned int how)
{
	unsigned int w = s->l.word;
	u64 c = middle(s), next = link_of(s, c, FD), before = link_of(s, c, BK);
	u64 far = link_of(s, link_of(s, next, FD), FD);
	u64 size = synth_get(s, c + w);

	switch (how) {
	case 0:	/* a wrong fd: chunks are left out */
		synth_put(s, c + FD * w, far);
		break;
	case 1:	/* a wrong bk */
		synth_put(s, c + BK * w, far);
		break;
	case 2:	/* a loop */
		synth_put(s, c + FD * w, link_of(s, before, BK));
		break;
	case 3:	/* a loop that is sound both ways */
		synth_put(s, next + FD * w, before);
		synth_put(s, before + BK * w, next);
		break;
	case 4:	/* a foreign pointer */
		synth_put(s, c + FD * w, 0x4141414141414140);
		break;
	case 5:	/* memory, but no heap */
		synth_put(s, c + FD * w, s->main_arena);
		break;
	case 6:	/* a chunk in use */
		synth_put(s, c + FD * w, s->used);
		break;
	case 7:	/* the head of another bin */
		synth_put(s, c + FD * w, synth_bin_head(s, 5));
		break;
	case 8:	/* a wrong size */
		synth_put(s, c + w, size + s->l.align);
		break;
	case 9:	/* a size that no chunk has */
		synth_put(s, c + w, 1);
		break;
	case 10:	/* a wrong prev_size behind it */
		synth_put(s, c + (size & ~(u64)SIZE_BITS), size + 15);
		break;
	case 11:	/* a wrong prev_inuse behind it */
		synth_put(s, c + (size & ~(u64)SIZE_BITS) + w,
			  synth_get(s, c + (size & ~(u64)SIZE_BITS) + w) | 1);
		break;
	case 12:	/* chunks that are on no list, and lead to each other */
		synth_put(s, before + FD * w, next);
		synth_put(s, next + BK * w, before);
		synth_put(s, c + FD * w, c);
		synth_put(s, c + BK * w, c);
		break;
	case 13:	/* chunks that are too large for what the arena says */
		synth_put(s, s->main_arena + s->l.system_mem, 0x60);
		break;
	case 14:	/* sound both ways, but on another size's list */
		move_to_other_bin(s, c);
		break;
	case 15:	/* on two lists */
		cache_too(s, c);
		break;
	case 16:	/* the ring over the sizes does not come back */
		c = on_ring(s);
		synth_put(s, c + 4 * w, c);
		break;
	case 17:	/* the first of its size is not on the ring */
		c = on_ring(s);
		next = synth_get(s, c + 4 * w);
		before = synth_get(s, c + 5 * w);
		synth_put(s, before + 4 * w, next);
		synth_put(s, next + 5 * w, before);
		synth_put(s, c + 4 * w, 0);
		break;
	case 18:	/* smaller than the next one on the list */
		c = on_ring(s);
		next = synth_get(s, c + 4 * w);
		size = synth_get(s, c + w);
		synth_put(s, c + w, synth_get(s, next + w) - s->l.align);
		break;
	default:
		fail();
	}
}

static void test_damage_by_intent(void **state)
{
	unsigned int how;

	(void)state;
	for (how = 0; how <= 18; how++) {
		struct synth s;
		struct heap h;

		synth_make_shuffled(&s, ROW, 8, MANY, 1 + how);
		hurt(&s, how);
		open_synth(&s, &h);
		if (!assert_same(&h, 1024))
			fail_msg("damage %u is not seen", how);
		heap_close(&h);
		synth_free(&s);
	}
}

struct expected {
	struct free_table *t;
	const struct layout *l;
	u32 next;
	u64 marked;
};

static int expect_batch(const struct batch *b, void *ctx)
{
	struct expected *x = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];
		u64 entry = free_table_find(x->t, c->addr);

		if (!chunk_state_is_free(c->state) && c->addr != x->marked) {
			assert_int_equal(entry, NO_ENTRY);
			continue;
		}
		assert_int_equal(entry, x->next++);
		assert_int_equal(free_table_addr(x->t, entry), c->addr);
		assert_int_equal(free_table_find(x->t, c->addr + x->l->align),
				 NO_ENTRY);
		assert_int_equal(free_table_mark(x->t, entry),
				 c->addr == x->marked ? MARK_TCACHE :
				 MARK_NONE);
		if (c->addr == x->marked)
			continue;
		if (c->size < layout_min_large(x->l))
			assert_int_equal(free_table_size(x->l,
					 free_table_code(x->t, entry)),
					 c->size);
		else
			assert_int_equal(free_table_large(x->t, entry),
					 c->size);
		/* The head of a list has no entry. */
		if (free_table_next(x->t, entry) != NO_ENTRY)
			assert_int_equal(free_table_addr(x->t,
					 free_table_next(x->t, entry)),
					 get_word(batch_bytes(b, c, &(size_t){
						  0 }) + 2 * x->l->word,
						  x->l->word));
	}
	return 0;
}

static void test_table(void **state)
{
	unsigned int word;

	(void)state;
	for (word = 4; word <= 8; word += 4) {
		struct expected x = { 0 };
		struct walk w = { .fn = expect_batch, .ctx = &x };
		struct free_table t;
		struct marks m, was;
		struct synth s;
		struct heap h;

		synth_make_shuffled(&s, ROW, word, SOME, 7);
		open_synth(&s, &h);
		marks_init(&m, &h);
		marks_init(&was, &h);
		marks_set(&m, 0, s.cached, MARK_TCACHE);
		marks_set(&was, 0, s.cached, MARK_TCACHE);
		assert_true(free_table_make(&t, glibc_of(&h), &m));
		x.t = &t;
		x.l = &glibc_of(&h)->l;
		x.marked = s.cached;
		h.a->walk(&h, &w);
		assert_int_equal(x.next, SOME + 4);
		assert_int_equal(t.n, SOME + 4);
		assert_int_equal(free_table_find(&t, 0), NO_ENTRY);
		assert_int_equal(free_table_find(&t, s.main_arena), NO_ENTRY);
		assert_int_equal(free_table_find(&t, UINT64_MAX), NO_ENTRY);
		/*
		 * Marks that are set in the table must be among the marks
		 * afterwards.
		 */
		free_table_set_mark(&t, free_table_find(&t, s.unsorted),
				    MARK_UNSORTED);
		free_table_set_mark(&t, free_table_find(&t, s.free[5]),
				    MARK_BIN);
		free_table_end(&t);
		marks_set(&was, 0, s.unsorted, MARK_UNSORTED);
		marks_set(&was, 0, s.free[5], MARK_BIN);
		assert_memory_equal(m.bits, was.bits, m.len);
		/*
		 * A mark in the middle of a chunk belongs to no entry: no table
		 * then.
		 */
		marks_set(&m, 0, s.large + 4 * glibc_of(&h)->l.align, MARK_BIN);
		marks_set(&was, 0, s.large + 4 * glibc_of(&h)->l.align, MARK_BIN);
		assert_false(free_table_make(&t, glibc_of(&h), &m));
		assert_memory_equal(m.bits, was.bits, m.len);
		marks_free(&m);
		marks_free(&was);
		heap_close(&h);
		synth_free(&s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_arenas),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_damage_by_chance),
		cmocka_unit_test(test_damage_by_intent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
