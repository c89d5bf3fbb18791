/* SPDX-License-Identifier: GPL-2.0 */
/* Puts a function of the module in front of one function of the kernel. */
#ifndef HEAPINFO_HOOK_H
#define HEAPINFO_HOOK_H

#include <linux/ftrace.h>
#include <linux/ptrace.h>

/**
 * struct heapinfo_hook - one function of the kernel and what stands before it
 * @name: of the function, for messages
 * @target: its address, as an ops table holds it
 * @replacement: called in its place, with its arguments, when @wanted says so;
 *	it must end with heapinfo_hook_leave()
 * @wanted: whether a call is for @replacement. Runs with preemption disabled
 *	in the context of the caller of @target; may not sleep. @regs are those
 *	at the first instruction of @target, @parent its return address.
 * @ops: ftrace's
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
 * Gives back the reference on the module that the redirection took. The few
 * instructions between this and the return are covered by the wait in
 * heapinfo_hook_remove().
 */
static inline void heapinfo_hook_leave(void)
{
	module_put(THIS_MODULE);
}

#endif /* HEAPINFO_HOOK_H */
