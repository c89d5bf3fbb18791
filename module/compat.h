/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels. No other file names a version of the kernel.
 *
 * Distributions carry changes back to older kernels. So the headers are asked
 * rather than the version, where they can tell: by the preprocessor, or by
 * Kbuild, which then defines a macro HEAPINFO_HAS_... The number in brackets is
 * the first version that has the change.
 */
#ifndef HEAPINFO_COMPAT_H
#define HEAPINFO_COMPAT_H

#include <linux/version.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "heapinfo needs Linux 5.10 or later"
#endif

#include <linux/dcache.h>
#include <linux/elf.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sizes.h>
#include <linux/thread_info.h>
#include <linux/user_namespace.h>
#if __has_include(<linux/sched/exec_state.h>)
#include <linux/sched/exec_state.h>
#endif

/*
 * ftrace guards a callback against being called by itself (since 5.11 if it asks
 * for that, before unless it asks for none). Ours cannot be: it stands before a
 * few functions that no callback calls. Callbacks get ftrace_regs (5.11), which
 * kernels without ftrace do not have.
 */
#if defined(HEAPINFO_HAS_FTRACE_REGS) && defined(CONFIG_FUNCTION_TRACER)
#define heapinfo_ftrace_regs		struct ftrace_regs
#define heapinfo_ftrace_pt_regs(fregs)	ftrace_get_regs(fregs)
#define HEAPINFO_FTRACE_UNGUARDED	0
#else
#define heapinfo_ftrace_regs		struct pt_regs
#define heapinfo_ftrace_pt_regs(regs)	(regs)
#define HEAPINFO_FTRACE_UNGUARDED	FTRACE_OPS_FL_RECURSION_SAFE
#endif

/*
 * What a callback reads and changes: the arguments of the function, and where the
 * processor goes on afterwards. Kernels that hand these over alone spare saving
 * all registers (5.11 on x86), and have functions for them (6.3).
 */
#if defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) && defined(HEAPINFO_HAS_FTRACE_ARGUMENT)
#define HEAPINFO_FTRACE_REGS_FLAG	0
#define heapinfo_ftrace_argument(fregs, n)	ftrace_regs_get_argument(fregs, n)
#define heapinfo_ftrace_ip(fregs)	ftrace_regs_get_instruction_pointer(fregs)
#define heapinfo_ftrace_set_ip(fregs, ip)	\
	ftrace_regs_set_instruction_pointer(fregs, ip)
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#define HEAPINFO_FTRACE_REGS_FLAG	0
#define heapinfo_ftrace_argument(fregs, n)	\
	regs_get_kernel_argument(&(fregs)->regs, n)
#define heapinfo_ftrace_ip(fregs)	instruction_pointer(&(fregs)->regs)
#define heapinfo_ftrace_set_ip(fregs, ip)	\
	instruction_pointer_set(&(fregs)->regs, ip)
#else
#define HEAPINFO_FTRACE_REGS_FLAG	FTRACE_OPS_FL_SAVE_REGS
#define heapinfo_ftrace_argument(fregs, n)	\
	regs_get_kernel_argument(heapinfo_ftrace_pt_regs(fregs), n)
#define heapinfo_ftrace_ip(fregs)	\
	instruction_pointer(heapinfo_ftrace_pt_regs(fregs))
#define heapinfo_ftrace_set_ip(fregs, ip)	\
	instruction_pointer_set(heapinfo_ftrace_pt_regs(fregs), ip)
#endif

/* PERMANENT: kernel.ftrace_enabled=0 is refused while the hooks stand. */
#define HEAPINFO_FTRACE_FLAGS						\
	(FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |		\
	 HEAPINFO_FTRACE_REGS_FLAG | HEAPINFO_FTRACE_UNGUARDED)

/*
 * Whether what is called by sys_exit may sleep: page faults are allowed there
 * (6.13), before preemption is off.
 */
#ifdef HEAPINFO_HAS_FAULTABLE_SYSCALLS
#define HEAPINFO_SYSCALLS_MAY_SLEEP	true
#else
#define HEAPINFO_SYSCALLS_MAY_SLEEP	false
#endif

/* Inode operations get the user namespace (5.12) or id map (6.3) of a mount. */
#if defined(HEAPINFO_HAS_IDMAP_ARG)
#define HEAPINFO_IDMAP		struct mnt_idmap *idmap,
#elif defined(HEAPINFO_HAS_USERNS_ARG)
#define HEAPINFO_IDMAP		struct user_namespace *mnt_userns,
#else
#define HEAPINFO_IDMAP
#endif
#define HEAPINFO_GETATTR_ARGS						\
	HEAPINFO_IDMAP const struct path *path, struct kstat *stat,	\
	u32 request_mask, unsigned int query_flags
#define HEAPINFO_SETATTR_ARGS						\
	HEAPINFO_IDMAP struct dentry *dentry, struct iattr *attr

/* So does generic_fillattr() (5.12, 6.3), and a mask of what is asked (6.6). */
static inline void heapinfo_fillattr(struct inode *inode, struct kstat *stat,
				     u32 request_mask)
{
#if defined(HEAPINFO_HAS_MASK_ARG)
	generic_fillattr(&nop_mnt_idmap, request_mask, inode, stat);
#elif defined(HEAPINFO_HAS_IDMAP_ARG)
	generic_fillattr(&nop_mnt_idmap, inode, stat);
#elif defined(HEAPINFO_HAS_USERNS_ARG)
	generic_fillattr(&init_user_ns, inode, stat);
#else
	generic_fillattr(inode, stat);
#endif
}

/* The times of an inode are set by a function (6.7). */
static inline void heapinfo_inode_touch(struct inode *inode)
{
#ifdef HEAPINFO_HAS_INODE_TS
	simple_inode_init_ts(inode);
#else
	inode->i_atime = current_time(inode);
	inode->i_mtime = inode->i_atime;
	inode->i_ctime = inode->i_atime;
#endif
}

/* d_revalidate gets the directory and the name (6.14). */
#ifdef HEAPINFO_HAS_REVALIDATE_NAME
#define HEAPINFO_D_REVALIDATE_ARGS				\
	struct inode *dir, const struct qstr *name,		\
	struct dentry *dentry, unsigned int flags
#else
#define HEAPINFO_D_REVALIDATE_ARGS				\
	struct dentry *dentry, unsigned int flags
#endif
static inline int heapinfo_revalidate(struct dentry *dentry)
{
#ifdef HEAPINFO_HAS_REVALIDATE_NAME
	return dentry->d_op->d_revalidate(d_inode(dentry->d_parent),
					  &dentry->d_name, dentry, 0);
#else
	return dentry->d_op->d_revalidate(dentry, 0);
#endif
}

/*
 * d_set_d_op() is gone (6.17). A super block may give its dentries operations
 * when they are made; these are replaced. @dentry is not hashed yet, so nobody
 * else looks at its flags.
 */
static inline void heapinfo_set_dentry_ops(struct dentry *dentry,
					   const struct dentry_operations *ops)
{
#ifdef HEAPINFO_HAS_D_SET_D_OP
	d_set_d_op(dentry, ops);
#else
	spin_lock(&dentry->d_lock);
	dentry->d_op = ops;
	dentry->d_flags &= ~(DCACHE_OP_HASH | DCACHE_OP_COMPARE |
			     DCACHE_OP_WEAK_REVALIDATE | DCACHE_OP_PRUNE |
			     DCACHE_OP_REAL);
	dentry->d_flags |= DCACHE_OP_REVALIDATE | DCACHE_OP_DELETE;
	spin_unlock(&dentry->d_lock);
#endif
}

/* file_open_root() takes a path (5.12). */
static inline struct file *heapinfo_open_root(const struct path *root,
					      const char *name, int flags)
{
#ifdef HEAPINFO_HAS_OPEN_ROOT_PATH
	return file_open_root(root, name, flags, 0);
#else
	return file_open_root(root->dentry, root->mnt, name, flags, 0);
#endif
}

/* The actor of a listing returns whether to go on (6.1), or else an error. */
#ifdef HEAPINFO_HAS_BOOL_ACTOR
#define HEAPINFO_ACTOR		bool
#define HEAPINFO_ACTOR_CONTINUE	true
#else
#define HEAPINFO_ACTOR		int
#define HEAPINFO_ACTOR_CONTINUE	0
#endif

/* The tracepoint sched_process_exit has one argument more (6.16). */
#ifdef HEAPINFO_HAS_GROUP_DEAD
#define HEAPINFO_EXIT_PROBE(name, function)				\
static void name(void *data, struct task_struct *task, bool group_dead)	\
{									\
	function(data, task);						\
}
#else
#define HEAPINFO_EXIT_PROBE(name, function)				\
static void name(void *data, struct task_struct *task)			\
{									\
	function(data, task);						\
}
#endif

/*
 * A task that may not be dumped has its entries in /proc owned by the root of
 * some user namespace. Returns that namespace; NULL for a task that may be
 * dumped. Whether it may is told by a word of flags in the address space, by a
 * bitmap there (6.18), or by the task (kernels that have exec_state.h).
 *
 * Under rcu_read_lock() and task_lock(); the task has an address space.
 */
static inline struct user_namespace *
heapinfo_undumpable_ns(struct task_struct *task)
{
#if __has_include(<linux/sched/exec_state.h>)
	struct task_exec_state *state = rcu_dereference(task->exec_state);

	return state->dumpable == TASK_DUMPABLE_OWNER ? NULL : state->user_ns;
#else
#ifdef HEAPINFO_HAS_MM_FLAGS
	unsigned int dumpable = __mm_flags_get_dumpable(task->mm);
#else
	unsigned int dumpable = READ_ONCE(task->mm->flags) & MMF_DUMPABLE_MASK;
#endif
	return dumpable == SUID_DUMP_USER ? NULL : task->mm->user_ns;
#endif
}

/* Whether a mapping was sealed with mseal(2) (6.10). */
static inline bool heapinfo_vma_sealed(const struct vm_area_struct *vma)
{
#ifdef VM_SEALED
	return vma->vm_flags & VM_SEALED;
#else
	return false;
#endif
}

/* brk(2) checks the limit on locked memory before the mappings (6.1). */
#define HEAPINFO_BRK_ASKS_MLOCK_FIRST	\
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0))

/* The ranges that arch_randomize_brk() has had for 64-bit programs on x86. */
#define HEAPINFO_BRK_WINDOW_NARROW	SZ_32M
#define HEAPINFO_BRK_WINDOW_WIDE	SZ_1G

/*
 * Which of them it likely has: the narrow one, then the wide one (6.9, and from the
 * versions below on in older branches). No header tells. Debian went back to the
 * narrow one from 6.1.119 to 6.1.122; its headers are those that have package.h.
 * Other distributions may have done as they liked: to say so to a build there is
 * make KCFLAGS=-DHEAPINFO_BRK_WINDOW=...
 */
#ifdef HEAPINFO_BRK_WINDOW
#elif __has_include(<generated/package.h>) && \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 119) && \
	LINUX_VERSION_CODE <= KERNEL_VERSION(6, 1, 122)
#define HEAPINFO_BRK_WINDOW	HEAPINFO_BRK_WINDOW_NARROW
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0) || \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 48) && \
	 LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)) || \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 107) && \
	 LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)) || \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(5, 15, 166) && \
	 LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)) || \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(5, 10, 225) && \
	 LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0))
#define HEAPINFO_BRK_WINDOW	HEAPINFO_BRK_WINDOW_WIDE
#else
#define HEAPINFO_BRK_WINDOW	HEAPINFO_BRK_WINDOW_NARROW
#endif
/* The range for 32-bit programs never changed. */
#define HEAPINFO_BRK_WINDOW_32BIT	SZ_32M

#endif /* HEAPINFO_COMPAT_H */
