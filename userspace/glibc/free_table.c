// SPDX-License-Identifier: GPL-2.0
/* A table of the free chunks, see free_table.h. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "glibc/free_table.h"
#include "glibc/bin_sums.h"
#include "glibc/ops.h"

#define MIN_BLOCK_SHIFT 9u	/* MARKS_ALIGN bits */
#define MAX_BLOCKS (1u << 20)
#define FIRST_ROOM 1024u	/* entries */
#define AHEAD 16u		/* entries to prefetch the bits of */
#define NO_BIT NO_ENTRY

size_t free_table_max = SIZE_MAX;

/* The walk that fills the table. */
struct fill {
	struct free_table *t;
	struct bin_sums sums;
	u64 links;	/* sum as in bin_sums.h, over links between chunks */
	u64 ring;	/* the same over the rings of large chunks */
	u64 max_size;	/* a chunk of any arena may have this size */
	struct chunk last;	/* free; the chunk behind it comes next */
	bool has_last;
};

static u64 word_at(const struct marks *m, u64 bit)
{
	u64 word;

	memcpy(&word, m->bits + bit / 64 * 8, 8);
	return word;
}

/* Is a bit of [from, to) set? */
static bool any_bit(const struct marks *m, u64 from, u64 to)
{
	u64 word;

	while (from < to) {
		word = word_at(m, from) >> from % 64;
		if (to - from < 64 - from % 64)
			word &= (1ull << (to - from)) - 1;
		if (word)
			return true;
		from = (from | 63) + 1;
	}
	return false;
}

/* Count bits that are set; not every x86-64 has an instruction for it. */
static unsigned int count_bits(u64 v)
{
	v -= v >> 1 & 0x5555555555555555ull;
	v = (v & 0x3333333333333333ull) + (v >> 2 & 0x3333333333333333ull);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return v * 0x0101010101010101ull >> 56;
}

static u64 first_bit(const struct marks *m, size_t region)
{
	return (u64)(m->map[region].bits - m->bits) * 8;
}

static u64 bit_of(const struct marks *m, size_t region, u64 chunk)
{
	return first_bit(m, region) +
	       ((chunk - m->map[region].first) >> m->shift);
}

/* The number of the bit for @addr, or NO_BIT if no chunk can begin there. */
static u64 bit_at(const struct free_table *t, const struct region *near,
		  u64 addr)
{
	const struct region *r = near && addr >= near->first &&
				 addr < near->end ? near :
				 heap_region_of(t->g->h, addr);
	u64 unit = (1u << t->marks->shift) - 1;

	if (!r || addr < r->first || (addr - r->first) & unit)
		return NO_BIT;
	return bit_of(t->marks, r - t->g->h->region, addr);
}

static u64 rank_of(const struct free_table *t, u64 bit)
{
	u64 at = bit >> t->block_shift << t->block_shift;
	u32 n = t->rank[bit >> t->block_shift];

	for (; at + 64 <= bit; at += 64)
		n += count_bits(word_at(t->marks, at));
	return n + count_bits(word_at(t->marks, bit) &
			      ((1ull << bit % 64) - 1));
}

static u64 entry_at(const struct free_table *t, u64 bit)
{
	if (bit >= t->end ||
	    !(word_at(t->marks, bit) >> bit % 64 & 1))
		return NO_ENTRY;
	return rank_of(t, bit);
}

/**
 * free_table_find - the entry of a chunk
 * @t: the table
 * @chunk: any address
 *
 * Return: its number, or NO_ENTRY.
 */
u64 free_table_find(const struct free_table *t, u64 chunk)
{
	return entry_at(t, bit_at(t, NULL, chunk));
}

/**
 * free_table_addr - the chunk of an entry
 * @t: the table
 * @entry: its number
 *
 * Return: the chunk's address.
 */
u64 free_table_addr(const struct free_table *t, u64 entry)
{
	const struct marks *m = t->marks;
	size_t lo = 0, hi = t->blocks, region = m->n - 1;
	u64 bit, word, left;

	/* Find the last block with at most @entry entries before it. */
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->rank[mid] <= entry)
			lo = mid;
		else
			hi = mid;
	}
	bit = (u64)lo << t->block_shift;
	left = entry - t->rank[lo];
	while (left >= count_bits(word = word_at(m, bit))) {
		left -= count_bits(word);
		bit += 64;
	}
	for (; left; left--)
		word &= word - 1;
	bit += __builtin_ctzll(word);
	while (bit < first_bit(m, region))
		region--;
	return m->map[region].first +
	       ((bit - first_bit(m, region)) << m->shift);
}

/**
 * free_table_size - the size that a small bin's number stands for
 * @l: the layout
 * @code: from free_table_code(), above ENTRY_LARGE
 *
 * Return: bytes of a chunk.
 */
u64 free_table_size(const struct layout *l, unsigned int code)
{
	u64 first = layout_bin_index(l, l->align);

	return (code - first + 1) * l->align;
}

/**
 * free_table_large - the size of a large chunk
 * @t: the table
 * @entry: its number; free_table_code() of it is ENTRY_LARGE
 *
 * Return: bytes.
 */
u64 free_table_large(const struct free_table *t, u64 entry)
{
	return (u64)t->size[entry] * t->g->l.align;
}

/* Move an array to where it has more room; what is moved is not copied. */
static bool stretch(void *array, size_t from, size_t to)
{
	void **p = array, *now;

	now = mremap(*p, from, to, MREMAP_MAYMOVE);
	if (now == MAP_FAILED)
		return false;
	*p = now;
	return true;
}

/*
 * Make room for more entries.  Memory is taken when it is written to, so room
 * that is not used costs nothing.
 */
static bool grow(struct free_table *t)
{
	size_t room = min_u64(2 * t->room, t->max);

	if (room == t->room ||
	    !stretch(&t->entry, t->room * sizeof(*t->entry),
		     room * sizeof(*t->entry)))
		return false;
	if (!stretch(&t->size, t->room * sizeof(*t->size),
		     room * sizeof(*t->size))) {
		/* free_table_end() gives back what this says. */
		stretch(&t->entry, room * sizeof(*t->entry),
			t->room * sizeof(*t->entry));
		return false;
	}
	t->room = room;
	return true;
}

/* Return: false where there is no room, or marks where no chunk begins. */
static bool add_entry(struct fill *f, const struct chunk *c, enum mark mark)
{
	struct free_table *t = f->t;
	struct mark_map *map = &t->marks->map[c->region];
	u64 bit = bit_of(t->marks, c->region, c->addr), own;
	u16 pair;

	if (bit < t->end || c->size < t->g->l.minsize ||
	    any_bit(t->marks, t->end, bit) || (t->n == t->room && !grow(t)))
		return false;
	own = (c->addr - map->first) >> t->marks->shift;
	memcpy(&pair, map->bits + own / 8, 2);
	pair = (pair & ~(3u << own % 8)) | 1u << own % 8;
	memcpy(map->bits + own / 8, &pair, 2);
	t->entry[t->n] = NO_BIT | (u64)mark << MARK_SHIFT;
	t->n++;
	t->end = bit + 2;
	return true;
}

/* A large chunk's size, and the links to those of the next sizes. */
static unsigned int take_large(struct fill *f, const struct chunk *c,
			       const u8 *p, size_t avail)
{
	struct free_table *t = f->t;
	unsigned int w = t->g->l.word;
	u64 units = c->size / t->g->l.align, next;

	if (avail < 6 * w || units > UINT32_MAX)
		return ENTRY_READ;
	t->size[t->n - 1] = units;
	next = get_word(p + 4 * w, w);
	if (next) {
		f->ring += link_hash(&f->sums, c->addr, next, 0) -
			   link_hash(&f->sums, get_word(p + 5 * w, w), c->addr,
				     0);
		t->entry[t->n - 1] |= ON_RING;
	}
	return ENTRY_LARGE;
}

/* Fill in an entry from a free chunk; fill_batch() checks the chunk behind it. */
static void take_free(struct fill *f, const struct batch *b,
		      const struct chunk *c)
{
	struct free_table *t = f->t;
	const struct layout *l = &t->g->l;
	unsigned int w = l->word, code;
	size_t avail;
	const u8 *p = batch_bytes(b, c, &avail);
	u64 fd, bk, bit, *entry = &t->entry[t->n - 1];

	if (avail < 4 * w)
		return;
	fd = get_word(p + 2 * w, w);
	bk = get_word(p + 3 * w, w);
	bit = bit_at(t, &b->h->region[c->region], fd);
	*entry = (*entry & ~NO_BIT) | bit;
	if (bit != NO_BIT)
		f->links += link_hash(&f->sums, c->addr, fd, 0);
	if (bit_at(t, &b->h->region[c->region], bk) != NO_BIT)
		f->links -= link_hash(&f->sums, bk, c->addr, 0);
	code = c->size < layout_min_large(l) ? layout_bin_index(l, c->size) :
					       take_large(f, c, p, avail);
	if (c->size > f->max_size || !chunk_is_aligned(l, c->addr))
		return;
	*entry |= (u64)code << CODE_SHIFT;
	f->last = *c;
	f->has_last = true;
}

/* Does @c, behind the last free chunk, agree that it is free and of its size? */
static bool bears_out(const struct fill *f, const struct chunk *c)
{
	return c->region == f->last.region &&
	       c->addr == f->last.addr + f->last.size &&
	       c->prev_size == f->last.size && !(c->flags & PREV_INUSE) &&
	       c->state != CHUNK_FENCEPOST && c->state != CHUNK_DAMAGED &&
	       c->state != CHUNK_FOREIGN &&
	       (c->size | c->flags) <= f->max_size;
}

static void distrust_last(struct fill *f)
{
	if (f->has_last)
		f->t->entry[f->t->n - 1] &= ~((u64)ENTRY_MAX << CODE_SHIFT);
	f->has_last = false;
}

static int fill_batch(const struct batch *b, void *ctx)
{
	struct fill *f = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];
		enum mark mark = marks_get(f->t->marks, c->region, c->addr);

		if (f->has_last && bears_out(f, c))
			f->has_last = false;
		distrust_last(f);
		if (!mark && !chunk_state_is_free(c->state))
			continue;
		/* The heap may have grown: its new chunks have no bits. */
		if (c->addr >= f->t->marks->map[c->region].end)
			continue;
		if (!add_entry(f, c, mark))
			return 1;
		if (chunk_state_is_free(c->state))
			take_free(f, b, c);
	}
	return 0;
}

/*
 * Count the entries before each block.  Return: false if bits and entries
 * differ.
 */
static bool count_blocks(struct free_table *t)
{
	u64 bit, step = 1ull << t->block_shift;
	u32 n = 0;

	for (bit = 0; bit < t->end; bit += 64) {
		if (!(bit & (step - 1)))
			t->rank[t->blocks++] = n;
		n += count_bits(word_at(t->marks, bit));
	}
	return n == t->n;
}

/* Turn what each fd leads to from the number of a bit into that of an entry. */
static void find_next(struct free_table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		u64 ahead = i + AHEAD < t->n ? free_table_next(t, i + AHEAD) :
					       NO_BIT;

		if (ahead < t->end) {
			__builtin_prefetch(t->marks->bits + ahead / 8);
			__builtin_prefetch(&t->rank[ahead >> t->block_shift]);
		}
		t->entry[i] = (t->entry[i] & ~NO_ENTRY) |
			      entry_at(t, free_table_next(t, i));
	}
}

/* A second walk, needed where the sum of links is not 0: which lead back? */
static int judge_batch(const struct batch *b, void *ctx)
{
	struct free_table *t = ctx;
	unsigned int w = t->g->l.word;
	size_t i, avail;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];
		const u8 *p = batch_bytes(b, c, &avail);
		u64 before, here;

		if (!chunk_state_is_free(c->state) || avail < 4 * w)
			continue;
		here = free_table_find(t, c->addr);
		before = free_table_find(t, get_word(p + 3 * w, w));
		if (here != NO_ENTRY && before != NO_ENTRY &&
		    free_table_next(t, before) == here)
			t->entry[before] |= LED_BACK;
	}
	return 0;
}

static void judge_links(struct free_table *t)
{
	struct walk w = { .fn = judge_batch, .ctx = t };
	size_t i;

	glibc_walk(t->g->h, &w);
	for (i = 0; i < t->n; i++)
		if (!(t->entry[i] & LED_BACK))
			t->entry[i] |= NO_ENTRY;
}

/* Chunks up to this size can be in any arena. */
static u64 smallest_arena(const struct glibc *g)
{
	u64 size = UINT64_MAX;
	size_t i;

	for (i = 0; i < g->states; i++)
		size = min_u64(size, g->state[i].system_mem);
	return size;
}

/* How many bytes a table may have. */
static u64 max_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return pages > 0 && page > 0 ?
	       min_u64(free_table_max, (u64)pages / 4 * page) : free_table_max;
}

static bool get_room(struct free_table *t)
{
	u64 bits = t->marks->len * 8, max = max_bytes();

	t->block_shift = MIN_BLOCK_SHIFT;
	while (bits >> t->block_shift >= MAX_BLOCKS)
		t->block_shift++;
	t->rank_len = ((bits >> t->block_shift) + 1) * sizeof(*t->rank);
	if (bits >= NO_BIT || !t->g->h->regions || t->rank_len >= max)
		return false;
	t->max = min_u64((max - t->rank_len) /
			 (sizeof(*t->entry) + sizeof(*t->size)), UINT32_MAX);
	t->room = min_u64(FIRST_ROOM, t->max);
	if (!t->room)
		return false;
	t->rank = xmap(t->rank_len);
	t->entry = xmap(t->room * sizeof(*t->entry));
	t->size = xmap(t->room * sizeof(*t->size));
	return true;
}

/**
 * free_table_make - read all free chunks
 * @t: filled; free_table_end() it
 * @g: malloc
 * @m: the marks until now; not to be used until free_table_end()
 *
 * Return: false where no table can be made: there are too many free chunks, or
 * marks where no chunk begins.  The marks are as they were then.
 */
bool free_table_make(struct free_table *t, struct glibc *g, struct marks *m)
{
	struct fill f = { .t = t, .max_size = smallest_arena(g) };
	struct walk w = { .fn = fill_batch, .ctx = &f };

	*t = (struct free_table){ .g = g, .marks = m };
	if (!get_room(t))
		return false;
	bin_sums_init(&f.sums);
	if (glibc_walk(g->h, &w) || any_bit(m, t->end, m->len * 8)) {
		free_table_end(t);
		return false;
	}
	distrust_last(&f);
	t->end = m->len * 8;
	if (!count_blocks(t)) {
		free_table_end(t);
		return false;
	}
	t->rings_sound = !f.ring;
	find_next(t);
	if (f.links)
		judge_links(t);
	return true;
}

/**
 * free_table_end - put the marks back, and give the table back
 * @t: from free_table_make()
 *
 * It goes backwards: a mark that is put back may have a second bit, which would
 * look like an entry to what goes forwards.
 */
void free_table_end(struct free_table *t)
{
	struct marks *m = t->marks;
	u64 at = align_up(t->end, 64);
	size_t i = t->n;

	while (i && at) {
		u64 word;

		at -= 64;
		for (word = word_at(m, at); word && i;) {
			unsigned int bit = 63 - __builtin_clzll(word), mark;
			u16 pair;

			word &= ~(1ull << bit);
			if (at + bit >= t->end)
				continue;
			i--;
			mark = free_table_mark(t, i);
			memcpy(&pair, m->bits + (at + bit) / 8, 2);
			pair &= ~(1u << bit % 8);
			pair |= mark << bit % 8;
			memcpy(m->bits + (at + bit) / 8, &pair, 2);
		}
	}
	munmap(t->rank, t->rank_len);
	munmap(t->entry, t->room * sizeof(*t->entry));
	munmap(t->size, t->room * sizeof(*t->size));
	memset(t, 0, sizeof(*t));
}
