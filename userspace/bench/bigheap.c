// SPDX-License-Identifier: GPL-2.0
/*
 * A heap of 1 GiB and 8.9 million chunks, every fourth one free.
 *
 * usage: bigheap ORDER, where ORDER is how the free ones are freed:
 *   binned    in order, then sorted into their bins
 *   unsorted  in order, left on the unsorted list
 *   shuffled  in random order, left on the unsorted list
 * It prints "ready" and waits for its input to end.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNKS 8892228u

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void shuffle(void **p, size_t n)
{
	size_t i;

	for (i = n - 1; i; i--) {
		size_t j = next_random() % (i + 1);
		void *t = p[i];

		p[i] = p[j];
		p[j] = t;
	}
}

/* Not inlined: a compiler may leave out a malloc() whose memory is not used. */
static void __attribute__((noipa)) ask(size_t size)
{
	void *volatile p = malloc(size);

	free(p);
}

int main(int argc, char **argv)
{
	const char *order = argc > 1 ? argv[1] : "binned";
	void **to_free = malloc((CHUNKS / 4 + 1) * sizeof(*to_free));
	size_t i, n = 0;

	if (!to_free)
		return 1;
	/*
	 * All of it from brk, as in a process that has run for long; no
	 * fastbins.
	 */
	mallopt(M_MXFAST, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
	for (i = 0; i < CHUNKS; i++) {
		size_t size = 24 + next_random() % 167;
		char *p = malloc(size);

		if (!p) {
			perror("bigheap: malloc");
			return 1;
		}
		memset(p, 0x5a, size);
		if (i % 4 == 3)
			to_free[n++] = p;
	}
	if (!strcmp(order, "shuffled"))
		shuffle(to_free, n);
	for (i = 0; i < n; i++)
		free(to_free[i]);
	/* A request that top must serve sorts 10,000 chunks into their bins. */
	for (i = 0; !strcmp(order, "binned") && i < n / 10000 + 1; i++)
		ask(100000);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
