// SPDX-License-Identifier: GPL-2.0
/* Find the processes that the user means, from one reading of /proc. */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "target/choose.h"
#include "target/containers.h"
#include "target/target.h"

#define SHOWN_IDS 5u	/* so many of the containers that may be meant */

struct row {
	pid_t pid;
	pid_t parent;
	u64 started;
	bool memory;	/* it is neither a kernel thread nor a zombie */
	bool marked;	/* it belongs to the tree that is looked for */
	char comm[64];	/* may hold anything */
};

/* Every process but the reader itself, by PID. */
struct table {
	bool read;
	struct row *row;
	size_t n;
	struct cgroups *cgroups;	/* one for each row, once asked for */
};

static FILE *open_text(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

/* Return: false where there is no such process any more. */
static bool read_row(struct row *r, pid_t pid)
{
	char line[1024], state;
	unsigned int flags;
	const char *at, *name;
	long threads;

	/* The name is in brackets, and field 3 comes behind them. */
	at = stat_field(open_text(pid, "stat"), line, sizeof(line), 3);
	name = at ? strchr(line, '(') : NULL;
	memset(r, 0, sizeof(*r));
	r->pid = pid;
	if (!name ||
	    sscanf(at, "%c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %" SCNu64,
		   &state, &r->parent, &flags, &threads, &r->started) != 5)
		return false;
	snprintf(r->comm, sizeof(r->comm), "%.*s", (int)(at - 2 - (name + 1)),
		 name + 1);
	/* The first thread may have ended before others, which have memory. */
	r->memory = !(flags & PF_KTHREAD) &&
		    (!strchr("ZXx", state) || threads > 1);
	return true;
}

static int by_pid(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void read_table(struct table *t)
{
	DIR *dir = t->read ? NULL : opendir("/proc");
	struct dirent *d;

	t->read = true;
	while (dir && (d = readdir(dir))) {
		pid_t pid = atoi(d->d_name);

		if (pid <= 0 || pid == getpid())
			continue;
		t->row = xgrow(t->row, t->n, sizeof(*t->row));
		if (read_row(&t->row[t->n], pid))
			t->n++;
	}
	if (dir)
		closedir(dir);
	sort_array(t->row, t->n, sizeof(*t->row), by_pid);
}

static void read_cgroups(struct table *t)
{
	size_t i;
	FILE *f;

	read_table(t);
	if (t->cgroups)
		return;
	t->cgroups = xcalloc(t->n, sizeof(*t->cgroups));
	for (i = 0; i < t->n; i++) {
		f = open_text(t->row[i].pid, "cgroup");
		cgroups_parse(&t->cgroups[i], f);
		if (f)
			fclose(f);
	}
}

static void free_table(struct table *t)
{
	size_t i;

	for (i = 0; t->cgroups && i < t->n; i++)
		cgroups_free(&t->cgroups[i]);
	free(t->cgroups);
	free(t->row);
}

static struct row *find_row(struct table *t, pid_t pid)
{
	const struct row key = { .pid = pid };

	return t->n ? bsearch(&key, t->row, t->n, sizeof(*t->row), by_pid) :
		      NULL;
}

static bool base_is(const char *path, const char *name)
{
	return !strcmp(text_base_name(path), name);
}

static bool program_is(pid_t pid, const char *name)
{
	char link[64], path[4096 + 16];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	if (base_is(path, name))
		return true;
	/* The file may have been replaced meanwhile. */
	text_drop_deleted(path);
	return base_is(path, name);
}

static bool first_word_is(pid_t pid, const char *name)
{
	FILE *f = open_text(pid, "cmdline");
	char *word = NULL;
	size_t room = 0;
	bool is;

	is = f && getdelim(&word, &room, '\0', f) > 0 && base_is(word, name);
	free(word);
	if (f)
		fclose(f);
	return is;
}

/* comm has 15 characters at most, and a program may change it: look further. */
static bool is_called(const struct row *r, const char *name)
{
	return !strcmp(r->comm, name) || program_is(r->pid, name) ||
	       first_word_is(r->pid, name);
}

static void unmark(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->row[i].marked = false;
}

static void mark_called(struct table *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->row[i].marked = is_called(&t->row[i], name);
}

static void mark_descendants(struct table *t)
{
	const struct row *parent;
	bool more = true;
	size_t i;

	while (more) {
		more = false;
		for (i = 0; i < t->n; i++) {
			if (t->row[i].marked)
				continue;
			parent = find_row(t, t->row[i].parent);
			t->row[i].marked = parent && parent->marked;
			more |= t->row[i].marked;
		}
	}
}

static void mark_below(struct table *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->row[i].marked = cgroups_below(&t->cgroups[i], name);
}

static void mark_container(struct table *t, const char *id)
{
	char whole[CONTAINER_ID + 1];
	size_t i;

	for (i = 0; i < t->n; i++)
		t->row[i].marked |= cgroups_container(&t->cgroups[i], id,
						      whole);
}

static bool any_marked(const struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->row[i].marked)
			return true;
	return false;
}

static void add(struct chosen *c, pid_t pid, u64 started)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->p[i].pid == pid)
			return;
	c->p = xgrow(c->p, c->n, sizeof(*c->p));
	c->p[c->n++] = (struct chosen_process){ pid, started };
}

/*
 * Kernel threads and zombies have no memory: they are left out, unless there is
 * nothing else.  Then what opens them says why there is no answer.
 */
static void add_marked(struct chosen *c, const struct table *t)
{
	bool memory = false;
	size_t i;

	for (i = 0; i < t->n; i++)
		memory |= t->row[i].marked && t->row[i].memory;
	for (i = 0; i < t->n; i++)
		if (t->row[i].marked && t->row[i].memory == memory)
			add(c, t->row[i].pid, t->row[i].started);
}

static struct error *add_miss(struct chosen *c)
{
	c->miss = xgrow(c->miss, c->misses, sizeof(*c->miss));
	return &c->miss[c->misses++];
}

static void miss_pid(struct chosen *c, pid_t pid)
{
	error_set(add_miss(c), "no process %d; 'ps -e' lists them", (int)pid);
}

static void miss_name(struct chosen *c, const char *name)
{
	error_set(add_miss(c), "no process is called '%.200s'; 'ps -e' lists them",
		  name);
}

static void choose_process(struct chosen *c, struct table *t, const char *text)
{
	pid_t pid = wanted_pid(text);
	char path[32];

	if (wanted_is_pid(text)) {
		/* It may be a thread's as well, which no listing of /proc has. */
		snprintf(path, sizeof(path), "/proc/%d", (int)pid);
		if (access(path, F_OK))
			miss_pid(c, pid);
		else
			add(c, pid, 0);
		return;
	}
	read_table(t);
	mark_called(t, text);
	if (!any_marked(t))
		miss_name(c, text);
	add_marked(c, t);
}

static void choose_tree(struct chosen *c, struct table *t, const char *text)
{
	struct row *root;

	read_table(t);
	unmark(t);
	if (wanted_is_pid(text)) {
		root = find_row(t, wanted_pid(text));
		if (root)
			root->marked = true;
		else
			miss_pid(c, wanted_pid(text));
	} else {
		mark_called(t, text);
		if (!any_marked(t))
			miss_name(c, text);
	}
	mark_descendants(t);
	add_marked(c, t);
}

/* By the name of a container. Return: false if there is none of that name. */
static bool choose_named(struct chosen *c, struct table *t, const char *name)
{
	struct container_ids ids;
	bool found;
	size_t i;

	containers_named("", name, &ids);
	for (i = 0; i < ids.n; i++)
		mark_container(t, ids.id[i]);
	found = ids.n;
	if (found && !any_marked(t))
		error_set(add_miss(c), "no process is seen of the container '%.200s', %.12s; 'docker ps' and 'podman ps' list those that run",
			  name, ids.id[0]);
	free(ids.id);
	return found;
}

/* Which containers have an id that begins so? */
static void find_ids(const struct table *t, const char *prefix,
		     struct container_ids *ids)
{
	char id[CONTAINER_ID + 1];
	size_t i, j;

	memset(ids, 0, sizeof(*ids));
	for (i = 0; i < t->n; i++) {
		if (!cgroups_container(&t->cgroups[i], prefix, id))
			continue;
		for (j = 0; j < ids->n && strcmp(ids->id[j], id); j++)
			;
		if (j < ids->n)
			continue;
		ids->id = xgrow(ids->id, ids->n, sizeof(*ids->id));
		strcpy(ids->id[ids->n++], id);
	}
}

static void choose_id(struct chosen *c, struct table *t, const char *prefix)
{
	struct container_ids ids;
	char list[SHOWN_IDS * 20] = "";
	size_t len = 0, i;

	find_ids(t, prefix, &ids);
	for (i = 0; i < ids.n && i < SHOWN_IDS; i++)
		len += snprintf(list + len, sizeof(list) - len, "%s%.16s",
				i ? ", " : "", ids.id[i]);
	if (!ids.n)
		error_set(add_miss(c), "no process is in a cgroup or container '%.200s'; 'systemd-cgls' lists cgroups, 'docker ps' and 'podman ps' ids of containers%s",
			  prefix, geteuid() ? ", whose names mostly root alone may read" : "");
	else if (ids.n > 1)
		error_set(add_miss(c), "the ids of %zu containers begin with '%s': %s%s; give more of it",
			  ids.n, prefix, list, i < ids.n ? " ..." : "");
	else
		mark_container(t, ids.id[0]);
	free(ids.id);
}

/* As docker does it: a name goes before the beginning of an id. */
static void choose_cgroup(struct chosen *c, struct table *t, const char *text)
{
	read_cgroups(t);
	mark_below(t, text);
	if (!any_marked(t) && !choose_named(c, t, text))
		choose_id(c, t, text);
	add_marked(c, t);
}

/**
 * wanted_is_pid - is this a PID, and not the name of a process?
 * @text: what the user wrote
 *
 * Return: true if it is a number, of whatever size.
 */
bool wanted_is_pid(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/**
 * wanted_pid - the PID that a number is
 * @text: what wanted_is_pid() is true of
 *
 * Return: the PID, or 0 where no process can have that.
 */
pid_t wanted_pid(const char *text)
{
	unsigned long long v = strtoull(text, NULL, 10);

	return v <= INT32_MAX ? v : 0;
}

/**
 * choose - find the processes that are meant
 * @c: filled; end it with chosen_free()
 * @w: what the user wrote
 * @n: how many those are
 *
 * The reader itself is meant by its PID only.
 */
void choose(struct chosen *c, const struct wanted *w, size_t n)
{
	struct table t = { 0 };
	size_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < n; i++) {
		if (w[i].kind == WANTED_TREE)
			choose_tree(c, &t, w[i].text);
		else if (w[i].kind == WANTED_CGROUP)
			choose_cgroup(c, &t, w[i].text);
		else
			choose_process(c, &t, w[i].text);
	}
	free_table(&t);
}

/**
 * chosen_is_same - is this still the process that was chosen?
 * @p: the process
 *
 * Return: false where another one has its PID by now.
 */
bool chosen_is_same(const struct chosen_process *p)
{
	struct row r;

	return !p->started || (read_row(&r, p->pid) && r.started == p->started);
}

/**
 * chosen_free - free the list of processes
 * @c: from choose()
 */
void chosen_free(struct chosen *c)
{
	free(c->p);
	free(c->miss);
	memset(c, 0, sizeof(*c));
}
