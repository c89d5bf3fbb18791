// SPDX-License-Identifier: GPL-2.0
/* Is a thread that does not run in the middle of malloc or free? */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "heap/allocator.h"

/* The system calls that malloc makes while its lists are half made. */
static bool is_mallocs(const struct target *t, s64 nr)
{
	static const int nrs[2][6] = {
		/* 32-bit x86: brk, mmap2, munmap, mremap, mprotect, madvise */
		{ 45, 192, 91, 163, 125, 219 },
		{ SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect,
		  SYS_madvise },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nrs[0]); i++)
		if (nr == nrs[t->wordsize == 8][i])
			return true;
	return nr < 0;
}

/*
 * Did the thread die of damage in the heap?  When malloc notices damage,
 * abort() sends a signal with tgkill(2); when it does not, the thread faults.
 * Its lists are wrong because of the damage, not because it was in the middle
 * of a change.
 */
static bool has_crashed(const struct target *t, const struct thread *th)
{
	const s64 tgkill = t->wordsize == 8 ? SYS_tgkill : 270;

	return th->faulted || (th->placed && th->nr == tgkill);
}

static bool is_inside(const struct heap *h, const struct thread *th)
{
	const struct mapping *m;

	if (!th->placed || !th->pc || !is_mallocs(h->t, th->nr) ||
	    !h->module)
		return false;
	m = maps_find(&h->t->maps, th->pc);
	return m && !strcmp(m->path, h->module);
}

/* Was this thread made by clone(2) alone?  The C library knows nothing of it then. */
static bool shares_block(const struct thread *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[n].tcb && list[i].tcb == list[n].tcb)
			return true;
	return false;
}

/**
 * heap_stands - where is each thread that does not run?
 * @h: the heap, with an allocator
 * @s: filled; free() ->inside
 */
void heap_stands(struct heap *h, struct stands *s)
{
	struct thread *list;
	size_t n = target_threads(h->t, &list), i;

	*s = (struct stands){ 0 };
	for (i = 0; i < n; i++) {
		struct thread *th = &list[i];

		s->threads += !shares_block(list, i);
		if (!target_where(h->t, th)) {
			s->runs = true;
			continue;
		}
		s->unknown |= !th->placed;
		if (has_crashed(h->t, th)) {
			s->crashed = true;
		} else if (is_inside(h, th)) {
			s->inside = xgrow(s->inside, s->n_inside,
					  sizeof(*s->inside));
			s->inside[s->n_inside++] = (struct inside){
				th->tid, th->nr, th->pc };
		}
	}
	free(list);
}

/**
 * heap_stand - does the process run, and where does it stand?
 * @h: the heap, with an allocator
 *
 * A locked arena tells that a thread is inside malloc.  But a program with one
 * thread takes no lock, and a thread's cache has none, so where each thread is
 * tells it, too.  After a crash a lock says nothing: the thread that crashed
 * may hold it.
 *
 * Return: the answer, as far as can be seen.
 */
enum stand heap_stand(struct heap *h)
{
	struct stands s;

	heap_stands(h, &s);
	free(s.inside);
	if (s.n_inside)
		return STAND_MIDWAY;
	if (s.runs || !s.threads)
		return STAND_RUNS;
	if (!s.crashed && h->a->is_locked && h->a->is_locked(h))
		return STAND_MIDWAY;
	return s.unknown ? STAND_UNKNOWN : STAND_QUIET;
}
