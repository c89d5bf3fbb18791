// SPDX-License-Identifier: GPL-2.0
/* The users that records belong to, and what each of them has. */
#include "heapinfo.h"
#include "budget.h"
#include "owner.h"

#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

/* There may be some ten thousand users, but most machines have a few dozen. */
#define TABLE_BITS	10

static DEFINE_HASHTABLE(heapinfo_owner_table, TABLE_BITS);

/*
 * Guards the table against others who add to it and remove from it: who has a
 * user's first record made, and RCU when his last one is freed.
 */
static DEFINE_SPINLOCK(heapinfo_owner_lock);

/* How many there are in the table. */
static atomic_t heapinfo_owner_count;

struct heapinfo_owner heapinfo_root;

/*
 * Whose records those of this task are: the user who started it. That is the real
 * one, as with RLIMIT_NPROC: to run a set-uid program makes nobody another.
 *
 * Who makes a user namespace is all users in it, however deep they go, since
 * nobody should get more by making some. Those that root makes are for others, such
 * as containers: their own root stands for all in them; and if that is root itself,
 * everybody there is who he is outside.
 */
static kuid_t heapinfo_owner_user(void)
{
	struct user_namespace *ns = current_user_ns();
	kuid_t root;

	if (ns == &init_user_ns)
		return current_uid();
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
		return ns->owner;
	root = make_kuid(ns, 0);
	return !uid_valid(root) || uid_eq(root, GLOBAL_ROOT_UID) ?
	       current_uid() : root;
}

static struct hlist_head *heapinfo_owner_bucket(kuid_t user)
{
	return &heapinfo_owner_table[hash_32(__kuid_val(user), TABLE_BITS)];
}

/*
 * Takes a reference on the owner of a user's records; NULL if there is none. One that
 * is going may still be in the table. Under rcu_read_lock().
 */
static struct heapinfo_owner *heapinfo_owner_find(kuid_t user)
{
	struct heapinfo_owner *owner;

	hlist_for_each_entry_rcu(owner, heapinfo_owner_bucket(user), node)
		if (uid_eq(owner->user, user) &&
		    refcount_inc_not_zero(&owner->users))
			return owner;
	return NULL;
}

/* @owner counts its first reference. */
static void heapinfo_owner_init(struct heapinfo_owner *owner, kuid_t user)
{
	owner->user = user;
	refcount_set(&owner->users, 1);
	atomic_long_set(&owner->records, 0);
	atomic_long_set(&owner->rows, 0);
}

/* Puts it into the table. Under the lock, or while nobody else is there. */
static void heapinfo_owner_add(struct heapinfo_owner *owner)
{
	hlist_add_head_rcu(&owner->node, heapinfo_owner_bucket(owner->user));
	atomic_inc(&heapinfo_owner_count);
}

/**
 * heapinfo_owners_start() - get ready to have owners
 *
 * Context: nobody uses them yet.
 */
void heapinfo_owners_start(void)
{
	heapinfo_owner_init(&heapinfo_root, GLOBAL_ROOT_UID);
	heapinfo_owner_add(&heapinfo_root);
}

/**
 * heapinfo_owners_stop() - wait until all owners have gone
 *
 * Context: may sleep; all records have been freed.
 */
void heapinfo_owners_stop(void)
{
	rcu_barrier();
	WARN_ON_ONCE(refcount_read(&heapinfo_root.users) != 1 ||
		     atomic_read(&heapinfo_owner_count) != 1);
}

static void heapinfo_owner_free(struct heapinfo_owner *owner)
{
	heapinfo_budget_give_record(owner, sizeof(*owner));
	WARN_ON_ONCE(atomic_long_read(&owner->records) ||
		     atomic_long_read(&owner->rows));
	kfree(owner);
}

static void heapinfo_owner_free_rcu(struct rcu_head *rcu)
{
	heapinfo_owner_free(container_of(rcu, struct heapinfo_owner, rcu));
}

/* Makes the owner of a user's first record; NULL if memory is refused. */
static struct heapinfo_owner *heapinfo_owner_new(kuid_t user, bool may_sleep)
{
	struct heapinfo_owner *owner, *made;

	made = kmalloc(sizeof(*made), heapinfo_gfp(may_sleep));
	if (!made)
		return NULL;
	heapinfo_owner_init(made, user);
	if (!heapinfo_budget_take_record(made, sizeof(*made))) {
		kfree(made);
		return NULL;
	}
	rcu_read_lock();
	spin_lock_bh(&heapinfo_owner_lock);
	/* Another process of the user may have been faster. */
	owner = heapinfo_owner_find(user);
	if (!owner)
		heapinfo_owner_add(made);
	spin_unlock_bh(&heapinfo_owner_lock);
	rcu_read_unlock();
	if (!owner)
		return made;
	heapinfo_owner_free(made);
	return owner;
}

/**
 * heapinfo_owner_get() - to whom a record of this task belongs
 * @may_sleep: whether the caller may
 *
 * Context: the task, under no lock if @may_sleep.
 * Return: the owner, which the caller gives back with heapinfo_owner_put(); NULL if
 * memory for a new one is refused.
 */
struct heapinfo_owner *heapinfo_owner_get(bool may_sleep)
{
	kuid_t user = heapinfo_owner_user();
	struct heapinfo_owner *owner;

	rcu_read_lock();
	owner = heapinfo_owner_find(user);
	rcu_read_unlock();
	return owner ?: heapinfo_owner_new(user, may_sleep);
}

/**
 * heapinfo_owner_put() - give an owner back
 * @owner: from heapinfo_owner_get()
 *
 * With his last record a user is forgotten.
 *
 * Context: any but an interrupt, also where RCU calls back; does not sleep.
 */
void heapinfo_owner_put(struct heapinfo_owner *owner)
{
	if (likely(!refcount_dec_and_test(&owner->users)))
		return;
	spin_lock_bh(&heapinfo_owner_lock);
	hlist_del_rcu(&owner->node);
	spin_unlock_bh(&heapinfo_owner_lock);
	atomic_dec(&heapinfo_owner_count);
	call_rcu(&owner->rcu, heapinfo_owner_free_rcu);
}

/**
 * heapinfo_owners() - how many users have a record
 *
 * Context: any.
 * Return: their number, with root's.
 */
u32 heapinfo_owners(void)
{
	return atomic_read(&heapinfo_owner_count);
}
