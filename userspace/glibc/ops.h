/* SPDX-License-Identifier: GPL-2.0 */
/* The functions of glibc's struct allocator, each group in a file of its own. */
#ifndef HEAPINFO_GLIBC_OPS_H
#define HEAPINFO_GLIBC_OPS_H

#include "glibc/glibc.h"
#include "heap/allocator.h"

bool glibc_is_locked(struct heap *h);
int glibc_walk(struct heap *h, struct walk *w);
bool glibc_look_now(const struct heap *was, struct heap *now, struct glibc *g);
void glibc_forget_now(struct heap *now);
void glibc_lists(struct heap *h, struct lists *ls);
void glibc_lists_free(struct lists *ls);
void *glibc_sums_begin(struct heap *h);
void glibc_sums_add(void *sums, const struct batch *b, const struct chunk *c);
bool glibc_sums_end(void *sums);
void glibc_check(struct heap *h, struct check *c);
void glibc_confirm(struct heap *h, struct findings *pending,
		   struct findings *sure);
int glibc_trim(struct heap *h, struct trim *tr, struct error *e);
void glibc_mmapped(struct heap *h, struct mmapped *m);
u64 glibc_total(const struct heap *like, struct target *t, u64 shift);

#endif
