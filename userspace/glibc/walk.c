// SPDX-License-Identifier: GPL-2.0
/* Walk over all chunks, reading the memory in large blocks. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "glibc/glibc.h"
#include "glibc/marks.h"
#include "glibc/ops.h"
#include "glibc/walk.h"

#define BATCH 512u
#define EDGE 64u	/* bytes of each chunk that are in its batch's block */
#define TRUST 8u	/* behind damage, go on where so many chunks are sane */
#define RETRIES 3u
#define BRIEF_BLOCK (32u << 10)	/* what a walk over a few chunks reads */

struct pass {
	struct walk *w;
	struct heap *h;
	struct glibc *g;
	const struct layout *l;
	const struct marks *marks;	/* or NULL */
	size_t region;
	struct region r;
	bool brief;	/* end at the first header that cannot be right */
	u8 *block;
	u64 block_addr;
	u64 block_len;
	struct chunk *batch;
	size_t n;
	int ret;
};

/**
 * walk_fault_text - why a header cannot be right
 * @fault: the fault
 *
 * Return: words that follow the chunk's address.
 */
const char *walk_fault_text(enum walk_fault fault)
{
	static const char *const text[] = {
		[FAULT_NONE] = "is sound",
		[FAULT_SIZE_SMALL] = "has a size below the smallest chunk's",
		[FAULT_SIZE_ALIGN] = "has a size that is not aligned",
		[FAULT_SIZE_BEYOND] = "is larger than what is left of its region",
		[FAULT_PAST_TOP] = "runs over the top chunk",
		[FAULT_TOP_SIZE] = "is top, but does not end where the region ends",
		[FAULT_NO_TOP] = "ends the region, but is not top",
		[FAULT_UNREADABLE] = "cannot be read",
	};

	return fault < ARRAY_SIZE(text) ? text[fault] : "is damaged";
}

static void flush(struct pass *p)
{
	struct batch b = {
		.chunk = p->batch, .n = p->n, .h = p->h, .block = p->block,
		.block_addr = p->block_addr, .block_len = p->block_len,
	};

	if (p->n && !p->ret) {
		progress_at(p->batch[p->n - 1].addr - p->h->region[0].first);
		p->w->chunks += p->n;
		p->ret = p->w->fn(&b, p->w->ctx);
	}
	p->n = 0;
}

/*
 * Have the memory from @addr to @addr + @need in the block, or to the region's
 * end.
 */
static bool load(struct pass *p, u64 addr, u64 need)
{
	u64 end;

	need = min_u64(need, p->r.end - addr);
	if (addr >= p->block_addr &&
	    range_inside(addr - p->block_addr, need, 0, p->block_len))
		return true;
	flush(p);
	p->block_addr = align_down(addr, PAGE);
	end = min_u64(p->block_addr + (p->brief ? BRIEF_BLOCK : TARGET_BLOCK),
		      p->r.end);
	p->block_len = target_read(p->h->t, p->block_addr, p->block,
				   end - p->block_addr);
	return range_inside(addr - p->block_addr, need, 0, p->block_len);
}

/* Read the size field of a chunk that need not be in the block. */
static bool read_field(struct pass *p, u64 addr, u64 *field)
{
	unsigned int w = p->l->word;
	u64 off = addr - p->block_addr;

	if (addr >= p->block_addr && range_inside(off, 2 * w, 0, p->block_len)) {
		*field = get_word(p->block + off + w, w);
		return true;
	}
	return target_word_now(p->h->t, addr + w, field);
}

static bool is_wanted(const struct pass *p, u64 addr, u64 size)
{
	const struct walk *w = p->w;

	return addr + size > w->from && (!w->to || addr < w->to);
}

static void emit(struct pass *p, const struct chunk *c)
{
	if (!is_wanted(p, c->addr, c->size))
		return;
	p->batch[p->n++] = *c;
	if (p->n == BATCH)
		flush(p);
}

static struct chunk make_chunk(const struct pass *p, u64 addr, u64 size,
			       enum chunk_state state)
{
	return (struct chunk){ .addr = addr, .size = size,
			       .region = p->region, .state = state };
}

/*
 * Does the region's memory reach to @end?  The maps may be older than top: ask
 * anew.
 */
static bool region_reaches(struct pass *p, u64 end)
{
	struct maps now = { 0 };
	struct error gone;
	bool ret;

	ret = !target_maps_now(p->h->t, &now, &gone) &&
	      maps_hold(&now, p->r.start, end - p->r.start);
	maps_free(&now);
	return ret;
}

/*
 * Has a live process moved top, or the end of the region, since they were read?
 * Then go by the new ones.  Return: true if so.
 */
static bool top_moved(struct pass *p)
{
	const struct malloc_state *a = &p->g->state[p->r.arena];
	u64 top, field, end;

	if (!p->h->t->live || !p->r.top ||
	    !target_word_now(p->h->t, a->addr + p->l->top, &top) ||
	    top < p->r.first ||
	    !target_word_now(p->h->t, top + p->l->word, &field))
		return false;
	end = top + (field & ~(u64)SIZE_BITS);
	if (end < top || !chunk_is_aligned(p->l, top) ||
	    (top == p->r.top && end == p->r.end) || !region_reaches(p, end))
		return false;
	p->r.top = top;
	p->r.end = end;
	p->w->changed = true;
	return true;
}

static bool size_is_sane(const struct pass *p, u64 addr, u64 size)
{
	u64 limit = p->r.top > addr ? p->r.top : p->r.end;

	return size >= p->l->minsize && !(size & (p->l->align - 1)) &&
	       size <= limit - addr;
}

/* Are these the two fenceposts that end malloc's memory before a hole? */
static bool are_posts(struct pass *p, u64 addr)
{
	const u64 post = 2 * p->l->word | PREV_INUSE;
	u64 first, second;

	return target_word(p->h->t, addr + p->l->word, &first) &&
	       (first | PREV_INUSE) == post &&
	       target_word(p->h->t, addr + 3 * p->l->word, &second) &&
	       second == post;
}

/* Are TRUST chunks from @addr on sane, or all of them up to top or fenceposts? */
static bool makes_sense(struct pass *p, u64 addr)
{
	unsigned int w = p->l->word, i;
	u64 field, size;

	for (i = 0; i < TRUST; i++) {
		if (addr == p->r.top)
			return true;
		if (addr + 2 * w > p->r.end ||
		    !target_word(p->h->t, addr + w, &field))
			return false;
		size = field & ~(u64)SIZE_BITS;
		if (field & IS_MMAPPED)
			return false;
		if (size == 2 * w && i)
			return are_posts(p, addr);
		if (!size_is_sane(p, addr, size))
			return false;
		addr += size;
	}
	return true;
}

/*
 * Find the first place behind @addr where chunks make sense again.  Pages that
 * were never touched are skipped: the heap may be larger than any machine's
 * memory, and to read such a page would touch it.
 */
static u64 resume_at(struct pass *p, u64 addr)
{
	u64 limit = p->r.top > addr ? p->r.top : p->r.end;
	u64 asked = 0, at, field;

	for (addr += p->l->align; addr < limit; addr += p->l->align) {
		at = addr + p->l->word;
		if (align_down(at, PAGE) != asked) {
			at = target_next_touched(p->h->t, at, limit);
		} else {
			if (makes_sense(p, addr))
				return addr;
			if (target_word(p->h->t, at, &field))
				continue;
			at = target_next_page(p->h->t, at, limit);
		}
		if (at >= limit)
			break;
		/*
		 * Go on with the first chunk whose size field is there or
		 * behind.
		 */
		addr += align_up(at - p->l->word - addr, p->l->align);
		asked = align_down(addr + p->l->word, PAGE);
		addr -= p->l->align;
	}
	return limit;
}

static u64 skip(struct pass *p, u64 addr, enum chunk_state state,
		enum walk_fault fault)
{
	struct chunk c;
	u64 to;

	if (p->brief || p->h->t->expired) {
		p->ret = -1;
		return p->r.end;
	}
	to = resume_at(p, addr);
	c = make_chunk(p, addr, to - addr, state);

	c.fault = fault;
	if (state == CHUNK_DAMAGED)
		p->w->damaged++;
	load(p, addr, EDGE);
	emit(p, &c);
	return to;
}

static enum walk_fault size_fault(const struct pass *p, u64 addr, u64 size)
{
	if (size < p->l->minsize)
		return FAULT_SIZE_SMALL;
	if (size & (p->l->align - 1))
		return FAULT_SIZE_ALIGN;
	if (size > p->r.end - addr)
		return FAULT_SIZE_BEYOND;
	if (p->r.top > addr && size > p->r.top - addr)
		return FAULT_PAST_TOP;
	return FAULT_NONE;
}

static u8 state_of(const struct pass *p, u64 addr, u64 size, bool in_use)
{
	enum mark mark = p->marks ? marks_get(p->marks, p->region, addr) :
				    MARK_NONE;

	if (in_use)
		return mark == MARK_TCACHE ? CHUNK_TCACHE :
		       mark == MARK_FASTBIN ? CHUNK_FASTBIN : CHUNK_IN_USE;
	if (mark == MARK_UNSORTED)
		return CHUNK_UNSORTED;
	return size < layout_min_large(p->l) ? CHUNK_SMALL : CHUNK_LARGE;
}

/*
 * The fast path, for ordinary chunks whose header and next header lie in the
 * block.
 * Return: the first chunk that is not such a one.
 */
static __always_inline
u64 plain_chunks(struct pass *p, u64 addr, const unsigned int w)
{
	const u64 limit = p->r.top > addr ? p->r.top : p->r.end;
	const u64 minsize = p->l->minsize, mask = p->l->align - 1;
	const u64 block_end = min_u64(p->block_addr + p->block_len, limit);
	const u8 *block = p->block;
	u64 field, next, next_field;
	struct chunk *c;

	if (addr == p->r.top || addr < p->block_addr ||
	    addr + EDGE > block_end)
		return addr;
	field = get_word(block + (addr - p->block_addr) + w, w);
	for (;;) {
		u64 size = field & ~(u64)SIZE_BITS;

		if (size < minsize || size & mask || field & IS_MMAPPED ||
		    size > block_end - addr)
			return addr;
		next = addr + size;
		if (next + EDGE > block_end)
			return addr;
		next_field = get_word(block + (next - p->block_addr) + w, w);
		/* Filled in its place: a copy would take longer than the rest. */
		c = &p->batch[p->n];
		c->addr = addr;
		c->size = size;
		c->prev_size = get_word(block + (addr - p->block_addr), w);
		c->region = p->region;
		c->flags = field & SIZE_BITS;
		c->state = state_of(p, addr, size, next_field & PREV_INUSE);
		c->fault = FAULT_NONE;
		if (is_wanted(p, addr, size) && ++p->n == BATCH)
			flush(p);
		if (p->ret)
			return addr;
		addr = next;
		field = next_field;
	}
}

/*
 * Is this the end of a thread's heap that is full?  It has a fencepost of size
 * 0. Before that may be a chunk of the smallest size which was given to nobody:
 * the rest of a top that was too small to split.
 */
static bool ends_full_heap(struct pass *p, u64 addr, u64 field)
{
	const u64 post = 2 * p->l->word;
	u64 next;

	if (p->r.kind != REGION_HEAP || p->r.top)
		return false;
	if (field == PREV_INUSE)
		return addr + post == p->r.end;
	return field == (p->l->minsize | PREV_INUSE) &&
	       addr + p->l->minsize + post == p->r.end &&
	       read_field(p, addr + p->l->minsize, &next) && next == PREV_INUSE;
}

/* Decode any chunk, not only ordinary ones.  Return: where the next one is. */
static u64 one_chunk(struct pass *p, u64 addr, unsigned int *posts,
		     unsigned int *retries)
{
	unsigned int w = p->l->word;
	struct chunk c = make_chunk(p, addr, 0, CHUNK_IN_USE);
	enum walk_fault fault = FAULT_NONE;
	u64 field, next_field = PREV_INUSE, size;

	if (p->r.end - addr < 2 * w || !load(p, addr, EDGE))
		return skip(p, addr, CHUNK_DAMAGED, FAULT_UNREADABLE);
	field = get_word(p->block + (addr - p->block_addr) + w, w);
	size = field & ~(u64)SIZE_BITS;
	c.prev_size = get_word(p->block + (addr - p->block_addr), w);
	c.flags = field & SIZE_BITS;
	c.size = size;
	if (addr == p->r.top) {
		c.state = CHUNK_TOP;
		if (size != p->r.end - addr)
			fault = FAULT_TOP_SIZE;
	} else if (size == 2 * w ||
		   (!size && *posts && p->r.kind == REGION_HEAP) ||
		   ends_full_heap(p, addr, field)) {
		c.state = CHUNK_FENCEPOST;
		c.size = max_u64(size, 2 * w);
		++*posts;
	} else {
		fault = size_fault(p, addr, size);
		/* With the header behind it, which needs no read of its own then. */
		if (!fault && size <= PAGE)
			load(p, addr, size + EDGE);
		if (!fault && addr + size < p->r.end &&
		    !read_field(p, addr + size, &next_field))
			fault = FAULT_UNREADABLE;
		if (!fault && p->r.top && addr + size == p->r.end)
			fault = FAULT_NO_TOP;
		if (fault == FAULT_NONE)
			c.state = state_of(p, addr, size,
					   next_field & PREV_INUSE);
	}
	if (fault && *retries < RETRIES && top_moved(p)) {
		++*retries;
		p->block_len = 0;
		return addr;
	}
	if (fault)
		return skip(p, addr, CHUNK_DAMAGED, fault);
	if (c.state != CHUNK_FENCEPOST)
		*posts = 0;
	emit(p, &c);
	return addr + c.size;
}

/*
 * Is there a third fencepost at @addr?  If all that is left of top before the two
 * fenceposts is too small for a chunk, it becomes a fencepost, too.
 */
static bool is_third_post(struct pass *p, u64 addr, unsigned int posts)
{
	const u64 post = 2 * p->l->word;
	u64 field;

	return posts == 2 && range_inside(addr, post, p->r.first, p->r.end) &&
	       read_field(p, addr, &field) && field == (post | PREV_INUSE);
}

/*
 * Find where malloc's memory goes on behind the fenceposts that end at @addr.
 * Memory of somebody else may lie in between; nothing does if brk(2) only
 * failed for a while, but for 8 bytes on either side that align chunks in 32
 * bits.
 */
static u64 behind_hole(struct pass *p, u64 addr)
{
	u64 next = layout_first_chunk(p->l, align_up(addr, p->l->align));

	if (next >= p->r.end)
		return p->r.end;
	return makes_sense(p, next) ? next :
				      skip(p, addr, CHUNK_FOREIGN, FAULT_NONE);
}

static void walk_region(struct pass *p, u64 addr)
{
	unsigned int posts = 0, retries = 0;

	p->block_len = 0;
	if (p->w->to && p->w->to <= addr)
		return;
	while (addr < p->r.end && !p->ret) {
		u64 from = addr;

		if (p->w->to && addr >= p->w->to)
			break;
		load(p, addr, EDGE);
		addr = p->l->word == 8 ? plain_chunks(p, addr, 8) :
					 plain_chunks(p, addr, 4);
		if (addr != from)
			posts = 0;
		if (p->ret || addr >= p->r.end)
			break;
		addr = one_chunk(p, addr, &posts, &retries);
		if (posts < 2)
			continue;
		/* Behind two fenceposts there is no more, or a hole. */
		if (p->r.kind != REGION_BRK)
			break;
		if (is_third_post(p, addr, posts))
			continue;
		addr = behind_hole(p, addr);
		posts = 0;
	}
	flush(p);
	p->w->bytes += addr - p->r.first;
}

static void begin(struct pass *p)
{
	p->block = xrealloc(NULL, TARGET_BLOCK, 1);
	p->batch = xcalloc(BATCH, sizeof(*p->batch));
	p->w->bytes = 0;
	p->w->chunks = 0;
	p->w->damaged = 0;
}

static void end(struct pass *p)
{
	free(p->batch);
	free(p->block);
}

/**
 * glibc_walk - visit every chunk in order of address
 * @h: the heap
 * @w: what to visit, and whom to tell; the results are filled in
 *
 * The target is read in blocks of TARGET_BLOCK bytes, each once.
 *
 * Return: 0, or what the function returned to end the walk.
 */
int glibc_walk(struct heap *h, struct walk *w)
{
	struct glibc *g = glibc_of(h);
	struct pass p = { .w = w, .h = h, .g = g, .l = &g->l,
			  .marks = w->lists ? w->lists->marks : NULL };

	begin(&p);
	for (p.region = 0; p.region < h->regions && !p.ret; p.region++) {
		p.r = h->region[p.region];
		if (p.r.end > w->from && (!w->to || p.r.first < w->to))
			walk_region(&p, p.r.first);
	}
	end(&p);
	return p.ret;
}

/**
 * glibc_walk_some - visit the chunks of one region, from one of them on
 * @h: the heap
 * @w: as for glibc_walk()
 * @region: the region
 * @chunk: its first chunk, or what was a chunk once
 *
 * What was a chunk once may lie inside of another by now.  So unless it is the
 * first one, which always is a chunk, the walk ends where a header cannot be right.
 *
 * Return: 0, or what the function returned to end the walk, or -1 for such a
 * header.
 */
int glibc_walk_some(struct heap *h, struct walk *w, size_t region, u64 chunk)
{
	struct glibc *g = glibc_of(h);
	struct pass p = { .w = w, .h = h, .g = g, .l = &g->l,
			  .marks = w->lists ? w->lists->marks : NULL,
			  .region = region, .r = h->region[region] };

	p.brief = chunk != p.r.first;
	begin(&p);
	walk_region(&p, chunk);
	end(&p);
	return p.ret;
}
