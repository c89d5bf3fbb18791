// SPDX-License-Identifier: GPL-2.0
/* What the commands share: the processes that are meant, failing, numbers, notes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/cmd.h"
#include "base/text.h"
#include "heap/allocator.h"
#include "heap/stop_time.h"

#define SHOWN_PIDS 10u	/* where one was to be chosen of more */
#define COPIES 5u	/* that a command takes; check and snapshot say it */

/**
 * cmd_fail - say why there is no answer
 * @e: the line
 *
 * Return: EXIT_UNKNOWN.
 */
int cmd_fail(const struct error *e)
{
	fflush(stdout);
	fputs("heapinfo: ", stderr);
	text_safe(stderr, e->text, sizeof(e->text));
	fputc('\n', stderr);
	return EXIT_UNKNOWN;
}

/* Who waits for the process shall know before it stops, not after. */
static void say_how_long(const struct common *c, struct heap *h)
{
	char bytes[HUMAN_ROOM], rate[HUMAN_ROOM];
	struct stop_time s;

	stop_time(h, c->cmd->copies ? c->cmd->copies : COPIES,
		  c->cmd->all_memory, &s);
	fprintf(stderr, "heapinfo: process %d will be stopped for about ",
		(int)h->t->pid);
	if (s.ns < 1000000000)
		fprintf(stderr, "%u ms", (unsigned int)(s.ns / 1000000));
	else
		fprintf(stderr, "%.1f s", s.ns / 1e9);
	fprintf(stderr, ", to read %s, a copy of which goes at %s/s",
		text_human(bytes, s.bytes), text_human(rate, s.rate));
	if (c->target.freeze_ns)
		fprintf(stderr, "; it will go on after %g s at the latest",
			c->target.freeze_ns / 1e9);
	fputc('\n', stderr);
}

/**
 * cmd_open - open the heap that the command line names
 * @c: the command and what it was told
 * @h: filled; heap_close() it in any case
 * @e: why not
 *
 * Return: 0, or -1; also -1 where the heap's allocator does not tell what the
 * command needs to know.
 */
int cmd_open(const struct common *c, struct heap *h, struct error *e)
{
	if (heap_open(h, &c->target, c->cmd->needs, e))
		return -1;
	if (!c->target.freeze || !h->t->live)
		return 0;
	say_how_long(c, h);
	return heap_freeze(h, e);
}

/* One is to be shown, and more were found: which are they? */
static int refuse_many(const struct common *c)
{
	size_t n = c->chosen.n, len = 0, i;
	char list[SHOWN_PIDS * 13];
	struct error e;

	for (i = 0; i < n && i < SHOWN_PIDS; i++)
		len += snprintf(list + len, sizeof(list) - len, "%s%d",
				i ? ", " : "", (int)c->chosen.p[i].pid);
	error_set(&e, "that is %zu processes: %s%s; 'heapinfo %s' shows one: give its PID",
		  n, list, i < n ? ", ..." : "", c->cmd->name);
	return cmd_fail(&e);
}

/**
 * cmd_choose - find the processes that the command line names
 * @c: what the command was told; .chosen is filled, and .target.pid with the first
 *
 * For what no process was found is said on stderr.
 *
 * Return: EXIT_CLEAN, or EXIT_UNKNOWN where there is none, or more than the
 * command can show.
 */
int cmd_choose(struct common *c)
{
	size_t i;

	choose(&c->chosen, c->wanted, c->n_wanted);
	for (i = 0; i < c->chosen.misses; i++)
		cmd_fail(&c->chosen.miss[i]);
	if (!c->chosen.n)
		return EXIT_UNKNOWN;
	if (c->chosen.n > 1 && !c->cmd->many)
		return refuse_many(c);
	c->target.pid = c->chosen.p[0].pid;
	return EXIT_CLEAN;
}

/**
 * cmd_asks_many - did the command line ask for what may be several processes?
 * @c: what the command was told
 *
 * That does not depend on how many there are now, so that the form of a JSON
 * document does not either.
 *
 * Return: false for a single PID, and for a core.
 */
bool cmd_asks_many(const struct common *c)
{
	return c->n_wanted > 1 ||
	       (c->n_wanted && (c->wanted->kind != WANTED_PROCESS ||
				!wanted_is_pid(c->wanted->text)));
}

/**
 * cmd_number - read a number of the command line
 * @arg: decimal or 0x..., with k, M or G behind it
 * @state: argp's; the program ends with a line if it is none
 *
 * Return: the number.
 */
u64 cmd_number(const char *arg, const struct argp_state *state)
{
	static const char units[] = "kMG";
	const char *unit;
	char *end;
	u64 v;

	errno = 0;
	v = strtoull(arg, &end, 0);
	if (end == arg || errno || arg[0] == '-')
		argp_error(state, "'%s' is no number; write 4096, 0x1000 or 4k",
			   arg);
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1] ||
		    __builtin_mul_overflow(v, 1ull << 10 * (unit - units + 1),
					   &v))
			argp_error(state, "'%s' is no number; write 4096, 0x1000 or 4k",
				   arg);
	}
	return v;
}

static void show_notes(const struct heap *h, const char *of)
{
	const char *note = target_note(h->t);
	size_t i;

	fflush(stdout);
	if (note)
		fprintf(stderr, "heapinfo: note: %s%s\n", of, note);
	for (i = 0; i < h->notes.n; i++) {
		fprintf(stderr, "heapinfo: note: %s", of);
		text_safe(stderr, h->notes.line[i],
			  strlen(h->notes.line[i]));
		fputc('\n', stderr);
	}
	if (h->t->stopped_ns)
		fprintf(stderr, "heapinfo: note: %sthe process was stopped for %.3f ms\n",
			of, h->t->stopped_ns / 1e6);
}

/**
 * cmd_show_notes - say on stderr what the answer does not cover
 * @h: the heap
 */
void cmd_show_notes(const struct heap *h)
{
	show_notes(h, "");
}

/**
 * cmd_show_named_notes - the same, with the PID: one of several is shown
 * @h: the heap
 */
void cmd_show_named_notes(const struct heap *h)
{
	char of[32];

	snprintf(of, sizeof(of), "process %d: ", (int)h->t->pid);
	show_notes(h, of);
}

/**
 * cmd_show_process - print the line above what is said of a process
 * @h: the heap
 */
void cmd_show_process(const struct heap *h)
{
	printf("%s", text_color(COLOR_BOLD));
	text_safe(stdout, h->t->comm[0] ? h->t->comm : "?",
		  sizeof(h->t->comm));
	printf("%s (%d), %u-bit, ", text_plain(), (int)h->t->pid,
	       8 * h->t->wordsize);
	if (h->a)
		printf("malloc of %s %s%s%s", h->a->name, h->version,
		       h->other ? ", beside " : "",
		       h->other ? h->other : "");
	else
		fputs(h->other ? h->other : "no malloc that heapinfo knows",
		      stdout);
	if (!h->t->live)
		fputs(", from a core file", stdout);
	putchar('\n');
}

/**
 * cmd_common - the command line so far, for a command's own parser
 * @state: argp's, as a command's own parser gets it
 *
 * Return: what was read of it; all of it is there at ARGP_KEY_END.
 */
const struct common *cmd_common(const struct argp_state *state)
{
	return state->input;
}
