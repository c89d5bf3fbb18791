// SPDX-License-Identifier: GPL-2.0
/*
 * The entry "heapinfo" in each directory /proc/<pid>: how it is found, listed
 * and owned.
 *
 * fs/proc keeps these entries in a table that no module can add to, so the
 * lookup and the listing of such a directory are hooked. Nothing of ours stays
 * in the dentry cache unused, and all that is in use holds the module.
 */
#include "heapinfo.h"
#include "compat.h"
#include "hook.h"
#include "procfs.h"

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/stat.h>

#define NAME_LEN	(sizeof(HEAPINFO_NAME) - 1)

/*
 * The number of our inode, from that of the directory's: stable while that lives,
 * and of 32 bits as all in procfs, since 32-bit programs cannot list others.
 */
static ino_t heapinfo_entry_ino(const struct inode *dir)
{
	return (u32)dir->i_ino ^ 0x80000000U;
}

static struct dentry *(*heapinfo_kernel_lookup)(struct inode *dir,
						struct dentry *dentry,
						unsigned int flags);
static int (*heapinfo_kernel_iterate)(struct file *file,
				      struct dir_context *ctx);

/* Where the kernel's own entries end: the same in each of the directories. */
static loff_t heapinfo_kernel_entries_end;

/*
 * Set when loading can no longer fail. Had it failed, the module would have
 * been freed whoever holds it: until then nobody is given anything of it.
 */
static bool heapinfo_serving;

/*
 * An inode may outlive its dentry, by an inotify watch for one, and then the
 * module: it is given back as it was made.
 */
static const struct inode_operations *heapinfo_bare_inode_operations;
static const struct file_operations *heapinfo_bare_file_operations;

/*
 * Owner of an entry as task_dump_owner() of fs/proc/base.c has it: the
 * effective ids, or root of its user namespace for a process that may not be
 * dumped. Under rcu_read_lock() or with a reference on @task.
 */
static void heapinfo_entry_owner(struct task_struct *task, kuid_t *uid,
				 kgid_t *gid)
{
	const struct cred *cred;
	struct user_namespace *ns;

	*uid = GLOBAL_ROOT_UID;
	*gid = GLOBAL_ROOT_GID;
	if (task->flags & PF_KTHREAD)
		return;

	rcu_read_lock();
	task_lock(task);
	if (task->mm) {
		ns = heapinfo_undumpable_ns(task);
		if (!ns) {
			cred = __task_cred(task);
			*uid = cred->euid;
			*gid = cred->egid;
		} else {
			if (uid_valid(make_kuid(ns, 0)))
				*uid = make_kuid(ns, 0);
			if (gid_valid(make_kgid(ns, 0)))
				*gid = make_kgid(ns, 0);
		}
	}
	task_unlock(task);
	rcu_read_unlock();
}

/* The process of an entry, with a reference; NULL once it is reaped. */
static struct task_struct *heapinfo_entry_task(const struct inode *inode)
{
	return get_pid_task(inode->i_private, PIDTYPE_PID);
}

static int heapinfo_getattr(HEAPINFO_GETATTR_ARGS)
{
	struct inode *inode = d_inode(path->dentry);
	struct task_struct *task = heapinfo_entry_task(inode);

	heapinfo_fillattr(inode, stat, request_mask);
	if (task) {
		heapinfo_entry_owner(task, &stat->uid, &stat->gid);
		put_task_struct(task);
	}
	return 0;
}

/* As for the other entries: nothing about it is the user's to change. */
static int heapinfo_setattr(HEAPINFO_SETATTR_ARGS)
{
	return -EPERM;
}

static const struct inode_operations heapinfo_inode_operations = {
	.getattr	= heapinfo_getattr,
	.setattr	= heapinfo_setattr,
};

/* Whether a directory below /proc still is that of a process. */
static bool heapinfo_directory_valid(struct dentry *dir)
{
	return !dir->d_op || !dir->d_op->d_revalidate ||
	       heapinfo_revalidate(dir) > 0;
}

/*
 * An entry in use is found again in the dentry cache. It goes on naming its
 * process while that lives, and follows its credentials.
 */
static int heapinfo_d_revalidate(HEAPINFO_D_REVALIDATE_ARGS)
{
	struct task_struct *task;
	struct inode *inode;

	if (flags & LOOKUP_RCU)
		return -ECHILD;
	inode = d_inode(dentry);
	task = heapinfo_entry_task(inode);
	if (!task)
		return 0;
	heapinfo_entry_owner(task, &inode->i_uid, &inode->i_gid);
	put_task_struct(task);
	return 1;
}

/* The end of an entry; undoes what heapinfo_lookup() did, last thing first. */
static void heapinfo_d_iput(struct dentry *dentry, struct inode *inode)
{
	struct pid *pid = inode->i_private;

	inode->i_op = heapinfo_bare_inode_operations;
	inode->i_fop = heapinfo_bare_file_operations;
	inode->i_private = NULL;
	put_pid(pid);
	iput(inode);
	module_put(THIS_MODULE);
}

static const struct dentry_operations heapinfo_dentry_operations = {
	.d_revalidate	= heapinfo_d_revalidate,
	.d_delete	= always_delete_dentry,
	.d_iput		= heapinfo_d_iput,
};

/*
 * The process whose directory @dir is, with a reference.
 *
 * The directory's own struct pid is private to fs/proc, so the number in its
 * name is looked up. A descriptor of the directory may be older than the
 * number's present owner; but a directory that is still valid has a process
 * that is alive, and that one has never given its number away.
 */
static struct pid *heapinfo_directory_pid(struct dentry *dir)
{
	struct pid_namespace *ns = proc_pid_ns(dir->d_sb);
	struct task_struct *task;
	struct pid *pid;
	int nr;

	if (kstrtoint(dir->d_name.name, 10, &nr))
		return NULL;
	rcu_read_lock();
	pid = get_pid(find_pid_ns(nr, ns));
	rcu_read_unlock();
	task = get_pid_task(pid, PIDTYPE_PID);
	if (task) {
		put_task_struct(task);
		if (heapinfo_directory_valid(dir))
			return pid;
	}
	put_pid(pid);
	return NULL;
}

/*
 * Stands before proc_tgid_base_lookup() for our name only. The caller holds
 * the lock of @dir for reading, so that its name is stable, and a reference
 * on @dentry.
 */
static struct dentry *heapinfo_lookup(struct inode *dir, struct dentry *dentry,
				      unsigned int flags)
{
	struct dentry *result = ERR_PTR(-ENOENT);
	struct task_struct *task;
	struct inode *inode;
	struct pid *pid;

	/* Held for the dentry, by heapinfo_d_iput(). */
	if (!try_module_get(THIS_MODULE))
		goto leave;
	pid = heapinfo_directory_pid(dentry->d_parent);
	if (!pid)
		goto put_module;
	task = get_pid_task(pid, PIDTYPE_PID);
	if (!task)
		goto put_pid;
	result = ERR_PTR(-ENOMEM);
	inode = new_inode(dir->i_sb);
	if (!inode)
		goto put_task;

	inode->i_ino = heapinfo_entry_ino(dir);
	inode->i_mode = S_IFREG | 0444;
	heapinfo_inode_touch(inode);
	heapinfo_entry_owner(task, &inode->i_uid, &inode->i_gid);
	inode->i_op = &heapinfo_inode_operations;
	inode->i_fop = &heapinfo_file_operations;
	inode->i_private = pid;
	put_task_struct(task);

	heapinfo_set_dentry_ops(dentry, &heapinfo_dentry_operations);
	/* Gives the inode, and with it all the above, to the dentry. */
	d_add(dentry, inode);
	heapinfo_hook_leave();
	return NULL;

put_task:
	put_task_struct(task);
put_pid:
	put_pid(pid);
put_module:
	module_put(THIS_MODULE);
leave:
	heapinfo_hook_leave();
	return result;
}

static bool heapinfo_lookup_wanted(struct pt_regs *regs, unsigned long parent)
{
	struct dentry *dentry = (void *)regs_get_kernel_argument(regs, 1);

	return READ_ONCE(heapinfo_serving) && dentry->d_name.len == NAME_LEN &&
	       !memcmp(dentry->d_name.name, HEAPINFO_NAME, NAME_LEN);
}

/*
 * Stands before proc_tgid_base_readdir() once the kernel has listed its own
 * entries. The kernel's function is still asked: at this position it lists
 * nothing, but says whether the process is alive.
 */
static int heapinfo_iterate(struct file *file, struct dir_context *ctx)
{
	int ret = heapinfo_kernel_iterate(file, ctx);

	if (!ret && ctx->pos == heapinfo_kernel_entries_end &&
	    dir_emit(ctx, HEAPINFO_NAME, NAME_LEN,
		     heapinfo_entry_ino(file_inode(file)), DT_REG))
		ctx->pos++;
	heapinfo_hook_leave();
	return ret;
}

static bool heapinfo_iterate_wanted(struct pt_regs *regs, unsigned long parent)
{
	struct dir_context *ctx = (void *)regs_get_kernel_argument(regs, 1);

	return READ_ONCE(heapinfo_serving) &&
	       ctx->pos == heapinfo_kernel_entries_end &&
	       !within_module(parent, THIS_MODULE);
}

static struct heapinfo_hook heapinfo_lookup_hook = {
	.name = "the lookup of /proc/<pid>",
	.replacement = heapinfo_lookup,
	.wanted = heapinfo_lookup_wanted,
};

static struct heapinfo_hook heapinfo_iterate_hook = {
	.name = "the listing of /proc/<pid>",
	.replacement = heapinfo_iterate,
	.wanted = heapinfo_iterate_wanted,
};

static HEAPINFO_ACTOR heapinfo_count_entry(struct dir_context *ctx,
					   const char *name, int len,
					   loff_t pos, u64 ino,
					   unsigned int type)
{
	return HEAPINFO_ACTOR_CONTINUE;
}

/*
 * Learns the two functions, which are static, from a directory that has them,
 * and how far the kernel's own listing goes.
 */
static int heapinfo_learn_directory(void)
{
	struct dir_context ctx = { .actor = heapinfo_count_entry };
	struct file *dir;
	struct inode *inode;
	int ret;

	dir = filp_open("/proc/self", O_RDONLY | O_DIRECTORY, 0);
	if (IS_ERR(dir)) {
		pr_err("cannot open /proc/self (%ld): procfs must be mounted on /proc\n",
		       PTR_ERR(dir));
		return PTR_ERR(dir);
	}
	heapinfo_kernel_lookup = file_inode(dir)->i_op->lookup;
	heapinfo_kernel_iterate = dir->f_op->iterate_shared;
	ret = iterate_dir(dir, &ctx);
	heapinfo_kernel_entries_end = ctx.pos;
	inode = new_inode(file_inode(dir)->i_sb);
	if (inode) {
		heapinfo_bare_inode_operations = inode->i_op;
		heapinfo_bare_file_operations = inode->i_fop;
		iput(inode);
	}
	fput(dir);
	if (ret || !inode)
		return ret ?: -ENOMEM;
	if (!heapinfo_kernel_lookup || !heapinfo_kernel_iterate ||
	    heapinfo_kernel_entries_end < 3) {
		pr_err("/proc/self is no directory of procfs here\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * heapinfo_procfs_start() - let the entry appear
 *
 * The last step of loading: what is in use afterwards holds the module.
 *
 * Context: may sleep.
 * Return: 0, or a negative error after one line in the log.
 */
int heapinfo_procfs_start(void)
{
	int ret = heapinfo_learn_directory();

	if (ret)
		return ret;
	heapinfo_lookup_hook.target = (unsigned long)heapinfo_kernel_lookup;
	heapinfo_iterate_hook.target = (unsigned long)heapinfo_kernel_iterate;
	ret = heapinfo_hook_install(&heapinfo_lookup_hook);
	if (ret)
		return ret;
	ret = heapinfo_hook_install(&heapinfo_iterate_hook);
	if (ret) {
		heapinfo_hook_remove(&heapinfo_lookup_hook);
		return ret;
	}
	WRITE_ONCE(heapinfo_serving, true);
	return 0;
}

/**
 * heapinfo_procfs_stop() - let the entry vanish
 *
 * Context: may sleep. Nothing of ours is called any more when this returns.
 */
void heapinfo_procfs_stop(void)
{
	heapinfo_hook_remove(&heapinfo_iterate_hook);
	heapinfo_hook_remove(&heapinfo_lookup_hook);
}
