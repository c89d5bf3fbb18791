// SPDX-License-Identifier: GPL-2.0
/* What the tests share: reading heapinfo's files, loading the module. */
#include "heapinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

/* Of a row. */
#define COLUMNS		11

#define PARAMETERS_DIR	"/sys/module/heapinfo/parameters/"

/* The parameters of the module and their defaults. */
static const struct parameter {
	const char *name;
	const char *value;
} parameters[] = {
	{ "source", "redirect" },
	{ "history", "64" },
	{ "memory", "32" },
	{ "queries", "0" },
	{ "stacks", "32768" },
};

static ssize_t read_fd(int fd, char *text, size_t size)
{
	ssize_t length = 0, part;

	do {
		part = read(fd, text + length, size - 1 - length);
		if (part < 0)
			return -errno;
		length += part;
	} while (part > 0);
	text[length] = '\0';
	return length;
}

static ssize_t read_all(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read_fd(fd, text, size);
	close(fd);
	return length;
}

static void find_rows(struct heapinfo *info)
{
	const char *at = strstr(info->text, "\n#seq\t");

	info->nr_rows = 0;
	info->spans = 0;
	while (at) {
		at = strchr(at + 1, '\n');
		if (!at || !at[1])
			break;
		/* An empty line: behind it are the names of other columns. */
		if (at[1] == '\n') {
			at = strchr(at + 2, '\n');
			info->spans = at ? at + 1 - info->text : 0;
			break;
		}
		if (info->nr_rows == HEAPINFO_ROWS_MAX)
			break;
		info->rows[info->nr_rows++] = at + 1 - info->text;
	}
}

/**
 * heapinfo_read_path() - read a file of heapinfo
 * @info: filled in
 * @path: /proc/<pid>/heapinfo by any name, or /proc/heapinfo
 *
 * Return: 0 or a negative error.
 */
int heapinfo_read_path(struct heapinfo *info, const char *path)
{
	ssize_t length = read_all(path, info->text, sizeof(info->text));

	info->length = length < 0 ? 0 : length;
	info->text[info->length] = '\0';
	find_rows(info);
	return length < 0 ? length : 0;
}

/**
 * heapinfo_read() - read /proc/<pid>/heapinfo
 * @info: filled in
 * @pid: 0 for the caller's own
 *
 * Return: 0 or a negative error.
 */
int heapinfo_read(struct heapinfo *info, pid_t pid)
{
	char path[40];

	if (!pid)
		return heapinfo_read_path(info, "/proc/self/heapinfo");
	snprintf(path, sizeof(path), "/proc/%d/heapinfo", pid);
	return heapinfo_read_path(info, path);
}

/* The value of a key, which ends at its line's end; NULL if there is none. */
static const char *find_value(const struct heapinfo *info, const char *key)
{
	size_t length = strlen(key);
	const char *line = info->text;

	while (*line && *line != '\n') {
		if (!strncmp(line, key, length) && line[length] == ':' &&
		    line[length + 1] == '\t')
			return line + length + 2;
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	return NULL;
}

/**
 * heapinfo_has() - whether a reading has a key
 * @info: the reading
 * @key: without its colon
 *
 * Return: true if it has.
 */
bool heapinfo_has(const struct heapinfo *info, const char *key)
{
	return find_value(info, key);
}

/**
 * heapinfo_word() - the whole value of a key
 * @info: the reading
 * @key: without its colon
 *
 * Return: the text up to the end of the line, good until the next but three
 * calls; "(none)" where the key is missing.
 */
const char *heapinfo_word(const struct heapinfo *info, const char *key)
{
	static char words[4][HEAPINFO_WORD_MAX];
	static unsigned int next;
	const char *value = find_value(info, key);
	char *word = words[next++ % 4];

	if (!value)
		return "(none)";
	snprintf(word, HEAPINFO_WORD_MAX, "%.*s",
		 (int)strcspn(value, "\n"), value);
	return word;
}

/**
 * heapinfo_number() - the number that the value of a key begins with
 * @info: the reading
 * @key: without its colon
 *
 * Return: the number, decimal or with 0x, negative ones in two's complement;
 * HEAPINFO_NO_NUMBER where there is none.
 */
unsigned long long heapinfo_number(const struct heapinfo *info, const char *key)
{
	const char *value = find_value(info, key);
	unsigned long long number;
	char *end;

	if (!value)
		return HEAPINFO_NO_NUMBER;
	number = strtoull(value, &end, 0);
	return end == value ? HEAPINFO_NO_NUMBER : number;
}

/**
 * heapinfo_failures() - how many calls failed for a reason
 * @info: the reading of a process
 * @reason: as in the line BrkFailures
 *
 * Return: the number behind it; 0 where it is not named.
 */
unsigned long long heapinfo_failures(const struct heapinfo *info,
				     const char *reason)
{
	const char *value = find_value(info, "BrkFailures");
	size_t length = strlen(reason);

	while (value && *value && *value != '\n') {
		value += strcspn(value, "\n ");
		if (*value != ' ')
			break;
		value++;
		if (!strncmp(value, reason, length) && value[length] == '=')
			return strtoull(value + length + 1, NULL, 10);
	}
	return 0;
}

/**
 * heapinfo_row() - one row of the history
 * @info: the reading of a process
 * @i: its index; the oldest is 0
 * @row: filled in
 *
 * Return: 0; -ENOENT if there is no such row; -EINVAL if it has not exactly
 * the columns it should have.
 */
int heapinfo_row(const struct heapinfo *info, unsigned int i,
		 struct heapinfo_row *row)
{
	char line[512], *fields[COLUMNS], *at = line;
	unsigned int n = 0;
	const char *text;
	size_t length;

	memset(row, 0, sizeof(*row));
	if (i >= info->nr_rows)
		return -ENOENT;
	text = info->text + info->rows[i];
	length = strcspn(text, "\n");
	if (length >= sizeof(line))
		return -EINVAL;
	memcpy(line, text, length);
	line[length] = '\0';
	while (n < COLUMNS && at)
		fields[n++] = strsep(&at, "\t");
	if (n < COLUMNS || at)
		return -EINVAL;
	if (sscanf(fields[1], "%llu.%6u", &row->seconds,
		   &row->microseconds) != 2)
		return -EINVAL;
	row->seq = strtoull(fields[0], NULL, 10);
	row->tid = strtol(fields[2], NULL, 10);
	snprintf(row->call, sizeof(row->call), "%s", fields[3]);
	row->asked = strtoull(fields[4], NULL, 16);
	row->from = strtoull(fields[5], NULL, 16);
	row->to = strtoull(fields[6], NULL, 16);
	row->delta = strtoll(fields[7], NULL, 10);
	snprintf(row->result, sizeof(row->result), "%s", fields[8]);
	snprintf(row->comm, sizeof(row->comm), "%s", fields[9]);
	row->stack = strtoull(fields[10], NULL, 10);
	return 0;
}

/**
 * heapinfo_span() - one span of the timeline
 * @info: the reading of a process
 * @i: its index; the oldest is 0
 * @span: filled in
 *
 * Return: 0; -ENOENT if there is no such span; -EINVAL if it has not exactly the
 * columns it should have.
 */
int heapinfo_span(const struct heapinfo *info, unsigned int i,
		  struct heapinfo_span *span)
{
	const char *line = info->text + info->spans;
	unsigned long long from[2], to[2];
	int end = -1;

	for (; info->spans && *line && i; i--)
		line = strchr(line, '\n') + 1;
	if (!info->spans || !*line)
		return -ENOENT;
	if (sscanf(line, "%llu\t%llu.%6llu\t%llu.%6llu\t%llu\t%llu\t%llu\t%llx\t%llx%n",
		   &span->nr, &from[0], &from[1], &to[0], &to[1], &span->calls,
		   &span->up, &span->down, &span->low, &span->high,
		   &end) != 10 || line[end] != '\n')
		return -EINVAL;
	span->from = from[0] * 1000000 + from[1];
	span->to = to[0] * 1000000 + to[1];
	return 0;
}

/**
 * heapinfo_last_seq() - the number of the newest row
 * @info: the reading of a process
 *
 * Return: the number; 0 before the first row.
 */
unsigned long long heapinfo_last_seq(const struct heapinfo *info)
{
	return heapinfo_number(info, "EventsLost") + info->nr_rows;
}

/**
 * heapinfo_new_row() - the only row between two readings of a process
 * @before: the earlier one
 * @after: the later one
 * @row: filled in
 *
 * Return: 0; -ENOENT if there is none or more than one; -EINVAL as
 * heapinfo_row().
 */
int heapinfo_new_row(const struct heapinfo *before,
		     const struct heapinfo *after, struct heapinfo_row *row)
{
	if (heapinfo_last_seq(after) != heapinfo_last_seq(before) + 1)
		return -ENOENT;
	return heapinfo_row(after, after->nr_rows - 1, row);
}

/**
 * heapinfo_run() - run a program and wait for its end
 * @argv: looked up in PATH; its output is the caller's stderr
 *
 * Return: its exit status, 128 and the signal that killed it, 127 if there is
 * no such program.
 */
int heapinfo_run(const char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return 126;
	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/**
 * heapinfo_write_file() - write to a file of /proc or /sys
 * @path: of the file
 * @text: written in one call
 *
 * Return: 0 or a negative error.
 */
int heapinfo_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/**
 * heapinfo_make_cgroup() - have a cgroup that counts memory
 * @path: it, right below /sys/fs/cgroup
 *
 * Return: false where there are none, or memory is not counted.
 */
bool heapinfo_make_cgroup(const char *path)
{
	return !heapinfo_write_file("/sys/fs/cgroup/cgroup.subtree_control",
				    "+memory") &&
	       (!mkdir(path, 0755) || errno == EEXIST);
}

/**
 * heapinfo_read_number() - the number in a file of /proc or /sys
 * @path: of the file
 *
 * Return: the number; HEAPINFO_NO_NUMBER where there is no file.
 */
unsigned long long heapinfo_read_number(const char *path)
{
	char text[64];

	if (read_all(path, text, sizeof(text)) <= 0)
		return HEAPINFO_NO_NUMBER;
	return strtoull(text, NULL, 0);
}

/*
 * What modinfo(8) says of the module. Each test runs in a process of its own:
 * what the first one learns lies in memory that the later ones share.
 */
static struct module {
	bool learned;
	char file[PATH_MAX];
} *module;

static void __attribute__((constructor)) share_module(void)
{
	module = mmap(NULL, sizeof(*module), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (module == MAP_FAILED)
		module = NULL;
}

/* Run modinfo(8); what it prints is in @text. */
static int ask_modinfo(char *text, size_t size)
{
	const char *name = getenv("HEAPINFO_KO") ?: "heapinfo";
	int output[2], status;
	ssize_t length;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		dup2(output[1], STDOUT_FILENO);
		/* Of a module that is not there it complains. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execlp("modinfo", "modinfo", name, NULL);
		_exit(127);
	}
	close(output[1]);
	length = read_fd(output[0], text, size);
	close(output[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status || length < 0)
		return -ENOENT;
	return 0;
}

/* Find the module's file. */
static int learn_module(void)
{
	static const char key[] = "filename:";
	static char text[64 * 1024];
	char *line, *at = text;

	if (!module || ask_modinfo(text, sizeof(text)))
		return -ENOENT;
	while ((line = strsep(&at, "\n"))) {
		if (!strncmp(line, key, strlen(key))) {
			line += strlen(key);
			line += strspn(line, " ");
			snprintf(module->file, sizeof(module->file), "%s",
				 line);
		}
	}
	module->learned = true;
	return 0;
}

static bool module_known(void)
{
	return (module && module->learned) || !learn_module();
}

static const char *module_file(void)
{
	const char *file = getenv("HEAPINFO_KO");

	if (file)
		return file;
	return module_known() ? module->file : NULL;
}

/* The word "@name=..." of @params, or its default. */
static void wanted_value(const struct parameter *parameter, const char *params,
			 char *value, size_t size)
{
	size_t length = strlen(parameter->name);

	snprintf(value, size, "%s", parameter->value);
	while (*params) {
		params += strspn(params, " ");
		if (!strncmp(params, parameter->name, length) &&
		    params[length] == '=')
			snprintf(value, size, "%.*s",
				 (int)strcspn(params + length + 1, " "),
				 params + length + 1);
		params += strcspn(params, " ");
	}
}

static bool loaded_with(const char *params)
{
	char path[80], value[32], wanted[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		snprintf(path, sizeof(path), PARAMETERS_DIR "%s",
			 parameters[i].name);
		if (read_all(path, value, sizeof(value)) < 0)
			return false;
		value[strcspn(value, "\n")] = '\0';
		wanted_value(&parameters[i], params, wanted, sizeof(wanted));
		if (strcmp(value, wanted))
			return false;
	}
	return true;
}

/**
 * heapinfo_unload() - unload the module
 *
 * Return: 0, also if it was not loaded; a negative error: -EBUSY while someone
 * has a file of it open.
 */
int heapinfo_unload(void)
{
	if (!syscall(SYS_delete_module, "heapinfo", O_NONBLOCK) ||
	    errno == ENOENT)
		return 0;
	return -errno;
}

/* Of a file that the kernel does not unpack itself insmod(8) makes a module. */
static int insert_packed(const char *file, const char *params)
{
	const char *argv[16] = { "insmod", file };
	char words[256], *word;
	unsigned int argc = 2;

	snprintf(words, sizeof(words), "%s", params);
	for (word = strtok(words, " "); word && argc < 15;
	     word = strtok(NULL, " "))
		argv[argc++] = word;
	return heapinfo_run(argv) ? -EINVAL : 0;
}

/*
 * Whether the kernel can be one that refuses source=syscalls: one with PREEMPT_RT. In
 * any other it is a fault.
 */
static bool refuses_syscalls(const char *params)
{
	struct utsname names;

	return strstr(params, "source=syscalls") && !uname(&names) &&
	       strstr(names.version, "PREEMPT_RT");
}

/**
 * heapinfo_insert() - load the module, which the kernel refuses if it is loaded
 * @params: as for heapinfo_reload()
 *
 * Starts no program, where that can be: insmod(8) takes longer than the loading.
 *
 * Return: as heapinfo_reload().
 */
int heapinfo_insert(const char *params)
{
	const char *file;
	int fd, ret;

	if (geteuid())
		return -EPERM;
	file = module_file();
	if (!file)
		return -ENOENT;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -EINVAL;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	if (ret == -EOPNOTSUPP && refuses_syscalls(params))
		return ret;
	if (ret == -ENOEXEC)
		return insert_packed(file, params);
	return ret ? -EINVAL : 0;
}

/**
 * heapinfo_reload() - load the module afresh
 * @params: "name=value name=value"; what is not named has its default
 *
 * The module is the one that modprobe would find, or the file HEAPINFO_KO.
 *
 * Return: 0; -EPERM for who is not root; -ENOENT where there is no module for
 * this kernel; -EOPNOTSUPP where the kernel cannot have this source; -EINVAL if it
 * refused to load; what heapinfo_unload() says.
 */
int heapinfo_reload(const char *params)
{
	int ret = geteuid() ? -EPERM : heapinfo_unload();

	return ret ?: heapinfo_insert(params);
}

/**
 * heapinfo_load() - have the module loaded
 * @params: as for heapinfo_reload(); nothing is done where it has them already
 *
 * Return: as heapinfo_reload().
 */
int heapinfo_load(const char *params)
{
	return loaded_with(params) ? 0 : heapinfo_reload(params);
}

/**
 * heapinfo_load_by_turns() - load the module afresh, with the sources by turns
 * @turn: even for one source, odd for the other, where the kernel can have both
 *
 * Return: as heapinfo_reload().
 */
int heapinfo_load_by_turns(unsigned int turn)
{
	int ret = turn % 2 ? heapinfo_reload("source=syscalls") : -EOPNOTSUPP;

	return ret == -EOPNOTSUPP ? heapinfo_reload("source=redirect") : ret;
}

/**
 * heapinfo_share() - how many of a test's rounds are to be done here
 * @rounds: all of them
 * @least: with fewer the test would not have tried everything once
 *
 * A check that runs the tests on several kernels has no need to repeat a race as
 * often on each: HEAPINFO_SHARE is the number of those who share the rounds.
 * Without it all are done here.
 *
 * Return: this run's part of @rounds, rounded up; never below @least.
 */
unsigned int heapinfo_share(unsigned int rounds, unsigned int least)
{
	const char *share = getenv("HEAPINFO_SHARE");
	unsigned long sharers;
	unsigned int part;
	char *end;

	if (!share)
		return rounds;
	sharers = strtoul(share, &end, 10);
	if (*share < '1' || *share > '9' || *end) {
		dprintf(STDERR_FILENO,
			"# HEAPINFO_SHARE=%s is no number: it is how many runs share the rounds of a test, at least 1\n",
			share);
		_exit(1);
	}
	part = (rounds + sharers - 1) / sharers;
	if (part < least)
		part = least;
	if (part < rounds)
		dprintf(STDERR_FILENO,
			"# %u of %u rounds, the rest on other kernels\n", part,
			rounds);
	return part;
}
