// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps the module while calls of brk(2) are under way in it.
 *
 * A call may sleep inside brk for as long as it likes, with its way back through
 * the module. A reference on the module for each call would be a counter that all
 * processors write to in every call. So each processor counts for itself, and
 * rmmod is answered here: before the kernel asks whether heapinfo is in use, this
 * file looks whether a call is under way that does not end.
 */
#include "heapinfo.h"
#include "arch.h"
#include "hook.h"
#include "unload.h"

#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

/* How long calls that are under way may take before they are said to sleep. */
#define SETTLE_MS	200
#define LOOK_AGAIN_MS	5

/* After how long a wait that cannot be refused any more is told in the log. */
#define TELL_MS		2000

DEFINE_PER_CPU(struct heapinfo_under_way, heapinfo_under_way);

/*
 * New calls count in this phase. To see whether any call is old, the other phase
 * is made the current one: what is left in the one before has begun before that.
 */
unsigned int heapinfo_phase;
static DEFINE_MUTEX(heapinfo_phase_lock);

static unsigned long heapinfo_calls_in_phase(unsigned int phase)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(heapinfo_under_way, cpu).calls[phase]);
	/* Where calls go on meanwhile, an end may be seen and its begin not. */
	return max(sum, 0L);
}

/**
 * heapinfo_calls_under_way() - calls of brk(2) that are in the module
 *
 * Return: how many; about, since others begin and end meanwhile.
 */
unsigned long heapinfo_calls_under_way(void)
{
	return heapinfo_calls_in_phase(0) + heapinfo_calls_in_phase(1);
}

static bool heapinfo_phase_ends(unsigned int phase)
{
	unsigned int waited;

	for (waited = 0; heapinfo_calls_in_phase(phase); waited += LOOK_AGAIN_MS) {
		if (waited >= SETTLE_MS)
			return false;
		msleep(LOOK_AGAIN_MS);
	}
	return true;
}

/*
 * Whether all calls that are under way end soon. No call begins in the phase that
 * is not current, so the sum of that one only goes down. A call that has read the
 * phase has counted itself before it sleeps for the first time: that is what
 * synchronize_rcu_tasks() waits for.
 */
static bool heapinfo_calls_settle(void)
{
	unsigned int phase;
	bool settled;

	mutex_lock(&heapinfo_phase_lock);
	phase = heapinfo_phase;
	settled = heapinfo_phase_ends(!phase);
	if (settled) {
		WRITE_ONCE(heapinfo_phase, !phase);
		synchronize_rcu_tasks();
		settled = heapinfo_phase_ends(phase);
	}
	mutex_unlock(&heapinfo_phase_lock);
	return settled;
}

/**
 * heapinfo_calls_wait() - wait until no call is under way
 *
 * No new ones begin. Those that rmmod was told about have ended; one that has
 * begun since may sleep, and the module cannot be freed under it.
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

asmlinkage long heapinfo_unload_native(const struct pt_regs *regs);
asmlinkage long heapinfo_unload_compat(const struct pt_regs *regs);
asmlinkage unsigned long
heapinfo_unload_native_asked(const struct pt_regs *regs);
asmlinkage unsigned long
heapinfo_unload_compat_asked(const struct pt_regs *regs);

/*
 * Each call of delete_module(2): which module it is about lies in memory of the
 * user's, which may not be at hand where this is asked.
 */
static bool heapinfo_unload_wanted(heapinfo_ftrace_regs *fregs)
{
	return true;
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

static bool heapinfo_unload_hooked[ARRAY_SIZE(heapinfo_unload_hooks)];

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
 * it is about this module and somebody sleeps in brk, in one that refuses. Who
 * may not unload modules, or would be refused for another user, need not wait.
 */
static unsigned long heapinfo_unload_asked(const struct heapinfo_hook *hook,
					   unsigned long name)
{
	unsigned long next = hook->resume;

	/* One reference is ours: heapinfo_hook_leave() gives it back. */
	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_MODULE) &&
	    heapinfo_names_us(name) && module_refcount(THIS_MODULE) == 1 &&
	    !heapinfo_calls_settle())
		next = (unsigned long)heapinfo_unload_refuse;
	heapinfo_hook_leave();
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

	while (i--) {
		if (heapinfo_unload_hooked[i])
			heapinfo_hook_remove(&heapinfo_unload_hooks[i]);
		heapinfo_unload_hooked[i] = false;
	}
}

/**
 * heapinfo_unload_start() - refuse to be unloaded while somebody sleeps in brk
 *
 * Context: may sleep.
 * Return: 0, or a negative error after one line in the log.
 */
int heapinfo_unload_start(void)
{
	struct heapinfo_hook *hook;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(heapinfo_unload_hooks); i++) {
		hook = &heapinfo_unload_hooks[i];
		ret = heapinfo_hook_find(hook);
		/* No compat layer is no fault; no native entry point is. */
		if (ret == -ENOENT && i > 0)
			continue;
		if (ret)
			pr_err("cannot find %s (%d)%s\n", hook->name, ret,
			       hook->hint);
		else
			ret = heapinfo_hook_install(hook);
		if (ret) {
			heapinfo_unload_stop();
			return ret;
		}
		heapinfo_unload_hooked[i] = true;
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

int heapinfo_unload_start(void)
{
	return 0;
}

void heapinfo_unload_stop(void)
{
}

#endif /* CONFIG_MODULE_UNLOAD */
