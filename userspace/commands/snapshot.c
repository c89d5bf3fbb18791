// SPDX-License-Identifier: GPL-2.0
/* heapinfo snapshot: keep a process as it is now, for --core, diff and gdb. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/cmd.h"
#include "commands/document.h"
#include "target/core_write.h"

static const char *output;

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "Write to FILE (heapinfo.PID.core)", 1 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key != 'o')
		return ARGP_ERR_UNKNOWN;
	output = arg;
	return 0;
}

static void print_text(const struct heap *h, const char *path,
		       const struct core_written *w)
{
	char stored[HUMAN_ROOM], memory[HUMAN_ROOM];

	printf("%s: %s of %s of private memory, the rest was never touched%s\n",
	       path, text_human(stored, w->stored),
	       text_human(memory, w->memory), h->k.module ?
	       ", and the history of brk calls" : "");
	if (w->missing)
		printf("%s could not be read and are zeroes there\n",
		       text_human(stored, w->missing));
}

static void print_json(const struct heap *h, const char *path,
		       const struct core_written *w)
{
	struct json_object *doc = json_document(h, "snapshot");

	json_add_text(doc, "file", path);
	json_add_u64(doc, "memory_bytes", w->memory);
	json_add_u64(doc, "stored_bytes", w->stored);
	json_add_u64(doc, "missing_bytes", w->missing);
	json_add_bool(doc, "registers", h->t->stopped_ns);
	json_add_bool(doc, "history", h->k.module);
	json_print(doc, h);
}

/* The threads, with those TCBs too that only malloc's caches lead to. */
static size_t list_threads(const struct heap *h, struct thread **list)
{
	size_t n = target_threads(h->t, list), i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < h->caches && !(*list)[i].tcb; j++)
			if (h->cache[j].tid == (*list)[i].tid)
				(*list)[i].tcb = h->cache[j].tcb;
	return n;
}

static int write_core(const struct heap *h, const char *path,
		      struct core_written *w, struct error *e)
{
	struct thread *list;
	size_t n = list_threads(h, &list);
	int ret = core_write(h->t, list, n, path, w, e);

	free(list);
	return ret;
}

static int run(const struct common *c)
{
	struct core_written w;
	char name[64];
	const char *path = output;
	struct error e;
	struct heap h;
	int ret;

	if (c->target.core) {
		error_set(&e, "%s is a core file already: snapshot is for live processes",
			  c->target.core);
		return cmd_fail(&e);
	}
	if (!path) {
		snprintf(name, sizeof(name), "heapinfo.%d.core",
			 (int)c->target.pid);
		path = name;
	}
	ret = cmd_open(c, &h, &e);
	if (!ret && h.t->denied.text[0])
		ret = error_set(&e, "%s", h.t->denied.text);
	if (!ret)
		ret = write_core(&h, path, &w, &e);
	if (h.t)
		target_thaw(h.t);
	if (!ret && c->json) {
		print_json(&h, path, &w);
	} else if (!ret) {
		print_text(&h, path, &w);
		cmd_show_notes(&h);
	}
	heap_close(&h);
	return ret ? cmd_fail(&e) : EXIT_CLEAN;
}

const struct command cmd_snapshot = {
	.name = "snapshot",
	.args_doc = "PID",
	.brief = "write the process to a core file, for --core, diff and gdb",
	.doc = "Write the private memory of a process, and what the kernel says of it, to an ELF core file that every command reads with --core, and gdb too. With --freeze the answer is exact, and the threads' registers are in it.",
	.options = options,
	.parse = parse,
	.all_memory = true,
	.copies = 3,	/* and written to a file */
	.run = run,
};
