// SPDX-License-Identifier: GPL-2.0
/* Puts a function of the module in front of one function of the kernel. */
#include "heapinfo.h"
#include "arch.h"
#include "compat.h"
#include "hook.h"

#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>

#if IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_REGS) || \
	IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)

#define CLEAR_AGAIN_MS	10

/*
 * Runs before every call of the target; preemption may be on. @ip is the place
 * where ftrace steps in. Others may have led the call elsewhere before, as a probe
 * of BPF does that overrides what the function returns: then the target is not
 * called, and there is nothing to stand before.
 */
static void notrace heapinfo_hook_redirect(unsigned long ip,
					   unsigned long parent,
					   struct ftrace_ops *ops,
					   heapinfo_ftrace_regs *fregs)
{
	unsigned long resume = heapinfo_ftrace_resume(ip);
	bool (*wanted)(heapinfo_ftrace_regs *fregs);
	struct heapinfo_hook *hook;

	if (unlikely(heapinfo_ftrace_ip(fregs) != resume))
		return;
	hook = container_of(ops, struct heapinfo_hook, ops);
	/* Pairs with smp_store_release() in heapinfo_hook_lead(). */
	wanted = smp_load_acquire(&hook->wanted);
	if (wanted && !wanted(fregs))
		return;
	if (hook->holds && !try_module_get(THIS_MODULE))
		return;
	/* The same for all calls: written once. */
	if (unlikely(READ_ONCE(hook->resume) != resume))
		WRITE_ONCE(hook->resume, resume);
	heapinfo_ftrace_set_ip(fregs,
			       (unsigned long)READ_ONCE(hook->replacement));
}

/*
 * Takes the target out of the filter. ftrace needs memory even for that, and
 * the filter leaks if it gets none. Unloading cannot fail, so try until it
 * works.
 */
static void heapinfo_hook_clear_filter(struct heapinfo_hook *hook)
{
	while (ftrace_set_filter_ip(&hook->ops, hook->target, 1, 0) == -ENOMEM)
		msleep(CLEAR_AGAIN_MS);
}

/**
 * heapinfo_hook_install() - begin to redirect calls
 * @hook: filled in but for @hook->ops; in use until heapinfo_hook_remove()
 *
 * Context: may sleep; takes ftrace's locks.
 * Return: 0; -EBUSY if something else already replaces the function (a
 * livepatch does); -EINVAL if ftrace does not know it; -ENOMEM. An error has one
 * line in the log.
 */
int heapinfo_hook_install(struct heapinfo_hook *hook)
{
	int ret;

	hook->ops.func = heapinfo_hook_redirect;
	hook->ops.flags = HEAPINFO_FTRACE_FLAGS;
	hook->resume = 0;

	ret = ftrace_set_filter_ip(&hook->ops, hook->target, 0, 0);
	if (ret) {
		pr_err("%s cannot be traced here (%d)%s\n", hook->name, ret,
		       hook->hint ?: "");
		return ret;
	}
	ret = register_ftrace_function(&hook->ops);
	if (ret) {
		pr_err("%s cannot be hooked (%d): a livepatch or another module replaces it, or kernel.ftrace_enabled is 0%s\n",
		       hook->name, ret, hook->hint ?: "");
		heapinfo_hook_clear_filter(hook);
	}
	hook->installed = !ret;
	return ret;
}

/**
 * heapinfo_hook_lead() - lead all calls to another replacement from now on
 * @hook: installed, without @hook->holds
 * @replacement: where to
 *
 * A call that was redirected before may still be on its way to the replacement of
 * before: synchronize_rcu_tasks() waits until it sleeps for the first time there,
 * or has left.
 *
 * Context: any; one caller at a time.
 */
void heapinfo_hook_lead(struct heapinfo_hook *hook, void *replacement)
{
	WRITE_ONCE(hook->replacement, replacement);
	/* Pairs with smp_load_acquire() in heapinfo_hook_redirect(). */
	smp_store_release(&hook->wanted, NULL);
}

/**
 * heapinfo_hook_remove() - stop redirecting calls
 * @hook: installed or not
 *
 * The filter is cleared after the ops have been unregistered: to ftrace, an
 * empty filter means every function of the kernel.
 *
 * Context: may sleep; waits until every task has left ftrace's trampoline.
 */
void heapinfo_hook_remove(struct heapinfo_hook *hook)
{
	if (!hook->installed)
		return;
	hook->installed = false;
	unregister_ftrace_function(&hook->ops);
	heapinfo_hook_clear_filter(hook);
	synchronize_rcu_tasks();
}

#else

int heapinfo_hook_install(struct heapinfo_hook *hook)
{
	pr_err("this kernel lacks CONFIG_DYNAMIC_FTRACE_WITH_REGS, which /proc/<pid>/heapinfo needs\n");
	return -EOPNOTSUPP;
}

void heapinfo_hook_lead(struct heapinfo_hook *hook, void *replacement)
{
}

void heapinfo_hook_remove(struct heapinfo_hook *hook)
{
}

#endif

/*
 * Finds the address of a function by its name. A kprobe that is registered tells
 * the address. It is registered disabled, so that it never stands in the way of a
 * call, and taken off at once.
 *
 * Return: 0; -ENOENT if the kernel has no such function; -EOPNOTSUPP if it has no
 * kprobes; what register_kprobe() says.
 */
static int heapinfo_hook_find(struct heapinfo_hook *hook)
{
#ifdef CONFIG_KPROBES
	struct kprobe probe = {
		.symbol_name = hook->name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	hook->target = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return 0;
#else
	return -EOPNOTSUPP;
#endif
}

/**
 * heapinfo_hook_entry() - begin to redirect an entry point of a system call
 * @hook: as for heapinfo_hook_install(), but that @hook->target is found by the name
 * @optional: the kernel may be without it: then nothing is hooked
 *
 * Context: may sleep; takes ftrace's locks.
 * Return: 0, or a negative error after one line in the log.
 */
int heapinfo_hook_entry(struct heapinfo_hook *hook, bool optional)
{
	int ret = heapinfo_hook_find(hook);

	if (ret == -ENOENT && optional)
		return 0;
	if (!ret)
		return heapinfo_hook_install(hook);
	if (IS_ENABLED(CONFIG_KPROBES))
		pr_err("cannot find %s (%d)%s\n", hook->name, ret,
		       hook->hint ?: "");
	else
		pr_err("this kernel lacks CONFIG_KPROBES, without which %s cannot be found%s\n",
		       hook->name, hook->hint ?: "");
	return ret;
}
