// SPDX-License-Identifier: GPL-2.0
/*
 * Make a known heap, say what the reader must say of it, and wait: for
 * tests/run.
 *
 * usage: heaps SCENARIO; without one it lists them.
 *
 * What it prints, one on each line:
 *   has COMMAND|REGEX      heapinfo COMMAND PID prints a line that matches
 *   hasnot COMMAND|REGEX   it prints none
 *   status COMMAND|N       it ends with status N
 *   fail WHY               the heap did not become what it should be
 *   skip WHY               this glibc cannot have such a heap
 *   ready                  that was all; it waits for its input to end
 * It prints with write(2), so that nothing is on its heap but what it asked
 * for.
 */
#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <linux/io_uring.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define W sizeof(size_t)
#define ALIGN 16u
#define KEEP_OUT_OF_TCACHE 2000u	/* too large for a tcache by default */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int minor;	/* 36 for glibc 2.36 */

static void say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	if (write(1, line, n) != n)
		_exit(1);
}

static void skip(const char *why)
{
	say("skip %s", why);
	_exit(0);
}

static char *header(void *user)
{
	return (char *)user - 2 * W;
}

static size_t field(void *user)
{
	return ((size_t *)user)[-1];
}

static size_t size_of(void *user)
{
	return field(user) & ~(size_t)7;
}

static void set_field(void *user, size_t v)
{
	((volatile size_t *)user)[-1] = v;
}

static void *get(size_t size)
{
	void *p = malloc(size);

	if (!p)
		_exit(1);
	return p;
}

/*
 * The reader must show this chunk in this state, with the size it really has.
 */
static void expect(void *user, const char *state, const char *rest)
{
	say("has chunks|^%p +%zu  %s%s", header(user), size_of(user), state,
	    rest);
}

static void clean(void)
{
	say("has check|^clean: .*; 0 violations");
	say("status check|0");
	say("hasnot chunks|damaged");
}

static void damaged(void *user, const char *words)
{
	say("status check|1");
	say("has check|^%p: ", header(user));
	if (words)
		say("has check|glibc .*\"%s\"", words);
}

/*
 * Small programs that show how a heap begins, on today's glibc.  They expect an
 * empty heap: but in a static program, libc takes its TLS from the break, and
 * calls malloc before main().
 */
static void dynamic_only(void)
{
#ifdef STATIC
	skip("a static program's libc uses malloc before main()");
#endif
}

static void no_malloc(void)
{
	dynamic_only();
	say("hasnot chunks|^0x");
	say("status chunks|0");
	say("has why|has not used malloc's heap");
	clean();
}

/* The size of the chunk that holds a thread's tcache itself. */
static size_t tcache_chunk(void)
{
	if (W == 4)	/* half the pointers */
		return minor >= 42 ? 0x1d0 : minor >= 30 ? 0x190 : 0x150;
	return minor >= 42 ? 0x300 : minor >= 30 ? 0x290 : 0x250;
}

static void one_malloc(void)
{
	char *p = get(1);
	size_t before = minor >= 43 ? 0 : tcache_chunk();

	dynamic_only();
	/*
	 * Before it, as the first chunk of all, comes that of the tcache
	 * itself.
	 */
	if (before)
		say("has chunks --limit 1|^%p +%zu  in use     prev_inuse  tcache of thread %d$",
		    header(p) - before, before, (int)getpid());
	else
		expect(p, "in use", "     prev_inuse$");
	expect(p, "in use", "     prev_inuse$");
	say("has chunk %p|^size +%zu \\(%zu usable\\)", p, 4 * W, 3 * W);
	say("has chunk %p|^flags       prev_inuse$", p);
	say("has chunk %p|^state       in use$", p);
	if (before) {
		say("has chunk %p|^state       in use: tcache of thread %d$",
		    header(p) - before + 2 * W, (int)getpid());
		say("has chunk --json %p|\"holds\": ?\"tcache\"",
		    header(p) - before + 2 * W);
	}
	/* What malloc_trim() would give back is told from what free() would. */
	say("hasnot why|Nothing worth trimming");
	if (W == 8)
		say("has why|^malloc_trim\\(0\\) now: the break would go down by 128 KiB");
	if (W == 8)
		say("has why|free\\(\\) leaves 128 KiB of it, top_pad");
	clean();
}

/* What was never touched is not in memory after it was asked about, either. */
static void untouched(void)
{
	static const char *const command[] = {
		"stats", "check", "bins", "chunks", "chunks --hexdump 64",
		"map", "arenas", "why", "show",
	};
	size_t i;

	get(1);
	for (i = 0; i < ARRAY_SIZE(command); i++)
		say("status %s|0", command[i]);
	if (sysconf(_SC_PAGESIZE) == 4096)
		say("has show|^  resident +[0-8]\\.[0-9] KiB ");
	clean();
}

/* All of it is: not more of it than there is, wherever in a page it begins. */
static void all_touched(void)
{
	int i;

	for (i = 0; i < 3; i++)
		memset(get(44000), 'x', 44000);
	say("has show|^  resident .* (9[5-9]\\.[0-9]|100\\.0)%%");
	clean();
}

/*
 * A read that io_uring does not do at once: the kernel starts a thread of this
 * process for it, which has no memory of malloc's and no control block.
 */
static void worker_of_the_kernel(void)
{
	struct io_uring_params params = { 0 };
	int ring = syscall(__NR_io_uring_setup, 1, &params), ends[2];
	static char byte;
	struct io_uring_sqe *sqe;
	char *queue;

	if (ring < 0)
		skip("io_uring is not there, or not for us");
	queue = mmap(NULL, params.sq_off.array + sizeof(unsigned int),
		     PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		   IORING_OFF_SQES);
	if (queue == MAP_FAILED || sqe == MAP_FAILED || pipe(ends))
		skip("io_uring cannot be used");
	*sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC, .fd = ends[0],
		.addr = (uintptr_t)&byte, .len = 1,
	};
	*(unsigned int *)(queue + params.sq_off.array) = 0;
	*(unsigned int *)(queue + params.sq_off.tail) = 1;
	if (syscall(__NR_io_uring_enter, ring, 1, 0, 0, NULL, 0) != 1)
		say("fail io_uring takes nothing");
	get(1);
	say("hasnot stats --json|control block");
	say("status check --freeze|0");
	clean();
}

static void in_heap(void)
{
	uintptr_t start = (uintptr_t)get(1) & ~(uintptr_t)4095;
	char *end = sbrk(0);

	dynamic_only();	/* malloc's heap is all of [heap] then */
	say("has arenas|brk +%p-%p %zu KiB, with top", (void *)start, end,
	    ((uintptr_t)end - start) / 1024);
	clean();
}

static void sizes_and_flags(void)
{
	char *chunks[10];
	size_t i;

	for (i = 0; i < 10; i++)
		chunks[i] = get(1024 * (i + 1));
	for (i = 0; i < 10; i++) {
		say("has chunks|^%p +%zu  in use     prev_inuse$",
		    header(chunks[i]), 1024 * (i + 1) + 16);
		if (i)
			/*
			 * A chunk's usable part ends at the next one's size
			 * field.
			 */
			say("has chunk %p|^chunk +%p$",
			    header(chunks[i]) + W - 1, header(chunks[i - 1]));
	}
	say("has chunks --hexdump 16|^%p .*| 00 00 00 00 00 00 00 00 11 04 00 00 00 00 00 00$",
	    header(chunks[0]));
	clean();
}

static void previous_size(void)
{
	char *chunks[10];
	size_t i;

	for (i = 0; i < 10; i++)
		chunks[i] = get(1024 * (i + 1));
	free(chunks[3]);
	free(chunks[7]);
	say("has chunks|^%p +4112  unsorted   prev_inuse$", header(chunks[3]));
	say("has chunks|^%p +5136  in use     prev_size 4112$",
	    header(chunks[4]));
	say("has chunks|^%p +9232  in use     prev_size 8208$",
	    header(chunks[8]));
	say("has chunks|^%p +6160  in use     prev_inuse$", header(chunks[5]));
	say("has bins|^arena 0 +unsorted +1 +4112\\.\\.8208 +2 +12320 ");
	clean();
}

static void malloc_zero(void)
{
	char *p = get(0);

	say("has chunks|^%p +%zu  in use", header(p), W == 8 ? (size_t)32 :
	    (size_t)16);
	clean();
}

static void break_moves_up(void)
{
	char *start = sbrk(0), *first, *second;
	int i;

	dynamic_only();
	get(1);
	first = sbrk(0);
	for (i = 0; i < 0x25000 / 1024; i++)
		get(1024);
	second = sbrk(0);
	/* With 32 bits, aligning the first chunk takes a page more. */
	if (first - start != (W == 8 ? 0x21000 : 0x22000) ||
	    second - first != 0x21000)
		say("fail the break did not move by 0x21000 twice");
	say("has arenas|brk +%p-%p %zu KiB, with top", start, second,
	    (second - start) / 1024);
	say("has why|^break +%p", second);
	say("has why|ends at %p$", second);
	clean();
}

/* Free lists: what is on them. */

static void tcache(void)
{
	void *p[5];
	size_t i;

	for (i = 0; i < 5; i++)
		p[i] = get(100);
	for (i = 0; i < 3; i++)
		free(p[i]);
	if (minor >= 43) {
		/* From 2.43 on the first free() makes the tcache. */
		for (i = 0; i < 3; i++)
			p[i] = get(100);
		for (i = 0; i < 3; i++)
			free(p[i]);
	}
	say("has bins|^thread %d +tcache +%zu +112 +3 +336  %p +sound$",
	    getpid(), W == 8 ? (size_t)5 : (size_t)6, header(p[2]));
	for (i = 0; i < 3; i++)
		expect(p[i], "tcache", "     prev_inuse$");
	for (i = 3; i < 5; i++)
		expect(p[i], "in use", "     prev_inuse$");
	clean();
}

/*
 * A chunk as large as a tcache is not taken for one, even if a variable of the
 * thread points to it.
 */
static void like_a_tcache(void)
{
	static __thread void *of_thread[4];
	void *p;

	free(get(100));
	of_thread[1] = get(tcache_chunk() - W);
	memset(of_thread[1], 0x5a, tcache_chunk() - W);
	p = get(100);
	free(p);
	expect(p, "tcache", "     prev_inuse$");
	clean();
}

static void fastbins(void)
{
	void *p[12];
	size_t i;

	if (minor > 42)
		skip("glibc has no fastbins from 2.43 on");
	for (i = 0; i < 12; i++)
		p[i] = get(40);
	get(40);
	for (i = 0; i < 12; i++)
		free(p[i]);
	for (i = 0; i < 7; i++)
		expect(p[i], "tcache", "     prev_inuse$");
	for (i = 7; i < 12; i++)
		expect(p[i], "fastbin", "    prev_inuse$");
	say("has bins|^arena 0 +fastbin +%zu +48 +5 +240  %p +sound$",
	    W == 8 ? (size_t)1 : (size_t)4, header(p[11]));
	say("has chunks --no-lists|^%p +48  in use ", header(p[11]));
	clean();
}

/* Chunks with one in use behind each, so that none are merged when freed. */
static void alternate(void **p, size_t n, size_t from, size_t step)
{
	size_t i;

	for (i = 0; i < n; i++) {
		p[i] = get(from + i * step);
		get(24);
	}
}

static void sort_unsorted(void)
{
	free(get(300000 / W * W));	/* gets a mapping: sorts nothing */
	get(60000);			/* from top: sorts the list first */
}

static void bins(void)
{
	void *small[12], *large[4], *same[3];
	size_t i;

	alternate(small, 12, 200, 0);
	alternate(large, 4, KEEP_OUT_OF_TCACHE, 512);
	alternate(same, 3, 10000, 0);
	for (i = 0; i < 12; i++)
		free(small[i]);
	for (i = 0; i < 4; i++)
		free(large[i]);
	for (i = 0; i < 3; i++)
		free(same[i]);
	sort_unsorted();
	for (i = 0; i < 4; i++)
		expect(large[i], "large", "      prev_inuse$");
	for (i = 0; i < 3; i++)
		expect(same[i], "large", "      prev_inuse$");
	if (minor < 43)
		for (i = 7; i < 12; i++)
			expect(small[i], "small", "      prev_inuse$");
	say("has bins|^arena 0 +large +[0-9]+ +10016 +3 +30048 .* sound$");
	say("hasnot bins|DAMAGED");
	say("has stats --json|\"fragmentation\":0\\.");
	clean();
}

/* Arenas. */

static pthread_barrier_t barrier;

static void *thread_main(void *arg)
{
	void **p = arg;

	p[0] = get(100);
	p[1] = get(100);
	p[2] = get(100);
	free(p[1]);
	if (minor >= 43) {
		p[1] = get(100);
		free(p[1]);
	}
	pthread_barrier_wait(&barrier);
	pause();
	return NULL;
}

static void threads(void)
{
	static void *p[3][3];
	pthread_t t;
	size_t i;

	pthread_barrier_init(&barrier, NULL, 4);
	for (i = 0; i < 3; i++)
		if (pthread_create(&t, NULL, thread_main, p[i]))
			_exit(1);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < 3; i++) {
		expect(p[i][0], "in use", "     prev_inuse non_main$");
		expect(p[i][1], "tcache", "     prev_inuse non_main$");
		expect(p[i][2], "in use", "     prev_inuse non_main$");
	}
	say("has arenas|^3 +0x");
	say("has arenas|^4 threads, %d tcaches found", minor >= 43 ? 3 : 4);
	clean();
}

/*
 * Hold chunks as large as a tcache, with the pointers to them on the stack, as
 * a server holds the state of a client. This thread itself has no tcache: from
 * 2.43 on since it frees nothing, before since it allocates nothing.
 */
static void *hold(void *arg)
{
	void *held[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(held); i++) {
		held[i] = minor >= 43 ? get(tcache_chunk() - W) :
					((void **)arg)[i];
		memset(held[i], 'x' + i % 2, tcache_chunk() - W);
	}
	pthread_barrier_wait(&barrier);
	pause();
	return held[0];
}

static void threads_without_tcache(void)
{
	static void *p[3][8];
	pthread_t t;
	size_t i, j;

	pthread_barrier_init(&barrier, NULL, 4);
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 8 && minor < 43; j++)
			p[i][j] = get(tcache_chunk() - W);
		if (pthread_create(&t, NULL, hold, p[i]))
			_exit(1);
	}
	pthread_barrier_wait(&barrier);
	say("has arenas|^4 threads, %d tcache%s found", minor < 43,
	    minor < 43 ? "" : "s");
	clean();
}

/* Start a thread, and wait until it has made its heap. */
static void run_thread(void *(*make)(void *arg), void *arg)
{
	pthread_t t;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&t, NULL, make, arg))
		_exit(1);
	pthread_barrier_wait(&barrier);
}

static void *many_heaps(void *arg)
{
	void **p = arg;
	size_t i;

	/* 150 MiB, in pieces too small for a mapping of their own. */
	for (i = 0; i < 1536; i++)
		p[i] = get(100 << 10);
	free(p[0]);
	pthread_barrier_wait(&barrier);
	pause();
	return NULL;
}

static void heaps_of_a_thread(void)
{
	static void *p[1536];

	run_thread(many_heaps, p);
	expect(p[0], "unsorted", "   prev_inuse$");
	expect(p[1], "in use", "     non_main  prev_size 102[0-9]*$");
	expect(p[1535], "in use", "     prev_inuse non_main$");
	say("has chunks|fencepost");
	say("has stats|^in use +15[0-9][0-9] ");
	clean();
}

/*
 * Leave exactly 48 bytes of top before @end.  When malloc must then go on
 * elsewhere, that is more than its fenceposts need, but not enough for a chunk
 * besides.
 */
static void leave_48(char *end)
{
	const size_t step = 100 << 10;
	char *last;
	size_t left;

	if (W == 4)
		skip("top never has 48 bytes there");
	do {
		last = get(24);
		left = end - (header(last) + size_of(last));
		if (left > step + 4096)
			get(step);
	} while (left > step + 4096);
	get(left - 48 - W);
}

static void *fill_heap(void *arg)
{
	const uintptr_t max = 64 << 20;
	char *first = get(100), *after;
	char *end = (char *)(((uintptr_t)first & ~(max - 1)) + max);
	void **p = arg;

	leave_48(end);
	p[0] = end - 48;
	after = get(1000);
	if (after > first && after < end)
		say("fail there is no other heap");
	p[1] = after;
	pthread_barrier_wait(&barrier);
	pause();
	return NULL;
}

static void full_heap_of_a_thread(void)
{
	static char *p[2];

	run_thread(fill_heap, p);
	say("has chunks|^%p +32  fencepost", p[0]);
	say("has chunks|^%p +16  fencepost", p[0] + 32);
	expect(p[1], "in use", "     prev_inuse non_main$");
	clean();
}

static void foreign_sbrk(void)
{
	char *before = get(1000), *mine, *after;
	size_t i;

	mine = sbrk(5000);
	memset(mine, 0x41, 5000);
	for (i = 0; i < 200; i++)
		after = get(1000);
	expect(before, "in use", "     prev_inuse$");
	expect(after, "in use", "     prev_inuse$");
	say("has chunks|  foreign");
	say("has chunk %p|somebody else took with sbrk", mine + 100);
	say("has chunks|  fencepost");
	clean();
}

/*
 * Only three chunks between two holes: too few to be sure of them by
 * themselves.
 */
static void foreign_sbrk_twice(void)
{
	char *before = get(1000), *mine[2], *between[2], *after;
	size_t i, n;

	for (i = 0; i < 2; i++) {
		mine[i] = sbrk(4096);
		memset(mine[i], 0x41, 4096);
		for (n = 0; n < 3; n++)
			between[i] = get(100000);
	}
	after = get(1000);
	expect(before, "in use", "     prev_inuse$");
	for (i = 0; i < 2; i++) {
		expect(between[i], "in use", "     prev_inuse$");
		say("has chunk %p|somebody else took with sbrk", mine[i] + 100);
	}
	expect(after, "in use", "     prev_inuse$");
	clean();
}

/* Put a mapping right above the break: from now on brk fails. */
static void *block_brk(void)
{
	void *end = sbrk(0);

	if (mmap(end, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		_exit(1);
	return end;
}

/* Let brk work again.  Return: the last chunk that malloc then took from it. */
static char *go_on_at(char *end)
{
	char *last;
	size_t i;

	munmap(end, 4096);
	for (i = 0; i < 3000; i++)
		last = get(1000);
	if (last < end || last > (char *)sbrk(0))
		say("fail malloc did not go back to the break");
	return last;
}

static void brk_blocked(void)
{
	char *before = get(1000), *after;
	size_t i;

	block_brk();
	for (i = 0; i < 3000; i++)
		after = get(1000);
	get(3000000);	/* right below: the kernel shows one mapping */
	expect(before, "in use", "     prev_inuse$");
	expect(after, "in use", "     prev_inuse$");
	say("has arenas|main, not contiguous");
	say("has arenas|^ +mmap +0x");
	say("has arenas|^mmapped chunks: 1 with .*; 1 found$");
	say("has stats|^in use +30[0-9][0-9] ");
	say("has why|top is there, so free\\(\\) never lowers the break");
	say("hasnot why|would lower the break");
	clean();
}

/* A mapping with very many chunks is one region, not several. */
static void brk_blocked_large(void)
{
	char *last;
	size_t i;

	get(1000);
	mallopt(M_TOP_PAD, 16 << 20);
	block_brk();
	for (i = 0; i < 300000; i++)
		last = get(24 + i % 3 * 16);
	expect(last, "in use", "     prev_inuse$");
	say("has stats|^in use +3000[0-9]{2} ");
	say("hasnot stats|were not found");
	clean();
}

/*
 * Fenceposts end what malloc had from brk before it failed. When brk works
 * again, the heap goes on right behind them: there is no hole, and no foreign
 * memory.
 */
static void brk_blocked_for_a_while(void)
{
	char *before = get(1000), *first, *after, *end;

	end = block_brk();
	do
		first = get(1000);
	while (first < end && first > before);
	after = go_on_at(end);
	expect(before, "in use", "     prev_inuse$");
	expect(first, "in use", "     prev_inuse$");
	expect(after, "in use", "     prev_inuse$");
	say("has chunks|  fencepost");
	say("hasnot chunks|  foreign");
	clean();
}

/* malloc makes three fenceposts of 48 bytes of top: none of it is foreign. */
static void brk_blocked_before_48(void)
{
	char *end, *after;
	size_t i;

	get(1000);
	end = block_brk();
	leave_48(end);
	get(1000);
	after = go_on_at(end);
	expect(after, "in use", "     prev_inuse$");
	for (i = 1; i <= 3; i++)
		say("has chunks|^%p +16  fencepost", end - 16 * i);
	say("hasnot chunks|  foreign");
	clean();
}

static void foreign_sbrk_before_48(void)
{
	char *mine, *after;
	size_t i;

	get(1000);
	leave_48(sbrk(0));
	mine = sbrk(8192);
	memset(mine, 0x41, 8192);
	for (i = 0; i < 200; i++)
		after = get(1000);
	expect(after, "in use", "     prev_inuse$");
	say("has chunks|^%p +16  fencepost", mine - 16);
	say("has chunks|^%p +8192  foreign", mine);
	clean();
}

/*
 * If brk fails at once, malloc takes its first mapping for the start of its
 * heap.
 */
static void brk_blocked_at_once(void)
{
	char *p;

	dynamic_only();
	block_brk();
	p = get(1000);
	expect(p, "in use", "     prev_inuse$");
	say("has arenas|^ +mmap +0x[0-9a-f]+000-0x[0-9a-f]+ 1\\.0 MiB, with top");
	say("hasnot arenas|^ +brk ");
	say("hasnot arenas|overlap");
	say("has why|top is there, so free\\(\\) never lowers the break");
	clean();
}

static void brk_blocked_at_first(void)
{
	char *first, *last, *end;

	dynamic_only();
	end = block_brk();
	first = get(1000);
	last = go_on_at(end);
	expect(first, "in use", "     prev_inuse$");
	expect(last, "in use", "     prev_inuse$");
	say("has arenas|^ +mmap +0x");
	say("has arenas|^ +brk +%p-%p .*, with top", (void *)end, sbrk(0));
	say("has stats|^in use +30[0-9][0-9] ");
	clean();
}

/* Start again with this in the environment: libc reads it before main(). */
static void with(const char *name, const char *value, const char *scenario)
{
	if (getenv(name))
		return;
	setenv(name, value, 1);
	execl("/proc/self/exe", "heaps", scenario, NULL);
	_exit(1);
}

/*
 * With this tunable malloc does not use brk; it maps huge pages, if there are
 * any. The kernel gives these another name than other anonymous memory.
 */
static void huge_pages(void)
{
	char *p = NULL;
	size_t i;

	if (minor < 35)
		skip("no glibc.malloc.hugetlb before 2.35");
	with("GLIBC_TUNABLES", "glibc.malloc.hugetlb=2", __func__);
	for (i = 0; i < 3000; i++)
		p = get(1000);
	get(3000000);
	expect(p, "in use", "     prev_inuse$");
	say("has arenas|^ +mmap +0x.*, with top$");
	say("hasnot arenas|^ +brk ");
	say("hasnot arenas|overlap");
	say("has arenas|^mmapped chunks: 1 with .*; 1 found$");
	say("has stats|^in use +30[0-9][0-9] ");
	say("has why|hugetlb has malloc ask mmap.* never lowers the break");
	clean();
}

#ifndef STATIC
/* Load a second libc, as LD_AUDIT does: its malloc has a heap of its own. */
static void another_libc(void)
{
	char *first = get(1000), *last;
	void *(*other_malloc)(size_t size);
	void *libc;
	size_t i;

	libc = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
	other_malloc = libc ? (void *(*)(size_t))dlsym(libc, "malloc") : NULL;
	if (!other_malloc)
		_exit(1);
	for (i = 0; i < 3000; i++)
		other_malloc(1000);
	last = get(1000);
	expect(first, "in use", "     prev_inuse$");
	expect(last, "in use", "     prev_inuse$");
	say("has arenas|^ +brk +0x.*, with top$");
	say("hasnot arenas|not contiguous");
	clean();
}
#else
static void another_libc(void)
{
	dynamic_only();
}
#endif

/*
 * From 2.34 on MALLOC_CHECK_ needs another library, whose malloc is then used.
 */
static void malloc_check(void)
{
	char *p, *q;

	dynamic_only();
	if (minor >= 34)
		with("LD_PRELOAD", "libc_malloc_debug.so.0", __func__);
	with("MALLOC_CHECK_", "3", __func__);
	p = get(1001);
	q = get(2001);
	get(1001);
	free(q);
	/* With the check, exactly the bytes that were asked for are usable. */
	if (malloc_usable_size(p) != 1001)
		skip("there is no libc_malloc_debug.so.0");
	say("has chunks|^%p +10[0-9]+  in use ", header(p));
	say("has chunks|^%p +20[0-9]+  unsorted ", header(q));
	say("has show|glibc 2\\.%d", minor);
	clean();
}

static void mmapped(void)
{
	char *p = get(1 << 20), *q = memalign(1 << 16, 1 << 20);

	say("has chunk %p|^state +mmapped", p + 5000);
	say("has chunk %p|^usable +%zu$", p, malloc_usable_size(p));
	say("has chunk %p|^chunk +%p$", q, header(q));
	say("has arenas|^mmapped chunks: 2 with .*; 2 found$");
	clean();
}

/* Free memory below malloc's mappings, for what is to be met before them. */
static char *low;

static void find_low(const char *chunk)
{
	low = (char *)((uintptr_t)chunk & ~(uintptr_t)4095) - (256 << 20);
}

/* Write the header of a mmapped chunk to memory that is not malloc's. */
static void look_like(const void *chunk, size_t at, size_t room)
{
	const size_t header = 2 * sizeof(size_t);
	char *p = mmap(low, room, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	low += room;
	/* At the same place of its page: for 32 bits that is not its start. */
	at += ((uintptr_t)chunk - header) & 4095;
	memcpy(p + at, (const char *)chunk - header, header);
}

/* What looks like chunks is told from them by malloc's numbers. */
static void mmapped_lookalikes(void)
{
	char *p = get(1000000), *q = get(2000000), *r = malloc(3000000);
	size_t i;

	find_low(p);
	for (i = 0; i < 8; i++)
		look_like(r, 0, 3 << 20);
	/* Two in one mapping, which seem to overlap. */
	look_like(r, 0, 8 << 20);
	look_like(r, 4096, 8 << 20);
	free(r);
	say("has chunk %p|^state +mmapped", p + 5000);
	say("has chunk %p|^state +mmapped", q + 5000);
	say("has arenas|^mmapped chunks: 2 with .*; 2 found$");
	clean();
}

static void mmapped_ambiguous(void)
{
	char *p = get(1000000), *r = malloc(3000000);

	find_low(p);
	look_like(r, 0, 3 << 20);
	look_like(p, 0, 3 << 20);
	free(r);
	say("has arenas|^mmapped chunks: 1 with .*; 1 found; other headers fit");
	clean();
}

/*
 * Mappings that hold one chunk, which is aligned to less than a page, or which
 * realloc() has made larger: its old header is still in memory.
 */
static void mmapped_aligned(void)
{
	char *p[3];
	size_t i;

	p[0] = memalign(256, 1 << 20);
	p[1] = memalign(2048, 1 << 20);
	p[2] = realloc(memalign(1 << 16, 1 << 20), 1 << 21);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		if (!p[i])
			_exit(1);
		say("has chunk %p|^state +mmapped", p[i] + 5000);
		say("has chunk %p|^chunk +%p$", p[i], header(p[i]));
		say("has chunk %p|^usable +%zu$", p[i], malloc_usable_size(p[i]));
	}
	say("has arenas|^mmapped chunks: 3 with .*; 3 found$");
	clean();
}

static void pinned(void)
{
	void *p[64], *pin;
	size_t i;

	for (i = 0; i < 64; i++)
		p[i] = get(64 << 10);
	pin = get(40);
	for (i = 0; i < 64; i++)
		free(p[i]);
	strcpy(pin, "pin");
	say("has why|^%p +%zu  in use ", header(pin), size_of(pin));
	say("has why|70 69 6e 00 .*  pin\\.");
	say("has why|4\\.[0-9] MiB are free right below it");
	say("has why --json|\"pinned\"");
	clean();
}

static void pinned_by_cache(void)
{
	void *p[64], *pin;
	size_t i;

	free(get(24));		/* 2.43 makes the tcache here */
	for (i = 0; i < 64; i++)
		p[i] = get(64 << 10);
	pin = get(40);
	for (i = 0; i < 64; i++)
		free(p[i]);
	free(pin);
	say("has why|^%p +%zu  tcache ", header(pin), size_of(pin));
	say("has why|cached only: in a tcache");
	clean();
}

/*
 * Damage, of which each kind is planted where this program itself never meets
 * it.
 */

/* 3,000 chunks in mappings that no list of glibc's leads to. */
static void **in_mappings(void)
{
	static void *p[3000];
	size_t i;

	get(1000);
	block_brk();
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = get(1000);
	return p;
}

static void damaged_in_mapping(void)
{
	void **p = in_mappings();

	set_field(p[500], field(p[500]) | 8);
	damaged(p[500], NULL);
	say("has stats|^in use +30[0-9][0-9] ");
	say("hasnot check|were not found");
}

/*
 * If the first chunk of such a mapping is damaged, all behind it is out of
 * reach.
 */
static void damaged_first_in_mapping(void)
{
	void **p = in_mappings();
	size_t i;

	for (i = 0; i < 2000; i++)
		if ((char *)p[i] > (char *)sbrk(0) &&
		    ((uintptr_t)p[i] & 4095) == ALIGN)
			break;
	set_field(p[i], 1);
	say("has check|were not found, and are not shown");
	say("has check|^not sure: ");
	say("status check|2");
	say("has stats|were not found, and are not shown");
}

static void next_size_too_small(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE), *q = get(KEEP_OUT_OF_TCACHE);
	char *r = get(100);

	(void)p;
	/*
	 * Not 2 * W, which is a fencepost. glibc meets 0 in an earlier test.
	 */
	set_field(q, (W == 8 ? 8 : 0) | 1);
	damaged(q, W == 8 ? "free\\(\\): invalid size" :
			    "free\\(\\): invalid pointer");
	/* The chunks behind it are shown all the same. */
	expect(r, "in use", "");
}

static void size_not_aligned(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE), *r = get(100);

	set_field(p, size_of(p) + 8 + 1);
	damaged(p, minor <= 41 ? "free\\(\\): invalid size" :
				 "free\\(\\): invalid next size \\(normal\\)");
	expect(r, "in use", "");
}

static void size_too_large(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE), *r = get(100);

	set_field(p, ((size_t)1 << (sizeof(size_t) == 8 ? 40 : 30)) + 1);
	damaged(p, "double free or corruption \\(out\\)");
	expect(r, "in use", "");
}

/* @p is said to reach over @q, which is on a free list: the reader names @q. */
static void overlapped(char *p, char *q)
{
	damaged(p, NULL);
	say("has check|^%p: .*, but a chunk at %p is on a free list",
	    header(p), header(q));
}

static void overlaps_unsorted(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE), *q = get(KEEP_OUT_OF_TCACHE);

	get(100);
	free(q);
	set_field(p, size_of(p) + size_of(q) + 1);
	overlapped(p, q);
}

static void overlaps_cached(void)
{
	char *p = get(100), *q[2] = { get(24), get(24) };

	get(100);
	free(get(24));	/* 2.43 makes the tcache here */
	free(q[1]);
	set_field(p, size_of(p) + size_of(q[0]) + size_of(q[1]) + 1);
	overlapped(p, q[1]);
}

static void overlaps_fastbin(void)
{
	char *p, *q;
	void *t[7];
	size_t i;

	if (minor > 42)
		skip("glibc has no fastbins from 2.43 on");
	for (i = 0; i < ARRAY_SIZE(t); i++)
		t[i] = get(24);
	p = get(100);
	get(24);
	q = get(24);
	get(100);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		free(t[i]);
	free(q);
	set_field(p, size_of(p) + 2 * size_of(q) + 1);
	overlapped(p, q);
}

static void prev_inuse_cleared(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE), *q = get(KEEP_OUT_OF_TCACHE);

	get(100);
	set_field(q, field(q) & ~(size_t)1);
	damaged(p, "double free or corruption \\(!prev\\)");
}

static void prev_size_wrong(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE), *q = get(KEEP_OUT_OF_TCACHE);

	get(100);
	free(p);
	((volatile size_t *)header(q))[0] = 4096;
	damaged(p, minor >= 29 ? "malloc\\(\\): mismatching next->prev_size \\(unsorted\\)" : NULL);
}

static void unsorted_size_wrong(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE);

	get(KEEP_OUT_OF_TCACHE);
	free(p);
	set_field(p, 8 | 1);
	damaged(p, "malloc\\(\\): invalid size \\(unsorted\\)");
}

static void unsorted_inuse_set(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE), *q = get(KEEP_OUT_OF_TCACHE);

	get(100);
	free(p);
	set_field(q, field(q) | 1);
	damaged(p, "malloc\\(\\): invalid next->prev_inuse \\(unsorted\\)");
}

static void unsorted_links_broken(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE), *q;

	get(100);
	q = get(KEEP_OUT_OF_TCACHE);
	get(100);
	free(p);
	free(q);
	((volatile size_t *)q)[1] ^= 0x100;	/* bk */
	damaged(q, "malloc\\(\\): unsorted double linked list corrupted");
	/* From its other end the list still leads to the other chunk. */
	say("has bins|^arena 0 +unsorted .* DAMAGED$");
	say("status bins|1");
	say("has stats|in use");
	say("has stats --json|do not read the same both ways");
}

static void small_links_broken(void)
{
	void *p[20];
	size_t i;

	alternate(p, 20, 200, 0);
	for (i = 0; i < 20; i++)
		free(p[i]);
	sort_unsorted();
	((volatile size_t *)p[19])[0] ^= 0x1000;	/* fd */
	damaged(p[19], "malloc\\(\\): smallbin double linked list corrupted");
}

static void large_ring_broken(void)
{
	void *p[4];
	size_t i;

	alternate(p, 4, 20000, 0x20);
	for (i = 0; i < 4; i++)
		free(p[i]);
	sort_unsorted();
	((volatile size_t *)p[2])[2] ^= 0x40;	/* fd_nextsize */
	damaged(p[2], "corrupted double-linked list \\(not small\\)");
}

static void tcache_misaligned(void)
{
	char *p = get(100), *q = get(100);

	if (minor < 32)
		skip("no test of glibc's before 2.32");
	free(get(24));
	free(p);
	free(q);
	((volatile size_t *)q)[0] ^= 8;
	say("status check|1");
	say("has check|malloc\\(\\): unaligned tcache chunk detected");
}

static void tcache_twice(void)
{
	char *p = get(100), *q = get(100);

	free(get(24));
	free(p);
	free(q);
	/* p's next is q again */
	((volatile size_t *)p)[0] = minor >= 32 ?
		((size_t)p >> 12) ^ (size_t)q : (size_t)q;
	say("status check|1");
	say("has check|is on a free list already");
}

static void written_after_free(void)
{
	char *p = get(100), *q = get(100), *r = get(100);

	if (minor < 29)
		skip("no key in cached chunks before 2.29");
	free(get(24));
	free(p);
	free(q);
	free(r);
	((volatile size_t *)q)[1] = 0x4141;
	say("status check|1");
	say("has check|^%p: .*written to after free", header(q));
}

static void top_too_large(void)
{
	char *p = get(100);

	set_field(p + size_of(p), 0x7ffff001);
	say("status check|1");
	if (minor >= 29)
		say("has check|malloc\\(\\): corrupted top size");
	expect(p, "in use", "");
}

static void top_not_aligned(void)
{
	char *p = get(100), *top = p + size_of(p);

	set_field(top, size_of(top) - 16 + 1);
	say("status check|1");
	say("has check|sysmalloc: Assertion");
}

static void mmapped_flag(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE);

	get(100);
	set_field(p, field(p) | 2);
	damaged(p, "munmap_chunk\\(\\): invalid pointer");
}

static void arena_flag(void)
{
	char *p = get(KEEP_OUT_OF_TCACHE);

	get(100);
	set_field(p, field(p) | 4);
	damaged(p, NULL);
}

/* Control characters in memory must not reach the terminal. */
static void control_characters(void)
{
	char *p = get(100);

	memset(p, 0x1b, 40);
	say("hasnot chunks --hexdump 64|\033");
	say("hasnot why|\033");
	clean();
}

static const struct scenario {
	const char *name;
	void (*make)(void);
} scenarios[] = {
#define S(name) { #name, name }
	S(no_malloc), S(one_malloc), S(untouched), S(all_touched),
	S(worker_of_the_kernel), S(in_heap),
	S(sizes_and_flags),
	S(previous_size), S(malloc_zero), S(break_moves_up), S(tcache),
	S(like_a_tcache), S(fastbins), S(bins), S(threads),
	S(threads_without_tcache), S(heaps_of_a_thread),
	S(full_heap_of_a_thread), S(foreign_sbrk), S(foreign_sbrk_before_48),
	S(foreign_sbrk_twice), S(brk_blocked), S(brk_blocked_large),
	S(brk_blocked_for_a_while), S(brk_blocked_before_48),
	S(brk_blocked_at_once),
	S(brk_blocked_at_first), S(huge_pages), S(malloc_check),
	S(another_libc), S(mmapped), S(mmapped_lookalikes), S(mmapped_ambiguous), S(mmapped_aligned), S(pinned),
	S(pinned_by_cache), S(damaged_in_mapping),
	S(damaged_first_in_mapping), S(next_size_too_small),
	S(size_not_aligned), S(size_too_large), S(prev_inuse_cleared),
	S(prev_size_wrong), S(overlaps_unsorted), S(overlaps_cached),
	S(overlaps_fastbin),
	S(unsorted_size_wrong), S(unsorted_inuse_set),
	S(unsorted_links_broken), S(small_links_broken),
	S(large_ring_broken), S(tcache_misaligned), S(tcache_twice),
	S(written_after_free), S(top_too_large), S(top_not_aligned),
	S(mmapped_flag), S(arena_flag), S(control_characters),
};

int main(int argc, char **argv)
{
	char byte;
	size_t i;

	minor = atoi(strchr(gnu_get_libc_version(), '.') + 1);
	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (argc < 2) {
			say("%s", scenarios[i].name);
			continue;
		}
		if (strcmp(argv[1], scenarios[i].name))
			continue;
		scenarios[i].make();
		say("ready");
		while (read(0, &byte, 1) > 0)
			;
		_exit(0);
	}
	return argc >= 2;
}
