// SPDX-License-Identifier: GPL-2.0
/*
 * usage: synth-core OUT ROW WORDSIZE [ADDRESS=WORD]...
 *
 * Write the made-up heap of synth.h to a core, with these words changed: what
 * the commands print of it is always the same, and can be compared with fixed
 * text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "synth.h"

/* Change a word of the heap, as "ADDRESS=WORD" says. */
static int change(struct synth *s, const char *arg)
{
	char *end;
	u64 addr = strtoull(arg, &end, 0);

	if (*end != '=')
		return -1;
	synth_put(s, addr, strtoull(end + 1, NULL, 0));
	return 0;
}

int main(int argc, char **argv)
{
	char bytes[PAGE];
	struct synth s;
	ssize_t n = -1;
	FILE *out;
	int fd, i;

	if (argc < 4)
		return 64;
	synth_make(&s, strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
	for (i = 4; i < argc; i++)
		if (change(&s, argv[i]))
			return 64;
	fd = synth_core(&s);
	synth_free(&s);
	out = fopen(argv[1], "w");
	if (!out || lseek(fd, 0, SEEK_SET))
		return 1;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		fwrite(bytes, n, 1, out);
	close(fd);
	return fclose(out) || n ? 1 : 0;
}
