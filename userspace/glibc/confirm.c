// SPDX-License-Identifier: GPL-2.0
/*
 * Look again, in a process that is stopped, at places that looked wrong.
 *
 * The process is kept waiting, so only these are read: the lists that a finding
 * is of, the chunk and its neighbours, the numbers of an arena.  What a thread is
 * in the middle of changing is left for another moment.
 *
 * Where chunks begin is known from the first one of a region on.  A chunk that was
 * one a moment ago, not far behind the place, mostly still is one: if all is in
 * order from there on, it is.  Only where it is not, all chunks from the region's
 * first one on are walked over.
 */
#include <stdlib.h>
#include <string.h>

#include "glibc/check.h"
#include "glibc/lists.h"
#include "glibc/ops.h"
#include "glibc/walk.h"

#define CLOSE (64u << 10)	/* bytes from one chunk to the next */

/* A chunk that looked wrong, with the one before and the one behind it. */
struct trio {
	const struct place *at;
	size_t region;
	struct chunk chunk[3];
	bool has[3];
	bool suspect;	/* not in order, as far as a short look tells */
};

struct confirm {
	struct heap now;
	struct glibc g;
	struct stands stands;
	struct findings *pending;
	struct findings *sure;
	bool *told;		/* for each of pending */
	struct list_id *list;	/* to be followed */
	size_t lists;
};

static size_t find_arena(const struct glibc *g, u64 addr)
{
	size_t i;

	for (i = 0; i < g->states && g->state[i].addr != addr; i++)
		;
	return i;
}

static size_t find_tcache(const struct glibc *g, u64 addr)
{
	size_t i;

	for (i = 0; i < g->tcaches && g->tcache[i].addr != addr; i++)
		;
	return i;
}

/*
 * Who changes an arena holds its lock, as long as there are other threads; with
 * one thread there are no locks.  After a crash a lock says nothing.
 */
static bool arena_is_quiet(const struct confirm *cf, u64 addr)
{
	size_t i = find_arena(&cf->g, addr);

	if (cf->stands.threads < 2 || i == cf->g.states)
		return !cf->stands.n_inside;
	return cf->stands.crashed || !get_u32(cf->g.state[i].raw);
}

/*
 * Is it in a function of malloc's itself?  What those call does not change lists,
 * and finds none of a tcache half changed.
 */
static bool is_in_code(const struct glibc *g, const struct inside *in)
{
	return !g->code_end || (in->nr < 0 && in->pc >= g->code_start &&
				in->pc < g->code_end);
}

/* Only its own thread changes a tcache. */
static bool tcache_is_quiet(const struct confirm *cf, u64 addr)
{
	size_t i = find_tcache(&cf->g, addr), j;
	pid_t tid = i < cf->g.tcaches ? cf->g.tcache[i].tid : 0;

	for (j = 0; j < cf->stands.n_inside; j++) {
		const struct inside *in = &cf->stands.inside[j];

		if ((!tid || in->tid == tid) && is_in_code(&cf->g, in))
			return false;
	}
	return true;
}

/* The arena of what is a chunk, if it is one; else 0. */
static u64 arena_of(const struct confirm *cf, u64 chunk)
{
	const struct region *r = heap_region_of(&cf->now, chunk);

	return r ? cf->g.state[r->arena].addr : 0;
}

static bool is_quiet(const struct confirm *cf, const struct place *at)
{
	u64 other;

	if (at->kind == PLACE_KEY)
		return tcache_is_quiet(cf, at->owner);
	if (at->kind == PLACE_LIST && at->other) {
		other = arena_of(cf, at->other);
		if (other && !arena_is_quiet(cf, other))
			return false;
	}
	if (at->kind == PLACE_LIST && at->list == LIST_TCACHE)
		return tcache_is_quiet(cf, at->owner);
	return arena_is_quiet(cf, at->owner);
}

static bool has_list(const struct list_id *list, size_t n,
		     const struct list_id *id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].kind == id->kind && list[i].owner == id->owner &&
		    list[i].index == id->index)
			return true;
	return false;
}

static void add_list(struct confirm *cf, enum list_kind kind, size_t owner,
		     unsigned int index)
{
	const struct list_id id = { kind, owner, index };

	if (has_list(cf->list, cf->lists, &id))
		return;
	cf->list = xgrow(cf->list, cf->lists, sizeof(*cf->list));
	cf->list[cf->lists++] = id;
}

/* Every list that a chunk of this size may be on. */
static void add_lists_for(struct confirm *cf, u64 chunk)
{
	const struct layout *l = &cf->g.l;
	const struct region *r = heap_region_of(&cf->now, chunk);
	unsigned int bin;
	u64 size;
	size_t i;
	int tc;

	if (!r || !target_word(cf->g.t, chunk + l->word, &size))
		return;
	size &= ~(u64)SIZE_BITS;
	if (size < l->minsize)
		return;
	tc = layout_tcache_index(l, size);
	for (i = 0; tc >= 0 && i < cf->g.tcaches; i++)
		add_list(cf, LIST_TCACHE, i, tc);
	if (layout_fast_index(l, size) < l->nfastbins)
		add_list(cf, LIST_FASTBIN, r->arena, layout_fast_index(l, size));
	add_list(cf, LIST_UNSORTED, r->arena, 1);
	bin = layout_bin_index(l, size);
	if (bin > 1 && bin < NBINS - 1)
		add_list(cf, lists_kind_of_bin(l, bin), r->arena, bin);
}

/* Follow the lists, to have their marks; what is wrong with them is not asked. */
static void follow_lists(struct confirm *cf, struct list_walk *lw)
{
	lw->lists->findings = NULL;
	lists_walk_some(lw, cf->list, cf->lists);
	cf->lists = 0;
}

static void forget_lists(struct lists *ls)
{
	free(ls->list);
	marks_free(ls->marks);
}

static void confirm_arenas(struct confirm *cf)
{
	struct check_pass p = { .findings = cf->sure, .h = &cf->now,
				.g = &cf->g, .l = &cf->g.l };
	size_t i, arena;

	for (i = 0; i < cf->pending->n; i++) {
		const struct place *at = &cf->pending->found[i].at;
		struct findings f = { 0 };

		if (at->kind != PLACE_ARENA || !is_quiet(cf, at))
			continue;
		cf->told[i] = true;
		arena = find_arena(&cf->g, at->owner);
		p.findings = &f;
		if (arena < cf->g.states)
			check_arena(&p, arena);
		findings_take(cf->sure, &f);
		findings_free(&f);
	}
}

/* Where it is, as something to follow.  Return: false where it is gone. */
static bool list_at(const struct confirm *cf, const struct place *at,
		    struct list_id *id)
{
	bool cached = at->kind == PLACE_KEY || at->list == LIST_TCACHE;

	id->kind = cached ? LIST_TCACHE : at->list;
	id->index = at->index;
	id->owner = cached ? find_tcache(&cf->g, at->owner) :
			     find_arena(&cf->g, at->owner);
	return id->owner < (cached ? cf->g.tcaches : cf->g.states);
}

/*
 * Chunks that may be on two lists: the other one is followed before, so that the
 * list in question meets them as the second.
 */
static void follow_others(struct confirm *cf, struct list_walk *lw)
{
	struct list_id *own = cf->list;
	size_t n = cf->lists, i, out = 0;

	cf->list = NULL;
	cf->lists = 0;
	for (i = 0; i < cf->pending->n; i++)
		if (cf->told[i] && cf->pending->found[i].at.kind == PLACE_LIST &&
		    cf->pending->found[i].at.other)
			add_lists_for(cf, cf->pending->found[i].at.other);
	for (i = 0; i < cf->lists; i++)
		if (!has_list(own, n, &cf->list[i]))
			cf->list[out++] = cf->list[i];
	cf->lists = out;
	follow_lists(cf, lw);
	free(cf->list);
	cf->list = own;
	cf->lists = n;
}

static void confirm_lists(struct confirm *cf)
{
	struct marks marks;
	struct lists ls = { .marks = &marks };
	struct list_walk lw = { .g = &cf->g, .lists = &ls };
	struct findings f = { 0 };
	struct list_id id;
	size_t i;

	for (i = 0; i < cf->pending->n; i++) {
		const struct place *at = &cf->pending->found[i].at;

		if (at->kind != PLACE_LIST || !is_quiet(cf, at))
			continue;
		cf->told[i] = true;
		if (list_at(cf, at, &id))
			add_list(cf, id.kind, id.owner, id.index);
	}
	if (!cf->lists)
		return;
	marks_init(&marks, &cf->now);
	follow_others(cf, &lw);
	ls.findings = &f;
	lists_walk_some(&lw, cf->list, cf->lists);
	cf->lists = 0;
	findings_take(cf->sure, &f);
	findings_free(&f);
	forget_lists(&ls);
}

struct key_look {
	struct confirm *cf;
	const struct place *at;
	struct findings found;
};

static void look_at_key(void *ctx, const struct list *l, u64 chunk)
{
	struct key_look *k = ctx;
	u64 key;

	(void)l;
	if (chunk == k->at->addr &&
	    target_word(k->cf->g.t, chunk + 3 * k->cf->g.l.word, &key))
		check_key(&k->found, k->at, key);
}

static void confirm_key(struct confirm *cf, const struct place *at)
{
	struct key_look k = { .cf = cf, .at = at };
	struct marks marks;
	struct lists ls = { .marks = &marks };
	struct list_walk lw = { .g = &cf->g, .lists = &ls,
				.each_cached = look_at_key, .ctx = &k };
	struct list_id id;

	if (!list_at(cf, at, &id))
		return;
	add_list(cf, id.kind, id.owner, id.index);
	marks_init(&marks, &cf->now);
	follow_lists(cf, &lw);
	findings_take(cf->sure, &k.found);
	findings_free(&k.found);
	forget_lists(&ls);
}

static void confirm_keys(struct confirm *cf)
{
	size_t i;

	for (i = 0; i < cf->pending->n; i++) {
		const struct place *at = &cf->pending->found[i].at;

		if (at->kind != PLACE_KEY || !is_quiet(cf, at))
			continue;
		cf->told[i] = true;
		confirm_key(cf, at);
	}
}

/* A walk that looks for the trios of several places, in order of address. */
struct gather {
	struct trio **trio;
	size_t n;
	size_t next;		/* the first that is not found yet */
	struct chunk last[2];	/* the newest first */
	size_t seen;
};

/* The newest chunk is complete when the one behind it is known, or that none is. */
static void end_newest(struct gather *g, const struct chunk *behind)
{
	const struct chunk *cur = &g->last[0];

	for (; g->seen && g->next < g->n; g->next++) {
		struct trio *t = g->trio[g->next];

		if (t->at->addr >= cur->addr + cur->size)
			break;
		if (t->at->addr < cur->addr)
			continue;	/* its region begins behind it now */
		t->has[0] = g->seen > 1;
		t->chunk[0] = g->last[1];
		t->has[1] = true;
		t->chunk[1] = *cur;
		t->has[2] = behind;
		if (behind)
			t->chunk[2] = *behind;
	}
}

static int gather_batch(const struct batch *b, void *ctx)
{
	struct gather *g = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		end_newest(g, &b->chunk[i]);
		if (g->next == g->n)
			return 1;
		g->last[1] = g->last[0];
		g->last[0] = b->chunk[i];
		g->seen++;
	}
	return 0;
}

/* As far as chunks lead from @from to them, which are of one region. */
static void gather(struct confirm *cf, struct trio **trio, size_t n, u64 from)
{
	struct gather g = { .trio = trio, .n = n };
	struct walk w = { .fn = gather_batch, .ctx = &g };

	if (glibc_walk_some(&cf->now, &w, trio[0]->region, from) >= 0)
		end_newest(&g, NULL);
}

/* The lists that the chunks of a trio may be on, as far as they matter. */
static void add_lists_of(struct confirm *cf, const struct trio *t)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (t->has[i] && t->has[i + 1] &&
		    !(t->chunk[i + 1].flags & PREV_INUSE))
			add_lists_for(cf, t->chunk[i].addr);
	if (t->at->other)
		add_lists_for(cf, t->at->other);
}

static void check_trio(struct confirm *cf, const struct trio *t,
		       const struct marks *marks, struct findings *f)
{
	struct check_pass p = { .findings = f, .h = &cf->now, .g = &cf->g,
				.l = &cf->g.l, .marks = marks };
	size_t i, n = f->n;

	for (i = 0; i < ARRAY_SIZE(t->chunk); i++)
		if (t->has[i])
			check_chunk(&p, &t->chunk[i]);
	if (f->n != n)
		findings_place(f, n, t->at);
}

/*
 * Hold chunks against each other and against the lists.  Those that are not in
 * order stay suspect; what is wrong goes to @sure, if that is set.
 */
static void judge(struct confirm *cf, struct trio **trio, size_t n,
		  struct findings *sure)
{
	struct marks marks;
	struct lists ls = { .marks = &marks };
	struct list_walk lw = { .g = &cf->g, .lists = &ls };
	size_t i;

	for (i = 0; i < n; i++)
		add_lists_of(cf, trio[i]);
	marks_init(&marks, &cf->now);
	follow_lists(cf, &lw);
	for (i = 0; i < n; i++) {
		struct findings f = { 0 };

		check_trio(cf, trio[i], &marks, &f);
		trio[i]->suspect = f.n;
		if (sure)
			findings_take(sure, &f);
		findings_free(&f);
	}
	forget_lists(&ls);
}

/* Those behind the first that are close enough to be found in the same walk. */
static size_t count_close(struct trio *const *trio, size_t n)
{
	size_t i;

	for (i = 1; i < n && trio[i]->region == trio[0]->region &&
	     trio[i]->at->addr - trio[i - 1]->at->addr <= CLOSE; i++)
		;
	return i;
}

/* From a chunk of a moment ago.  Return: those that are still suspect. */
static size_t look_from(struct confirm *cf, struct trio **trio, size_t n,
			size_t step)
{
	struct trio **reached = xcalloc(n, sizeof(*reached));
	size_t i, end, n_reached = 0, n_left = 0;

	for (i = 0; i < n; i = end) {
		const struct region *r = &cf->now.region[trio[i]->region];
		u64 from = trio[i]->at->from[step];

		end = i + count_close(trio + i, n - i);
		if (from >= r->first && from <= trio[i]->at->addr)
			gather(cf, trio + i, end - i, from);
	}
	for (i = 0; i < n; i++) {
		trio[i]->suspect = true;
		if (trio[i]->has[1])
			reached[n_reached++] = trio[i];
	}
	judge(cf, reached, n_reached, NULL);
	for (i = 0; i < n; i++) {
		if (!trio[i]->suspect)
			continue;
		memset(trio[i]->has, 0, sizeof(trio[i]->has));
		trio[n_left++] = trio[i];
	}
	free(reached);
	return n_left;
}

static int by_addr(const void *a, const void *b)
{
	const struct trio *x = *(struct trio *const *)a;
	const struct trio *y = *(struct trio *const *)b;

	return x->at->addr < y->at->addr ? -1 : x->at->addr > y->at->addr;
}

/* From the first chunk of each region on: what is wrong now is damage. */
static void look_from_start(struct confirm *cf, struct trio **trio, size_t n)
{
	size_t i, end;

	for (i = 0; i < n; i = end) {
		for (end = i; end < n && trio[end]->region == trio[i]->region;
		     end++)
			;
		gather(cf, trio + i, end - i,
		       cf->now.region[trio[i]->region].first);
	}
	judge(cf, trio, n, cf->sure);
}

static void confirm_chunks(struct confirm *cf)
{
	struct trio *all = xcalloc(cf->pending->n, sizeof(*all));
	struct trio **trio = xcalloc(cf->pending->n, sizeof(*trio));
	size_t i, n = 0, step;

	for (i = 0; i < cf->pending->n; i++) {
		const struct place *at = &cf->pending->found[i].at;
		const struct region *r;

		if (at->kind != PLACE_CHUNK || !is_quiet(cf, at))
			continue;
		cf->told[i] = true;
		r = heap_region_of(&cf->now, at->addr);
		if (!r || (n && place_is(trio[n - 1]->at, at)))
			continue;
		all[n].at = at;
		all[n].region = r - cf->now.region;
		trio[n] = &all[n];
		n++;
	}
	sort_array(trio, n, sizeof(*trio), by_addr);
	for (step = 0; step < CHECK_STEPS && n; step++)
		n = look_from(cf, trio, n, step);
	if (n)
		look_from_start(cf, trio, n);
	free(trio);
	free(all);
}

static void drop_told(struct confirm *cf)
{
	struct findings *f = cf->pending;
	size_t i, out = 0;

	for (i = 0; i < f->n; i++)
		if (!cf->told[i])
			f->found[out++] = f->found[i];
	f->total -= f->n - out;
	f->n = out;
}

/**
 * glibc_confirm - look at some places again, in a process that is stopped
 * @h: the heap
 * @pending: what looked wrong; what was looked at is taken out
 * @sure: what is wrong is added
 */
void glibc_confirm(struct heap *h, struct findings *pending,
		   struct findings *sure)
{
	struct confirm cf = { .pending = pending, .sure = sure };

	heap_stands(h, &cf.stands);
	if (glibc_look_now(h, &cf.now, &cf.g)) {
		cf.told = xcalloc(pending->n, sizeof(*cf.told));
		confirm_arenas(&cf);
		confirm_lists(&cf);
		confirm_keys(&cf);
		confirm_chunks(&cf);
		drop_told(&cf);
		free(cf.told);
	}
	glibc_forget_now(&cf.now);
	free(cf.stands.inside);
	free(cf.list);
}
