// SPDX-License-Identifier: GPL-2.0
/* The command line: finds the command, reads the options all have, runs it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "text.h"

const char *argp_program_version = "heapinfo " VERSION;

/* In the order of --help. */
static const struct command *const commands[] = {
	&cmd_chunks,
	&cmd_chunk,
	&cmd_bins,
	&cmd_arenas,
	&cmd_stats,
	&cmd_why,
	&cmd_check,
};

enum { KEY_CORE = 0x1000, KEY_JSON, KEY_FREEZE, KEY_NO_COLOR };

/* The first two are for commands that look at one process. */
static const struct argp_option common_options[] = {
	{ "core", KEY_CORE, "FILE", 0,
	  "Look at a core file or a snapshot, not at a live process", -2 },
	{ "freeze", KEY_FREEZE, NULL, 0,
	  "Stop the process while looking, for an exact answer", -2 },
	{ "json", KEY_JSON, NULL, 0, "Print JSON", -2 },
	{ "no-color", KEY_NO_COLOR, NULL, 0,
	  "Never use colour (also: NO_COLOR in the environment)", -2 },
};

struct parsing {
	const struct command *cmd;
	struct common common;
};

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

/**
 * cmd_show_notes - say on stderr what the answer does not cover
 * @h: the heap
 */
void cmd_show_notes(const struct heap *h)
{
	size_t i;

	fflush(stdout);
	if (h->t->partial)
		fputs("heapinfo: note: the core is truncated; what it does not hold is missing here\n",
		      stderr);
	for (i = 0; h->has_glibc && i < h->g.notes.n; i++) {
		fputs("heapinfo: note: ", stderr);
		text_safe(stderr, h->g.notes.line[i],
			  strlen(h->g.notes.line[i]));
		fputc('\n', stderr);
	}
	if (h->t->stopped_ns)
		fprintf(stderr, "heapinfo: note: the process was stopped for %.3f ms\n",
			h->t->stopped_ns / 1e6);
}

/**
 * cmd_common - what every command is told
 * @state: argp's, as a command's own parser gets it
 *
 * Return: complete at ARGP_KEY_END only.
 */
const struct common *cmd_common(const struct argp_state *state)
{
	const struct parsing *p = state->input;

	return &p->common;
}

static void take_pid(struct parsing *p, const char *arg,
		     const struct argp_state *state)
{
	char *end;
	long v = strtol(arg, &end, 10);

	if (*end || end == arg || v <= 0 || v > INT32_MAX)
		argp_error(state, "'%s' is no process id; 'ps -e' lists them",
			   arg);
	p->common.pid = v;
}

static void take_arg(struct parsing *p, char *arg, struct argp_state *state)
{
	struct common *c = &p->common;

	if (!p->cmd->no_target && !c->pid && !c->core) {
		take_pid(p, arg, state);
		return;
	}
	if (p->cmd->max_args >= 0 && c->args >= p->cmd->max_args)
		argp_error(state, "'%s' is one argument too many", arg);
	c->arg = xrealloc(c->arg, c->args + 1, sizeof(*c->arg));
	c->arg[c->args++] = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;
	struct common *c = &p->common;
	error_t ret;

	if (p->cmd->parse) {
		ret = p->cmd->parse(key, arg, state);
		if (ret != ARGP_ERR_UNKNOWN)
			return ret;
	}
	switch (key) {
	case KEY_CORE:
		c->core = arg;
		break;
	case KEY_JSON:
		c->json = true;
		break;
	case KEY_FREEZE:
		c->freeze = true;
		break;
	case KEY_NO_COLOR:
		c->no_color = true;
		break;
	case ARGP_KEY_ARG:
		take_arg(p, arg, state);
		break;
	case ARGP_KEY_END:
		if (!p->cmd->no_target && !c->pid && !c->core)
			argp_error(state, "which process? give its PID, or --core FILE");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void usage(FILE *f)
{
	size_t i;

	fputs("Usage: heapinfo [COMMAND] PID|--core FILE [OPTION...]\n"
	      "Show what a process's heap is doing: its break, its chunks, and why it grew.\n\n",
	      f);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-10s %s\n", commands[i]->name,
			commands[i]->brief);
	fputs("\n'heapinfo COMMAND --help' tells a command's options.\n"
	      "Exit status: 0 answered; 1 check found damage; 2 no answer; 64 wrong usage.\n",
	      f);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* The options all commands have, then its own.  free() it. */
static struct argp_option *all_options(const struct command *cmd)
{
	const struct argp_option *o = common_options + 2 * cmd->no_target;
	const struct argp_option *end = common_options +
					ARRAY_SIZE(common_options);
	struct argp_option *all;
	size_t n = 0;

	while (cmd->options && cmd->options[n].doc)
		n++;
	all = xcalloc(n + (end - o) + 1, sizeof(*all));
	memcpy(all, cmd->options, n * sizeof(*all));
	memcpy(all + n, o, (end - o) * sizeof(*all));
	return all;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct parsing p = { .cmd = cmd };
	struct argp argp = {
		.options = all_options(cmd), .parser = parse,
		.args_doc = cmd->args_doc,
		.doc = cmd->doc ? cmd->doc : cmd->brief,
	};
	char name[64];
	int ret;

	/* argp names the program by argv[0], in its usage and its errors. */
	snprintf(name, sizeof(name), "heapinfo %s", cmd->name);
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &p);
	text_init(p.common.no_color);
	ret = cmd->run(&p.common);
	free(p.common.arg);
	free((void *)argp.options);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "heapinfo: cannot write the output: %s\n",
			strerror(errno));
		return EXIT_UNKNOWN;
	}
	return ret;
}

int main(int argc, char **argv)
{
	const struct command *cmd;

	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "-?")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts(argp_program_version);
		return 0;
	}
	cmd = find_command(argv[1]);
	if (cmd)
		return run(cmd, argc - 1, argv + 1);
	/* 'heapinfo PID' is the overview. */
	if (argv[1][0] == '-' || (argv[1][0] >= '0' && argv[1][0] <= '9'))
		return run(commands[0], argc, argv);
	fputs("heapinfo: there is no command '", stderr);
	text_safe(stderr, argv[1], strlen(argv[1]));
	fputs("'; 'heapinfo --help' lists them\n", stderr);
	return EXIT_USAGE;
}
