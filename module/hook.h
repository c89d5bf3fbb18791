/* SPDX-License-Identifier: GPL-2.0 */
/* Puts a function of the module in front of one function of the kernel. */
#ifndef HEAPINFO_HOOK_H
#define HEAPINFO_HOOK_H

#include <linux/ftrace.h>
#include <linux/linkage.h>

#include "compat.h"

/**
 * struct heapinfo_hook - one function of the kernel and what stands before it
 * @name: of the function, for messages and heapinfo_hook_entry()
 * @hint: what to do where it cannot be hooked, for messages; may be NULL
 * @target: its address
 * @replacement: called in its place, with its arguments, when @wanted says so.
 *	It may call heapinfo_hook_call(). Changed by heapinfo_hook_lead() while
 *	the hook stands.
 * @wanted: whether a call is for @replacement; NULL: each is. Runs in the context
 *	of the caller of @target, preemption may be disabled; may not sleep.
 * @holds: each call of @replacement gets a reference on the module and must end
 *	with heapinfo_hook_leave(). Else the owner of the hook sees to it that the
 *	module stays while a call is under way.
 * @resume: where a call that was redirected goes on to be what it was: behind
 *	the place in @target where ftrace steps in. Known when @replacement is
 *	called.
 * @installed: the hook stands
 * @ops: ftrace's
 */
struct heapinfo_hook {
	const char *name;
	const char *hint;
	unsigned long target;
	void *replacement;
	bool (*wanted)(heapinfo_ftrace_regs *fregs);
	bool holds;
	unsigned long resume;
	bool installed;
#ifdef CONFIG_FUNCTION_TRACER
	struct ftrace_ops ops;
#endif
};

int heapinfo_hook_install(struct heapinfo_hook *hook);
int heapinfo_hook_entry(struct heapinfo_hook *hook, bool optional);
void heapinfo_hook_lead(struct heapinfo_hook *hook, void *replacement);
void heapinfo_hook_remove(struct heapinfo_hook *hook);

/* In resume.S: calls what is at @address with two arguments. */
asmlinkage long heapinfo_resume(unsigned long first, unsigned long second,
				unsigned long address);

/**
 * heapinfo_hook_call() - call the function that a hook stands before
 * @hook: redirects to the caller
 * @first: argument of the function
 * @second: its second argument, whatever where it has one
 *
 * The function is entered behind the place where ftrace steps in. So the call is
 * not redirected again, and others who trace the function see one call, not two.
 *
 * Context: that of the function.
 * Return: what the function returns.
 */
static __always_inline long heapinfo_hook_call(const struct heapinfo_hook *hook,
					       const void *first,
					       const void *second)
{
	return heapinfo_resume((unsigned long)first, (unsigned long)second,
			       READ_ONCE(hook->resume));
}

/**
 * heapinfo_hook_leave() - say that a replacement is done that holds the module
 *
 * Gives back the reference on the module that was taken for the call. A few
 * instructions of the replacement still run after this; heapinfo_hook_remove()
 * waits for them.
 *
 * Context: in the replacement; does not sleep.
 */
static inline void heapinfo_hook_leave(void)
{
	module_put(THIS_MODULE);
}

#endif /* HEAPINFO_HOOK_H */
