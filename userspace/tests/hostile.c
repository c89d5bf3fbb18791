// SPDX-License-Identifier: GPL-2.0
/*
 * A process that changes as fast as it can while the reader reads it: for
 * tests/run-hostile.
 *
 * usage: hostile MODE; see modes[] below.  It says "pid PID address ADDRESS",
 * the address of a chunk, when it has begun, and goes on until it is killed or
 * its parent ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 200u
#define THREADS 2u
#define HEAP_MAX (64ul << 20)	/* glibc's thread heaps, and their alignment */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static __thread uint64_t seed = 88172645463325252ull;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* With write(2), since stdio would allocate memory. */
static void say(const void *address)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "pid %d address %p\n",
			 (int)getpid(), address);

	if (write(STDOUT_FILENO, line, n) != n)
		_exit(1);
}

static void start(void *(*fn)(void *arg), unsigned int n)
{
	pthread_t t;
	uintptr_t i;

	for (i = 1; i <= n; i++)
		if (pthread_create(&t, NULL, fn, (void *)i))
			die("pthread_create");
}

/* Mostly small, sometimes large, seldom so large that malloc calls mmap(2). */
static size_t draw_size(void)
{
	uint64_t kind = draw(1000);

	if (kind < 900)
		return 1 + draw(1500);
	return kind < 998 ? 1 + draw(60000) : 1 + draw(400000);
}

/* Allocate megabytes and free them, so that top and the break move. */
static void tide(void)
{
	static __thread void *p[3000];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = malloc(1000);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		free(p[i]);
}

static void *churn(void *arg)
{
	void *slot[SLOTS] = { NULL };
	uint64_t turn;

	seed += (uintptr_t)arg * 977;
	for (turn = 0;; turn++) {
		void **p = &slot[draw(SLOTS)];
		size_t size = draw_size();

		if (!*p) {
			*p = malloc(size);
			memset(*p, 0x5a, size < 64 ? size : 64);
		} else if (draw(4)) {
			free(*p);
			*p = NULL;
		} else {
			*p = realloc(*p, size);
		}
		if (turn % 20000 == 10000)
			tide();
		if (turn % 30000 == 0)
			malloc_trim(0);
	}
	return NULL;
}

static void do_churn(void)
{
	void *p = malloc(100);

	start(churn, THREADS);
	say(p);
	churn(NULL);
}

/* Map what looks like the heap of a thread's arena, and unmap it, for ever. */
static void *remap(void *arg)
{
	seed += (uintptr_t)arg * 977;
	for (;;) {
		char *p = mmap(NULL, 2 * HEAP_MAX, PROT_NONE, MAP_PRIVATE |
			       MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		char *heap;
		size_t i;

		if (p == MAP_FAILED)
			die("mmap");
		heap = (char *)(((uintptr_t)p + HEAP_MAX - 1) & -HEAP_MAX);
		mprotect(heap, 1 << 20, PROT_READ | PROT_WRITE);
		for (i = 0; i < 1 << 20; i += 4096)
			heap[i] = 1;
		madvise(heap, 1 << 19, MADV_DONTNEED);
		munmap(p, 2 * HEAP_MAX);
	}
	return NULL;
}

static void *settled(void *arg)
{
	void *p[100];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = malloc(50 * i);
	for (i = 0; i < ARRAY_SIZE(p); i += 2)
		free(p[i]);
	*(volatile int *)arg = 1;
	for (;;)
		pause();
	return NULL;
}

/*
 * malloc's memory stays as it is, but mappings come and go, and the break
 * moves.
 */
static void do_map(void)
{
	volatile int ready = 0;
	void *p = malloc(100);
	pthread_t t;

	if (pthread_create(&t, NULL, settled, (void *)&ready))
		die("pthread_create");
	while (!ready)
		usleep(1000);
	start(remap, THREADS);
	say(p);
	for (;;) {
		intptr_t by = (1 + draw(64)) * 4096;

		if (sbrk(by) != (void *)-1)
			sbrk(-by);
	}
}

static void do_exec(void)
{
	static char *const argv[] = { "hostile", "exec", "again", NULL };
	unsigned int left = 20000;
	void *p[8] = { NULL };

	/* Long enough for the reader to meet this program before it execs. */
	for (seed += getpid() + time(NULL); left; left--) {
		free(p[left % 8]);
		p[left % 8] = malloc(draw_size());
	}
	execv("/proc/self/exe", argv);
	die("execv");
}

/*
 * For each line, a number of microseconds, start a child that lives so long.
 * Wait for it; or, if the number is odd, leave it a zombie until the next line.
 */
static void do_die(void)
{
	char line[32];
	pid_t child = 0;

	while (fgets(line, sizeof(line), stdin)) {
		long us = atol(line);

		if (child)
			waitpid(child, NULL, 0);
		child = fork();
		if (child < 0)
			die("fork");
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			start(churn, 1);
			say(malloc(100));
			usleep(us);
			_exit(0);
		}
		if (us % 2 == 0) {
			waitpid(child, NULL, 0);
			child = 0;
		}
	}
	exit(0);
}

static uint64_t *heap_start, *heap_end, *arena_top, *heap_copy, *last_used;
static uint64_t arena_copy[300];

/* A word to write: some could be sound where they are put, others never. */
static uint64_t draw_word(void)
{
	size_t words = heap_end - heap_start;

	switch (draw(8)) {
	case 0:
		return draw(UINT64_MAX);
	case 1:
		return 0;
	case 2:
		return -draw(4096);
	case 3:
		return (uintptr_t)&words & -16ul;
	case 4:
		return (uintptr_t)arena_top;
	case 5:
		return draw(words * 8) | 1;
	case 6:
		return (draw(2000) & -16ul) | draw(8);
	default:
		return (uintptr_t)(heap_start + (draw(words) & -2ul));
	}
}

static void *scribble(void *arg)
{
	size_t words = heap_end - heap_start;
	uint64_t turn;

	seed += (uintptr_t)arg * 977;
	for (turn = 0;; turn++) {
		volatile uint64_t *p = heap_start;

		if (turn % 64 == 0 || !draw(8))
			p[draw(80)] = draw_word();	/* the tcache */
		else if (!draw(16))
			arena_top[draw(270)] = draw_word();
		else if (!draw(4))
			*arena_top = draw_word();
		else
			p[draw(words)] = draw_word();
		if (turn % 5000 == 4999) {
			/*
			 * Repair it for a while, so that the reader gets
			 * through all of it.
			 */
			memcpy(heap_start, heap_copy, words * 8);
			memcpy(arena_top, arena_copy, 270 * 8);
			usleep(500);
		}
	}
	return NULL;
}

/* Make a heap, and find its parts. From then on nothing may allocate. */
static void lay_out(void)
{
	uint64_t **p[40];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = malloc(i % 2 ? 300 : 3000);
	for (i = 0; i < ARRAY_SIZE(p); i += 2)
		free(p[i]);
	/*
	 * Find the arena. No two free chunks are neighbours, so none were
	 * merged, and all are on the unsorted list. Of the two links in p[0]
	 * one leads out of the heap: to the head of the list, which, taken for
	 * a chunk, begins at the arena's field top.
	 */
	arena_top = p[0][1] > (uint64_t *)p[39] ? p[0][1] : p[0][0];
	heap_start = (uint64_t *)((uintptr_t)p[0] & -4096ul);
	heap_end = sbrk(0);
	last_used = (uint64_t *)p[39];
}

static void do_damage(void)
{
	pthread_attr_t attr;
	pthread_t t;
	size_t words;

	lay_out();
	words = heap_end - heap_start;
	heap_copy = mmap(NULL, words * 8, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (heap_copy == MAP_FAILED)
		die("mmap");
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 18);
	memcpy(arena_copy, arena_top, 270 * 8);
	memcpy(heap_copy, heap_start, words * 8);
	say(last_used);
	if (pthread_create(&t, &attr, scribble, (void *)1))
		_exit(1);
	memcpy(arena_copy, arena_top, 270 * 8);
	memcpy(heap_copy, heap_start, words * 8);
	scribble(NULL);
}

/* Move the break up by @most bytes, or as far as the kernel permits. */
static char *raise_break(uint64_t most)
{
	uint64_t step = 16ul << 30;
	uint64_t done = 0;

	while (done < most && step >= 1 << 20) {
		if (sbrk(step) == (void *)-1)
			step /= 2;
		else
			done += step;
	}
	return sbrk(0);
}

/*
 * Memory that was never touched: a mapping of a TiB, and 256 GiB of heap
 * between a damaged chunk and top. Reading all of it would fill memory with
 * page tables.
 */
static void do_huge(void)
{
	char *end;

	lay_out();
	if (mmap(NULL, 1ul << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		die("mmap");
	end = raise_break(1ul << 38);
	/*
	 * Top is now the page below the break; the last chunk has a wrong size.
	 */
	*arena_top = (uintptr_t)end - 4096;
	((uint64_t *)(end - 4096))[1] = 4096 | 1;
	last_used[-1] = 0x3333;
	say(last_used);
	for (;;)
		pause();
}

/* A mapping that looks as if a chunk began every 16 bytes, up to @filled. */
static void lay_chunks(uint64_t mapped, uint64_t filled, uint64_t size)
{
	const uint64_t sound[2] = { 0, size | 1 };
	char *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t i;

	if (p == MAP_FAILED)
		die("mmap");
	for (i = 0; i < filled; i += sizeof(sound))
		memcpy(p + i, sound, sizeof(sound));
}

/*
 * Since brk(2) fails, malloc has mappings that the reader must search for. This
 * lays two traps for that search. In a mapping of 64 MiB, a row of
 * sound-looking chunks leads from the start of each page to the end of the
 * mapping, but does not end there as a region of malloc's does: walking every
 * row to find that out takes long. The other mapping, of a TiB, was never
 * touched, and is as large as what malloc is made to say it has.
 */
static void do_maze(void)
{
	char *end;

	lay_out();
	end = sbrk(0);
	/* With a mapping there, the break cannot be moved up. */
	if (mmap(end, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		 MAP_FIXED_NOREPLACE, -1, 0) != end)
		die("mmap");
	lay_chunks(64ul << 20, 64ul << 20, 256 + 16);
	lay_chunks(1ul << 40, 4096, 32);
	malloc(100000);
	last_used = malloc(100000);
	/* The arena's system_mem, and the maximum of that. */
	arena_top[261] += 1ul << 40;
	arena_top[262] += 1ul << 40;
	say(last_used);
	for (;;)
		pause();
}

static void *named(void *arg)
{
	prctl(PR_SET_NAME, "\033]0;b\a\r\n\t\\");
	free(malloc(100));
	return settled(arg);
}

#define NASTY "\033[2J\033[31m\r\b\177\233\t\n\\\"'<&\xff\xc3\x28"

/* Names and memory full of what would upset a terminal, JSON or a table. */
static void do_escape(void)
{
	volatile int ready = 0;
	pthread_t t;
	char *p;
	size_t i;
	int fd;

	prctl(PR_SET_NAME, "a\033[31m\n\t\\x\"{\177");
	for (i = 0; i < 200; i++) {
		p = malloc(64 + i);
		strcpy(p, NASTY);
	}
	/* The file's name comes in maps, where only its newline is escaped. */
	fd = open("lib\033[7m\n\a.so", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, 4096) ||
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		 0) == MAP_FAILED)
		die("mmap");
	if (pthread_create(&t, NULL, named, (void *)&ready))
		die("pthread_create");
	while (!ready)
		usleep(1000);
	say(p);
	for (;;) {
		for (i = 0; i < 1000; i++)
			strcpy(p, NASTY);
		usleep(1000);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "churn", do_churn },		/* malloc, free, realloc and trim */
	{ "map", do_map },		/* mmap, munmap, madvise and sbrk */
	{ "exec", do_exec },		/* itself, again and again */
	{ "die", do_die },		/* ends while it is read */
	{ "damage", do_damage },	/* writes over its heap */
	{ "escape", do_escape },	/* control characters everywhere */
	{ "huge", do_huge },		/* mapped, and never touched */
	{ "maze", do_maze },		/* chunks that lead nowhere */
};

int main(int argc, char **argv)
{
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; argc > 1 && i < ARRAY_SIZE(modes); i++) {
		if (strcmp(argv[1], modes[i].name))
			continue;
		if (modes[i].run == do_exec && argc == 2)
			say(malloc(100));
		modes[i].run();
	}
	fputs("usage: hostile churn|map|exec|die|damage|escape|huge|maze\n", stderr);
	return 64;
}
