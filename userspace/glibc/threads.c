// SPDX-License-Identifier: GPL-2.0
/*
 * Find each thread's control block (struct pthread), and by it the thread's
 * tcache.
 *
 * fs_base points to the control block; the kernel tells it of stopped threads
 * and in cores.  For a running thread glibc's own lists are followed: each
 * struct pthread is on one of them, and begins with a pointer to itself.  The
 * heads of the lists are in the data of ld.so, before 2.34 of libpthread.
 *
 * Below the control block, in the thread's static TLS, is the pointer to its
 * tcache. It is recognised by the size of the chunk that it points into, and by
 * being at the same distance from the control block in every thread.
 */
#include <stdlib.h>
#include <string.h>

#include "glibc/threads.h"

#define TLS_NEAR 4096u
#define TLS_FAR (128u << 10)
#define MAX_SCAN (1u << 20)	/* bytes to scan of one mapping */

/* Offsets in struct pthread: the same in all versions, as seen in 2.31 to 2.43. */
static u64 pthread_list(const struct target *t)
{
	return t->wordsize == 8 ? 0x2c0 : 0x60;
}

static u64 pthread_tid(const struct target *t)
{
	return t->wordsize == 8 ? 0x2d0 : 0x68;
}

struct search {
	struct glibc *g;
	struct target *t;
	struct thread *thread;
	pid_t *own;	/* each thread's number in its own namespace */
	size_t n;
	size_t known;
	u64 unnamed;	/* a control block without a tid; 0: none was met */
};

static bool is_tcb(struct target *t, u64 addr)
{
	u64 self;

	return addr && target_word(t, addr, &self) && self == addr &&
	       target_word(t, addr + 2 * t->wordsize, &self) && self == addr;
}

/* Is there a control block of the target at @addr?  Then note whose it is. */
static bool take_tcb(struct search *s, u64 addr)
{
	u8 raw[4];
	size_t i;
	pid_t tid;

	if (!is_tcb(s->t, addr) ||
	    !target_peek(s->t, addr + pthread_tid(s->t), raw, 4))
		return false;
	tid = get_u32(raw);
	if (!tid && !s->unnamed)
		s->unnamed = addr;
	for (i = 0; i < s->n; i++) {
		if (s->own[i] != tid)
			continue;
		if (!s->thread[i].tcb)
			s->known++;
		s->thread[i].tcb = addr;
		return true;
	}
	return false;
}

static void follow_stack_list(struct search *s, u64 head)
{
	u64 at;
	size_t i;

	if (!target_word(s->t, head, &at))
		return;
	for (i = 0; at != head && i <= s->n + 16; i++)
		if (!take_tcb(s, at - pthread_list(s->t)) ||
		    !target_word(s->t, at, &at))
			return;
}

static void scan_list_heads(struct search *s, const struct module *mod)
{
	unsigned int w = s->t->wordsize;
	u64 at, next, end = mod->rw_end;

	if (!mod->rw_start)
		return;
	end = min_u64(end, mod->rw_start + MAX_SCAN);
	for (at = mod->rw_start; at < end && s->known < s->n; at += w)
		if (target_word(s->t, at, &next) && next &&
		    next % w == 0 && is_tcb(s->t, next - pthread_list(s->t)))
			follow_stack_list(s, at);
}

static void scan_memory(struct search *s, u64 at, u64 end)
{
	u64 self;

	for (at = align_up(at, 16); at < end && s->known < s->n; at += 16) {
		/*
		 * Skip pages that were never touched: to read one would touch
		 * it.
		 */
		if (at % PAGE < 16)
			at = target_next_touched(s->t, at, end);
		if (at < end && target_word(s->t, at, &self) && self == at)
			take_tcb(s, at);
	}
}

/* Without libpthread, before 2.34, the main thread is on no list: search for it. */
static void scan_mappings(struct search *s)
{
	size_t i;

	for (i = 0; i < s->t->maps.n && s->known < s->n; i++) {
		const struct mapping *m = &s->t->maps.map[i];

		if (map_is_heap(m))
			scan_memory(s, m->start, min_u64(m->end,
							 m->start + MAX_SCAN));
		else if (map_is_anon(m) && m->end - m->start <= MAX_SCAN)
			scan_memory(s, m->start, m->end);
		else if (map_is_anon(m))
			scan_memory(s, m->end - TLS_FAR, m->end);
	}
}

static void find_tcbs(struct search *s)
{
	struct modules mods;
	size_t i;

	for (i = 0; i < s->n; i++)
		s->known += s->thread[i].tcb != 0;
	if (s->known == s->n)
		return;
	s->own = xcalloc(s->n, sizeof(*s->own));
	for (i = 0; i < s->n; i++)
		s->own[i] = target_own_number(s->t, s->thread[i].tid);
	modules_find(s->t, &mods);
	for (i = 0; i < mods.n; i++)
		if (mods.mod[i].exe || strstr(mods.mod[i].path, "/ld") ||
		    strstr(mods.mod[i].path, "/libpthread") ||
		    strstr(mods.mod[i].path, "/libc"))
			scan_list_heads(s, &mods.mod[i]);
	modules_free(&mods);
	if (s->known < s->n)
		scan_mappings(s);
	/* Up to 2.33 only libpthread, if it is there, writes the tid. */
	if (!s->known && s->n == 1)
		s->thread[0].tcb = s->unnamed;
	free(s->own);
}

static u64 fill_count(const struct glibc *g)
{
	return g->mp.addr ? g->mp.tcache_count : g->l.tcache_fill;
}

static u16 read_count(const struct glibc *g, const u8 *raw, unsigned int i)
{
	u64 fill = fill_count(g);
	u16 v;

	if (g->l.tcache_width == 1)
		return raw[i];
	v = get_u16(raw + 2 * i);
	if (!g->l.tcache_counts_down)
		return v;
	return v <= fill ? fill - v : UINT16_MAX;
}

/*
 * Read a tcache_perthread_struct at @mem.  Return: false if the chunk there
 * does not have its size.  That is the only test, since damaged ones shall be
 * taken, too.  The chunk may be a little larger: malloc does not split off a
 * rest that is too small.
 */
static bool read_tcache(struct glibc *g, u64 mem, struct tcache *tc)
{
	const struct layout *l = &g->l;
	u64 chunk = mem_to_chunk(l, mem), field, size;
	u8 raw[1024];
	unsigned int i;

	if (!chunk_is_aligned(l, chunk) || !heap_region_of(g->h, chunk) ||
	    !target_word(g->t, chunk + l->word, &field))
		return false;
	size = field & ~(u64)SIZE_BITS;
	if (size < l->tcache_chunk || size - l->tcache_chunk >= l->minsize ||
	    !target_peek(g->t, mem, raw, l->tcache_size))
		return false;
	memset(tc, 0, sizeof(*tc));
	tc->addr = mem;
	for (i = 0; i < l->tcache_bins; i++) {
		tc->count[i] = read_count(g, raw, i);
		tc->entry[i] = get_word(raw + l->tcache_entries + i * l->word,
					l->word);
		/* From 2.30 to 2.41, malloc ignores the entry if the count is 0. */
		if (!l->tcache_by_entry && !tc->count[i])
			tc->entry[i] = 0;
	}
	return true;
}

static bool bin_is_unused(const struct tcache *tc, unsigned int i)
{
	return !tc->count[i] && !tc->entry[i];
}

static bool bin_is_sound(const struct glibc *g, const struct tcache *tc,
			 unsigned int i)
{
	u64 chunk = mem_to_chunk(&g->l, tc->entry[i]);

	return tc->count[i] && tc->count[i] <= fill_count(g) &&
	       chunk_is_aligned(&g->l, chunk) &&
	       maps_find(&g->t->maps, chunk);
}

/* Is it the first chunk of a region?  A thread's first malloc() puts it there. */
static bool is_first_chunk(const struct glibc *g, const struct tcache *tc)
{
	u64 chunk = mem_to_chunk(&g->l, tc->addr);
	const struct region *r = heap_region_of(g->h, chunk);

	return g->l.tcache_first && r && r->first == chunk;
}

/*
 * How much does it look like a tcache?  The program, too, may have memory of that
 * size, with its address in a variable of the thread.  Return: how many bins look
 * right, less those that do not.  Unused bins count for nothing where they are
 * zeroes, since any new memory is.
 */
static int likeness(const struct glibc *g, const struct tcache *tc)
{
	int score = is_first_chunk(g, tc) ? MAX_TCACHE_BINS : 0;
	unsigned int i;

	for (i = 0; i < g->l.tcache_bins; i++)
		if (bin_is_unused(tc, i))
			score += g->l.tcache_counts_down && fill_count(g);
		else
			score += bin_is_sound(g, tc, i) ? 1 : -1;
	return score;
}

/* A word below a thread's control block that may lead to its tcache. */
struct candidate {
	u64 off;	/* how far below */
	size_t thread;
	int score;
	struct tcache tc;
};

struct candidates {
	struct candidate *list;
	size_t n;
};

/* Add all words of a thread from @from to @to below its control block. */
static void add_candidates(struct search *s, size_t thread, u64 from, u64 to,
			   struct candidates *cs)
{
	u64 tcb = s->thread[thread].tcb, off, mem;
	unsigned int w = s->t->wordsize;
	struct candidate *c;
	struct tcache tc;

	for (off = from; off < to && off < tcb; off += w) {
		if (!target_word(s->t, tcb - off, &mem) || !mem ||
		    !read_tcache(s->g, mem, &tc))
			continue;
		cs->list = xgrow(cs->list, cs->n, sizeof(*cs->list));
		c = &cs->list[cs->n++];
		c->off = off;
		c->thread = thread;
		c->score = likeness(s->g, &tc);
		c->tc = tc;
		c->tc.tid = s->thread[thread].tid;
		c->tc.tcb = tcb;
	}
}

static int by_offset(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

static void add_tcache(struct glibc *g, const struct tcache *tc)
{
	size_t i;

	for (i = 0; i < g->tcaches; i++)
		if (g->tcache[i].addr == tc->addr)
			return;
	g->tcache = xgrow(g->tcache, g->tcaches, sizeof(*tc));
	g->tcache[g->tcaches++] = *tc;
}

/*
 * The pointer to the tcache is one variable of libc, at the same distance below
 * the control block in each thread.  So take the distance where all threads
 * together have most that looks like tcaches.  What a thread has at that
 * distance is its tcache, even if damaged; other candidates are memory of the
 * program.
 *
 * Return: true if a distance was found with a score of @least or more.
 */
static bool take_agreed(struct search *s, u64 from, u64 to, int least)
{
	struct candidates cs = { 0 };
	size_t i, end, first = 0, last = 0;
	int best = least - 1;

	for (i = 0; i < s->n; i++)
		if (s->thread[i].tcb)
			add_candidates(s, i, from, to, &cs);
	sort_array(cs.list, cs.n, sizeof(*cs.list), by_offset);
	for (i = 0; i < cs.n; i = end) {
		int sum = 0;

		for (end = i; end < cs.n && cs.list[end].off == cs.list[i].off;
		     end++)
			sum += cs.list[end].score;
		if (sum <= best)
			continue;
		best = sum;
		first = i;
		last = end;
	}
	for (i = first; i < last; i++)
		add_tcache(s->g, &cs.list[i].tc);
	free(cs.list);
	return last;
}

/**
 * glibc_find_tcaches - find the tcache of every thread
 * @g: malloc, with its regions found
 *
 * A thread that has not called malloc or free so far may have none.
 */
void glibc_find_tcaches(struct glibc *g)
{
	struct search s = { .g = g, .t = g->t };
	bool wanted = g->l.tcache_bins && g->h->regions;
	size_t i, lost = 0;

	s.n = target_threads(g->t, &s.thread);
	g->h->threads = s.n;
	if (wanted)
		find_tcbs(&s);
	/*
	 * Only a program with large thread variables has it as far below as
	 * that.
	 */
	if (wanted && !take_agreed(&s, s.t->wordsize, TLS_NEAR, 0))
		take_agreed(&s, TLS_NEAR, TLS_FAR, 1);
	for (i = 0; i < s.n && wanted; i++)
		lost += !s.thread[i].tcb &&
			!target_is_worker(s.t, s.thread[i].tid);
	if (lost)
		notes_add(&g->h->notes, "the control block of %zu of %zu threads was not found: chunks in their tcaches count as in use",
			  lost, s.n);
	free(s.thread);
}
