/* SPDX-License-Identifier: GPL-2.0 */
/* A command of heapinfo: each is a file of its own, listed in commands.c. */
#ifndef HEAPINFO_CMD_H
#define HEAPINFO_CMD_H

#include <argp.h>
#include <sys/types.h>

#include "heap/heap.h"
#include "target/choose.h"

struct command;

/* What every command is told. */
struct common {
	const struct command *cmd;
	struct target_choice target;
	struct wanted *wanted;	/* processes, as the user wrote them */
	size_t n_wanted;
	struct chosen chosen;	/* those that were found, from cmd_choose() */
	bool json;
	bool no_color;
	char **arg;		/* what is left behind PID */
	int args;
};

struct command {
	const char *name;
	const char *args_doc;	/* "PID" */
	const char *brief;	/* one line for 'heapinfo --help' */
	const char *doc;	/* more for 'heapinfo NAME --help', or NULL */
	const struct argp_option *options;	/* its own, or NULL */
	/* As an argp parser: ARGP_ERR_UNKNOWN for keys that it does not know. */
	error_t (*parse)(int key, char *arg, struct argp_state *state);
	bool no_target;		/* it needs no PID, and takes no --core */
	bool many;		/* it can show several processes */
	bool no_json;		/* it has none, and says so if asked for it */
	bool all_memory;	/* it reads more than the heap */
	unsigned int copies;	/* times of reading it once; 0: see cmd.c */
	bool in_order;		/* options end at the first argument */
	int max_args;		/* allowed behind PID; -1: any */
	enum need needs;	/* what cmd_open() must know of the heap */
	int (*run)(const struct common *c);	/* returns the exit status */
};

extern const struct command cmd_show;
extern const struct command cmd_history;
extern const struct command cmd_map;
extern const struct command cmd_snapshot;
extern const struct command cmd_diff;
extern const struct command cmd_top;
extern const struct command cmd_run;
extern const struct command cmd_metrics;
extern const struct command cmd_arenas;
extern const struct command cmd_bins;
extern const struct command cmd_chunk;
extern const struct command cmd_chunks;
extern const struct command cmd_why;
extern const struct command cmd_check;
extern const struct command cmd_stats;

extern const struct command *const commands[];	/* ends with NULL */

const struct command *cmd_find(const char *name);

/* Open the heap that the command line names; fails if .needs cannot be met. */
int cmd_open(const struct common *c, struct heap *h, struct error *e);

/* Find the processes that the command line names; returns the exit status. */
int cmd_choose(struct common *c);

/* Did the command line ask for anything but a single PID or core? */
bool cmd_asks_many(const struct common *c);

/* Prints the line on stderr; returns EXIT_UNKNOWN. */
int cmd_fail(const struct error *e);

/* Parse a number with 0x or a unit (4k, 1M) for an option; ends on nonsense. */
u64 cmd_number(const char *arg, const struct argp_state *state);

/* The command line so far, for a command's own parser. */
const struct common *cmd_common(const struct argp_state *state);

/* Print the notes on stderr, at the end of a command that prints text. */
void cmd_show_notes(const struct heap *h);
/* The same where several processes are shown: each note says of which it is. */
void cmd_show_named_notes(const struct heap *h);

/* The line above what is said of a process: its name, its PID, its malloc. */
void cmd_show_process(const struct heap *h);

#endif
