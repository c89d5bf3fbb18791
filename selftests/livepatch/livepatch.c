// SPDX-License-Identifier: GPL-2.0
/*
 * A livepatch of one function: of one that heapinfo has nothing to do with; of
 * another that a parameter names, to see that refused; or of brk(2) itself.
 */
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

static char *function = "cmdline_proc_show";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "the function to replace");

static bool brk;
module_param(brk, bool, 0444);
MODULE_PARM_DESC(brk, "the function is an entry point of brk(2)");

static int show_patched(struct seq_file *m, void *v)
{
	seq_puts(m, "patched\n");
	return 0;
}

/* A brk(2) that refuses whatever is asked: malloc() goes on with mmap(2). */
static long brk_patched(const struct pt_regs *regs)
{
	return READ_ONCE(current->mm->brk);
}

static struct klp_func functions[] = {
	{ .new_func = show_patched },
	{ }
};

static struct klp_object objects[] = {
	{ .funcs = functions },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objects,
};

static int __init livepatch_init(void)
{
	functions[0].old_name = function;
	if (brk)
		functions[0].new_func = brk_patched;
	return klp_enable_patch(&patch);
}

/* Only a patch that was disabled can be removed. */
static void __exit livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);

MODULE_DESCRIPTION("a livepatch for heapinfo to live with");
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
