/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What heapinfo must know of an allocator to read its heaps.
 *
 * Each allocator is a folder with a file allocator.c, which has its struct
 * allocator, and a line in the table in ../allocators.c.  What is below and in
 * heap/ is all that the commands see of it.
 */
#ifndef HEAPINFO_ALLOCATOR_H
#define HEAPINFO_ALLOCATOR_H

#include "heap/check.h"
#include "heap/heap.h"
#include "heap/lists.h"
#include "heap/mmapped.h"
#include "heap/trim.h"
#include "heap/walk.h"

/**
 * struct allocator - the functions that know one allocator
 * @name: the word that people know it by: "glibc"
 * @files: how the names of the libraries begin that bring it; NULL at the end.
 * @open: is it in this target?  Looks for it with heap.t and heap.mods, and sets
 *	heap.priv and what else struct heap has from it.  What it found may be
 *	left half done where it returns false: @close comes then, too.
 * @reread: look at arenas, regions and caches, and fill them in: struct heap is
 *	without them, and with the mappings as they are now.  It is called after
 *	@open, and again whenever a live process may have changed.  Return: 0, or
 *	-1 with a line where the process has gone.
 * @close: give back heap.priv, which is NULL if @open did not set it.
 * @walk: call walk.fn for every chunk in order of address, in batches of as many
 *	as are at hand.  Return: 0, or what walk.fn returned to end the walk.
 * @is_locked: is a lock held that keeps others from changing an arena?  NULL:
 *	it is not told.
 * @lists: follow every free list, to fill lists and to leave lists.marks, by which
 *	@walk tells what kind of free a chunk is.  NULL: it has no lists, or
 *	nobody knows how; then @walk gets none.
 * @lists_free: give back what @lists left.  Needed with @lists.
 * @sums_begin: get ready to tell from a walk alone whether the free lists are
 *	sound.  Return: what the next two are given.  NULL: it cannot be told.
 * @sums_add: take in one free chunk.  Needed with @sums_begin.
 * @sums_end: give it all back.  Return: true if the lists are sound.  Needed with
 *	@sums_begin.
 * @check: test all that can be tested, once, and count it in check.  What is wrong
 *	goes to check.findings.  NULL: nobody knows how.
 * @confirm: of a process that is stopped for a moment, look again at the places of
 *	@pending, and at those alone.  What is wrong there now is added to @sure;
 *	what was looked at is taken out of @pending, and what a thread is in the
 *	middle of changing is left.  @h stays as it was.  Needed with @check and
 *	@lists.
 * @trim: find out why the break is where it is.  Return: 0, or -1 with a line
 *	where the process has gone.  NULL: nobody knows when this one lowers it.
 * @mmapped: find the chunks that have a mapping of their own.  NULL: it has none,
 *	or they cannot be found.
 * @total: how many bytes does it have from the kernel, by its own counters, in a
 *	process @t that is not opened as a heap?  @like is one that is, and has the
 *	same file mapped that the allocator is in; in @t it lies @shift bytes
 *	higher.  This must be cheap.  Return: bytes; 0 also where it is not known.
 *	NULL: it has no such counters.
 */
struct allocator {
	const char *name;
	const char *const *files;
	bool (*open)(struct heap *h);
	int (*reread)(struct heap *h, struct error *e);
	void (*close)(struct heap *h);
	int (*walk)(struct heap *h, struct walk *w);
	bool (*is_locked)(struct heap *h);

	void (*lists)(struct heap *h, struct lists *ls);
	void (*lists_free)(struct lists *ls);
	void *(*sums_begin)(struct heap *h);
	void (*sums_add)(void *sums, const struct batch *b,
			 const struct chunk *c);
	bool (*sums_end)(void *sums);

	void (*check)(struct heap *h, struct check *c);
	void (*confirm)(struct heap *h, struct findings *pending,
			struct findings *sure);
	int (*trim)(struct heap *h, struct trim *tr, struct error *e);
	void (*mmapped)(struct heap *h, struct mmapped *m);
	u64 (*total)(const struct heap *like, struct target *t, u64 shift);
};

/* All of them, and NULL; the first that is in a target and was used is taken. */
extern const struct allocator *const allocators[];

#endif
