// SPDX-License-Identifier: GPL-2.0
/*
 * Make a random heap, and say which chunks it holds: for tests/run-random.
 *
 * usage: random SEED
 *
 * Threads allocate and free in all ways. The first one also has brk(2) fail for
 * a while, takes memory with sbrk(2) and mmap(2), trims the heap and moves
 * malloc's thresholds. Then the program prints a line "CHUNK SIZE USABLE" for
 * each chunk that it holds, where SIZE is only right for a chunk that has no
 * mapping of its own; then "ready". It waits for its input to end, and
 * allocates nothing meanwhile.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREADS 3u
#define SLOTS 2000u
#define PAGE 4096u

static struct worker {
	char *slot[SLOTS];
	uint64_t seed;
} workers[THREADS];

static pthread_barrier_t done;

/*
 * glibc does not expect that the break moves while one of its threads is inside
 * malloc: it aborts, or two owners get the same memory. So whoever moves it waits
 * until all threads are outside.
 */
static pthread_rwlock_t outside_malloc =
	PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static uint64_t draw(struct worker *w, uint64_t below)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (w->seed >> 11) % below;
}

/* Mostly small; one in thirty may be large enough for a mapping of its own. */
static size_t draw_size(struct worker *w)
{
	return 1 + draw(w, draw(w, 30) ? 1500 : 400000);
}

static void fill(struct worker *w, char *p, size_t size)
{
	if (p)
		memset(p, draw(w, 256), size < 200 ? size : 200);
}

static void use_slot(struct worker *w)
{
	char **p = &w->slot[draw(w, SLOTS)];
	size_t size = draw_size(w);

	if (*p && draw(w, 4)) {
		free(*p);
		*p = NULL;
		return;
	}
	if (*p)
		*p = realloc(*p, size);
	else if (!draw(w, 50))
		*p = memalign(16u << draw(w, 10), size);
	else
		*p = draw(w, 5) ? malloc(size) : calloc(1, size);
	fill(w, *p, size);
}

static void map_pages(struct worker *w)
{
	const size_t pages = 1 + draw(w, 600);
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		fill(w, p, pages * PAGE);
}

static void block_brk(void **block)
{
	*block = mmap(sbrk(0), PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		      MAP_FIXED_NOREPLACE, -1, 0);
	if (*block == MAP_FAILED)
		*block = NULL;
}

/* Split a mapping into three, in the middle of a chunk. */
static void split_mapping(struct worker *w)
{
	char *p = w->slot[draw(w, SLOTS)];

	if (malloc_usable_size(p) > 2 * PAGE)
		madvise(p + PAGE - (uintptr_t)p % PAGE, PAGE,
			draw(w, 2) ? MADV_DONTDUMP : MADV_DODUMP);
}

/* What libraries may do beside malloc, and what programs do rarely. */
static void move_around(struct worker *w)
{
	static void *block;
	unsigned int i;

	for (i = 0; i < 100; i++)
		split_mapping(w);
	switch (draw(w, 6)) {
	case 0:
	case 1:
		if (!block)
			block_brk(&block);
		else if (!munmap(block, PAGE))
			block = NULL;
		break;
	case 2:
		/*
		 * In whole pages: else glibc aborts if brk has failed before.
		 */
		sbrk(draw(w, 5) * PAGE);
		break;
	case 3:
		malloc_trim(draw(w, 2) * 100000);
		break;
	case 4:
		map_pages(w);
		break;
	case 5:
		mallopt(M_MMAP_THRESHOLD, 65536 + draw(w, 500000));
		break;
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t left = 2000 + draw(w, 30000);

	for (; left; left--) {
		pthread_rwlock_rdlock(&outside_malloc);
		use_slot(w);
		pthread_rwlock_unlock(&outside_malloc);
		if (w != workers || draw(w, 2000))
			continue;
		pthread_rwlock_wrlock(&outside_malloc);
		move_around(w);
		pthread_rwlock_unlock(&outside_malloc);
	}
	pthread_barrier_wait(&done);
	if (w != workers)
		pause();
	return NULL;
}

/* With write(2), since stdio would allocate memory. */
static void say(const char *line, int len)
{
	if (write(STDOUT_FILENO, line, len) != len)
		_exit(1);
}

static void say_chunks(const struct worker *w)
{
	const size_t word = sizeof(size_t);
	char line[80];
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		size_t usable = malloc_usable_size(w->slot[i]);

		if (w->slot[i])
			say(line, snprintf(line, sizeof(line), "%p %zu %zu\n",
					   (void *)(w->slot[i] - 2 * word),
					   usable + word, usable));
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	unsigned int threads, i;
	pthread_t t;
	char byte;

	if (!seed) {
		fputs("usage: random SEED\n", stderr);
		return 64;
	}
	for (i = 0; i < THREADS; i++)
		workers[i].seed = (seed * THREADS + i) * 0x9e3779b97f4a7c15ull;
	if (!draw(workers, 4))
		move_around(workers);
	threads = 1 + draw(workers, THREADS);
	pthread_barrier_init(&done, NULL, threads);
	for (i = 1; i < threads; i++)
		if (pthread_create(&t, NULL, work, &workers[i]))
			return 1;
	work(workers);
	for (i = 0; i < THREADS; i++)
		say_chunks(&workers[i]);
	say("ready\n", 6);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}
