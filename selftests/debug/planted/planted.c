// SPDX-License-Identifier: GPL-2.0
/*
 * Makes one mistake when it is loaded, of the kind its parameter names, or has
 * heapinfo make one from then on. A debug kernel that does not complain is not
 * looking.
 */
#include <linux/binfmts.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "use-after-free, overflow, leak, sleep, locks, rcu, object, shift, race, raw, nesting or reference");

/* What is read for nothing goes here, so that the compiler leaves it in. */
static int sink;

static void use_after_free(void)
{
	int *freed = kzalloc(64, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(freed);
	kfree(freed);
	WRITE_ONCE(sink, READ_ONCE(*freed));
}

static void overflow(void)
{
	char *small = kzalloc(60, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(small);
	WRITE_ONCE(sink, READ_ONCE(small[60]));
	kfree(small);
}

static void leak(void)
{
	char *forgotten;
	int i;

	/* many, since the address of one may be left over on a stack */
	for (i = 0; i < 50; i++) {
		forgotten = kzalloc(120, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(forgotten);
	}
}

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static DEFINE_MUTEX(mutex);

static void sleep_in_atomic(void)
{
	/* nobody holds it, so that this only might have slept */
	spin_lock(&lock_a);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	spin_unlock(&lock_a);
}

static void locks_in_both_orders(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);
	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

static void rcu_without_lock(void)
{
	static int __rcu *pointer;

	WRITE_ONCE(sink, !rcu_dereference(pointer));
}

struct timed {
	struct timer_list timer;
};

static void nothing(struct timer_list *timer)
{
}

static void free_active_timer(void)
{
	struct timed *timed = kzalloc(sizeof(*timed), GFP_KERNEL);

	if (!timed)
		return;
	timer_setup(&timed->timer, nothing, 0);
	mod_timer(&timed->timer, jiffies + 60 * HZ);
	kfree(timed);
}

static void wide_shift(void)
{
	int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	WRITE_ONCE(sink, 1 << by);
}

static int raced;

static int racer(void *done)
{
	unsigned long end = jiffies + 10 * HZ;

	while (time_before(jiffies, end)) {
		raced++;
		barrier();
		cond_resched();
	}
	complete(done);
	return 0;
}

static void race(void)
{
	static struct completion done[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(done); i++) {
		init_completion(&done[i]);
		kthread_run(racer, &done[i], "racer");
	}
	for (i = 0; i < ARRAY_SIZE(done); i++)
		wait_for_completion(&done[i]);
}

/*
 * As if a file of heapinfo that is closed forgot to give back a reference on its
 * process. What the function is called with is an inode, which names the process.
 */
static int keep_pid(struct kprobe *probe, struct pt_regs *regs)
{
	struct inode *inode = (void *)regs_get_kernel_argument(regs, 0);

	get_pid(inode->i_private);
	return 0;
}

static struct kprobe release_probe = {
	.symbol_name = "heapinfo_release",
	.pre_handler = keep_pid,
};

static bool probing;

static void forget_reference(void)
{
	int ret = register_kprobe(&release_probe);

	if (ret)
		pr_err("there is no %s (%d)\n", release_probe.symbol_name, ret);
	probing = !ret;
}

/* With PREEMPT_RT a spinlock_t sleeps, and whoever holds a raw one may not. */
static DEFINE_RAW_SPINLOCK(raw_lock);

static void lock_in_raw_lock(void)
{
	raw_spin_lock(&raw_lock);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	raw_spin_unlock(&raw_lock);
}

static struct tracepoint *exec_point;

static void lock_at_exec(void *data, struct task_struct *task, pid_t old_pid,
			 struct linux_binprm *bprm)
{
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
}

static void match_exec(struct tracepoint *point, void *data)
{
	if (!strcmp(point->name, "sched_process_exec"))
		exec_point = point;
}

/* The mistake is made by whoever executes a program next. */
static void lock_in_listener(void)
{
	for_each_kernel_tracepoint(match_exec, NULL);
	if (exec_point && tracepoint_probe_register(exec_point, lock_at_exec,
						    NULL))
		exec_point = NULL;
}

static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{ "use-after-free", use_after_free },
	{ "overflow", overflow },
	{ "leak", leak },
	{ "sleep", sleep_in_atomic },
	{ "locks", locks_in_both_orders },
	{ "rcu", rcu_without_lock },
	{ "object", free_active_timer },
	{ "shift", wide_shift },
	{ "race", race },
	{ "raw", lock_in_raw_lock },
	{ "nesting", lock_in_listener },
	{ "reference", forget_reference },
};

static int __init planted_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (!strcmp(mistakes[i].name, fault)) {
			mistakes[i].make();
			return 0;
		}
	}
	return -EINVAL;
}

static void __exit planted_exit(void)
{
	if (probing)
		unregister_kprobe(&release_probe);
	if (!exec_point)
		return;
	tracepoint_probe_unregister(exec_point, lock_at_exec, NULL);
	tracepoint_synchronize_unregister();
}

module_init(planted_init);
module_exit(planted_exit);

MODULE_DESCRIPTION("mistakes for the checkers of a debug kernel to find");
MODULE_LICENSE("GPL");
