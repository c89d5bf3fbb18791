// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory malloc has, of many processes, at the cost of a few reads each.
 *
 * To find malloc takes long. But where it lies in its file is the same in each
 * process that has mapped that file. So malloc is found once for each libc, in the
 * first process that has it. Of the others its own counters are read, from the same
 * place of the same file.
 */
#include <stdlib.h>
#include <string.h>

#include "heap/allocator.h"
#include "heap/malloc_total.h"

#define MAX_MODELS 64u	/* of a process with yet another libc nothing is said */
#define MAX_TRIES 3u	/* a process may end, or be closed to us, while it is asked */

/* A process whose malloc was found. */
struct model {
	struct heap h;
	u32 dev;	/* of the file that malloc is in */
	u64 inode;
	u64 start;	/* where that file begins in the model's process */
};

/* A program in which no malloc was found, and how often. */
struct program {
	u32 dev;
	u64 inode;
	unsigned int tries;
};

struct malloc_totals {
	struct model *model[MAX_MODELS];
	size_t models;
	struct program *without;
	size_t withouts;
};

static const struct mapping *find_file(const struct maps *maps, u32 dev,
				       u64 inode)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (maps->map[i].inode == inode && maps->map[i].dev == dev)
			return &maps->map[i];
	return NULL;
}

/* The program is the first file that is mapped, or close to that: it names it. */
static const struct mapping *first_file(const struct maps *maps)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (maps->map[i].inode)
			return &maps->map[i];
	return NULL;
}

/* The place for a program in which malloc was looked for in vain. */
static struct program *find_without(struct malloc_totals *mt,
				    const struct mapping *m)
{
	size_t i;

	for (i = 0; i < mt->withouts; i++)
		if (mt->without[i].inode == m->inode &&
		    mt->without[i].dev == m->dev)
			return &mt->without[i];
	mt->without = xgrow(mt->without, mt->withouts, sizeof(*mt->without));
	mt->without[i] = (struct program){
		.dev = m->dev, .inode = m->inode };
	mt->withouts++;
	return &mt->without[i];
}

/* Find malloc in this process. Return: false where it has none that is known. */
static bool add_model(struct malloc_totals *mt, pid_t pid)
{
	struct target_choice choice = { .pid = pid };
	struct model *model = xcalloc(1, sizeof(*model));
	struct heap *h = &model->h;
	const struct mapping *m;
	struct error e;

	if (!heap_open(h, &choice, NEED_CHUNKS, &e) && h->a->total) {
		m = maps_named(&h->t->maps, h->module);
		if (m && m->inode) {
			model->dev = m->dev;
			model->inode = m->inode;
			model->start = m->start;
			mt->model[mt->models++] = model;
			return true;
		}
	}
	heap_close(h);
	free(model);
	return false;
}

/* Return: true where a model fits, with the total, 0 where it was never used. */
static bool by_model(const struct malloc_totals *mt, struct target *t,
		     u64 *total)
{
	const struct mapping *m;
	size_t i;

	for (i = 0; i < mt->models; i++) {
		const struct model *model = mt->model[i];

		m = find_file(&t->maps, model->dev, model->inode);
		if (!m || t->wordsize != model->h.t->wordsize)
			continue;
		*total = model->h.a->total(&model->h, t,
					   m->start - model->start);
		return true;
	}
	return false;
}

/* As proc_malloc has it.  Where malloc was never used the program may have another. */
static u64 total_of(void *arg, struct target *t)
{
	struct malloc_totals *mt = arg;
	const struct mapping *program = first_file(&t->maps);
	struct program *without;
	u64 total = 0;

	if (!program)
		return UINT64_MAX;
	if (!by_model(mt, t, &total) && mt->models < MAX_MODELS) {
		without = find_without(mt, program);
		if (without->tries < MAX_TRIES && add_model(mt, t->pid))
			by_model(mt, t, &total);
		else
			without->tries++;
	}
	return total ? total : UINT64_MAX;
}

/**
 * malloc_totals_new - get ready to ask for the totals of processes
 *
 * A total is the bytes of all arenas and of chunks with a mapping of their own.
 *
 * Return: what procs_read() is given; malloc_totals_free() it.
 */
struct proc_malloc malloc_totals_new(void)
{
	return (struct proc_malloc){
		.total = total_of, .arg = xcalloc(1, sizeof(struct malloc_totals)),
	};
}

/**
 * malloc_totals_free - give it back
 * @pm: from malloc_totals_new()
 */
void malloc_totals_free(struct proc_malloc *pm)
{
	struct malloc_totals *mt = pm->arg;
	size_t i;

	for (i = 0; i < mt->models; i++) {
		heap_close(&mt->model[i]->h);
		free(mt->model[i]);
	}
	free(mt->without);
	free(mt);
}
