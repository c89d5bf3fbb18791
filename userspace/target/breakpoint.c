// SPDX-License-Identifier: GPL-2.0
/* Set breakpoints with ptrace(2). Only for x86, where one is the byte 0xcc. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "target/breakpoint.h"

#define TRAP 0xccu

/**
 * breakpoint_possible - can breakpoints be set on this machine?
 *
 * Return: true if so.
 */
bool breakpoint_possible(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return true;
#else
	return false;
#endif
}

#if defined(__x86_64__)
#define PC offsetof(struct user_regs_struct, rip)
#elif defined(__i386__)
#define PC offsetof(struct user_regs_struct, eip)
#else
#define PC 0
#endif

static void *address(u64 addr)
{
	return (void *)(uintptr_t)addr;
}

/**
 * breakpoint_set - put a breakpoint into a process
 * @tid: a stopped thread of it
 * @b: filled
 * @addr: the start of an instruction
 *
 * Return: 0, or -1.
 */
int breakpoint_set(pid_t tid, struct breakpoint *b, u64 addr)
{
	u64 word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, address(addr), 0);
	if (errno)
		return -1;
	b->addr = addr;
	b->word = word;
	word = (word & ~0xffull) | TRAP;
	b->set = !ptrace(PTRACE_POKETEXT, tid, address(addr), (long)word);
	return b->set ? 0 : -1;
}

/**
 * breakpoint_clear_copy - take a breakpoint out of a child that inherited it
 * @tid: a stopped thread of the child
 * @b: the breakpoint
 */
void breakpoint_clear_copy(pid_t tid, const struct breakpoint *b)
{
	if (b->set)
		ptrace(PTRACE_POKETEXT, tid, address(b->addr), (long)b->word);
}

/**
 * breakpoint_clear - take a breakpoint out
 * @tid: a stopped thread
 * @b: the breakpoint; nothing happens if it is not set
 */
void breakpoint_clear(pid_t tid, struct breakpoint *b)
{
	breakpoint_clear_copy(tid, b);
	b->set = false;
}

/**
 * breakpoint_hit - did a thread that got SIGTRAP run into it?
 * @tid: the thread
 * @b: the breakpoint
 *
 * Return: true if so.
 */
bool breakpoint_hit(pid_t tid, const struct breakpoint *b)
{
	u64 pc;

	if (!b->addr)
		return false;
	errno = 0;
	pc = ptrace(PTRACE_PEEKUSER, tid, (void *)PC, 0);
	return !errno && pc == b->addr + 1;
}

/**
 * breakpoint_back - set a thread that hit it back to the start of the
 * instruction
 * @tid: the thread
 * @b: the breakpoint
 */
void breakpoint_back(pid_t tid, const struct breakpoint *b)
{
	ptrace(PTRACE_POKEUSER, tid, (void *)PC, (long)b->addr);
}

/**
 * breakpoint_step - let a thread execute the instruction that a breakpoint
 * replaces
 * @tid: the thread, set back to it
 * @b: the breakpoint, set again afterwards
 * @status: what waitpid() said last, where this returns false
 *
 * The breakpoint is out meanwhile: another thread can pass it unseen.
 *
 * Return: true if the thread has executed it and is stopped.
 */
bool breakpoint_step(pid_t tid, struct breakpoint *b, int *status)
{
	int sig = 0;

	breakpoint_clear(tid, b);
	while (!ptrace(PTRACE_SINGLESTEP, tid, 0, (void *)(long)sig) &&
	       waitpid(tid, status, __WALL) == tid && WIFSTOPPED(*status) &&
	       !(*status >> 16)) {
		sig = WSTOPSIG(*status);
		if (sig == SIGTRAP)
			return !breakpoint_set(tid, b, b->addr);
	}
	return false;
}
