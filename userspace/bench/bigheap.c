// SPDX-License-Identifier: GPL-2.0
/*
 * A heap of many chunks, every fourth one free: small ones, and with MANY one of
 * each hundred too large for a small bin.
 *
 * usage: bigheap ORDER [MANY], where ORDER is how the free ones are freed:
 *   binned    in order, then sorted into their bins
 *   unsorted  in order, left on the unsorted list
 *   shuffled  in random order, left on the unsorted list
 * Of chunks there are 8.9 million with 1 GiB; or as many as MANY says, which are
 * twice as large.
 * It prints how many are free, and waits for its input to end.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNKS 8892228u

struct heap {
	size_t chunks;
	unsigned int spread;	/* of their sizes, in bytes */
	bool some_large;
};

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

static size_t some_size(const struct heap *h)
{
	uint64_t random = next_random();

	if (h->some_large && random % 100 == 99)
		return 1024 + random / 100 % 3000;
	return 24 + random % h->spread;
}

int main(int argc, char **argv)
{
	const char *order = argc > 1 ? argv[1] : "binned";
	size_t many = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	const struct heap h = { many ? many : CHUNKS, many ? 361 : 167, many };
	void **to_free = malloc((h.chunks / 4 + 1) * sizeof(*to_free));
	size_t i, n = 0;

	if (!to_free)
		return 1;
	/*
	 * All of it from brk, as in a process that has run for long; no
	 * fastbins.
	 */
	mallopt(M_MXFAST, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
	for (i = 0; i < h.chunks; i++) {
		size_t size = some_size(&h);
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
	printf("%zu\n", n);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
