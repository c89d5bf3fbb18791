// SPDX-License-Identifier: GPL-2.0
/* The command line: finds the command, reads the options all have, runs it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/cmd.h"

const char *argp_program_version = "heapinfo " VERSION;

enum {
	KEY_CORE = 0x1000, KEY_JSON, KEY_FREEZE, KEY_NO_COLOR, KEY_TREE,
	KEY_CGROUP
};

/* Of one process or core: commands that look at every process lack these. */
static const struct argp_option target_options[] = {
	{ "core", KEY_CORE, "FILE", 0,
	  "Look at a core file or a snapshot, not at a live process", -2 },
	{ "freeze", KEY_FREEZE, "SECONDS", OPTION_ARG_OPTIONAL,
	  "Stop the process while looking, for an exact answer; for SECONDS at most", -2 },
	{ 0 }
};

static const struct argp_option choice_options[] = {
	{ "tree", KEY_TREE, "PID", 0,
	  "The process of this PID or name, with all its descendants", -2 },
	{ "cgroup", KEY_CGROUP, "NAME", 0,
	  "The processes of a cgroup, by its path or name, or of a container, by its id or name", -2 },
	{ 0 }
};

static const struct argp_option common_options[] = {
	{ "json", KEY_JSON, NULL, 0, "Print JSON", -2 },
	{ "no-color", KEY_NO_COLOR, NULL, 0,
	  "Never use colour (also: NO_COLOR in the environment)", -2 },
	{ 0 }
};

static void add_wanted(struct common *c, enum wanted_kind kind,
		       const char *text, const struct argp_state *state)
{
	if (kind != WANTED_CGROUP &&
	    (!*text || (wanted_is_pid(text) && !wanted_pid(text))))
		argp_error(state, "'%s' is no process id; 'ps -e' lists them",
			   text);
	if (!*text)
		argp_error(state, "which cgroup? 'systemd-cgls' lists them; of a container, give the id or the name");
	c->wanted = xgrow(c->wanted, c->n_wanted, sizeof(*c->wanted));
	c->wanted[c->n_wanted++] = (struct wanted){ kind, text };
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
	/* Options come first here, wherever they stand. */
	if (c->cmd->many ? !c->target.core :
	    !c->cmd->no_target && !c->n_wanted && !c->target.core) {
		add_wanted(c, WANTED_PROCESS, arg, state);
		return;
	}
	if (c->cmd->max_args >= 0 && c->args >= c->cmd->max_args)
		argp_error(state, "'%s' is one argument too many", arg);
	c->arg = xgrow(c->arg, c->args, sizeof(*c->arg));
	c->arg[c->args++] = arg;
}

static void check_choice(const struct common *c, const struct argp_state *state)
{
	if (!c->cmd->no_target && !c->n_wanted && !c->target.core)
		argp_error(state, "which process? give its PID or name, or --core FILE");
	if (c->n_wanted && c->target.core)
		argp_error(state, "--core is a file, --tree and --cgroup are of live processes: give one of them");
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
	case KEY_TREE:
		add_wanted(c, WANTED_TREE, arg, state);
		break;
	case KEY_CGROUP:
		add_wanted(c, WANTED_CGROUP, arg, state);
		break;
	case KEY_NO_COLOR:
		c->no_color = true;
		break;
	case ARGP_KEY_ARG:
		take_arg(c, arg, state);
		break;
	case ARGP_KEY_END:
		check_choice(c, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void print_usage(FILE *f)
{
	size_t i;

	fputs("Usage: heapinfo [COMMAND] PID|NAME|--tree PID|--cgroup NAME|--core FILE [OPTION...]\n"
	      "Show what a process's heap is doing: its break, its chunks, and why it grew.\n\n",
	      f);
	for (i = 0; commands[i]; i++)
		fprintf(f, "  %-10s %s\n", commands[i]->name,
			commands[i]->brief);
	fputs("\n'heapinfo COMMAND --help' tells a command's options.\n"
	      "Exit status: 0 answered; 1 check found damage; 2 no answer; 64 wrong usage.\n",
	      f);
}

/* Add options to @n others, with an end behind them. Return: how many there are. */
static size_t add_options(struct argp_option **all, size_t n,
			  const struct argp_option *o)
{
	size_t more = 0;

	while (o && o[more].doc)
		more++;
	*all = xrealloc(*all, n + more + 1, sizeof(**all));
	if (more)
		memcpy(*all + n, o, more * sizeof(**all));
	memset(*all + n + more, 0, sizeof(**all));
	return n + more;
}

/* The command's own options, then those that others have, too.  free() it. */
static struct argp_option *all_options(const struct command *cmd)
{
	struct argp_option *all = NULL, *o;
	size_t n = add_options(&all, 0, cmd->options);

	if (!cmd->no_target)
		n = add_options(&all, n, target_options);
	if (!cmd->no_target || cmd->many)
		n = add_options(&all, n, choice_options);
	add_options(&all, n, common_options);
	for (o = all; o->name; o++)
		if (cmd->no_json && o->key == KEY_JSON)
			o->flags |= OPTION_HIDDEN;
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
	int ret = EXIT_CLEAN;

	/* argp names the program by argv[0], in its usage and its errors. */
	snprintf(name, sizeof(name), "heapinfo %s", cmd->name);
	argv[0] = name;
	argp_parse(&argp, argc, argv, cmd->in_order ? ARGP_IN_ORDER : 0, NULL,
		   &c);
	text_init(c.no_color);
	if (c.n_wanted)
		ret = cmd_choose(&c);
	if (!ret)
		ret = cmd->run(&c);
	chosen_free(&c.chosen);
	free(c.wanted);
	free(c.arg);
	free((void *)argp.options);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "heapinfo: cannot write the output: %s\n",
			strerror(errno));
		return EXIT_UNKNOWN;
	}
	return ret;
}

/* A number is a PID, whether there is such a process or not. */
static bool is_process(const char *word)
{
	const struct wanted w = { WANTED_PROCESS, word };
	struct chosen c;
	bool is = word[0] >= '0' && word[0] <= '9';

	if (is)
		return true;
	choose(&c, &w, 1);
	is = c.n;
	chosen_free(&c);
	return is;
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
	/* 'heapinfo PID' and 'heapinfo NAME' are the overview. */
	if (argv[1][0] == '-' || is_process(argv[1]))
		return run(commands[0], argc, argv);
	fputs("heapinfo: there is no command '", stderr);
	text_safe(stderr, argv[1], strlen(argv[1]));
	fputs("', and no process of that name; 'heapinfo --help' lists the commands, 'ps -e' the processes\n", stderr);
	return EXIT_USAGE;
}
