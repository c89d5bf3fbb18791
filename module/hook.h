/* SPDX-License-Identifier: GPL-2.0 */
/* Puts a function of the module in front of one function of the kernel. */
#ifndef HEAPINFO_HOOK_H
#define HEAPINFO_HOOK_H

#include <linux/ftrace.h>
#include <linux/ptrace.h>

/**
 * struct heapinfo_hook - a function of the kernel and what replaces it
 * @name: what messages call the function
 * @target: the address of the function, as it stands in a table of operations
 * @replacement: called instead of the function, with the same arguments, if
 *	@wanted says so. It must end with heapinfo_hook_leave().
 * @wanted: whether a call is for @replacement. Runs in the context of the
 *	caller with preemption disabled, and may not sleep. @regs are the
 *	registers at the first instruction of the function, and @parent is the
 *	address to which it returns.
 * @ops: used by ftrace
 */
struct heapinfo_hook {
	const char *name;
	unsigned long target;
	void *replacement;
	bool (*wanted)(struct pt_regs *regs, unsigned long parent);
#ifdef CONFIG_FUNCTION_TRACER
	struct ftrace_ops ops;
#endif
};

int heapinfo_hook_install(struct heapinfo_hook *hook);
void heapinfo_hook_remove(struct heapinfo_hook *hook);

/**
 * heapinfo_hook_leave() - say that a replacement is done
 *
 * Gives back the reference on the module that was taken when the call was
 * redirected. A few instructions of the replacement still run after this;
 * heapinfo_hook_remove() waits for them.
 *
 * Context: in the replacement; does not sleep.
 */
static inline void heapinfo_hook_leave(void)
{
	module_put(THIS_MODULE);
}

#endif /* HEAPINFO_HOOK_H */
