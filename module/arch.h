/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between architectures: how brk(2) is entered, where heaps go. */
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

/* Wrappers of system calls get the registers of user space. */
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

/* The number of brk in the table of 32-bit x86, which never changes. */
#define IA32_NR_BRK	45

/**
 * heapinfo_is_brk() - whether a system call of the current task is brk(2)
 * @nr: its number, in the table of the call's own ABI
 * @regs: its registers
 * @asked: gets its argument if it is; NULL if nobody asks
 *
 * Number 45 of the 64-bit table is recvfrom, 12 of the 32-bit one is chdir. All
 * other calls pay for three comparisons. The argument is read where the entry is
 * known: to copy all six and ask for the entry again took 24 instructions more.
 *
 * Context: inside that system call.
 * Return: true for brk by the 64-bit, x32 and 32-bit entries.
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
 * ELF_ET_DYN_BASE of asm/elf.h, and COMPAT_ELF_ET_DYN_BASE for 32-bit programs,
 * for the address space of another: where the kernel puts the heap of a
 * position-independent program that names no interpreter.
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
