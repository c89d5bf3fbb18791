// SPDX-License-Identifier: GPL-2.0
/* heapinfo stats: sizes, states, fragmentation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/document.h"
#include "commands/several.h"

#define KEY_NO_LISTS 1
#define KEY_TOP 2
#define UNIT 8u			/* every size is a multiple of this */
#define EXACT (64u << 10)	/* sizes below have a counter each */
#define MAX_LARGE 4096u		/* distinct sizes above */
#define DEFAULT_TOP 10u
#define MAX_TOP 100u

static struct {
	bool no_lists;
	u64 top;
} opt = { .top = DEFAULT_TOP };

static const struct argp_option options[] = {
	{ "no-lists", KEY_NO_LISTS, NULL, 0,
	  "Do not follow or check free lists: faster, but cached chunks count as in use",
	  1 },
	{ "top", KEY_TOP, "N", 0,
	  "Show the N sizes that hold most, and the N largest free chunks (10)",
	  1 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_NO_LISTS:
		opt.no_lists = true;
		return 0;
	case KEY_TOP:
		opt.top = cmd_number(arg, state);
		if (opt.top > MAX_TOP)
			argp_error(state, "--top shows %u at most", MAX_TOP);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

enum class { IN_USE, CACHED, FREE, CLASSES };

static const char *const class_names[CLASSES] = { "in use", "cached", "free" };

struct size_count {
	u64 size;
	u64 count[CLASSES];
};

struct free_run {
	u64 addr;
	u64 size;
	u8 state;
};

struct stats {
	u64 count[CHUNK_STATES];
	u64 bytes[CHUNK_STATES];
	u64 small[CLASSES][EXACT / UNIT];
	struct size_count *large;
	size_t larges;
	u64 unlisted[CLASSES];	/* of more sizes than MAX_LARGE; counted only */
	struct free_run run[MAX_TOP];	/* the largest first */
	size_t runs;
	void *sums;		/* of the free lists; NULL: they are not checked */
	/* allocator.sums_add(), called for each free chunk */
	void (*add)(void *sums, const struct batch *b, const struct chunk *c);
	struct usages *usages;	/* counted too; NULL: not wanted */
};

static struct stats *all;	/* over several processes, but for .run */

static enum class class_of(enum chunk_state state)
{
	if (state == CHUNK_IN_USE)
		return IN_USE;
	if (chunk_state_is_cached(state))
		return CACHED;
	return chunk_state_is_free(state) ? FREE : CLASSES;
}

/* The counters of a size that has none of its own; NULL: there are too many. */
static struct size_count *large_of(struct stats *st, u64 size)
{
	size_t lo = 0, hi = st->larges;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (st->large[mid].size < size)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == st->larges || st->large[lo].size != size) {
		if (st->larges == MAX_LARGE)
			return NULL;
		memmove(st->large + lo + 1, st->large + lo,
			(st->larges - lo) * sizeof(*st->large));
		st->large[lo] = (struct size_count){ .size = size };
		st->larges++;
	}
	return &st->large[lo];
}

static void count_large(struct stats *st, u64 size, enum class class, u64 n)
{
	struct size_count *c = large_of(st, size);

	if (c)
		c->count[class] += n;
	else
		st->unlisted[class] += n;
}

static void note_run(struct stats *st, const struct chunk *c)
{
	size_t i;

	if (st->runs == opt.top) {
		if (!opt.top || c->size <= st->run[st->runs - 1].size)
			return;
		st->runs--;
	}
	for (i = st->runs; i && st->run[i - 1].size < c->size; i--)
		st->run[i] = st->run[i - 1];
	st->run[i] = (struct free_run){ c->addr, c->size, c->state };
	st->runs++;
}

static int take_batch(const struct batch *b, void *ctx)
{
	struct stats *st = ctx;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct chunk *c = &b->chunk[i];
		enum class class = class_of(c->state);

		st->count[c->state]++;
		st->bytes[c->state] += c->size;
		if (class == CLASSES)
			continue;
		if (c->size < EXACT)
			st->small[class][c->size / UNIT]++;
		else
			count_large(st, c->size, class, 1);
		if (class != FREE)
			continue;
		note_run(st, c);
		if (st->sums)
			st->add(st->sums, b, c);
	}
	if (st->usages)
		usages_batch(st->usages, b);
	return 0;
}

static struct stats *new_stats(void)
{
	struct stats *st = xcalloc(1, sizeof(*st));

	st->large = xcalloc(MAX_LARGE, sizeof(*st->large));
	return st;
}

static void free_stats(struct stats *st)
{
	if (st)
		free(st->large);
	free(st);
}

/* Add what was counted in one process to what was in all. */
static void add_stats(const struct stats *st)
{
	unsigned int s, k;
	size_t i;

	if (!all)
		all = new_stats();
	for (s = 0; s < CHUNK_STATES; s++) {
		all->count[s] += st->count[s];
		all->bytes[s] += st->bytes[s];
	}
	for (k = 0; k < CLASSES; k++) {
		for (i = 0; i < EXACT / UNIT; i++)
			all->small[k][i] += st->small[k][i];
		for (i = 0; i < st->larges; i++)
			if (st->large[i].count[k])
				count_large(all, st->large[i].size, k,
					    st->large[i].count[k]);
		all->unlisted[k] += st->unlisted[k];
	}
}

static u64 sum_of(const u64 *by_state, enum class class)
{
	u64 sum = 0;
	unsigned int s;

	for (s = 0; s < CHUNK_STATES; s++)
		if (class_of(s) == class)
			sum += by_state[s];
	return sum;
}

static u64 total_of(const u64 *by_state)
{
	u64 sum = 0;
	unsigned int s;

	for (s = 0; s < CHUNK_STATES; s++)
		sum += by_state[s];
	return sum;
}

/* Which share of the free bytes lies outside the largest free chunk? */
static double fragmentation(const struct stats *st)
{
	u64 free_bytes = sum_of(st->bytes, FREE);

	return free_bytes && st->runs ?
	       1 - (double)st->run[0].size / free_bytes : 0;
}

static void print_states(const struct stats *st)
{
	u64 bytes = total_of(st->bytes);
	char human[HUMAN_ROOM];
	unsigned int s;

	printf("%s%-10s %12s %16s %10s %7s%s\n", text_color(COLOR_BOLD),
	       "STATE", "CHUNKS", "BYTES", "", "SHARE", text_plain());
	for (s = 0; s < CHUNK_STATES; s++)
		if (st->count[s])
			printf("%-10s %12" PRIu64 " %16" PRIu64 " %10s %6.1f%%\n",
			       chunk_state_name(s), st->count[s], st->bytes[s],
			       text_human(human, st->bytes[s]),
			       100.0 * st->bytes[s] / bytes);
	printf("%-10s %12" PRIu64 " %16" PRIu64 " %10s\n", "all",
	       total_of(st->count), bytes, text_human(human, bytes));
}

/* One row of the histogram: sizes from @low up to twice that. */
struct bucket {
	u64 low;
	u64 count[CLASSES];
	u64 bytes[CLASSES];
};

static void fill_bucket(const struct stats *st, struct bucket *b)
{
	u64 high = 2 * b->low, size;
	unsigned int k;
	size_t i;

	for (k = 0; k < CLASSES; k++) {
		for (size = b->low; size < high && size < EXACT; size += UNIT) {
			b->count[k] += st->small[k][size / UNIT];
			b->bytes[k] += st->small[k][size / UNIT] * size;
		}
		for (i = 0; i < st->larges; i++) {
			if (st->large[i].size < b->low ||
			    st->large[i].size - b->low >= b->low)
				continue;
			b->count[k] += st->large[i].count[k];
			b->bytes[k] += st->large[i].count[k] *
				       st->large[i].size;
		}
	}
}

static bool bucket_is_empty(const struct bucket *b)
{
	return !b->count[IN_USE] && !b->count[CACHED] && !b->count[FREE];
}

static void print_histogram(const struct stats *st)
{
	char low[HUMAN_ROOM], bytes[HUMAN_ROOM];
	unsigned int shift, k;

	printf("\n%s%-14s", text_color(COLOR_BOLD), "SIZE FROM");
	for (k = 0; k < CLASSES; k++)
		printf(" %12s %10s", class_names[k], "");
	printf("%s\n", text_plain());
	for (shift = 4; shift < 63; shift++) {
		struct bucket b = { .low = 1ull << shift };

		fill_bucket(st, &b);
		if (bucket_is_empty(&b))
			continue;
		printf("%-14s", text_human(low, b.low));
		for (k = 0; k < CLASSES; k++)
			printf(" %12" PRIu64 " %10s", b.count[k],
			       text_human(bytes, b.bytes[k]));
		putchar('\n');
	}
}

static u64 in_use_bytes(const struct size_count *c)
{
	return c->size * c->count[IN_USE];
}

static void keep_heaviest(struct size_count *top, size_t *n,
			  const struct size_count *c)
{
	size_t i;

	if (!in_use_bytes(c) || !opt.top)
		return;
	if (*n == opt.top) {
		if (in_use_bytes(c) <= in_use_bytes(&top[*n - 1]))
			return;
		--*n;
	}
	for (i = *n; i && in_use_bytes(&top[i - 1]) < in_use_bytes(c); i--)
		top[i] = top[i - 1];
	top[i] = *c;
	++*n;
}

/* The sizes whose chunks in use hold most memory. */
static size_t heaviest(const struct stats *st, struct size_count *top)
{
	struct size_count c;
	unsigned int k;
	size_t n = 0, i;

	for (i = 0; i < EXACT / UNIT; i++) {
		c.size = i * UNIT;
		for (k = 0; k < CLASSES; k++)
			c.count[k] = st->small[k][i];
		keep_heaviest(top, &n, &c);
	}
	for (i = 0; i < st->larges; i++)
		keep_heaviest(top, &n, &st->large[i]);
	return n;
}

static void print_heaviest(const struct stats *st)
{
	struct size_count top[MAX_TOP];
	size_t n = heaviest(st, top), i;
	char human[HUMAN_ROOM];

	if (n)
		printf("\n%sSizes that hold most memory in use%s\n",
		       text_color(COLOR_BOLD), text_plain());
	for (i = 0; i < n; i++)
		printf("%10" PRIu64 " bytes x %-10" PRIu64 " %10s\n",
		       top[i].size, top[i].count[IN_USE],
		       text_human(human, in_use_bytes(&top[i])));
}

static void print_runs(const struct stats *st)
{
	char human[HUMAN_ROOM];
	size_t i;

	if (st->runs)
		printf("\n%sLargest free chunks%s\n", text_color(COLOR_BOLD),
		       text_plain());
	for (i = 0; i < st->runs; i++)
		printf("%#" PRIx64 " %16" PRIu64 " %10s  %s\n",
		       st->run[i].addr, st->run[i].size,
		       text_human(human, st->run[i].size),
		       chunk_state_name(st->run[i].state));
}

static void print_text(const struct stats *st)
{
	print_states(st);
	print_histogram(st);
	print_heaviest(st);
	print_runs(st);
	if (sum_of(st->bytes, FREE))
		printf("\nFragmentation: %.1f%% of the free bytes lie outside the largest free chunk.\n",
		       100 * fragmentation(st));
}

static struct json_object *class_json(const u64 *count, const u64 *bytes)
{
	static const char *const key[CLASSES] = { "in_use", "cached", "free" };
	struct json_object *o = json_object_new_object(), *c;
	unsigned int k;

	for (k = 0; k < CLASSES; k++) {
		c = json_object_new_object();
		json_add_u64(c, "chunks", count[k]);
		json_add_u64(c, "bytes", bytes[k]);
		json_object_object_add(o, key[k], c);
	}
	return o;
}

static void add_states(struct json_object *doc, const struct stats *st)
{
	struct json_object *a = json_object_new_array(), *o;
	unsigned int s;

	for (s = 0; s < CHUNK_STATES; s++) {
		if (!st->count[s])
			continue;
		o = json_object_new_object();
		json_add_text(o, "state", chunk_state_name(s));
		json_add_u64(o, "chunks", st->count[s]);
		json_add_u64(o, "bytes", st->bytes[s]);
		json_object_array_add(a, o);
	}
	json_object_object_add(doc, "states", a);
}

static void add_histogram(struct json_object *doc, const struct stats *st)
{
	struct json_object *a = json_object_new_array(), *o;
	unsigned int shift;

	for (shift = 4; shift < 63; shift++) {
		struct bucket b = { .low = 1ull << shift };

		fill_bucket(st, &b);
		if (bucket_is_empty(&b))
			continue;
		o = class_json(b.count, b.bytes);
		json_add_u64(o, "size_from", b.low);
		json_object_array_add(a, o);
	}
	json_object_object_add(doc, "histogram", a);
}

static void add_heaviest(struct json_object *doc, const struct stats *st)
{
	struct json_object *a = json_object_new_array(), *o;
	struct size_count top[MAX_TOP];
	size_t n = heaviest(st, top), i;

	for (i = 0; i < n; i++) {
		o = json_object_new_object();
		json_add_u64(o, "size", top[i].size);
		json_add_u64(o, "chunks", top[i].count[IN_USE]);
		json_add_u64(o, "bytes", in_use_bytes(&top[i]));
		json_object_array_add(a, o);
	}
	json_object_object_add(doc, "heaviest_sizes", a);
}

static void add_runs(struct json_object *doc, const struct stats *st)
{
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < st->runs; i++) {
		o = json_object_new_object();
		json_add_address(o, "address", st->run[i].addr);
		json_add_u64(o, "size", st->run[i].size);
		json_add_text(o, "state", chunk_state_name(st->run[i].state));
		json_object_array_add(a, o);
	}
	json_object_object_add(doc, "largest_free", a);
	json_object_object_add(doc, "fragmentation",
			       json_object_new_double(fragmentation(st)));
}

static void gather(struct heap *h, struct stats *st)
{
	struct survey s = { .what = "stats", .no_lists = opt.no_lists, .fn = take_batch,
			    .ctx = st };

	if (!opt.no_lists && h->a->sums_begin) {
		st->sums = h->a->sums_begin(h);
		st->add = h->a->sums_add;
	}
	if (st->usages)
		usages_begin(h, st->usages);
	survey(h, &s);
	if (st->usages)
		usages_end(h, st->usages);
	if (st->sums && !h->a->sums_end(st->sums) && !h->t->expired)
		notes_add(&h->notes, "the free lists do not read the same both ways: they are damaged%s; 'heapinfo check' %s",
			  target_or(h->t), h->t->doubt ? "tells" : "says where");
	survey_free(&s);
	target_thaw(h->t);
}

static void print_json(struct several *s, const struct heap *h,
		       const struct stats *st)
{
	struct json_object *doc = json_document(h, "stats");

	add_states(doc, st);
	add_histogram(doc, st);
	add_heaviest(doc, st);
	add_runs(doc, st);
	several_document(s, doc, h);
}

static void show(struct several *s, struct heap *h)
{
	struct stats *st = new_stats();
	struct usages u;

	if (several_sums(s))
		st->usages = &u;
	gather(h, st);
	if (several_sums(s)) {
		several_add_malloc(s, h, &u);
		add_stats(st);
		usages_free(&u);
	}
	if (several_json(s)) {
		print_json(s, h, st);
	} else {
		if (several_sums(s)) {
			cmd_show_process(h);
			putchar('\n');
		}
		print_text(st);
		several_notes(s, h);
	}
	free_stats(st);
}

static void print_sum(void)
{
	putchar('\n');
	print_states(all);
	print_histogram(all);
	print_heaviest(all);
}

static void sum_json(struct json_object *sum)
{
	add_states(sum, all);
	add_histogram(sum, all);
	add_heaviest(sum, all);
}

static const struct several_ops several = {
	.show = show,
	.print_sum = print_sum,
	.sum_json = sum_json,
};

static int run(const struct common *c)
{
	int ret = several_run(c, &several);

	free_stats(all);
	all = NULL;
	return ret;
}

const struct command cmd_stats = {
	.name = "stats",
	.args_doc = "PID|NAME...",
	.brief = "histogram by size and state, fragmentation, largest free",
	.doc = "Count all chunks by size and state, and check that every free list reads the same forwards and backwards. A cached chunk was freed by the program and is kept aside by malloc (tcache, fastbin). Of several processes, their sums follow.",
	.many = true,
	.options = options,
	.parse = parse,
	.needs = NEED_CHUNKS,
	.run = run,
};
