// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the reader with damaged heaps and damaged cores.
 *
 * An input picks a glibc and a word size, then overwrites pieces of a sound
 * heap of that kind; with the highest bit of its first byte set, pieces of the
 * core file too.  Every command that decodes memory then runs on it.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmd.h"
#include "../tests/synth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The commands print; nobody reads it. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return !freopen("/dev/null", "w", stdout);
}

/* One change: where (2 bytes), how long (1 byte, up to 16), the bytes. */
static size_t take_change(const uint8_t *data, size_t size, u64 *where,
			  size_t *len)
{
	if (size < 4)
		return 0;
	*where = data[0] | data[1] << 8;
	*len = min_u64(1 + data[2] % 16, size - 3);
	return 3 + *len;
}

static void change_memory(struct synth *s, u64 where, const uint8_t *bytes,
			  size_t len)
{
	u64 total = 0;
	size_t i;

	for (i = 0; i < SYNTH_SEGMENTS; i++)
		total += s->seg[i].len;
	where %= total;
	for (i = 0; where >= s->seg[i].len; i++)
		where -= s->seg[i].len;
	memcpy(s->seg[i].bytes + where, bytes,
	       min_u64(len, s->seg[i].len - where));
}

static void run_commands(const char *core)
{
	static const struct command *const commands[] = {
		&cmd_chunks, &cmd_stats, &cmd_bins, &cmd_arenas, &cmd_why,
		&cmd_check,
	};
	struct common c = { .core = core };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		c.json = !c.json;
		commands[i]->run(&c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct synth s;
	char path[64];
	bool file;
	size_t n, len;
	u64 where;
	int fd;

	if (size < 2)
		return 0;
	file = data[0] & 0x80;
	synth_make(&s, data[0] % 16 % layout_rows(), data[1] & 1 ? 4 : 8);
	data += 2;
	size -= 2;
	if (!file)
		while ((n = take_change(data, size, &where, &len))) {
			change_memory(&s, where, data + 3, len);
			data += n;
			size -= n;
		}
	fd = synth_core(&s);
	while (file && (n = take_change(data, size, &where, &len))) {
		/* Mostly the headers and notes: the first two pages. */
		if (pwrite(fd, data + 3, len, where % 0x2800) < 0)
			break;
		data += n;
		size -= n;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	run_commands(path);
	close(fd);
	synth_free(&s);
	return 0;
}
