// SPDX-License-Identifier: GPL-2.0
/*
 * The source "redirect": a function of the module in front of each entry point of
 * brk(2), which calls the kernel's. What is known when a call begins lies on the
 * stack of the task that calls, so there is nothing that could run out; and the
 * code before and after the call may sleep, as the system call itself may.
 */
#include "heapinfo.h"
#include "arch.h"
#include "brk_inline.h"
#include "hook.h"
#include "unload.h"

#include <linux/sched.h>

/* The hint for whoever cannot have this source. */
#define HINT	"; source=syscalls may do"

/* Calls while the module need not be held, and while it must be. */
static asmlinkage long heapinfo_redirect_native(const struct pt_regs *regs);
static asmlinkage long heapinfo_held_native(const struct pt_regs *regs);
/* The call that is made at load, to see whether it comes here. */
static asmlinkage long heapinfo_check_native(const struct pt_regs *regs);
/* In resume.S: asks for a reference on the module first. */
asmlinkage long heapinfo_hold_native(const struct pt_regs *regs);
asmlinkage long heapinfo_hold_compat(const struct pt_regs *regs);
asmlinkage unsigned long heapinfo_hold_native_asked(const struct pt_regs *regs);
asmlinkage unsigned long heapinfo_hold_compat_asked(const struct pt_regs *regs);
#ifdef HEAPINFO_COMPAT_ENTRY
static asmlinkage long heapinfo_redirect_compat(const struct pt_regs *regs);
static asmlinkage long heapinfo_held_compat(const struct pt_regs *regs);
static asmlinkage long heapinfo_check_compat(const struct pt_regs *regs);
#endif

/* The registers of the call that is made to see whether it is redirected. */
static const struct pt_regs *heapinfo_check_regs;
static bool heapinfo_check_seen;

/* While the module is loaded, calls of others go their own way. */
static bool heapinfo_check_wanted(heapinfo_ftrace_regs *fregs)
{
	return heapinfo_ftrace_argument(fregs, 0) ==
	       (unsigned long)READ_ONCE(heapinfo_check_regs);
}

/* An entry point of brk(2). */
static struct entry {
	struct heapinfo_hook hook;
	void *counted;	/* where calls are led */
	void *held;	/* where they are led while rmmod is under way */
} heapinfo_entries[] = {
	{ .hook = { .name = HEAPINFO_NATIVE_ENTRY(brk), .hint = HINT,
		    .replacement = heapinfo_check_native },
	  .counted = heapinfo_redirect_native,
	  .held = heapinfo_hold_native },
#ifdef HEAPINFO_COMPAT_ENTRY
	{ .hook = { .name = HEAPINFO_COMPAT_ENTRY(brk), .hint = HINT,
		    .replacement = heapinfo_check_compat },
	  .counted = heapinfo_redirect_compat,
	  .held = heapinfo_hold_compat },
#endif
};

static __always_inline long heapinfo_redirect(const struct entry *entry,
					      const struct pt_regs *regs,
					      unsigned long asked, bool held)
{
	struct heapinfo_brk_entry call;
	long ret;

	/* One that is held has begun where it got the reference. */
	if (!held)
		heapinfo_call_begin(false);
	heapinfo_brk_enter(&call, asked);
	ret = heapinfo_hook_call(&entry->hook, regs, NULL);
	heapinfo_brk_return(&call, ret);
	heapinfo_call_end(held);
	if (held)
		module_put(THIS_MODULE);
	return ret;
}

static asmlinkage long heapinfo_redirect_native(const struct pt_regs *regs)
{
	return heapinfo_redirect(&heapinfo_entries[0], regs,
				 heapinfo_native_arg(regs), false);
}

static asmlinkage long heapinfo_held_native(const struct pt_regs *regs)
{
	return heapinfo_redirect(&heapinfo_entries[0], regs,
				 heapinfo_native_arg(regs), true);
}

/*
 * Where a call goes on while rmmod is under way: in @held with a reference on the
 * module; in the kernel, as if there were no module, where the kernel gives none
 * any more.
 */
static unsigned long
heapinfo_hold_asked(const struct entry *entry,
		    asmlinkage long (*held)(const struct pt_regs *regs))
{
	return heapinfo_call_holds() ? (unsigned long)held :
				       READ_ONCE(entry->hook.resume);
}

asmlinkage unsigned long heapinfo_hold_native_asked(const struct pt_regs *regs)
{
	return heapinfo_hold_asked(&heapinfo_entries[0], heapinfo_held_native);
}

#ifdef HEAPINFO_COMPAT_ENTRY
static asmlinkage long heapinfo_redirect_compat(const struct pt_regs *regs)
{
	return heapinfo_redirect(&heapinfo_entries[1], regs,
				 heapinfo_compat_arg(regs), false);
}

static asmlinkage long heapinfo_held_compat(const struct pt_regs *regs)
{
	return heapinfo_redirect(&heapinfo_entries[1], regs,
				 heapinfo_compat_arg(regs), true);
}

asmlinkage unsigned long heapinfo_hold_compat_asked(const struct pt_regs *regs)
{
	return heapinfo_hold_asked(&heapinfo_entries[1], heapinfo_held_compat);
}
#else
asmlinkage unsigned long heapinfo_hold_compat_asked(const struct pt_regs *regs)
{
	return 0;
}
#endif

/**
 * heapinfo_redirect_lead() - lead calls of brk(2) to the module
 * @hold: each that begins gets a reference on the module
 *
 * Context: any; one caller at a time.
 */
void heapinfo_redirect_lead(bool hold)
{
	struct entry *entry;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(heapinfo_entries); i++) {
		entry = &heapinfo_entries[i];
		if (entry->hook.installed)
			heapinfo_hook_lead(&entry->hook, hold ? entry->held :
							 entry->counted);
	}
}

static long heapinfo_check_entry(const struct entry *entry,
				 const struct pt_regs *regs)
{
	heapinfo_check_seen = true;
	return heapinfo_hook_call(&entry->hook, regs, NULL);
}

static asmlinkage long heapinfo_check_native(const struct pt_regs *regs)
{
	return heapinfo_check_entry(&heapinfo_entries[0], regs);
}

#ifdef HEAPINFO_COMPAT_ENTRY
static asmlinkage long heapinfo_check_compat(const struct pt_regs *regs)
{
	return heapinfo_check_entry(&heapinfo_entries[1], regs);
}
#endif

/*
 * Whether a call is redirected, does what it should, and comes back: brk(0), on
 * behalf of the task that loads the module. All registers are 0, whichever of
 * them has the argument.
 *
 * Return: 0; -EINTR if that task is killed; else -EOPNOTSUPP after one line in
 * the log.
 */
static int heapinfo_entry_check(const struct entry *entry)
{
	struct mm_struct *mm = current->mm;
	struct pt_regs regs = {};
	long ret;

	heapinfo_check_seen = false;
	WRITE_ONCE(heapinfo_check_regs, &regs);
	ret = heapinfo_resume((unsigned long)&regs, 0, entry->hook.target);
	WRITE_ONCE(heapinfo_check_regs, NULL);
	if (!READ_ONCE(heapinfo_check_seen)) {
		pr_err("a call of %s was not seen%s\n", entry->hook.name, HINT);
		return -EOPNOTSUPP;
	}
	if (ret == -EINTR)
		return ret;
	/* Other threads may move the break meanwhile. */
	if (atomic_read(&mm->mm_users) == 1 && ret != READ_ONCE(mm->brk)) {
		pr_err("brk(0) by way of %s does not tell the break%s\n",
		       entry->hook.name, HINT);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int heapinfo_entry_hook(struct entry *entry, bool optional)
{
	int ret;

	entry->hook.wanted = heapinfo_check_wanted;
	ret = heapinfo_hook_entry(&entry->hook, optional);
	if (ret || !entry->hook.installed)
		return ret;
	return heapinfo_entry_check(entry);
}

static void heapinfo_redirect_stop(void)
{
	unsigned int i = ARRAY_SIZE(heapinfo_entries);

	while (i--)
		heapinfo_hook_remove(&heapinfo_entries[i].hook);
	heapinfo_calls_wait();
	heapinfo_unload_stop();
}

static int heapinfo_redirect_start(void)
{
	unsigned int i;
	int ret;

	/* The compiler may have put the entry point into what calls it. */
	if (IS_ENABLED(CONFIG_LTO_CLANG)) {
		pr_err("this kernel is built with CONFIG_LTO_CLANG, so calls of brk(2) may go by its entry points%s\n",
		       HINT);
		return -EOPNOTSUPP;
	}
	ret = heapinfo_unload_start();
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(heapinfo_entries); i++) {
		/* No compat layer is no fault; no native entry point is. */
		ret = heapinfo_entry_hook(&heapinfo_entries[i], i > 0);
		if (ret) {
			heapinfo_redirect_stop();
			return ret;
		}
	}
	return 0;
}

const struct heapinfo_source heapinfo_source_redirect = {
	.name = "redirect",
	.start = heapinfo_redirect_start,
	.open = heapinfo_calls_open,
	.stop = heapinfo_redirect_stop,
};
