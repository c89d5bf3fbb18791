/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a call that was redirected goes on in the kernel's function, behind the
 * place where ftrace steps in.
 *
 * The processor is sent there by a return: an indirect call or jump into the
 * middle of a function is an error where indirect branches are tracked, and the
 * start of the function would lead back into the hook. ftrace does the same when
 * it sends the processor to the replacement.
 */
#include <linux/linkage.h>

#ifdef CONFIG_X86_64

#include <asm/frame.h>
/* The mark that a function may be called by its address; older ones have none. */
#if __has_include(<asm/ibt.h>)
#include <asm/ibt.h>
#else
#define ENDBR
#endif
#include <asm/unwind_hints.h>

	.text

/*
 * long heapinfo_resume(first, second, address)
 *
 * What is at the address finds both arguments where the caller put them and
 * returns to the caller.
 */
SYM_FUNC_START(heapinfo_resume)
	pushq	%rdx
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(heapinfo_resume)

/*
 * Replaces an entry point of a system call: asks the function \asked, then goes on
 * at the address that it returns, with the argument of the entry point. Nothing of
 * the module is left on the stack, so that what goes on may free it.
 */
.macro asking_entry name asked
SYM_FUNC_START(\name)
	ENDBR
	FRAME_BEGIN
	pushq	%rdi
	call	\asked
	popq	%rdi
	FRAME_END
	pushq	%rax
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(\name)
.endm

	/* of delete_module(2) */
	asking_entry heapinfo_unload_native heapinfo_unload_native_asked
	asking_entry heapinfo_unload_compat heapinfo_unload_compat_asked
	/* of brk(2), while rmmod is under way */
	asking_entry heapinfo_hold_native heapinfo_hold_native_asked
	asking_entry heapinfo_hold_compat heapinfo_hold_compat_asked

#else
#error "heapinfo knows how calls go on for x86-64 only; add the architecture here"
#endif
