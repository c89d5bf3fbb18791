// SPDX-License-Identifier: GPL-2.0
/*
 * Find main_arena and mp_ in a module without symbols, and tell the layout by
 * them.
 *
 * In the data of libc's file, main_arena is the one structure whose "next"
 * points to its own start, with next_free 0 and attached_threads 1 behind that;
 * mp_ is the one that has malloc's defaults.  In memory, where they have
 * changed, main_arena is found by its 127 bins, which point to themselves or to
 * chunks that point back.
 *
 * Where such a field lies in its structure differs between versions, so what is
 * found tells which layouts are possible.  The text with libc's version chooses
 * among these.
 */
#include <stdlib.h>
#include <string.h>

#include "glibc/find.h"

#define MAX_ROWS 32u
#define DEFAULT_N_MMAPS_MAX 65536u
#define MAX_MEMORY_IMAGE (8u << 20)	/* of a module's writable memory */
#define MAX_RING 65536u
#define MAX_CODE (32u << 10)	/* of all of malloc's functions */

/* Rows of the layout table that are still possible, one bit each. */
struct candidates {
	struct layout l[MAX_ROWS];
	size_t n;
	u32 mask;
};

static void candidates_init(struct candidates *c, unsigned int wordsize)
{
	size_t i;

	c->n = layout_rows();
	c->mask = (1ull << c->n) - 1;
	for (i = 0; i < c->n; i++)
		layout_make(i, wordsize, 0, &c->l[i]);
}

static u64 img_word(const struct image *img, size_t off)
{
	return get_word(img->bytes + off, img->word);
}

/*
 * Is there at @off the "next" of an arena that is the only one?
 * Return: the rows of the table for which it is; the arena's address in *arena.
 */
static u32 lone_ring_at(const struct candidates *c, const struct image *img,
			size_t off, u64 *arena)
{
	u64 next = img_word(img, off), here = img->addr + off;
	u32 rows = 0;
	size_t i;

	if (next >= here || here - next > MAX_STATE_SIZE ||
	    img_word(img, off + img->word) ||
	    img_word(img, off + 2 * img->word) != 1)
		return 0;
	for (i = 0; i < c->n; i++)
		if (next == here - c->l[i].next)
			rows |= 1u << i;
	*arena = next;
	return rows;
}

static u32 find_lone_ring(const struct candidates *c, const struct image *img,
			  u64 *arena)
{
	size_t off;
	u32 rows;

	for (off = 0; off + 3 * img->word <= img->len; off += img->word) {
		rows = lone_ring_at(c, img, off, arena);
		if (rows)
			return rows;
	}
	return 0;
}

/* May this be an mp_ that has the values of glibc's source? */
static bool mp_pristine(const struct layout *l, const struct image *img,
			size_t off)
{
	return img_word(img, off + l->mp_trim_threshold) == DEFAULT_THRESHOLD &&
	       img_word(img, off + l->mp_top_pad) == DEFAULT_THRESHOLD &&
	       img_word(img, off + l->mp_mmap_threshold) == DEFAULT_THRESHOLD &&
	       (!l->mp_tcache_count ||
		img_word(img, off + l->mp_tcache_count) == l->tcache_fill);
}

/* May this be the mp_ of a process that has run for a while? */
static bool mp_used(const struct layout *l, const struct image *img,
		    size_t off)
{
	u64 mmapped = img_word(img, off + l->mp_mmapped_mem);
	u64 unit = l->mmapped_mem_drifts ? 2 * l->word : PAGE;

	return get_u32(img->bytes + off + l->mp_no_dyn_threshold) <= 1 &&
	       mmapped <= img_word(img, off + l->mp_max_mmapped_mem) &&
	       !(mmapped % unit) &&
	       img_word(img, off + l->mp_sbrk_base) % img->word == 0 &&
	       (!l->mp_tcache_count ||
		img_word(img, off + l->mp_tcache_count) <= UINT16_MAX);
}

static u32 find_mp(const struct candidates *c, const struct image *img,
		   bool pristine, u64 *mp)
{
	u64 arena_test = img->word == 8 ? 8 : 2;
	size_t off, i;
	u32 rows = 0;

	for (off = 0; off < img->len && !rows; off += img->word) {
		for (i = 0; i < c->n; i++) {
			const struct layout *l = &c->l[i];
			const u8 *p = img->bytes + off;

			if (!(c->mask >> i & 1) || l->mp_size > img->len - off ||
			    get_u32(p + l->mp_n_mmaps_max) !=
			    DEFAULT_N_MMAPS_MAX ||
			    img_word(img, off + l->mp_arena_test) != arena_test)
				continue;
			if (pristine ? mp_pristine(l, img, off) :
				       mp_used(l, img, off))
				rows |= 1u << i;
		}
		*mp = img->addr + off;
	}
	return rows;
}

/* Do both neighbours of a bin's head point back to it? */
static bool bin_is_linked(struct target *t, u64 head, u64 fd, u64 bk)
{
	u64 back, forth;

	return target_word(t, fd + 3 * t->wordsize, &back) && back == head &&
	       target_word(t, bk + 2 * t->wordsize, &forth) && forth == head;
}

static bool is_bins(struct target *t, const struct image *img, size_t off)
{
	unsigned int good = 0, i, w = img->word;
	u64 head = img->addr + off + 2 * w * 126 - 2 * w;

	/* Bin 127 is never used: it always points to itself. */
	if (img_word(img, off + 2 * w * 126) != head ||
	    img_word(img, off + 2 * w * 126 + w) != head)
		return false;
	for (i = 0; i < NBINS - 1; i++) {
		u64 fd = img_word(img, off + 2 * w * i);
		u64 bk = img_word(img, off + 2 * w * i + w);

		head = img->addr + off + 2 * w * i - 2 * w;
		if ((fd == head && bk == head) ||
		    (fd != head && bk != head && bin_is_linked(t, head, fd, bk)))
			good++;
	}
	/*
	 * A few broken lists do not matter: finding those is what heapinfo is
	 * for.
	 */
	return good >= NBINS - 1 - 16;
}

/* Does the ring of arenas that begins at @start come back to it? */
static bool ring_closes(struct target *t, const struct layout *l, u64 start)
{
	u64 at = start, seen = 0;
	unsigned int i;

	for (i = 0; i < MAX_RING && at != seen; i++) {
		/* If it comes back to another place than @start, it has no end. */
		if (!(i & (i - 1)))
			seen = at;
		if (!target_word(t, at + l->next, &at))
			return false;
		if (at == start)
			return true;
	}
	return false;
}

static u32 find_bins(const struct candidates *c, struct target *t,
		     const struct image *img, u64 *arena)
{
	size_t off, i, len = (size_t)NBINWORDS * img->word;
	u32 rows = 0;

	for (off = 0; off + len <= img->len && !rows; off += img->word) {
		if (!is_bins(t, img, off))
			continue;
		for (i = 0; i < c->n; i++) {
			u64 start = img->addr + off - c->l[i].bins;

			if (ring_closes(t, &c->l[i], start)) {
				rows |= 1u << i;
				*arena = start;
			}
		}
	}
	return rows;
}

static bool memory_image(struct target *t, const struct module *mod,
			 struct image *img)
{
	u64 at = mod->rw_start, end, last = at;

	if (!at)
		return false;
	img->addr = at;
	img->len = min_u64(mod->rw_end - at, MAX_MEMORY_IMAGE);
	/* Leave out a hole at the end: each word will be tested for each layout. */
	for (end = at + img->len; at < end; at = target_next_page(t, at, end))
		last = at;
	img->len = min_u64(img->len, last + PAGE - img->addr);
	img->word = t->wordsize;
	img->bytes = xrealloc(NULL, img->len, 1);
	target_read_holes(t, img->addr, img->bytes, img->len);
	return true;
}

/*
 * Look for the text with the version in memory: the file cannot be read, as
 * with a core from another machine, or does not have it.
 */
static void banner_from_memory(struct target *t, const struct module *mod,
			       char *out, size_t room, const char *needle)
{
	u8 *block = xrealloc(NULL, TARGET_BLOCK, 1);
	size_t i;

	for (i = 0; i < t->maps.n && !out[0]; i++) {
		const struct mapping *m = &t->maps.map[i];
		u64 at;

		if (m->start < mod->start || m->end > mod->end ||
		    (m->perms & (MAP_WRITE | MAP_READ)) != MAP_READ)
			continue;
		/* The text may lie across two blocks: let these overlap. */
		for (at = m->start; at < m->end && !out[0]; ) {
			size_t len = min_u64(TARGET_BLOCK, m->end - at), n;
			u8 *hit;

			len = target_read(t, at, block, len);
			hit = memmem(block, len, needle, strlen(needle));
			at = len == TARGET_BLOCK ? at + len - room :
			     target_next_page(t, at + len, m->end);
			if (!hit)
				continue;
			n = min_u64(room - 1, block + len - hit);
			memcpy(out, hit, n);
			out[n] = '\0';
			out[strcspn(out, "\n")] = '\0';
		}
	}
	free(block);
}

/* "GNU C Library (...) stable release version 2.36." -> 36 */
static unsigned int banner_version(const char *banner)
{
	const char *v = strstr(banner, " version 2.");

	return v ? strtoul(v + strlen(" version 2."), NULL, 10) : 0;
}

struct search {
	struct glibc *g;
	struct candidates c;
	const struct module *mod;
	u64 arena;
	u64 mp;
	const char *found_by;
};

static bool arena_readable(struct search *s)
{
	u64 word;

	return target_word(s->g->t, s->arena, &word) &&
	       target_word(s->g->t, s->arena + s->c.l[0].next, &word);
}

/* @ef is @libc's file, or NULL where it cannot be read. */
static void read_banner(struct glibc *g, const struct module *libc,
			struct elf_file *ef)
{
	static const char banner[] = "GNU C Library (";

	g->banner[0] = '\0';
	if (ef)
		elf_find_text(ef, banner, g->banner, sizeof(g->banner));
	else
		banner_from_memory(g->t, libc, g->banner, sizeof(g->banner),
				   banner);
}

static void search_file(struct search *s, struct elf_file *ef)
{
	struct image img;
	u32 rows;

	if (!ef || !elf_data_image(ef, &img))
		return;
	rows = find_lone_ring(&s->c, &img, &s->arena);
	s->arena += elf_bias(ef);
	if (rows && arena_readable(s)) {
		s->c.mask = rows;
		s->found_by = "the data of libc's file";
		rows = find_mp(&s->c, &img, true, &s->mp);
		s->mp = rows ? s->mp + elf_bias(ef) : 0;
		if (rows)
			s->c.mask = rows;
	} else {
		s->arena = 0;
	}
	free(img.bytes);
}

static void search_memory(struct search *s)
{
	struct image img;
	u32 rows;

	if ((s->arena && s->mp) || !memory_image(s->g->t, s->mod, &img))
		return;
	if (!s->arena) {
		rows = find_lone_ring(&s->c, &img, &s->arena);
		if (!rows)
			rows = find_bins(&s->c, s->g->t, &img, &s->arena);
		if (rows) {
			s->c.mask = rows;
			s->found_by = "its signature in memory";
		} else {
			s->arena = 0;
		}
	}
	if (s->arena && !s->mp) {
		rows = find_mp(&s->c, &img, false, &s->mp);
		if (rows)
			s->c.mask = rows;
		else
			s->mp = 0;
	}
	free(img.bytes);
}

/* Symbols are there with libc6-dbg; their sizes tell the layout. */
static void search_symbols(struct search *s)
{
	struct elf_wanted want[] = {
		{ .name = "main_arena" }, { .name = "mp_" },
	};
	u32 rows = 0;
	size_t i;

	if (s->arena && s->mp)
		return;
	elf_symbols(s->g->t, s->mod, want, ARRAY_SIZE(want));
	for (i = 0; i < s->c.n; i++)
		if (s->c.mask >> i & 1 && want[0].found &&
		    want[0].size == s->c.l[i].state_size &&
		    (!want[1].found || want[1].size == s->c.l[i].mp_size))
			rows |= 1u << i;
	if (!rows)
		return;
	s->c.mask = rows;
	if (!s->arena) {
		s->arena = want[0].addr;
		s->found_by = "the symbol main_arena";
	}
	if (want[1].found)
		s->mp = want[1].addr;
}

/*
 * The main thread's first malloc makes its tcache, which becomes the heap's first
 * chunk: its size tells the layout.
 */
static void narrow_by_tcache(struct search *s)
{
	struct target *t = s->g->t;
	u64 base, size;
	u32 rows = 0;
	size_t i;

	for (i = 0; i < s->c.n; i++) {
		const struct layout *l = &s->c.l[i];

		if (s->c.mask >> i & 1 && l->tcache_bins &&
		    target_word(t, s->mp + l->mp_sbrk_base, &base) && base &&
		    target_word(t, layout_first_chunk(l, base) + l->word,
				&size) &&
		    (size & ~(u64)SIZE_BITS) == l->tcache_chunk)
			rows |= 1u << i;
	}
	if (rows)
		s->c.mask = rows;
}

/* sbrk_base must be mapped: keep the rows that find it in a mapping. */
static void narrow_by_sbrk_base(struct search *s)
{
	u32 rows = 0;
	u64 base;
	size_t i;

	for (i = 0; i < s->c.n; i++)
		if (s->c.mask >> i & 1 &&
		    target_word(s->g->t, s->mp + s->c.l[i].mp_sbrk_base,
				&base) &&
		    maps_hold(&s->g->t->maps, base, 1))
			rows |= 1u << i;
	if (rows)
		s->c.mask = rows;
}

/* A tcache_count of 0 means that this row's field is not tcache_count. */
static void narrow_by_tcache_count(struct search *s)
{
	u32 rows = 0;
	u64 count;
	size_t i;

	for (i = 0; i < s->c.n; i++) {
		const struct layout *l = &s->c.l[i];

		if (s->c.mask >> i & 1 &&
		    (!l->mp_tcache_count ||
		     (target_word(s->g->t, s->mp + l->mp_tcache_count,
				  &count) && count)))
			rows |= 1u << i;
	}
	if (rows)
		s->c.mask = rows;
}

static void narrow_by_version(struct search *s)
{
	unsigned int minor = banner_version(s->g->banner);
	u32 rows = 0;
	size_t i;

	for (i = 0; i < s->c.n; i++)
		if (minor >= s->c.l[i].first &&
		    (minor <= s->c.l[i].last || i + 1 == s->c.n))
			rows |= 1u << i;
	if (rows & s->c.mask) {
		s->c.mask &= rows;
		snprintf(s->g->version, sizeof(s->g->version), "2.%u", minor);
		if (minor > s->c.l[s->c.n - 1].last)
			notes_add(&s->g->h->notes, "glibc 2.%u is newer than this program knows; its structures look like those of 2.%u",
				  minor, s->c.l[s->c.n - 1].last);
	} else if (minor) {
		notes_add(&s->g->h->notes, "the text of libc says 2.%u, but its structures are another version's; going by the structures",
			  minor);
	}
}

/* Take the newest row that is still possible, and name the range of all of them. */
static void choose_layout(struct search *s)
{
	unsigned int first = 0, last = 0;
	size_t i;

	narrow_by_version(s);
	if (!s->g->version[0] && s->mp) {
		narrow_by_sbrk_base(s);
		narrow_by_tcache_count(s);
		narrow_by_tcache(s);
	}
	for (i = 0; i < s->c.n; i++) {
		if (!(s->c.mask >> i & 1))
			continue;
		if (!first)
			first = s->c.l[i].first;
		last = s->c.l[i].last;
		s->g->l = s->c.l[i];
	}
	if (s->g->version[0])
		s->g->l.minor = banner_version(s->g->banner);
	else
		snprintf(s->g->version, sizeof(s->g->version),
			 first == last ? "2.%u" : "2.%u to 2.%u", first, last);
}

/*
 * Where malloc's functions are: those that others may call are named, the others
 * come from the same file and lie close by.
 */
static void find_code(struct glibc *g, struct elf_file *ef)
{
	struct elf_wanted want[] = {
		{ .name = "malloc" }, { .name = "free" }, { .name = "calloc" },
		{ .name = "realloc" }, { .name = "malloc_trim" },
		{ .name = "mallopt" }, { .name = "malloc_info" },
	};
	u64 first = UINT64_MAX, last = 0;
	size_t i;

	g->code_start = 0;
	g->code_end = 0;
	if (!ef)
		return;
	elf_own_symbols(ef, want, ARRAY_SIZE(want));
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		if (!want[i].found)
			return;
		first = min_u64(first, want[i].addr);
		last = max_u64(last, want[i].addr);
	}
	if (last - first > MAX_CODE || first < MAX_CODE)
		return;
	g->code_start = first - MAX_CODE;
	g->code_end = last + MAX_CODE;
}

/**
 * glibc_search_module - find a malloc in one module
 * @g: its target is set; the rest is filled in
 * @mod: where to look
 * @libc: the module whose text says which version it is
 *
 * Return: true if glibc's malloc is there.
 */
bool glibc_search_module(struct glibc *g, const struct module *mod,
			 const struct module *libc)
{
	struct search s = { .g = g, .mod = mod };
	struct elf_file *ef = elf_open(g->t, mod), *text = ef;
	bool has_text;

	candidates_init(&s.c, g->t->wordsize);
	if (libc != mod)
		text = elf_open(g->t, libc);
	read_banner(g, libc, text);
	has_text = text;
	if (libc != mod)
		elf_close(text);
	search_file(&s, ef);
	find_code(g, ef);
	elf_close(ef);
	search_memory(&s);
	/* Debug files are slow to read: only those of libc and the program are. */
	if (g->banner[0] || mod->exe)
		search_symbols(&s);
	if (!s.arena)
		return false;
	/* Not before malloc was found: memory takes longer to search. */
	if (has_text && !g->banner[0])
		read_banner(g, libc, NULL);
	choose_layout(&s);
	g->main_arena = s.arena;
	g->mp.addr = s.mp;
	g->found_by = s.found_by;
	g->module = xstrdup(mod->path);
	if (!s.mp)
		notes_add(&g->h->notes, "mp_ was not found: thresholds and the number of mmapped chunks are not known; libc6-dbg would help");
	return true;
}
