// SPDX-License-Identifier: GPL-2.0
/* Tracepoints of the kernel that are not exported: found by their names. */
#include "heapinfo.h"
#include "tracepoints.h"

#include <linux/string.h>

#ifdef CONFIG_TRACEPOINTS

static void heapinfo_tracepoint_match(struct tracepoint *tp, void *data)
{
	struct heapinfo_tracepoint *point = data;

	if (!strcmp(tp->name, point->name))
		point->found = tp;
}

/**
 * heapinfo_tracepoint_attach() - attach a function to a tracepoint
 * @point: with @name and @probe
 *
 * Context: may sleep.
 * Return: 0; or after one line in the log -EOPNOTSUPP if the kernel has no such
 * tracepoint; -ENOMEM.
 */
int heapinfo_tracepoint_attach(struct heapinfo_tracepoint *point)
{
	int ret;

	point->found = NULL;
	for_each_kernel_tracepoint(heapinfo_tracepoint_match, point);
	if (!point->found) {
		pr_err("this kernel lacks the tracepoint %s: it comes with CONFIG_TRACEPOINTS%s\n",
		       point->name, strstarts(point->name, "sys_") ?
		       " and CONFIG_HAVE_SYSCALL_TRACEPOINTS" : "");
		return -EOPNOTSUPP;
	}
	ret = tracepoint_probe_register(point->found, point->probe, NULL);
	if (ret) {
		point->found = NULL;
		pr_err("cannot use the tracepoint %s (%d)\n", point->name, ret);
	}
	return ret;
}

/**
 * heapinfo_tracepoint_detach() - detach the function from the tracepoint
 * @point: attached or not
 *
 * The function does not run any more when this returns.
 *
 * Context: may sleep.
 */
void heapinfo_tracepoint_detach(struct heapinfo_tracepoint *point)
{
	if (!point->found)
		return;
	tracepoint_probe_unregister(point->found, point->probe, NULL);
	tracepoint_synchronize_unregister();
	point->found = NULL;
}

#else

int heapinfo_tracepoint_attach(struct heapinfo_tracepoint *point)
{
	pr_err("this kernel lacks the tracepoint %s: it comes with CONFIG_TRACEPOINTS\n",
	       point->name);
	return -EOPNOTSUPP;
}

void heapinfo_tracepoint_detach(struct heapinfo_tracepoint *point)
{
}

#endif
