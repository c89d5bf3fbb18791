// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the reader with damaged heaps, damaged cores and damaged texts.
 *
 * The first byte of an input says which glibc it is, what is damaged, and
 * whether some of the main arena is in a mapping that no list leads to.  The
 * second says the word size, text or JSON, which of the module's files, and the
 * command, or all commands.
 * The rest is the damage: bytes anywhere in a sound heap, or words that malloc
 * relies on, or bytes of its core file; or it is a text of a snapshot: the
 * module's file, or maps.  In each heap, following the free lists in a table of
 * the free chunks must find the same as reading chunk after chunk.
 *
 * With FUZZ_PLANT=overrun, overflow, leak or hang in the environment, this
 * program makes that fault on each input: to show that such faults are found.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/cmd.h"
#include "damage.h"
#include "glibc/lists.h"
#include "heap/check.h"
#include "target/unwind.h"

enum kind { MEMORY, MODULE_TEXT, CORE_FILE, MAPS_TEXT };

static const struct command *const fuzzed[] = {
	&cmd_show, &cmd_map, &cmd_chunks, &cmd_stats, &cmd_bins, &cmd_arenas,
	&cmd_why, &cmd_check, &cmd_chunk, &cmd_diff, &cmd_history,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void plant(const char *fault, size_t size)
{
	static u8 *volatile two;
	static volatile int most = INT32_MAX;

	if (!strcmp(fault, "overrun")) {
		two = xcalloc(2, 1);
		two[size] = 1;
		free(two);
	} else if (!strcmp(fault, "leak")) {
		two = xcalloc(size, 1);
		two = NULL;
	} else if (!strcmp(fault, "overflow")) {
		most = most + 1;
	} else if (!strcmp(fault, "hang")) {
		while (most)
			;
	} else {
		fprintf(stderr, "FUZZ_PLANT is no such fault: %s\n", fault);
		exit(64);
	}
}

/* Beside a text of stacks, the events that have them. */
static const char rows[] =
	"StartBrk:\t0x1000\nBrk:\t0x5000\n\n"
	"#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n"
	"1\t1.5\t1\tgrow\t0x2000\t0x1000\t0x2000\t+4096\tok\ta\t1\n"
	"2\t1.5\t1\tgrow\t0x3000\t0x2000\t0x3000\t+4096\tok\ta\t2\n"
	"3\t1.5\t1\tgrow\t0x4000\t0x3000\t0x4000\t+4096\tok\ta\t3\n"
	"4\t1.5\t1\tgrow\t0x5000\t0x4000\t0x5000\t+4096\tok\ta\t1\n";

/* What the commands print is of no use here. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct argp_option *o;
	struct argp_state none = { 0 };

	(void)argc;
	(void)argv;
	/* Here a child would hide what happens to it. */
	unwind_forks = false;
	for (o = cmd_history.options; o->name; o++)
		if (!strcmp(o->name, "stacks"))
			cmd_history.parse(o->key, NULL, &none);
	return !freopen("/dev/null", "w", stdout);
}

/* Damage the heap in memory, or give it the text; a core is damaged later. */
static void damage_heap(struct synth *s, enum kind what, bool words,
			bool stacks, const uint8_t *data, size_t size)
{
	switch (what) {
	case MEMORY:
		if (words)
			damage_words(s, data, size);
		else
			damage_memory(s, data, size);
		break;
	case MODULE_TEXT:
	case MAPS_TEXT:
		s->text_name = what == MAPS_TEXT ? "maps" :
			       stacks ? "heapstacks" : "heapinfo";
		s->heapinfo = what == MODULE_TEXT && stacks ? rows : NULL;
		s->text = (const char *)data;
		s->text_len = size;
		break;
	case CORE_FILE:
		break;
	}
}

static int run_command(const struct command *cmd, const char *core,
		       const struct synth *s, bool json)
{
	char address[24], sound[64];
	char *arg[2] = { address };
	struct common c = {
		.cmd = cmd, .target = { .core = core }, .json = json,
		.arg = arg,
	};
	struct argp_state state = { .input = &c };
	struct synth before;
	int fd = -1, ret;

	if (cmd == &cmd_chunk) {
		snprintf(address, sizeof(address), "%#llx",
			 (unsigned long long)s->used);
		c.args = 1;
		cmd->parse(ARGP_KEY_END, NULL, &state);
	} else if (cmd == &cmd_diff) {
		synth_make(&before, s->row, s->l.word);
		fd = synth_core(&before);
		synth_free(&before);
		snprintf(sound, sizeof(sound), "/proc/self/fd/%d", fd);
		arg[0] = sound;
		arg[1] = (char *)core;
		c.args = 2;
		c.target.core = NULL;
	}
	ret = cmd->run(&c);
	if (fd >= 0)
		close(fd);
	return ret;
}

static void check_with(struct heap *h, u64 min_jumps, struct check *c)
{
	const u64 usual = lists_min_jumps;
	struct error e;

	lists_min_jumps = min_jumps;
	target_forget(h->t);
	check_heap(h, c, &e);
	lists_min_jumps = usual;
}

static void compare_ways(const char *core)
{
	const struct target_choice choice = { .core = core };
	struct check table, nodes;
	struct error e;
	struct heap h;
	size_t i;

	if (!heap_open(&h, &choice, cmd_check.needs, &e)) {
		check_with(&h, 0, &table);
		check_with(&h, UINT64_MAX, &nodes);
		if (table.findings.total != nodes.findings.total ||
		    table.listed != nodes.listed)
			abort();
		for (i = 0; i < table.findings.n; i++)
			if (strcmp(table.findings.found[i].text,
				   nodes.findings.found[i].text))
				abort();
		check_free(&table);
		check_free(&nodes);
	}
	heap_close(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *fault = getenv("FUZZ_PLANT");
	bool words, json;
	enum kind what;
	struct synth s;
	char path[64];
	size_t i, one;
	int fd;

	if (size < 2)
		return 0;
	if (fault)
		plant(fault, size);
	what = data[0] >> 6;
	synth_make(&s, data[0] % 16 % layout_rows(), data[1] & 1 ? 4 : 8);
	/*
	 * With a text or a core, 0x20 and 0x10 together ask for no mapping: the
	 * inputs named found-* are made so.
	 */
	words = what == MEMORY && data[0] & 0x10;
	if (data[0] & 0x20 && (words || !(data[0] & 0x10)))
		synth_add_mapping(&s);
	json = data[1] & 2;
	lists_min_jumps = data[1] & 4 ? 0 : 1024;
	one = data[1] >> 4;
	damage_heap(&s, what, words, data[1] & 8, data + 2, size - 2);
	fd = synth_core(&s);
	if (what == CORE_FILE)
		damage_core(fd, data + 2, size - 2);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (i = 0; i < ARRAY_SIZE(fuzzed); i++) {
		if (one < ARRAY_SIZE(fuzzed) && i != one)
			continue;
		/*
		 * If even a sound heap were refused, nothing would be tested.
		 */
		if (run_command(fuzzed[i], path, &s, json) == EXIT_UNKNOWN &&
		    size == 2 && fuzzed[i] != &cmd_history)
			abort();
	}
	compare_ways(path);
	close(fd);
	synth_free(&s);
	return 0;
}
