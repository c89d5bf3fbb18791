/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between architectures: how brk(2) is called, where heaps lie. */
#ifndef HEAPINFO_ARCH_H
#define HEAPINFO_ARCH_H

#include <linux/compat.h>
#include <linux/elf.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/ptrace.h>
#include <linux/sizes.h>

#include <asm/unistd.h>

#ifdef CONFIG_X86_64

/*
 * The kernel's entry points of brk(2). Their only argument is the address of
 * the registers that the program had when it made the call.
 */
#define HEAPINFO_NATIVE_BRK	"__x64_sys_brk"
static inline unsigned long heapinfo_native_brk_arg(struct pt_regs *regs)
{
	return ((struct pt_regs *)regs->di)->di;
}

#ifdef CONFIG_IA32_EMULATION
#define HEAPINFO_COMPAT_BRK	"__ia32_sys_brk"
static inline unsigned long heapinfo_compat_brk_arg(struct pt_regs *regs)
{
	return (u32)((struct pt_regs *)regs->di)->bx;
}
#endif

/* The number of brk(2) for 32-bit programs, which never changes. */
#define IA32_NR_BRK	45

/**
 * heapinfo_is_brk() - whether a system call of the current task is brk(2)
 * @nr: the number of the call
 * @regs: the registers of the program
 * @asked: gets the argument of brk(2); NULL if the caller does not need it
 *
 * What a number means depends on the ABI of the call: 45 is recvfrom(2) for
 * 64-bit programs, and 12 is chdir(2) for 32-bit ones. With source=syscalls
 * every system call of the machine is asked about here, so a call that is not
 * brk(2) is recognised by three comparisons.
 *
 * Context: inside that system call.
 * Return: true for brk(2) by the 64-bit, the x32 and the 32-bit ABI.
 */
static __always_inline bool heapinfo_is_brk(long nr, struct pt_regs *regs,
					    unsigned long *asked)
{
	if (unlikely(nr == __NR_brk)) {
		if (unlikely(in_ia32_syscall()))
			return false;
	} else if (unlikely(nr == IA32_NR_BRK)) {
		if (!in_ia32_syscall())
			return false;
		if (asked)
			*asked = (u32)regs->bx;
		return true;
	} else if (likely(nr != (__NR_brk | __X32_SYSCALL_BIT)) ||
		   in_ia32_syscall()) {
		return false;
	}
	if (asked)
		*asked = regs->di;
	return true;
}

/* Whether an address space is that of a 32-bit program. */
static inline bool heapinfo_is_32bit(const struct mm_struct *mm)
{
	return mm->task_size <= BIT_ULL(32);
}

/*
 * Where the kernel puts the heap of a position-independent program that names
 * no interpreter: a static-PIE program, or the loader ld.so started by itself.
 * The kernel's ELF_ET_DYN_BASE (COMPAT_ELF_ET_DYN_BASE for 32-bit programs) is
 * about the current task; this is about any address space.
 */
static inline unsigned long heapinfo_et_dyn_base(const struct mm_struct *mm)
{
	if (heapinfo_is_32bit(mm))
		return PAGE_ALIGN(mm->task_size / 3) + SZ_16M;
	return DEFAULT_MAP_WINDOW / 3 * 2 & PAGE_MASK;
}

#else
#error "heapinfo knows brk(2) of x86-64 only; add the architecture here"
#endif

#endif /* HEAPINFO_ARCH_H */
