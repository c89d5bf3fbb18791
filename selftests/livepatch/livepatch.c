// SPDX-License-Identifier: GPL-2.0
/*
 * A livepatch of one function: of one that heapinfo has nothing to do with, or
 * of another that the parameter names, to see that refused.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static char *function = "cmdline_proc_show";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "the function to replace");

static int show_patched(struct seq_file *m, void *v)
{
	seq_puts(m, "patched\n");
	return 0;
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
