// SPDX-License-Identifier: GPL-2.0
/*
 * Two ways to see every brk(2), with handlers that do nothing, to hold the costs of
 * heapinfo's sources against. For the benchmark alone.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/tracepoint.h>

static bool syscalls;
module_param(syscalls, bool, 0444);
MODULE_PARM_DESC(syscalls, "the tracepoint sys_exit, not a callback of ftrace");

static void notrace on_entry(unsigned long ip, unsigned long parent,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops entry_ops = { .func = on_entry };

static int watch_entry(void)
{
	unsigned char name[] = "__x64_sys_brk";
	int ret;

	ret = ftrace_set_filter(&entry_ops, name, sizeof(name) - 1, 1);
	return ret ?: register_ftrace_function(&entry_ops);
}

static void on_exit(void *data, struct pt_regs *regs, long ret)
{
}

static struct tracepoint *exit_point;

static void find_points(struct tracepoint *point, void *data)
{
	if (!strcmp(point->name, "sys_exit"))
		exit_point = point;
}

static int __init bare_init(void)
{
	if (!syscalls)
		return watch_entry();
	for_each_kernel_tracepoint(find_points, NULL);
	if (!exit_point)
		return -EOPNOTSUPP;
	return tracepoint_probe_register(exit_point, on_exit, NULL);
}

static void __exit bare_exit(void)
{
	if (syscalls) {
		tracepoint_probe_unregister(exit_point, on_exit, NULL);
		tracepoint_synchronize_unregister();
	} else {
		unregister_ftrace_function(&entry_ops);
	}
}

module_init(bare_init);
module_exit(bare_exit);
MODULE_DESCRIPTION("empty handlers on brk(2), for heapinfo's benchmark");
MODULE_LICENSE("GPL");
