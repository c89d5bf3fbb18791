// SPDX-License-Identifier: GPL-2.0
/*
 * The files "heapinfo" and "heapstacks" in each directory /proc/<pid>: how they are
 * looked up and listed, and who owns them.
 *
 * fs/proc has the entries of these directories in a table that a module cannot
 * add to. So the two functions that look a name up and list the names are
 * hooked. A dentry of ours does not stay in the dentry cache when it is not
 * used, and holds a reference on the module while it is.
 */
#include "heapinfo.h"
#include "compat.h"
#include "hook.h"
#include "procfs.h"

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/stat.h>

/**
 * struct heapinfo_entry - a file of ours
 * @name: its name
 * @len: the length of that
 * @mark: tells the number of its inode from the directory's
 * @operations: what can be done with it
 */
struct heapinfo_entry {
	const char *name;
	unsigned int len;
	u32 mark;
	const struct file_operations *operations;
};

/* In the order in which they are listed. */
static const struct heapinfo_entry heapinfo_proc_entries[] = {
	{ HEAPINFO_NAME, sizeof(HEAPINFO_NAME) - 1, 0x80000000U,
	  &heapinfo_file_operations },
	{ HEAPINFO_STACKS_NAME, sizeof(HEAPINFO_STACKS_NAME) - 1, 0xc0000000U,
	  &heapinfo_stacks_file_operations },
};

/* The entry of a name; NULL if it is none of ours. */
static const struct heapinfo_entry *heapinfo_entry_of(const struct qstr *name)
{
	const struct heapinfo_entry *entry;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(heapinfo_proc_entries); i++) {
		entry = &heapinfo_proc_entries[i];
		if (name->len == entry->len &&
		    !memcmp(name->name, entry->name, entry->len))
			return entry;
	}
	return NULL;
}

/*
 * The number of an inode of ours. It is made from the number of the directory's, so
 * it is the same for as long as the directory is there. As all inode numbers of
 * procfs it has 32 bits: 32-bit programs fail to list larger ones.
 */
static ino_t heapinfo_entry_ino(const struct heapinfo_entry *entry,
				const struct inode *dir)
{
	return (u32)dir->i_ino ^ entry->mark;
}

/* The two functions of fs/proc that are hooked. */
static struct dentry *(*heapinfo_kernel_lookup)(struct inode *dir,
						struct dentry *dentry,
						unsigned int flags);
static int (*heapinfo_kernel_iterate)(struct file *file,
				      struct dir_context *ctx);

static struct heapinfo_hook heapinfo_iterate_hook;

/* Where the kernel's own entries end: the same in each of the directories. */
static loff_t heapinfo_kernel_entries_end;

/*
 * Set when loading cannot fail any more. If loading fails the module is freed,
 * whoever has a reference on it. So until this is set, nobody gets anything
 * that would need the module.
 */
static bool heapinfo_serving;

/*
 * The operations that a new inode of procfs has. Ours gets them back when its
 * dentry goes: an inode may live longer than its dentry (an inotify watch holds
 * it), and then longer than the module.
 */
static const struct inode_operations *heapinfo_bare_inode_operations;
static const struct file_operations *heapinfo_bare_file_operations;

/*
 * Who owns the file, by the rules of task_dump_owner() in fs/proc/base.c: the
 * effective user and group of the process; for one that may not be dumped, root
 * of its user namespace. Under rcu_read_lock() or with a reference on @task.
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

/* The task of an entry, with a reference; NULL if it has been reaped. */
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

/* As with the other files of procfs, nobody can change mode or owner. */
static int heapinfo_setattr(HEAPINFO_SETATTR_ARGS)
{
	return -EPERM;
}

static const struct inode_operations heapinfo_inode_operations = {
	.getattr	= heapinfo_getattr,
	.setattr	= heapinfo_setattr,
};

/* Whether a directory /proc/<pid> still belongs to a process. */
static bool heapinfo_directory_valid(struct dentry *dir)
{
	return !dir->d_op || !dir->d_op->d_revalidate ||
	       heapinfo_revalidate(dir) > 0;
}

/*
 * The kernel asks this when it finds an entry in the dentry cache. The entry is
 * valid as long as its process lives. Its owner is set anew, since the process
 * may have changed its credentials.
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

/* An entry goes. Undoes what heapinfo_lookup() did, in reverse order. */
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
 * The process that the directory @dir belongs to, with a reference; NULL if it
 * has ended.
 *
 * Only fs/proc can see which struct pid a directory belongs to. So the number
 * in its name is looked up. Somebody may have kept the directory open while its
 * process ended and another got the number. But if the directory is still valid
 * after the look-up, then its process is alive and has had its number all
 * along, and so it is the process that was found.
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
 * Called instead of proc_tgid_base_lookup() if the name is ours. The caller has
 * taken the lock of @dir for reading, so its name does not change, and has a
 * reference on @dentry.
 */
static struct dentry *heapinfo_lookup(struct inode *dir, struct dentry *dentry,
				      unsigned int flags)
{
	const struct heapinfo_entry *entry = heapinfo_entry_of(&dentry->d_name);
	struct dentry *result = ERR_PTR(-ENOENT);
	struct task_struct *task;
	struct inode *inode;
	struct pid *pid;

	/* The dentry keeps this reference; heapinfo_d_iput() gives it back. */
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

	inode->i_ino = heapinfo_entry_ino(entry, dir);
	inode->i_mode = S_IFREG | 0444;
	heapinfo_inode_touch(inode);
	heapinfo_entry_owner(task, &inode->i_uid, &inode->i_gid);
	inode->i_op = &heapinfo_inode_operations;
	inode->i_fop = entry->operations;
	inode->i_private = pid;
	put_task_struct(task);

	heapinfo_set_dentry_ops(dentry, &heapinfo_dentry_operations);
	/* From here on the dentry owns the inode and all references above. */
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

static bool heapinfo_lookup_wanted(heapinfo_ftrace_regs *fregs)
{
	struct dentry *dentry = (void *)heapinfo_ftrace_argument(fregs, 1);

	return READ_ONCE(heapinfo_serving) && heapinfo_entry_of(&dentry->d_name);
}

/* Which of our entries comes next in a listing; the number of them if none does. */
static unsigned int heapinfo_next_entry(const struct dir_context *ctx)
{
	loff_t next = ctx->pos - heapinfo_kernel_entries_end;

	return next < 0 ? ARRAY_SIZE(heapinfo_proc_entries) :
	       min_t(u64, next, ARRAY_SIZE(heapinfo_proc_entries));
}

/*
 * Called instead of proc_tgid_base_readdir() when a listing has come to the end
 * of the kernel's entries. It calls that function first: at this position that
 * lists nothing, but it fails if the process has ended.
 */
static int heapinfo_iterate(struct file *file, struct dir_context *ctx)
{
	int ret = heapinfo_hook_call(&heapinfo_iterate_hook, file, ctx);
	unsigned int i = heapinfo_next_entry(ctx);
	const struct heapinfo_entry *entry;

	for (; !ret && i < ARRAY_SIZE(heapinfo_proc_entries); i++) {
		entry = &heapinfo_proc_entries[i];
		if (!dir_emit(ctx, entry->name, entry->len,
			      heapinfo_entry_ino(entry, file_inode(file)),
			      DT_REG))
			break;
		ctx->pos++;
	}
	heapinfo_hook_leave();
	return ret;
}

static bool heapinfo_iterate_wanted(heapinfo_ftrace_regs *fregs)
{
	struct dir_context *ctx = (void *)heapinfo_ftrace_argument(fregs, 1);

	return READ_ONCE(heapinfo_serving) &&
	       heapinfo_next_entry(ctx) < ARRAY_SIZE(heapinfo_proc_entries);
}

static struct heapinfo_hook heapinfo_lookup_hook = {
	.name = "the lookup of /proc/<pid>",
	.replacement = heapinfo_lookup,
	.wanted = heapinfo_lookup_wanted,
	.holds = true,
};

static struct heapinfo_hook heapinfo_iterate_hook = {
	.name = "the listing of /proc/<pid>",
	.replacement = heapinfo_iterate,
	.wanted = heapinfo_iterate_wanted,
	.holds = true,
};

/* Takes an entry of a listing and goes on: only the position is of interest. */
static HEAPINFO_ACTOR heapinfo_count_entry(struct dir_context *ctx,
					   const char *name, int len,
					   loff_t pos, u64 ino,
					   unsigned int type)
{
	return HEAPINFO_ACTOR_CONTINUE;
}

static int heapinfo_learn_directory(struct file *dir)
{
	struct dir_context ctx = { .actor = heapinfo_count_entry };
	struct inode *inode;
	int ret;

	heapinfo_kernel_lookup = file_inode(dir)->i_op->lookup;
	heapinfo_kernel_iterate = dir->f_op->iterate_shared;
	ret = iterate_dir(dir, &ctx);
	heapinfo_kernel_entries_end = ctx.pos;
	inode = new_inode(file_inode(dir)->i_sb);
	if (!inode)
		return -ENOMEM;
	heapinfo_bare_inode_operations = inode->i_op;
	heapinfo_bare_file_operations = inode->i_fop;
	iput(inode);
	return ret;
}

/**
 * heapinfo_procfs_learn() - learn how directories of processes are read
 *
 * The two functions are static: a directory that has them tells them, and how far
 * the kernel's own listing goes. What is mounted on /proc where the module is
 * loaded need not be procfs, and another file system's functions are none of ours.
 *
 * Context: may sleep.
 * Return: 0, or a negative error after one line in the log.
 */
int heapinfo_procfs_learn(void)
{
	struct file *dir;
	int ret;

	dir = filp_open("/proc/self", O_RDONLY | O_DIRECTORY, 0);
	if (IS_ERR(dir)) {
		pr_err("cannot open /proc/self (%ld): procfs must be mounted on /proc\n",
		       PTR_ERR(dir));
		return PTR_ERR(dir);
	}
	ret = -EOPNOTSUPP;
	if (file_inode(dir)->i_sb->s_magic == PROC_SUPER_MAGIC)
		ret = heapinfo_learn_directory(dir);
	fput(dir);
	if (ret == -EOPNOTSUPP || heapinfo_kernel_entries_end < 3 ||
	    !heapinfo_kernel_lookup || !heapinfo_kernel_iterate) {
		pr_err("/proc/self is no directory of procfs here: procfs must be mounted on /proc\n");
		return -EOPNOTSUPP;
	}
	return ret;
}

/**
 * heapinfo_procfs_start() - get ready to let the files appear
 *
 * Context: may sleep; heapinfo_procfs_learn() has succeeded.
 * Return: 0, or a negative error after one line in the log.
 */
int heapinfo_procfs_start(void)
{
	int ret;

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
	return 0;
}

/**
 * heapinfo_procfs_serve() - let the files appear
 *
 * Loading cannot fail any more: what is in use from now on holds the module.
 *
 * Context: any; heapinfo_procfs_start() has succeeded.
 */
void heapinfo_procfs_serve(void)
{
	WRITE_ONCE(heapinfo_serving, true);
}

/**
 * heapinfo_procfs_stop() - let the files vanish
 *
 * No function of this file is called any more when this returns.
 *
 * Context: may sleep.
 */
void heapinfo_procfs_stop(void)
{
	heapinfo_hook_remove(&heapinfo_iterate_hook);
	heapinfo_hook_remove(&heapinfo_lookup_hook);
}
