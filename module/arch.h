/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between architectures: how brk(2) is entered, where heaps go. */
#ifndef HEAPINFO_ARCH_H
#define HEAPINFO_ARCH_H

#include <linux/compat.h>
#include <linux/elf.h>
#include <linux/mm_types.h>
#include <linux/ptrace.h>

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
 *
 * Number 45 of the 64-bit table is recvfrom, 12 of the 32-bit one is chdir.
 *
 * Context: inside that system call.
 * Return: true for brk by the 64-bit, x32 and 32-bit entries.
 */
static inline bool heapinfo_is_brk(long nr)
{
	if (likely(nr != __NR_brk && nr != IA32_NR_BRK &&
		   nr != (__NR_brk | __X32_SYSCALL_BIT)))
		return false;
	if (in_ia32_syscall())
		return nr == IA32_NR_BRK;
	return nr != IA32_NR_BRK;
}

/* Whether an address space is that of a 32-bit program. */
static inline bool heapinfo_is_32bit(const struct mm_struct *mm)
{
	return mm->task_size <= BIT_ULL(32);
}

/*
 * ELF_ET_DYN_BASE of asm/elf.h, for the address space of another: where the
 * kernel puts the heap of a position-independent program that names no
 * interpreter.
 */
static inline unsigned long heapinfo_et_dyn_base(const struct mm_struct *mm)
{
	if (heapinfo_is_32bit(mm))
		return 0x400000UL;
	return DEFAULT_MAP_WINDOW / 3 * 2 & PAGE_MASK;
}

#else
#error "heapinfo knows brk(2) of x86-64 only; add the architecture here"
#endif

#endif /* HEAPINFO_ARCH_H */
