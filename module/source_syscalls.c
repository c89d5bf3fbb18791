// SPDX-License-Identifier: GPL-2.0
/* The source "syscalls": the kernel's tracepoints sys_enter and sys_exit. */
#include "heapinfo.h"
#include "arch.h"
#include "brk.h"
#include "tracepoints.h"

#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <asm/syscall.h>

#ifdef CONFIG_HAVE_SYSCALL_TRACEPOINTS

/*
 * Calls under way, found again by their task. A tracepoint has nowhere to
 * keep a thing between entry and exit, so there is a table of our own: a task
 * takes the first free place of a few. A task without a place is counted.
 */
#define CALLS_BITS	11
#define PLACES		16

struct call {
	struct task_struct *task;
	struct heapinfo_brk_entry entry;
};

static struct call *calls;
static atomic64_t no_place;

static struct call *place(unsigned int i)
{
	return &calls[(hash_ptr(current, CALLS_BITS) + i) &
		      ((1 << CALLS_BITS) - 1)];
}

static struct call *find_call(void)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++)
		if (READ_ONCE(place(i)->task) == current)
			return place(i);
	return NULL;
}

static struct call *new_call(void)
{
	/* A place of ours is left over if the exit was never traced. */
	struct call *call = find_call();
	unsigned int i;

	for (i = 0; !call && i < PLACES; i++)
		if (!cmpxchg(&place(i)->task, NULL, current))
			call = place(i);
	return call;
}

static void on_enter(void *data, struct pt_regs *regs, long nr)
{
	unsigned long args[6];
	struct call *call;

	if (likely(!heapinfo_is_brk(nr)))
		return;
	call = new_call();
	if (!call) {
		atomic64_inc(&no_place);
		return;
	}
	syscall_get_arguments(current, regs, args);
	if (heapinfo_brk_enter(&call->entry, args[0]))
		return;
	/* Pairs with cmpxchg() in new_call(): written before it is free. */
	smp_store_release(&call->task, NULL);
}

static void on_exit(void *data, struct pt_regs *regs, long ret)
{
	struct heapinfo_brk_entry entry;
	struct call *call;

	if (likely(!heapinfo_is_brk(syscall_get_nr(current, regs))))
		return;
	call = find_call();
	if (!call)
		return;
	entry = call->entry;
	/* Pairs with cmpxchg() in new_call(): copied before it is free. */
	smp_store_release(&call->task, NULL);
	heapinfo_brk_return(&entry, ret);
}

static struct heapinfo_tracepoint exit_point = {
	.name = "sys_exit", .probe = on_exit,
};

static struct heapinfo_tracepoint enter_point = {
	.name = "sys_enter", .probe = on_enter,
};

static int syscalls_start(void)
{
	int ret;

	calls = kvcalloc(1 << CALLS_BITS, sizeof(*calls), GFP_KERNEL);
	if (!calls)
		return -ENOMEM;
	/* Exit first: a call that is seen to begin must be seen to end. */
	ret = heapinfo_tracepoint_attach(&exit_point);
	if (ret)
		goto free_calls;
	ret = heapinfo_tracepoint_attach(&enter_point);
	if (ret)
		goto detach_exit;
	return 0;

detach_exit:
	heapinfo_tracepoint_detach(&exit_point);
free_calls:
	kvfree(calls);
	calls = NULL;
	return ret;
}

static void syscalls_stop(void)
{
	heapinfo_tracepoint_detach(&enter_point);
	heapinfo_tracepoint_detach(&exit_point);
	kvfree(calls);
	calls = NULL;
}

static u64 syscalls_missed(void)
{
	return atomic64_read(&no_place);
}

#else /* !CONFIG_HAVE_SYSCALL_TRACEPOINTS */

static int syscalls_start(void)
{
	pr_err("source=syscalls needs a kernel with CONFIG_HAVE_SYSCALL_TRACEPOINTS; source=probe may do\n");
	return -EOPNOTSUPP;
}

static void syscalls_stop(void)
{
}

static u64 syscalls_missed(void)
{
	return 0;
}

#endif /* CONFIG_HAVE_SYSCALL_TRACEPOINTS */

const struct heapinfo_source heapinfo_source_syscalls = {
	.name = "syscalls",
	.start = syscalls_start,
	.stop = syscalls_stop,
	.missed = syscalls_missed,
};
