// SPDX-License-Identifier: GPL-2.0
/*
 * usage: shapes NAME [DEPTH]
 *
 * A program that grows its heap from a stack of a known shape, so that a test can compare
 * the functions that the reader names with those that there were. Each function asks for
 * memory so large that malloc() asks the kernel, and is kept from being a tail call or
 * part of another by what follows the call.
 *
 * Prints "ready" and waits for the end of its input.
 */
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define GROW (100u << 10)	/* below the size from which malloc() maps chunks */

void *kept[4096];
unsigned int n_kept;

__attribute__((noinline)) void grow_heap(void)
{
	void *before = sbrk(0);

	do
		kept[n_kept++ % 4096] = malloc(GROW);
	while (sbrk(0) == before);
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void plain_inner(void)
{
	grow_heap();
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void plain_outer(void)
{
	plain_inner();
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void deep(unsigned int n)
{
	if (n)
		deep(n - 1);
	else
		grow_heap();
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void with_alloca(size_t n)
{
	char *p = alloca(n);

	memset(p, 'x', n);
	__asm__ volatile("" :: "r" (p) : "memory");
	grow_heap();
	__asm__ volatile("" :: "r" (p) : "memory");
}

/* Its frame begins at a multiple of 64, wherever the caller's ends. */
__attribute__((noinline)) void with_aligned(void)
{
	char a[64] __attribute__((aligned(64)));

	__asm__ volatile("" :: "r" (a) : "memory");
	grow_heap();
	__asm__ volatile("" :: "r" (a) : "memory");
}

__attribute__((noinline)) void on_signal(int sig)
{
	(void)sig;
	grow_heap();
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void raises(void)
{
	raise(SIGUSR1);
	__asm__ volatile("" ::: "memory");
}

static void with_signal(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &sa, NULL);
	raises();
}

/* Of main_arena, so that it is brk that grows: M_ARENA_MAX is 1 by the test. */
__attribute__((noinline)) void *in_thread(void *arg)
{
	grow_heap();
	__asm__ volatile("" ::: "memory");
	return arg;
}

static void with_thread(void)
{
	pthread_t t;

	if (!pthread_create(&t, NULL, in_thread, NULL))
		pthread_join(t, NULL);
}

static ucontext_t back, other;

__attribute__((noinline)) void in_context(void)
{
	grow_heap();
	__asm__ volatile("" ::: "memory");
}

static void with_context(void)
{
	static char stack[64 << 10];

	getcontext(&other);
	other.uc_stack.ss_sp = stack;
	other.uc_stack.ss_size = sizeof(stack);
	other.uc_link = &back;
	makecontext(&other, in_context, 0);
	swapcontext(&back, &other);
}

static inline __attribute__((always_inline)) void inlined_one(void)
{
	grow_heap();
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void with_inlined(void)
{
	inlined_one();
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void calls_sbrk(void)
{
	if (sbrk(4096) == (void *)-1)
		exit(1);
	__asm__ volatile("" ::: "memory");
}

static int by_value(const void *a, const void *b)
{
	static int grown;

	if (!grown++)
		grow_heap();
	return *(const int *)a - *(const int *)b;
}

/* The program's function is called by libc, and calls libc again. */
__attribute__((noinline)) void with_qsort(void)
{
	int v[3] = { 3, 1, 2 };

	qsort(v, 3, sizeof(*v), by_value);
	__asm__ volatile("" :: "r" (v) : "memory");
}

/*
 * The stack is full of what is nobody's business; and the heap is grown from it.
 */
__attribute__((noinline)) void with_secrets(void)
{
	unsigned long s[512];
	size_t i;

	for (i = 0; i < 512; i++)
		s[i] = 0x5ec3e7005ec3e700ul + i;
	__asm__ volatile("" :: "r" (s) : "memory");
	grow_heap();
	__asm__ volatile("" :: "r" (s) : "memory");
}

#ifdef __x86_64__
/* push %rbp; mov %rsp,%rbp; sub $16,%rsp; mov %rsi,-8(%rbp); mov %rdi,%rax; mov %rsi,%rdi;
 * call *%rax; leave; ret
 */
static const unsigned char framed[] = {
	0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x48, 0x89, 0x75, 0xf8,
	0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0xff, 0xd0, 0xc9, 0xc3
};

/* sub $8,%rsp; call *%rdi; add $8,%rsp; ret: as CPython's trampolines end */
static const unsigned char trampoline[] = {
	0x48, 0x83, 0xec, 0x08, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x08, 0xc3
};

__attribute__((noinline)) void from_jit(void)
{
	grow_heap();
	__asm__ volatile("" ::: "memory");
}

/* Code made at run time, of two kinds, with names in a list for perf. */
__attribute__((noinline)) void with_jit(void)
{
	char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*call)(void *, void *) = (void (*)(void *, void *))code;
	char path[64];
	FILE *f;

	memcpy(code, framed, sizeof(framed));
	memcpy(code + 256, trampoline, sizeof(trampoline));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	f = fopen(path, "w");
	if (!f)
		exit(1);
	fprintf(f, "%lx %zx js:framed\n%lx %zx py::step:x.py\n",
		(unsigned long)code, sizeof(framed),
		(unsigned long)code + 256, sizeof(trampoline));
	fclose(f);
	call(code + 256, (void *)from_jit);
	__asm__ volatile("" ::: "memory");
}
#endif

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	char byte;

	if (!strcmp(name, "plain"))
		plain_outer();
	else if (!strcmp(name, "deep"))
		deep(argc > 2 ? atoi(argv[2]) : 30);
	else if (!strcmp(name, "alloca"))
		with_alloca(5000);
	else if (!strcmp(name, "aligned"))
		with_aligned();
	else if (!strcmp(name, "signal"))
		with_signal();
	else if (!strcmp(name, "thread"))
		with_thread();
	else if (!strcmp(name, "context"))
		with_context();
	else if (!strcmp(name, "inlined"))
		with_inlined();
	else if (!strcmp(name, "sbrk"))
		calls_sbrk();
	else if (!strcmp(name, "qsort"))
		with_qsort();
	else if (!strcmp(name, "secrets"))
		with_secrets();
#ifdef __x86_64__
	else if (!strcmp(name, "jit"))
		with_jit();
#endif
	else
		return 64;
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
