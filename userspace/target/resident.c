// SPDX-License-Identifier: GPL-2.0
/* How much of each mapping is in memory and in swap, from /proc/PID/smaps. */
#include <string.h>

#include "target/resident.h"

/**
 * resident_read - read the mappings with what is resident of each
 * @t: the target
 * @maps: filled; maps_free() it in any case
 *
 * For this the kernel walks all page tables of a live process.
 *
 * Return: true; false where it is not known, or of a part of them only.
 */
bool resident_read(struct target *t, struct maps *maps)
{
	FILE *f = target_text(t, "smaps");

	memset(maps, 0, sizeof(*maps));
	if (!f)
		return false;
	maps_parse(maps, f);
	fclose(f);
	/* A snapshot keeps the beginning of it where it is very long. */
	if (maps->counted && (t->live || maps->n >= t->maps.n))
		return true;
	maps_free(maps);
	return false;
}

/**
 * resident_count - count the bytes of a range that are in memory or in swap
 * @maps: from resident_read()
 * @pm: from pagemap_open(), or NULL
 * @start: of the range
 * @end: of the range
 * @resident: bytes in memory
 * @swapped: bytes in swap
 *
 * Return: 0; -1 where the range is less than a mapping and there is no @pm: what
 * of the mapping lies in it is not known then.
 */
int resident_count(const struct maps *maps, struct pagemap *pm, u64 start,
		   u64 end, u64 *resident, u64 *swapped)
{
	size_t lo = 0, hi = maps->n;

	*resident = 0;
	*swapped = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (maps->map[mid].end <= start)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < maps->n && maps->map[lo].start < end; lo++) {
		const struct mapping *m = &maps->map[lo];

		if ((m->start >= start && m->end <= end) ||
		    (!m->resident && !m->swapped)) {
			*resident += m->resident;
			*swapped += m->swapped;
		} else if (pagemap_count(pm, max_u64(start, m->start),
					 min_u64(end, m->end), resident,
					 swapped)) {
			return -1;
		}
	}
	return 0;
}
