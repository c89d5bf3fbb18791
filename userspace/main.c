// SPDX-License-Identifier: GPL-2.0
/* The command line: finds the command, reads the options all have, runs it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/cmd.h"

const char *argp_program_version = "heapinfo " VERSION;

enum { KEY_CORE = 0x1000, KEY_JSON, KEY_FREEZE, KEY_NO_COLOR };

/* Commands that look at no one process do not have the first two. */
static const struct argp_option common_options[] = {
	{ "core", KEY_CORE, "FILE", 0,
	  "Look at a core file or a snapshot, not at a live process", -2 },
	{ "freeze", KEY_FREEZE, "SECONDS", OPTION_ARG_OPTIONAL,
	  "Stop the process while looking, for an exact answer; for SECONDS at most", -2 },
	{ "json", KEY_JSON, NULL, 0, "Print JSON", -2 },
	{ "no-color", KEY_NO_COLOR, NULL, 0,
	  "Never use colour (also: NO_COLOR in the environment)", -2 },
};

static void take_pid(struct common *c, const char *arg,
		     const struct argp_state *state)
{
	char *end;
	long v = strtol(arg, &end, 10);

	if (*end || end == arg || v <= 0 || v > INT32_MAX)
		argp_error(state, "'%s' is no process id; 'ps -e' lists them",
			   arg);
	c->target.pid = v;
}

/* For a day at most, and a microsecond at the least. */
static void take_freeze(struct common *c, const char *arg,
			const struct argp_state *state)
{
	double seconds;
	char *end;

	c->target.freeze = true;
	c->target.freeze_ns = 0;
	if (!arg)
		return;
	seconds = strtod(arg, &end);
	if (*end || end == arg || !(seconds >= 1e-6 && seconds <= 86400))
		argp_error(state, "--freeze takes a number of seconds, such as 0.5 or 2, not '%s'",
			   arg);
	c->target.freeze_ns = seconds * 1e9;
}

static void take_arg(struct common *c, char *arg, struct argp_state *state)
{
	if (!c->cmd->no_target && !c->target.pid && !c->target.core) {
		take_pid(c, arg, state);
		return;
	}
	if (c->cmd->max_args >= 0 && c->args >= c->cmd->max_args)
		argp_error(state, "'%s' is one argument too many", arg);
	c->arg = xgrow(c->arg, c->args, sizeof(*c->arg));
	c->arg[c->args++] = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct common *c = state->input;
	error_t ret;

	if (c->cmd->parse) {
		ret = c->cmd->parse(key, arg, state);
		if (ret != ARGP_ERR_UNKNOWN)
			return ret;
	}
	switch (key) {
	case KEY_CORE:
		c->target.core = arg;
		break;
	case KEY_JSON:
		c->json = true;
		break;
	case KEY_FREEZE:
		take_freeze(c, arg, state);
		break;
	case KEY_NO_COLOR:
		c->no_color = true;
		break;
	case ARGP_KEY_ARG:
		take_arg(c, arg, state);
		break;
	case ARGP_KEY_END:
		if (!c->cmd->no_target && !c->target.pid && !c->target.core)
			argp_error(state, "which process? give its PID, or --core FILE");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void print_usage(FILE *f)
{
	size_t i;

	fputs("Usage: heapinfo [COMMAND] PID|--core FILE [OPTION...]\n"
	      "Show what a process's heap is doing: its break, its chunks, and why it grew.\n\n",
	      f);
	for (i = 0; commands[i]; i++)
		fprintf(f, "  %-10s %s\n", commands[i]->name,
			commands[i]->brief);
	fputs("\n'heapinfo COMMAND --help' tells a command's options.\n"
	      "Exit status: 0 answered; 1 check found damage; 2 no answer; 64 wrong usage.\n",
	      f);
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
	if (n)
		memcpy(all, cmd->options, n * sizeof(*all));
	memcpy(all + n, o, (end - o) * sizeof(*all));
	for (; all[n].name; n++)
		if (cmd->no_json && all[n].key == KEY_JSON)
			all[n].flags |= OPTION_HIDDEN;
	return all;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct common c = { .cmd = cmd };
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
	argp_parse(&argp, argc, argv, cmd->in_order ? ARGP_IN_ORDER : 0, NULL,
		   &c);
	text_init(c.no_color);
	ret = cmd->run(&c);
	free(c.arg);
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
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "-?")) {
		print_usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts(argp_program_version);
		return 0;
	}
	cmd = cmd_find(argv[1]);
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
