// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests in shell have done by one program: a shell would start many for
 * it, which takes longer than what they test.
 */
#include "kselftest.h"
#include "asleep.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define PARAMS_MAX	256

/* Longer than any record of the kernel's log. */
#define RECORD_MAX	8192

/* "NAME=VALUE NAME=VALUE", as heapinfo_reload() takes them. */
static bool join(char **words, char params[PARAMS_MAX])
{
	size_t length = 0;

	params[0] = '\0';
	for (; *words; words++) {
		length += snprintf(params + length, PARAMS_MAX - length,
				   "%s%s", length ? " " : "", *words);
		if (length >= PARAMS_MAX)
			return false;
	}
	return true;
}

static int insert(char **words)
{
	char params[PARAMS_MAX];

	return join(words, params) ? heapinfo_insert(params) : -E2BIG;
}

static int reload(char **words)
{
	char params[PARAMS_MAX];

	return join(words, params) ? heapinfo_reload(params) : -E2BIG;
}

static int unload(char **words)
{
	return heapinfo_unload();
}

static unsigned long long grows(void)
{
	static struct heapinfo info;

	if (heapinfo_read(&info, 0) ||
	    strncmp(heapinfo_word(&info, "Brk"), "0x", 2))
		return HEAPINFO_NO_NUMBER;
	return heapinfo_number(&info, "BrkGrows");
}

/* Are entries found, listed and read, and calls recorded? */
static int works(char **words)
{
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned long long before = grows();

	if (before == HEAPINFO_NO_NUMBER)
		return -ENOENT;
	raw_brk(raw_brk(0) + 4096);
	return grows() == before + 1 && is_listed(dir, "heapinfo") &&
	       access("/proc/1/heapinfo", R_OK) == 0 &&
	       access("/proc/self/heapinf", F_OK) != 0 ? 0 : -EIO;
}

static int asleep(char **words)
{
	return fall_asleep();
}

/* Print what the kernel's log has from where @log stands. */
static void print_log(int log)
{
	char record[RECORD_MAX], *text;
	ssize_t length;

	for (;;) {
		length = read(log, record, sizeof(record) - 1);
		/* Records were overwritten before they were read. */
		if (length < 0 && errno == EPIPE)
			continue;
		if (length < 0)
			return;
		record[length] = '\0';
		text = strchr(record, ';');
		if (text)
			printf("%s", text + 1);
	}
}

static const struct command {
	const char *name;
	int (*run)(char **words);
} commands[] = {
	{ "asleep", asleep },
	{ "insert", insert },
	{ "reload", reload },
	{ "unload", unload },
	{ "works", works },
};

static int tell_usage(void)
{
	fprintf(stderr,
		"usage: helper [log] insert|reload|unload|works [PARAMETER]...\n"
		"       helper asleep\n"
		"The status is 0 if the module is loaded, unloaded or works, 4 if the kernel\n"
		"cannot have its source; with \"log\", what the kernel's log got meanwhile is\n"
		"printed. \"asleep\" sleeps in brk(2) until it is killed.\n");
	return 2;
}

int main(int argc, char **argv)
{
	int log = -1, ret;
	unsigned int i;

	argv++;
	if (*argv && !strcmp(*argv, "log")) {
		log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (log < 0 || lseek(log, 0, SEEK_END) < 0) {
			perror("helper: /dev/kmsg");
			return 2;
		}
		argv++;
	}
	for (i = 0; *argv && i < ARRAY_SIZE(commands); i++) {
		if (strcmp(*argv, commands[i].name))
			continue;
		ret = commands[i].run(argv + 1);
		if (log >= 0)
			print_log(log);
		else if (ret)
			printf("# helper %s: %s\n", *argv, strerror(-ret));
		return ret == -EOPNOTSUPP ? KSFT_SKIP : ret ? 1 : 0;
	}
	return tell_usage();
}
