// SPDX-License-Identifier: GPL-2.0
/*
 * A second allocator behind the interface: all commands work with what it says,
 * say in a line what it does not, and the one that the program used is taken.
 *
 * The toy makes the heap of a made-up core out of cells of one size.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "commands/cmd.h"
#include "glibc/allocator.h"
#include "heap/usage.h"
#include "heap/survey.h"
#include "synth.h"

#define ROW 8
#define CELL 64u
#define A_BATCH 7u
#define HEAP_SEGMENT 1

/* What the toy finds; NULL: it is not in the target. */
static const struct synth *toys;
static bool used;
static unsigned int opened, closed;

static bool open_toy(struct heap *h)
{
	if (!toys)
		return false;
	opened++;
	h->priv = xcalloc(1, 1);
	h->version = "1.0";
	h->found_by = "the test";
	notes_add(&h->notes, "this is a toy");
	return true;
}

static int reread_toy(struct heap *h, struct error *e)
{
	const struct synth_segment *seg = &toys->seg[HEAP_SEGMENT];

	(void)e;
	assert_int_equal(h->regions, 0);
	assert_int_equal(h->notes.n, 1);
	h->arena = xcalloc(1, sizeof(*h->arena));
	h->arenas = 1;
	h->arena->main = true;
	h->arena->system_mem = used ? seg->len : 0;
	heap_add_region(h, &(struct region){
		.start = seg->addr, .first = seg->addr,
		.end = seg->addr + seg->len });
	return 0;
}

static void close_toy(struct heap *h)
{
	if (h->priv)
		closed++;
	free(h->priv);
}

/* In use, cached and free in turn. */
static int walk_toy(struct heap *h, struct walk *w)
{
	static const u8 states[] = { CHUNK_IN_USE, CHUNK_TCACHE, CHUNK_SMALL };
	struct chunk cells[A_BATCH];
	struct batch b = { .chunk = cells, .h = h };
	const struct region *r = h->region;
	int ret = 0;
	u64 at;

	for (at = r->first; at < r->end && !ret; at += CELL) {
		if (at + CELL <= w->from || (w->to && at >= w->to))
			continue;
		cells[b.n++] = (struct chunk){
			.addr = at, .size = CELL, .flags = PREV_INUSE,
			.state = states[at / CELL % ARRAY_SIZE(states)],
		};
		w->chunks++;
		if (b.n == A_BATCH) {
			ret = w->fn(&b, w->ctx);
			b.n = 0;
		}
	}
	return ret || !b.n ? ret : w->fn(&b, w->ctx);
}

static const struct allocator toy = {
	.name = "toy",
	.files = (const char *const[]){ "libtoy.so", NULL },
	.open = open_toy,
	.reread = reread_toy,
	.close = close_toy,
	.walk = walk_toy,
};

/* In place of the reader's own table. */
const struct allocator *const allocators[] = {
	&toy,
	&glibc_allocator,
	NULL,
};

static void core_path(int fd, char *path, size_t room)
{
	snprintf(path, room, "/proc/self/fd/%d", fd);
}

static void open_core(int fd, struct heap *h)
{
	char path[64];
	const struct target_choice choice = { .core = path };
	struct error e = { "" };

	core_path(fd, path, sizeof(path));
	if (heap_open(h, &choice, NEED_CHUNKS, &e))
		fail_msg("%s", e.text);
}

/* The one that was used, and among those that were not, the first. */
static void test_which(void **state)
{
	static const struct {
		bool toy, toy_used, glibc_used;
		const char *name;
	} cases[] = {
		{ false, false, true, "glibc" },
		{ false, false, false, "glibc" },
		{ true, true, true, "toy" },
		{ true, true, false, "toy" },
		{ true, false, true, "glibc" },
		{ true, false, false, "toy" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct synth s;
		struct heap h;
		int fd;

		synth_make(&s, ROW, 8);
		if (!cases[i].glibc_used) {
			synth_put(&s, s.main_arena + s.l.system_mem, 0);
			synth_put(&s, s.thread_arena + s.l.system_mem, 0);
		}
		fd = synth_core(&s);
		toys = cases[i].toy ? &s : NULL;
		used = cases[i].toy_used;
		opened = 0;
		closed = 0;
		open_core(fd, &h);
		assert_string_equal(h.a->name, cases[i].name);
		assert_int_equal(h.notes.n && !strcmp(h.notes.line[0],
						      "this is a toy"),
				 h.a == &toy);
		heap_close(&h);
		assert_int_equal(opened, closed);
		close(fd);
		synth_free(&s);
	}
}

static int run_command(const struct command *cmd, const char *core, bool json)
{
	char address[24];
	char *arg[2] = { address };
	struct common c = {
		.cmd = cmd, .target = { .core = core }, .json = json,
		.arg = arg,
	};
	struct argp_state as = { .input = &c };
	int out, null, ret;

	if (cmd == &cmd_chunk) {
		snprintf(address, sizeof(address), "%#llx", (unsigned long long)
			 toys->seg[HEAP_SEGMENT].addr + CELL);
		c.args = 1;
		cmd->parse(ARGP_KEY_END, NULL, &as);
	} else if (cmd == &cmd_diff) {
		c.target.core = NULL;
		c.args = 2;
		arg[0] = (char *)core;
		arg[1] = (char *)core;
	}
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	null = open("/dev/null", O_WRONLY);
	dup2(null, STDOUT_FILENO);
	close(null);
	ret = cmd->run(&c);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	return ret;
}

/* What the toy does not tell is said in a line, and nothing else goes wrong. */
static void test_commands(void **state)
{
	static const struct {
		const struct command *cmd;
		int ret;
	} cases[] = {
		{ &cmd_show, EXIT_CLEAN }, { &cmd_map, EXIT_CLEAN },
		{ &cmd_chunks, EXIT_CLEAN }, { &cmd_chunk, EXIT_CLEAN },
		{ &cmd_stats, EXIT_CLEAN }, { &cmd_arenas, EXIT_CLEAN },
		{ &cmd_diff, EXIT_CLEAN },
		{ &cmd_bins, EXIT_UNKNOWN }, { &cmd_check, EXIT_UNKNOWN },
		{ &cmd_why, EXIT_UNKNOWN },
	};
	char path[64];
	struct synth s;
	size_t i;
	int fd;

	(void)state;
	synth_make(&s, ROW, 8);
	toys = &s;
	used = true;
	fd = synth_core(&s);
	core_path(fd, path, sizeof(path));
	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++)
		if (run_command(cases[i / 2].cmd, path, i & 1) !=
		    cases[i / 2].ret)
			fail_msg("%s did not end with %d",
				 cases[i / 2].cmd->name, cases[i / 2].ret);
	close(fd);
	synth_free(&s);
}

static void test_needs(void **state)
{
	static const struct {
		enum need need;
		const char *lacks;
	} cases[] = {
		{ NEED_LISTS, "the free lists of toy," },
		{ NEED_CHECK, "what must hold in a heap of toy," },
		{ NEED_TRIM, "when the break goes down in a program with toy," },
	};
	struct target t = { 0 };
	const struct heap none = { .t = &t, .why_not = "no malloc" };
	struct heap h = { .a = &toy };
	struct error e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(heap_need(&h, cases[i].need, &e), -1);
		assert_non_null(strstr(e.text, cases[i].lacks));
	}
	assert_int_equal(heap_need(&h, NEED_CHUNKS, &e), 0);
	assert_int_equal(heap_need(&none, NEED_NOTHING, &e), 0);
	assert_int_equal(heap_need(&none, NEED_CHUNKS, &e), -1);
	assert_string_equal(e.text, "no malloc; 'show' and 'map' say what the kernel knows");
	h.a = &glibc_allocator;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(heap_need(&h, cases[i].need, &e), 0);
}

/* Chunks without headers: all of one that is in use is the program's. */
static void test_usage(void **state)
{
	struct mmapped m;
	struct usages u;
	struct synth s;
	struct heap h;
	u64 cells;
	int fd;

	(void)state;
	synth_make(&s, ROW, 8);
	toys = &s;
	used = true;
	fd = synth_core(&s);
	open_core(fd, &h);
	usages_read(&h, &u);
	cells = s.seg[HEAP_SEGMENT].len / CELL;
	assert_int_equal(u.all.chunks_in_use + u.all.chunks_cached +
			 u.all.chunks_free, cells);
	assert_int_equal(u.all.in_use, u.all.chunks_in_use * CELL);
	assert_in_range(u.all.chunks_in_use, cells / 3, cells / 3 + 1);
	assert_int_equal(u.all.overhead, 0);
	usages_free(&u);
	mmapped_find(&h, &m);
	assert_int_equal(m.n, 0);
	assert_false(m.complete);
	mmapped_free(&m);
	heap_close(&h);
	close(fd);
	synth_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
