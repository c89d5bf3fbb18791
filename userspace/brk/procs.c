// SPDX-License-Identifier: GPL-2.0
/*
 * Look at each process in /proc: who it is, where its break is, how much it
 * grew.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "brk/procs.h"

static u64 read_started(struct target *t)
{
	char line[1024];
	const char *at = stat_field(target_text(t, "stat"), line,
				    sizeof(line), 22);

	return at ? strtoull(at, NULL, 10) : 0;
}

static u64 read_rss(struct target *t)
{
	FILE *f = target_text(t, "statm");
	u64 pages = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%*s %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static uid_t read_owner(pid_t pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &st) ? (uid_t)-1 : st.st_uid;
}

static const struct proc *find(const struct procs *ps, const struct proc *p)
{
	size_t i;

	for (i = 0; ps && i < ps->n; i++)
		if (ps->p[i].pid == p->pid && ps->p[i].started == p->started)
			return &ps->p[i];
	return NULL;
}

static void compare(struct proc *p, const struct proc *before)
{
	if (!before)
		return;
	p->seen = true;
	p->growth = p->heap - before->heap;
	p->more = p->malloc == UINT64_MAX || before->malloc == UINT64_MAX ?
		  p->growth : (s64)(p->malloc - before->malloc);
}

/* Kernel threads and zombies: their command line is empty. */
static bool has_no_memory(pid_t pid)
{
	char path[64];
	bool none;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return true;
	none = fgetc(f) == EOF;
	fclose(f);
	return none;
}

/* Look at one. Return: true if its break is known. */
static bool look(struct proc *p, pid_t pid, const struct procs *before,
		 const struct proc_malloc *pm, struct error *why)
{
	struct target *t = target_open_live(pid, pid, why);

	if (!t)
		return false;
	memset(p, 0, sizeof(*p));
	p->pid = pid;
	p->uid = read_owner(pid);
	p->started = read_started(t);
	memcpy(p->comm, t->comm, sizeof(p->comm));
	kernel_read(t, &p->k);
	p->rss = read_rss(t);
	p->malloc = p->k.known ? pm->total(pm->arg, t) : UINT64_MAX;
	target_close(t);
	if (!p->k.known) {
		kernel_free(&p->k);
		error_set(why, "not permitted to see where the break of process %d is; run as its user or as root",
			  (int)pid);
		return false;
	}
	p->heap = p->k.brk - p->k.start_brk;
	compare(p, find(before, p));
	return true;
}

static void add(struct procs *now, pid_t pid, const struct procs *before,
		const struct proc_malloc *pm)
{
	now->p = xgrow(now->p, now->n, sizeof(*now->p));
	if (look(&now->p[now->n], pid, before, pm, &now->why))
		now->n++;
	else if (!has_no_memory(pid))
		now->hidden++;
}

/**
 * procs_read - look at processes
 * @now: filled; end it with procs_free()
 * @before: what the look before had found, or NULL: to say how each heap grew
 * @pm: says how much malloc has
 * @only: these processes; NULL: every process
 */
void procs_read(struct procs *now, const struct procs *before,
		const struct proc_malloc *pm, const struct chosen *only)
{
	DIR *dir = only ? NULL : opendir("/proc");
	struct dirent *d;
	size_t i;

	memset(now, 0, sizeof(*now));
	for (i = 0; only && i < only->n; i++)
		add(now, only->p[i].pid, before, pm);
	while (dir && (d = readdir(dir))) {
		pid_t pid = atoi(d->d_name);

		if (pid > 0)
			add(now, pid, before, pm);
	}
	if (dir)
		closedir(dir);
}

static int compare_u64(u64 a, u64 b)
{
	return a > b ? -1 : a < b;
}

/**
 * procs_by_heap - order for procs_sort(): the largest heap first
 * @a: a process
 * @b: another
 *
 * Return: as qsort() wants it.
 */
int procs_by_heap(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;
	int ret = compare_u64(x->heap, y->heap);

	return ret ? ret : x->pid - y->pid;
}

/**
 * procs_by_malloc - order for procs_sort(): that with most memory of malloc first
 * @a: a process
 * @b: another
 *
 * Where that is not known, what the break tells stands for it.
 *
 * Return: as qsort() wants it.
 */
int procs_by_malloc(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;
	int ret = compare_u64(x->malloc == UINT64_MAX ? x->heap : x->malloc,
			      y->malloc == UINT64_MAX ? y->heap : y->malloc);

	return ret ? ret : procs_by_heap(a, b);
}

/**
 * procs_by_growth - order for procs_sort(): what grew most first
 * @a: a process
 * @b: another
 *
 * Return: as qsort() wants it.
 */
int procs_by_growth(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;

	if (x->more != y->more)
		return x->more > y->more ? -1 : 1;
	return procs_by_malloc(a, b);
}

/**
 * procs_by_rss - order for procs_sort(): the largest in memory first
 * @a: a process
 * @b: another
 *
 * Return: as qsort() wants it.
 */
int procs_by_rss(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;
	int ret = compare_u64(x->rss, y->rss);

	return ret ? ret : x->pid - y->pid;
}

/**
 * procs_sort - put the processes in order
 * @ps: the processes
 * @cmp: procs_by_malloc() or another of them
 */
void procs_sort(struct procs *ps, int (*cmp)(const void *a, const void *b))
{
	sort_array(ps->p, ps->n, sizeof(*ps->p), cmp);
}

/**
 * procs_know_module - does the module say anything of any of them?
 * @ps: the processes
 *
 * Return: true if so.
 */
bool procs_know_module(const struct procs *ps)
{
	size_t i;

	for (i = 0; i < ps->n; i++)
		if (ps->p[i].k.module)
			return true;
	return false;
}

/**
 * procs_free - free what a look has found
 * @ps: from procs_read()
 */
void procs_free(struct procs *ps)
{
	size_t i;

	for (i = 0; i < ps->n; i++)
		kernel_free(&ps->p[i].k);
	free(ps->p);
	memset(ps, 0, sizeof(*ps));
}
