// SPDX-License-Identifier: GPL-2.0
/* The source "syscalls": the kernel's tracepoints sys_enter and sys_exit. */
#include "heapinfo.h"
#include "arch.h"
#include "brk_inline.h"
#include "tracepoints.h"

#include <linux/sched.h>
#include <linux/slab.h>

#include <asm/syscall.h>

#ifdef CONFIG_HAVE_SYSCALL_TRACEPOINTS

/*
 * Calls under way, found again by their task. A tracepoint has nowhere to
 * keep a thing between entry and exit, so there is a table of our own: a task
 * takes the first free place of a few, nearly always the first of all. A task
 * without a place is counted. A call is told from its place and gives it back
 * afterwards, so that nothing is copied.
 */
#define CALLS_BITS	11
#define PLACES		16

/* Of a cache line each: tasks do not share one, and a shift finds it. */
struct call {
	struct heapinfo_brk_entry entry;
	struct task_struct *task;
} ____cacheline_aligned;

static struct call *calls;
static atomic64_t no_place;

/* By the number of the task: those are handed out in turn, and need no hash. */
static __always_inline struct call *place(unsigned int i)
{
	return &calls[(task_pid_nr(current) + i) & ((1 << CALLS_BITS) - 1)];
}

/* A place of ours may be left over, if the exit was not traced. */
static __always_inline bool take(struct call *call)
{
	struct task_struct *task = NULL;

	return try_cmpxchg(&call->task, &task, current) || task == current;
}

static __always_inline bool is_ours(struct call *call)
{
	return READ_ONCE(call->task) == current;
}

static __always_inline void leave(struct call *call, long ret)
{
	heapinfo_brk_return(&call->entry, ret);
	/* Pairs with take(): done with before it is free. */
	smp_store_release(&call->task, NULL);
}

/*
 * Where the first place is another task's. Apart, so that registers are saved
 * for the loop here only, not in every system call.
 */
static noinline void enter_elsewhere(unsigned long asked)
{
	unsigned int i;

	for (i = 1; i < PLACES; i++) {
		if (take(place(i))) {
			heapinfo_brk_enter(&place(i)->entry, asked);
			return;
		}
	}
	atomic64_inc(&no_place);
}

static noinline void leave_elsewhere(long ret)
{
	unsigned int i;

	for (i = 1; i < PLACES; i++) {
		if (is_ours(place(i))) {
			leave(place(i), ret);
			return;
		}
	}
}

static void on_enter(void *data, struct pt_regs *regs, long nr)
{
	struct call *call;
	unsigned long asked;

	if (likely(!heapinfo_is_brk(nr, regs, &asked)))
		return;
	call = place(0);
	if (likely(take(call)))
		heapinfo_brk_enter(&call->entry, asked);
	else
		enter_elsewhere(asked);
}

static void on_exit(void *data, struct pt_regs *regs, long ret)
{
	struct call *call;

	if (likely(!heapinfo_is_brk(syscall_get_nr(current, regs), regs, NULL)))
		return;
	call = place(0);
	if (likely(is_ours(call)))
		leave(call, ret);
	else
		leave_elsewhere(ret);
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
