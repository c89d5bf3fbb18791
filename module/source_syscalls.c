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
 * A tracepoint cannot keep anything from the entry of a system call to its
 * exit. So there is a table with a slot for each brk(2) that is under way. The
 * number of the task says where to begin; the task takes the first free slot of
 * a few, nearly always the first one. If none is free the call is counted as
 * missed.
 */
#define NR_SLOTS	2048
#define NR_TRIED	16

/*
 * Each slot has a cache line for itself, so that tasks do not wait for each
 * other's.
 */
struct call_slot {
	struct heapinfo_brk_entry entry;
	struct task_struct *task;
} ____cacheline_aligned;

static struct call_slot *heapinfo_slots;
static atomic64_t heapinfo_slots_missed;

/*
 * The slot that the current task tries as the @i-th. The kernel hands out the
 * numbers of tasks in turn, so they spread over the table without a hash.
 */
static __always_inline struct call_slot *heapinfo_slot(unsigned int i)
{
	return &heapinfo_slots[(task_pid_nr(current) + i) & (NR_SLOTS - 1)];
}

/*
 * Takes a slot, if it is free. It may also be ours already: from a call whose
 * exit was not seen.
 */
static __always_inline bool heapinfo_slot_take(struct call_slot *slot)
{
	struct task_struct *task = NULL;

	return try_cmpxchg(&slot->task, &task, current) || task == current;
}

static __always_inline bool heapinfo_slot_is_ours(struct call_slot *slot)
{
	return READ_ONCE(slot->task) == current;
}

/* Ends the call of a slot, and frees the slot. */
static __always_inline void heapinfo_slot_leave(struct call_slot *slot,
						long ret)
{
	heapinfo_brk_return(&slot->entry, ret);
	/* Pairs with heapinfo_slot_take(), which may reuse the slot at once. */
	smp_store_release(&slot->task, NULL);
}

/*
 * These two look for another slot if the first one is not ours. They are not
 * inlined: their loops need registers that every system call would have to
 * save.
 */
static noinline void heapinfo_enter_elsewhere(unsigned long asked)
{
	unsigned int i;

	for (i = 1; i < NR_TRIED; i++) {
		if (heapinfo_slot_take(heapinfo_slot(i))) {
			heapinfo_brk_enter(&heapinfo_slot(i)->entry, asked);
			return;
		}
	}
	atomic64_inc(&heapinfo_slots_missed);
}

static noinline void heapinfo_leave_elsewhere(long ret)
{
	unsigned int i;

	for (i = 1; i < NR_TRIED; i++) {
		if (heapinfo_slot_is_ours(heapinfo_slot(i))) {
			heapinfo_slot_leave(heapinfo_slot(i), ret);
			return;
		}
	}
}

static void heapinfo_sys_enter(void *data, struct pt_regs *regs, long nr)
{
	struct call_slot *slot;
	unsigned long asked;

	if (likely(!heapinfo_is_brk(nr, regs, &asked)))
		return;
	slot = heapinfo_slot(0);
	if (likely(heapinfo_slot_take(slot)))
		heapinfo_brk_enter(&slot->entry, asked);
	else
		heapinfo_enter_elsewhere(asked);
}

static void heapinfo_sys_exit(void *data, struct pt_regs *regs, long ret)
{
	struct call_slot *slot;

	if (likely(!heapinfo_is_brk(syscall_get_nr(current, regs), regs, NULL)))
		return;
	slot = heapinfo_slot(0);
	if (likely(heapinfo_slot_is_ours(slot)))
		heapinfo_slot_leave(slot, ret);
	else
		heapinfo_leave_elsewhere(ret);
}

static struct heapinfo_tracepoint heapinfo_sys_exit_point = {
	.name = "sys_exit", .probe = heapinfo_sys_exit,
};

static struct heapinfo_tracepoint heapinfo_sys_enter_point = {
	.name = "sys_enter", .probe = heapinfo_sys_enter,
};

static int heapinfo_syscalls_start(void)
{
	int ret;

	heapinfo_slots = kvcalloc(NR_SLOTS, sizeof(*heapinfo_slots),
				  GFP_KERNEL);
	if (!heapinfo_slots)
		return -ENOMEM;
	/* Exit first, so that a call that is seen to begin is seen to end. */
	ret = heapinfo_tracepoint_attach(&heapinfo_sys_exit_point);
	if (ret)
		goto free_slots;
	ret = heapinfo_tracepoint_attach(&heapinfo_sys_enter_point);
	if (ret)
		goto detach_exit;
	return 0;

detach_exit:
	heapinfo_tracepoint_detach(&heapinfo_sys_exit_point);
free_slots:
	kvfree(heapinfo_slots);
	heapinfo_slots = NULL;
	return ret;
}

static void heapinfo_syscalls_stop(void)
{
	heapinfo_tracepoint_detach(&heapinfo_sys_enter_point);
	heapinfo_tracepoint_detach(&heapinfo_sys_exit_point);
	kvfree(heapinfo_slots);
	heapinfo_slots = NULL;
}

static u64 heapinfo_syscalls_missed(void)
{
	return atomic64_read(&heapinfo_slots_missed);
}

#else /* !CONFIG_HAVE_SYSCALL_TRACEPOINTS */

static int heapinfo_syscalls_start(void)
{
	pr_err("source=syscalls needs a kernel with CONFIG_HAVE_SYSCALL_TRACEPOINTS; source=probe may do\n");
	return -EOPNOTSUPP;
}

static void heapinfo_syscalls_stop(void)
{
}

static u64 heapinfo_syscalls_missed(void)
{
	return 0;
}

#endif /* CONFIG_HAVE_SYSCALL_TRACEPOINTS */

const struct heapinfo_source heapinfo_source_syscalls = {
	.name = "syscalls",
	.start = heapinfo_syscalls_start,
	.stop = heapinfo_syscalls_stop,
	.missed = heapinfo_syscalls_missed,
};
