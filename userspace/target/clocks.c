// SPDX-License-Identifier: GPL-2.0
/* Read this machine's clocks, or those that a snapshot has kept. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "target/clocks.h"

static u64 clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/**
 * clocks_now - read the clocks of this machine
 * @c: filled with nanoseconds
 */
void clocks_now(struct clocks *c)
{
	c->boot_ns = clock_ns(CLOCK_BOOTTIME);
	c->real_ns = clock_ns(CLOCK_REALTIME);
}

/**
 * clocks_of - find out when a target was looked at
 * @t: the target
 * @c: filled with nanoseconds: of now for a live process, of its making for a
 *	snapshot, and zeroes for other cores, which do not say
 */
void clocks_of(struct target *t, struct clocks *c)
{
	FILE *f;

	memset(c, 0, sizeof(*c));
	if (t->live) {
		clocks_now(c);
		return;
	}
	f = target_text(t, CLOCKS_TEXT);
	if (!f)
		return;
	if (fscanf(f, "%" SCNu64 " %" SCNu64, &c->boot_ns, &c->real_ns) != 2)
		memset(c, 0, sizeof(*c));
	fclose(f);
}
