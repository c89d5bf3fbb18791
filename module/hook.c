// SPDX-License-Identifier: GPL-2.0
/* Puts a function of the module in front of one function of the kernel. */
#include "heapinfo.h"
#include "compat.h"
#include "hook.h"

#include <linux/delay.h>
#include <linux/rcupdate.h>

#if IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_REGS)

#define CLEAR_AGAIN_MS	10

/*
 * ftrace's callback: runs before every call of the target, with preemption
 * disabled. A call that is redirected takes a reference on the module. So rmmod
 * fails with EBUSY while one is under way, and does not have to wait for it: it
 * may wait in a page fault for as long as a user likes.
 */
static void notrace heapinfo_hook_redirect(unsigned long ip,
					   unsigned long parent,
					   struct ftrace_ops *ops,
					   heapinfo_ftrace_regs *fregs)
{
	struct heapinfo_hook *hook;
	struct pt_regs *regs = heapinfo_ftrace_pt_regs(fregs);

	hook = container_of(ops, struct heapinfo_hook, ops);
	if (!regs || !hook->wanted(regs, parent))
		return;
	if (!try_module_get(THIS_MODULE))
		return;
	instruction_pointer_set(regs, (unsigned long)hook->replacement);
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
 * Return: 0; or after one line in the log -EBUSY if the function is replaced
 * already, as a livepatch does; -EINVAL if ftrace cannot trace it; -ENOMEM.
 */
int heapinfo_hook_install(struct heapinfo_hook *hook)
{
	int ret;

	hook->ops.func = heapinfo_hook_redirect;
	hook->ops.flags = HEAPINFO_FTRACE_FLAGS;

	ret = ftrace_set_filter_ip(&hook->ops, hook->target, 0, 0);
	if (ret) {
		pr_err("%s cannot be traced here (%d)\n", hook->name, ret);
		return ret;
	}
	ret = register_ftrace_function(&hook->ops);
	if (ret) {
		pr_err("%s cannot be hooked (%d): is it replaced already, or kernel.ftrace_enabled 0?\n",
		       hook->name, ret);
		heapinfo_hook_clear_filter(hook);
	}
	return ret;
}

/**
 * heapinfo_hook_remove() - stop redirecting calls
 * @hook: installed
 *
 * The filter is cleared after the ops have been unregistered: to ftrace, an
 * empty filter means every function of the kernel.
 *
 * Context: may sleep; waits until every task has left ftrace's trampoline.
 */
void heapinfo_hook_remove(struct heapinfo_hook *hook)
{
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

void heapinfo_hook_remove(struct heapinfo_hook *hook)
{
}

#endif
