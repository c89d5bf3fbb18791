// SPDX-License-Identifier: GPL-2.0
/* The commands, and how one is found by its name. */
#include <string.h>

#include "commands/cmd.h"

/* In the order of --help; the first is the one for a PID alone. */
const struct command *const commands[] = {
	&cmd_show,
	&cmd_history,
	&cmd_map,
	&cmd_snapshot,
	&cmd_diff,
	&cmd_top,
	&cmd_run,
	&cmd_metrics,
	&cmd_chunks,
	&cmd_chunk,
	&cmd_bins,
	&cmd_arenas,
	&cmd_stats,
	&cmd_why,
	&cmd_check,
	NULL,
};

/**
 * cmd_find - a command by its name
 * @name: the name
 *
 * Return: the command, or NULL.
 */
const struct command *cmd_find(const char *name)
{
	size_t i;

	for (i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}
