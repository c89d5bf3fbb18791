// SPDX-License-Identifier: GPL-2.0
/*
 * Has calls of brk(2) answered in the place of the kernel's function, by a kprobe
 * that says where the processor goes on, as error injection does. Whoever stands
 * before the function meets none of them.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>

/* Refuses whatever is asked: malloc() goes on with mmap(2). */
static long answer(const struct pt_regs *regs)
{
	return READ_ONCE(current->mm->brk);
}

static int go_on_elsewhere(struct kprobe *probe, struct pt_regs *regs)
{
	instruction_pointer_set(regs, (unsigned long)answer);
	return 1;
}

static struct kprobe probe = {
	.symbol_name = "__x64_sys_brk",
	.pre_handler = go_on_elsewhere,
};

static int __init override_init(void)
{
	return register_kprobe(&probe);
}

static void __exit override_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(override_init);
module_exit(override_exit);

MODULE_DESCRIPTION("answers brk(2) unseen");
MODULE_LICENSE("GPL");
