// SPDX-License-Identifier: GPL-2.0
/* Foretell for how long --freeze stops a process. */
#include <stdlib.h>

#include "heap/stop_time.h"

#define SAMPLE (8u << 20)	/* bytes whose copy is timed */
#define FIXED_NS 5000000u	/* to stop all threads, and to find malloc anew */
#define THREAD_NS 200000u
#define DEFAULT_RATE (1ull << 30)	/* bytes a second, where there is no heap */

/* Read as a walk does.  Return: bytes read. */
static u64 read_some(struct heap *h, u8 *block, u64 most)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < h->regions && sum < most; i++) {
		const struct region *r = &h->region[i];
		u64 at = r->first;

		while (at < r->end && sum < most) {
			u64 len = min_u64(TARGET_BLOCK, r->end - at);

			sum += target_read(h->t, at, block, len);
			at += len;
		}
	}
	return sum;
}

static u64 read_rate(struct heap *h)
{
	u8 *block = xrealloc(NULL, TARGET_BLOCK, 1);
	u64 since, bytes, ns;

	/* Once before, for pages that are met for the first time. */
	read_some(h, block, TARGET_BLOCK);
	since = now_ns();
	bytes = read_some(h, block, SAMPLE);
	ns = now_ns() - since;
	free(block);
	return bytes && ns ? bytes * 1000000000.0 / ns : DEFAULT_RATE;
}

/* In bytes: what of the process is in memory. */
static u64 resident(struct heap *h)
{
	unsigned long long pages = 0;
	FILE *f = target_text(h->t, "statm");

	if (f && fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * PAGE;
}

/**
 * stop_time - for how long will a process be stopped?
 * @h: the heap of a process that runs
 * @copies: what the command takes, in times of copying what it reads
 * @all: it reads all of the process's memory, not the heap alone
 * @s: filled
 *
 * The rate is measured now, by reading some MiB of the heap.
 */
void stop_time(struct heap *h, unsigned int copies, bool all,
	       struct stop_time *s)
{
	u64 in_memory = resident(h), heap = 0;
	size_t i;

	for (i = 0; i < h->regions; i++)
		heap += h->region[i].end - h->region[i].first;
	/* What was never touched is not read. */
	s->bytes = all || (in_memory && heap > in_memory) ? in_memory : heap;
	s->rate = read_rate(h);
	s->ns = FIXED_NS + h->threads * (u64)THREAD_NS +
		1e9 * copies * s->bytes / s->rate;
}
