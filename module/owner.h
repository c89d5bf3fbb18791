/* SPDX-License-Identifier: GPL-2.0 */
/* The users that records belong to, and what each of them has. */
#ifndef HEAPINFO_OWNER_H
#define HEAPINFO_OWNER_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/**
 * struct heapinfo_owner - a user who has records
 * @node: links it into the table of owners
 * @user: who it is, as the first user namespace knows him
 * @users: number of records that refer to it
 * @records: bytes of those, and of this
 * @rows: bytes of their rows and timelines
 * @rcu: frees it when nobody can look at it any more
 *
 * What is written here is written where memory is allocated or freed, not by every
 * call of brk(2).
 */
struct heapinfo_owner {
	struct hlist_node node;
	kuid_t user;
	refcount_t users;
	atomic_long_t records;
	atomic_long_t rows;
	struct rcu_head rcu;
} ____cacheline_aligned_in_smp;

/* Root is there always, so that nothing can be refused to it. */
extern struct heapinfo_owner heapinfo_root;

void heapinfo_owners_start(void);
void heapinfo_owners_stop(void);
struct heapinfo_owner *heapinfo_owner_get(bool may_sleep);
void heapinfo_owner_put(struct heapinfo_owner *owner);
u32 heapinfo_owners(void);

#endif /* HEAPINFO_OWNER_H */
