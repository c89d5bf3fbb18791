// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps the module while calls of brk(2) are under way in it.
 *
 * A call may sleep inside brk for as long as it likes, with its way back through
 * the module. A reference on the module for each call would be a counter that all
 * processors write to in every call. So each processor counts for itself, and
 * delete_module(2) is met before the kernel asks whether heapinfo is in use: from
 * then on each call that begins does take a reference, and those that only were
 * counted have to end, or the answer is that the module is in use. So the kernel's
 * own look at the references, which it does in one step with forbidding new ones,
 * tells of every call.
 */
#include "heapinfo.h"
#include "arch.h"
#include "hook.h"
#include "unload.h"

#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include <asm/syscall.h>

/* How long calls that are under way may take before they are said to sleep. */
#define SETTLE_MS	200
#define LOOK_AGAIN_MS	5

/* After how long a wait that cannot be refused any more is told in the log. */
#define TELL_MS		2000

DEFINE_PER_CPU(struct heapinfo_under_way, heapinfo_under_way);

/*
 * Calls that nothing but this number tells of. Where no more of them begin, it is
 * never too small: all begins are seen, and of the ends perhaps not all.
 */
static unsigned long heapinfo_calls_counted(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(heapinfo_under_way, cpu).counted);
	/* Where calls go on meanwhile, an end may be seen and its begin not. */
	return max(sum, 0L);
}

/* Calls that have a reference on the module, or are about to have one or go. */
static unsigned long heapinfo_calls_held(void)
{
	const struct heapinfo_under_way *of;
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		of = per_cpu_ptr(&heapinfo_under_way, cpu);
		sum += READ_ONCE(of->held) + READ_ONCE(of->waiting);
	}
	return max(sum, 0L);
}

/**
 * heapinfo_calls_under_way() - calls of brk(2) that are in the module
 *
 * Return: how many; about, since others begin and end meanwhile.
 */
unsigned long heapinfo_calls_under_way(void)
{
	return heapinfo_calls_counted() + heapinfo_calls_held();
}

/**
 * heapinfo_calls_wait() - wait until no call is under way
 *
 * No new ones begin. The references tell the kernel of all that may sleep; where
 * it was made not to listen to them (rmmod --force), the module cannot be freed
 * under those either.
 *
 * Context: may sleep.
 */
void heapinfo_calls_wait(void)
{
	unsigned int waited = 0;

	/* Each task that was on its way to heapinfo_call_begin() is there now. */
	synchronize_rcu_tasks();
	for (; heapinfo_calls_under_way(); waited += LOOK_AGAIN_MS) {
		if (waited == TELL_MS)
			pr_warn("unloading waits for %lu calls of brk(2) that sleep\n",
				heapinfo_calls_under_way());
		msleep(LOOK_AGAIN_MS);
	}
	/* And each that was on its way from heapinfo_call_end() has left. */
	synchronize_rcu_tasks();
}

#ifdef CONFIG_MODULE_UNLOAD

/* How long after an unloading it is looked whether the kernel refused it. */
#define REOPEN_PERIOD	(HZ / 10)

asmlinkage long heapinfo_unload_native(const struct pt_regs *regs);
asmlinkage long heapinfo_unload_compat(const struct pt_regs *regs);
asmlinkage unsigned long
heapinfo_unload_native_asked(const struct pt_regs *regs);
asmlinkage unsigned long
heapinfo_unload_compat_asked(const struct pt_regs *regs);

/*
 * The task whose delete_module(2) about this module goes on in the kernel, with a
 * reference; and the number that the system call has in its ABI. As long as it is
 * there, each call of brk(2) that begins holds the module. How the call of that
 * task ended cannot be seen: if it succeeded, nobody is left here to see it.
 */
static struct task_struct *heapinfo_unloader;
static long heapinfo_unloader_call;

/* Whether loading has come so far that calls of brk(2) are led to the module. */
static bool heapinfo_calls_opened;

/* Guards the unloader, and how calls of brk(2) are led. */
static DEFINE_MUTEX(heapinfo_unload_lock);

/**
 * heapinfo_calls_open() - lead calls of brk(2) to the module
 *
 * The last step of loading: from now on calls may sleep in the module.
 *
 * Context: may sleep.
 */
void heapinfo_calls_open(void)
{
	heapinfo_redirect_lead(false);
	WRITE_ONCE(heapinfo_calls_opened, true);
}

/*
 * Whether the unloader has left its call of delete_module(2): the registers that it
 * has entered the kernel with stay as they are until then. They lie on its stack.
 * That stays while the task has an address space, which it gives up under
 * task_lock() when it ends.
 */
static bool heapinfo_unloader_left(void)
{
	struct task_struct *task = heapinfo_unloader;
	bool left = true;

	if (!task || task == current)
		return true;
	task_lock(task);
	if (task->mm)
		left = syscall_get_nr(task, task_pt_regs(task)) !=
		       heapinfo_unloader_call;
	task_unlock(task);
	return left;
}

static void heapinfo_unloader_forget(void)
{
	if (heapinfo_unloader)
		put_task_struct(heapinfo_unloader);
	heapinfo_unloader = NULL;
}

/* If the kernel has refused the unloading, calls need no reference any more. */
static void heapinfo_reopen(struct work_struct *work)
{
	mutex_lock(&heapinfo_unload_lock);
	if (heapinfo_unloader_left()) {
		heapinfo_unloader_forget();
		heapinfo_redirect_lead(false);
	} else {
		schedule_delayed_work(to_delayed_work(work), REOPEN_PERIOD);
	}
	mutex_unlock(&heapinfo_unload_lock);
}

static DECLARE_DELAYED_WORK(heapinfo_reopen_work, heapinfo_reopen);

/* Whether @over comes true soon. */
static bool heapinfo_soon(bool (*over)(void))
{
	unsigned int waited;

	for (waited = 0; !over(); waited += LOOK_AGAIN_MS) {
		if (waited >= SETTLE_MS)
			return false;
		msleep(LOOK_AGAIN_MS);
	}
	return true;
}

static bool heapinfo_none_counted(void)
{
	return !heapinfo_calls_counted();
}

/*
 * Until when calls that begin wait before they take a reference, in jiffies. Else
 * on a busy machine there would nearly always be a call that has one for a moment
 * just when the kernel looks, and it would refuse each time.
 */
static unsigned long heapinfo_wait_until = INITIAL_JIFFIES;

/**
 * heapinfo_call_holds() - get a reference for a call that begins while rmmod is
 * under way
 *
 * Waits a moment for the answer of the kernel to rmmod.
 *
 * Context: before anything else sleeps in that call; may sleep.
 * Return: whether there is one, for a call that has begun in the module then. Else
 * the module is being unloaded, and the call is to go on without it, with nothing
 * that sleeps in between.
 */
bool heapinfo_call_holds(void)
{
	bool holds;

	this_cpu_inc(heapinfo_under_way.waiting);
	while (time_before(jiffies, READ_ONCE(heapinfo_wait_until)) &&
	       READ_ONCE(THIS_MODULE->state) != MODULE_STATE_GOING)
		schedule_timeout_uninterruptible(1);
	holds = try_module_get(THIS_MODULE);
	/* First the one, then the other: it is in one of both counts all the time. */
	if (holds)
		heapinfo_call_begin(true);
	this_cpu_dec(heapinfo_under_way.waiting);
	return holds;
}

/* Whether nobody but the current task, for a moment, has a reference. */
static bool heapinfo_unused(void)
{
	return module_refcount(THIS_MODULE) <= 1;
}

/*
 * Has every call of brk(2) that begins take a reference, and waits for those that
 * have none. One that began before has counted itself before it sleeps for the
 * first time: that is what synchronize_rcu_tasks() waits for.
 *
 * Return: whether the kernel may be asked to unload the module: by one task at a
 * time, since the calls need references until its question has been answered.
 */
static bool heapinfo_may_unload(void)
{
	bool may;

	if (!heapinfo_soon(heapinfo_unloader_left))
		return false;
	heapinfo_unloader_forget();
	heapinfo_redirect_lead(true);
	synchronize_rcu_tasks();
	may = heapinfo_soon(heapinfo_none_counted);
	if (may) {
		WRITE_ONCE(heapinfo_wait_until,
			   jiffies + msecs_to_jiffies(SETTLE_MS));
		/* The kernel refuses for a call that ends in a moment, too. */
		heapinfo_soon(heapinfo_unused);
		get_task_struct(current);
		heapinfo_unloader = current;
		heapinfo_unloader_call = syscall_get_nr(current,
							current_pt_regs());
		schedule_delayed_work(&heapinfo_reopen_work, REOPEN_PERIOD);
	} else {
		heapinfo_redirect_lead(false);
	}
	return may;
}

/*
 * Calls of delete_module(2) that the kernel would look at. Which module they are
 * about lies in memory of the user's, which may not be at hand where this is asked.
 *
 * A module whose loading fails is freed whoever holds it. So nobody may sleep here
 * before loading is as good as done; until then the kernel refuses by itself.
 */
static bool heapinfo_unload_wanted(heapinfo_ftrace_regs *fregs)
{
	return READ_ONCE(heapinfo_calls_opened) &&
	       ns_capable_noaudit(&init_user_ns, CAP_SYS_MODULE);
}

static struct heapinfo_hook heapinfo_unload_hooks[] = {
	{ .name = HEAPINFO_NATIVE_ENTRY(delete_module),
	  .hint = "; source=syscalls may do",
	  .replacement = heapinfo_unload_native,
	  .wanted = heapinfo_unload_wanted },
#ifdef HEAPINFO_COMPAT_ENTRY
	{ .name = HEAPINFO_COMPAT_ENTRY(delete_module),
	  .hint = "; source=syscalls may do",
	  .replacement = heapinfo_unload_compat,
	  .wanted = heapinfo_unload_wanted },
#endif
};

/* What delete_module(2) says of a module that is in use. */
static asmlinkage long heapinfo_unload_refuse(const struct pt_regs *regs)
{
	return -EWOULDBLOCK;
}

static bool heapinfo_names_us(unsigned long address)
{
	char name[sizeof(KBUILD_MODNAME)];
	long length;

	length = strncpy_from_user(name, (const char __user *)address,
				   sizeof(name));
	return length == sizeof(name) - 1 && !strcmp(name, KBUILD_MODNAME);
}

/*
 * Where a call of delete_module(2) goes on: in the kernel's function, or, where
 * it is about this module and somebody sleeps in brk, in one that refuses.
 *
 * The reference keeps the module from others who unload it while this sleeps. Who
 * gets none has been outrun by one of them, and has not slept.
 */
static unsigned long heapinfo_unload_asked(const struct heapinfo_hook *hook,
					   unsigned long name)
{
	unsigned long next = hook->resume;

	if (!try_module_get(THIS_MODULE))
		return next;
	if (heapinfo_names_us(name)) {
		mutex_lock(&heapinfo_unload_lock);
		if (!heapinfo_may_unload())
			next = (unsigned long)heapinfo_unload_refuse;
		mutex_unlock(&heapinfo_unload_lock);
	}
	module_put(THIS_MODULE);
	return next;
}

asmlinkage unsigned long
heapinfo_unload_native_asked(const struct pt_regs *regs)
{
	return heapinfo_unload_asked(&heapinfo_unload_hooks[0],
				     heapinfo_native_arg(regs));
}

asmlinkage unsigned long
heapinfo_unload_compat_asked(const struct pt_regs *regs)
{
#ifdef HEAPINFO_COMPAT_ENTRY
	return heapinfo_unload_asked(&heapinfo_unload_hooks[1],
				     heapinfo_compat_arg(regs));
#else
	return 0;
#endif
}

/**
 * heapinfo_unload_stop() - undo heapinfo_unload_start()
 *
 * Context: may sleep.
 */
void heapinfo_unload_stop(void)
{
	unsigned int i = ARRAY_SIZE(heapinfo_unload_hooks);

	while (i--)
		heapinfo_hook_remove(&heapinfo_unload_hooks[i]);
	cancel_delayed_work_sync(&heapinfo_reopen_work);
	heapinfo_unloader_forget();
}

/**
 * heapinfo_unload_start() - refuse to be unloaded while somebody sleeps in brk
 *
 * Context: may sleep.
 * Return: 0, or a negative error after one line in the log.
 */
int heapinfo_unload_start(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(heapinfo_unload_hooks); i++) {
		/* No compat layer is no fault; no native entry point is. */
		ret = heapinfo_hook_entry(&heapinfo_unload_hooks[i], i > 0);
		if (ret) {
			heapinfo_unload_stop();
			return ret;
		}
	}
	return 0;
}

#else /* !CONFIG_MODULE_UNLOAD */

/* What cannot be unloaded need not be kept; resume.S has the names anyway. */
asmlinkage unsigned long
heapinfo_unload_native_asked(const struct pt_regs *regs)
{
	return 0;
}

asmlinkage unsigned long
heapinfo_unload_compat_asked(const struct pt_regs *regs)
{
	return 0;
}

void heapinfo_calls_open(void)
{
	heapinfo_redirect_lead(false);
}

bool heapinfo_call_holds(void)
{
	return try_module_get(THIS_MODULE);
}

int heapinfo_unload_start(void)
{
	return 0;
}

void heapinfo_unload_stop(void)
{
}

#endif /* CONFIG_MODULE_UNLOAD */
