/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between architectures: how brk(2) is called, where heaps lie. */
#ifndef HEAPINFO_ARCH_H
#define HEAPINFO_ARCH_H

#include <linux/compat.h>
#include <linux/elf.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include <asm/ftrace.h>
#include <asm/segment.h>
#include <asm/unistd.h>

#ifdef CONFIG_X86_64

/*
 * The names of the kernel's entry points of a system call, for 64-bit and for
 * 32-bit programs. An entry point has one argument, the registers of user space;
 * where the first argument of the system call lies in them is told here.
 */
#define HEAPINFO_NATIVE_ENTRY(call)	"__x64_sys_" #call
static inline unsigned long heapinfo_native_arg(const struct pt_regs *regs)
{
	return regs->di;
}

#ifdef CONFIG_IA32_EMULATION
#define HEAPINFO_COMPAT_ENTRY(call)	"__ia32_sys_" #call
static inline unsigned long heapinfo_compat_arg(const struct pt_regs *regs)
{
	return (u32)regs->bx;
}
#endif

#ifdef CONFIG_FUNCTION_TRACER
/*
 * Where a function goes on behind the place @ip where ftrace steps in: an
 * instruction of that size stands there.
 */
static inline unsigned long heapinfo_ftrace_resume(unsigned long ip)
{
	return ip + MCOUNT_INSN_SIZE;
}
#endif

/* The number of brk(2) for 32-bit programs, which never changes. */
#define IA32_NR_BRK	45

/**
 * heapinfo_is_brk() - whether a system call of the current task is brk(2)
 * @nr: its number, in the table of the call's own ABI
 * @regs: its registers; what was asked is still in them when the call returns
 * @asked: gets its argument if it is
 *
 * Number 45 of the 64-bit table is recvfrom, 12 of the 32-bit one is chdir. All
 * other calls pay for three comparisons. The argument is read where the entry is
 * known, so that the entry need not be asked for again.
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
		*asked = (u32)regs->bx;
		return true;
	} else if (likely(nr != (__NR_brk | __X32_SYSCALL_BIT)) ||
		   in_ia32_syscall()) {
		return false;
	}
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

/**
 * struct heapinfo_registers - what unwinding a stack begins with
 * @ip: where the call was made
 * @sp: the stack pointer, the lowest address of the stack
 * @values: the registers that may hold a frame, or the address of one, in the order
 *	of heapinfo_register_names
 * @narrow: the words of the stack have 4 bytes
 */
#define HEAPINFO_REGISTERS	6
struct heapinfo_registers {
	unsigned long ip;
	unsigned long sp;
	unsigned long values[HEAPINFO_REGISTERS];
	bool narrow;
};

/* By the width of words; an empty name is none. */
#define HEAPINFO_REGISTER_NAMES {				\
	{ "bp", "bx", "r12", "r13", "r14", "r15" },		\
	{ "bp", "bx", "si", "di", "", "" },			\
}

/* Whether code of 32 bits runs; with a segment of its own, as its program is. */
static inline bool heapinfo_is_narrow(const struct pt_regs *regs)
{
	if (regs->cs == __USER_CS)
		return false;
	return regs->cs == __USER32_CS || heapinfo_is_32bit(current->mm);
}

static inline void heapinfo_read_registers(struct heapinfo_registers *to,
					   const struct pt_regs *regs)
{
	bool narrow = heapinfo_is_narrow(regs);

	to->ip = regs->ip;
	to->sp = regs->sp;
	to->values[0] = regs->bp;
	to->values[1] = regs->bx;
	to->values[2] = narrow ? regs->si : regs->r12;
	to->values[3] = narrow ? regs->di : regs->r13;
	to->values[4] = narrow ? 0 : regs->r14;
	to->values[5] = narrow ? 0 : regs->r15;
	to->narrow = narrow;
}

/* Where the kernel's own code in the address space begins. */
static inline unsigned long heapinfo_vdso(const struct mm_struct *mm)
{
	return (unsigned long)mm->context.vdso;
}

/* The name of the machine that a program is for, as uname -m has it. */
static inline const char *heapinfo_machine(const struct mm_struct *mm)
{
	return heapinfo_is_32bit(mm) ? "i386" : "x86_64";
}

#else
#error "heapinfo knows brk(2) of x86-64 only; add the architecture here"
#endif

#endif /* HEAPINFO_ARCH_H */
