// SPDX-License-Identifier: GPL-2.0
/*
 * The source "syscalls": the kernel's tracepoint sys_exit. Nothing is kept from
 * the begin of a call to its end: what was asked is still in the registers then,
 * and where the break was before is known to the record of the process.
 */
#include "heapinfo.h"
#include "arch.h"
#include "brk.h"
#include "compat.h"
#include "tracepoints.h"

#include <asm/syscall.h>

#ifdef CONFIG_HAVE_SYSCALL_TRACEPOINTS

static void heapinfo_sys_exit(void *data, struct pt_regs *regs, long ret)
{
	unsigned long asked;

	if (unlikely(heapinfo_is_brk(syscall_get_nr(current, regs), regs,
				     &asked)))
		heapinfo_brk_ended(asked, ret);
}

static struct heapinfo_tracepoint heapinfo_sys_exit_point = {
	.name = "sys_exit", .probe = heapinfo_sys_exit,
};

static int heapinfo_syscalls_start(void)
{
	/* The locks that a call takes sleep there. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !HEAPINFO_SYSCALLS_MAY_SLEEP) {
		pr_err("source=syscalls needs a kernel without CONFIG_PREEMPT_RT, or Linux 6.13 or later; source=redirect may do\n");
		return -EOPNOTSUPP;
	}
	return heapinfo_tracepoint_attach(&heapinfo_sys_exit_point);
}

static void heapinfo_syscalls_stop(void)
{
	heapinfo_tracepoint_detach(&heapinfo_sys_exit_point);
}

#else /* !CONFIG_HAVE_SYSCALL_TRACEPOINTS */

static int heapinfo_syscalls_start(void)
{
	pr_err("source=syscalls needs a kernel with CONFIG_HAVE_SYSCALL_TRACEPOINTS; source=redirect may do\n");
	return -EOPNOTSUPP;
}

static void heapinfo_syscalls_stop(void)
{
}

#endif /* CONFIG_HAVE_SYSCALL_TRACEPOINTS */

const struct heapinfo_source heapinfo_source_syscalls = {
	.name = "syscalls",
	.start = heapinfo_syscalls_start,
	.stop = heapinfo_syscalls_stop,
};
