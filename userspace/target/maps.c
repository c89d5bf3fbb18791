// SPDX-License-Identifier: GPL-2.0
/* Read /proc/PID/maps or smaps, and look addresses up in it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "target/maps.h"

/**
 * maps_add - append one mapping
 * @maps: the list
 * @m: what to append; its path is copied
 */
void maps_add(struct maps *maps, const struct mapping *m)
{
	maps->map = xgrow(maps->map, maps->n, sizeof(*m));
	maps->map[maps->n] = *m;
	maps->map[maps->n].path = xstrdup(m->path ? m->path : "");
	maps->n++;
}

static u32 parse_perms(const char *s)
{
	return (s[0] == 'r' ? MAP_READ : 0) | (s[1] == 'w' ? MAP_WRITE : 0) |
	       (s[2] == 'x' ? MAP_EXEC : 0) | (s[3] == 's' ? MAP_SHARED_ : 0);
}

/* "START-END PERMS OFFSET DEVICE INODE PATH"; false where a line is none such. */
static bool parse_mapping(char *line, struct mapping *m)
{
	unsigned int major, minor;
	char perms[5];
	int at = 0;

	memset(m, 0, sizeof(*m));
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64
		   " %x:%x %" SCNu64 " %n", &m->start, &m->end, perms,
		   &m->offset, &major, &minor, &m->inode, &at) < 7 ||
	    !at || strlen(perms) != 4 || m->end <= m->start)
		return false;
	m->perms = parse_perms(perms);
	m->dev = major << 20 | minor;
	m->path = line + at;
	return true;
}

/* A line of smaps about the mapping above it: "Rss:    132 kB". */
static void parse_count(struct maps *maps, const char *line)
{
	struct mapping *m = maps->n ? &maps->map[maps->n - 1] : NULL;
	const char *colon = strchr(line, ':');
	size_t len = colon ? colon - line : 0;
	u64 bytes;

	if (!m || !len)
		return;
	bytes = strtoull(colon + 1, NULL, 10) << 10;
	if (len == 3 && !memcmp(line, "Rss", 3)) {
		maps->counted = true;
		m->resident += bytes;
	} else if (len == 3 && !memcmp(line, "Pss", 3)) {
		m->proportional += bytes;
	} else if (len == 4 && !memcmp(line, "Swap", 4)) {
		m->swapped += bytes;
	} else if (len == 15 && !memcmp(line, "Private_Hugetlb", 15)) {
		/* Rss leaves these out. */
		m->resident += bytes;
		m->proportional += bytes;
	} else if (len == 14 && !memcmp(line, "Shared_Hugetlb", 14)) {
		m->resident += bytes;
	}
}

/**
 * maps_parse - read the text of /proc/PID/maps or smaps
 * @maps: an empty list, filled; end it with maps_free()
 * @f: the text
 *
 * Lines that do not describe a mapping are passed over.
 *
 * Return: 0, or -1 where no line does.
 */
int maps_parse(struct maps *maps, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	struct mapping m;

	while (getline(&line, &room, f) > 0) {
		/* Addresses are in small letters, the words of smaps are not. */
		if (line[0] >= 'A' && line[0] <= 'Z')
			parse_count(maps, line);
		else if (parse_mapping(line, &m))
			maps_add(maps, &m);
	}
	free(line);
	maps_sort(maps);
	return maps->n ? 0 : -1;
}

static int by_start(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/**
 * maps_sort - put the mappings in order of address
 * @maps: the list
 *
 * Where two overlap, which happens only in a forged core, the beginning of the
 * later one is cut off: then each address has one mapping at most.
 */
void maps_sort(struct maps *maps)
{
	size_t i, out = 0;

	sort_array(maps->map, maps->n, sizeof(*maps->map), by_start);
	for (i = 0; i < maps->n; i++) {
		struct mapping *m = &maps->map[i];

		if (out && m->start < maps->map[out - 1].end) {
			m->offset += maps->map[out - 1].end - m->start;
			m->start = maps->map[out - 1].end;
		}
		if (m->start >= m->end)
			free(m->path);
		else
			maps->map[out++] = *m;
	}
	maps->n = out;
}

/**
 * maps_free - free a list of mappings
 * @maps: the list; empty afterwards
 */
void maps_free(struct maps *maps)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		free(maps->map[i].path);
	free(maps->map);
	memset(maps, 0, sizeof(*maps));
}

/**
 * maps_find - the mapping that holds an address
 * @maps: the list
 * @addr: the address
 *
 * Return: the mapping, or NULL.
 */
const struct mapping *maps_find(const struct maps *maps, u64 addr)
{
	size_t lo = 0, hi = maps->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr < maps->map[mid].start)
			hi = mid;
		else if (addr >= maps->map[mid].end)
			lo = mid + 1;
		else
			return &maps->map[mid];
	}
	return NULL;
}

/**
 * maps_named - the first mapping of a name
 * @maps: the list
 * @path: as in /proc/PID/maps, say "[heap]"
 *
 * Return: the mapping, or NULL.
 */
const struct mapping *maps_named(const struct maps *maps, const char *path)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (!strcmp(maps->map[i].path, path))
			return &maps->map[i];
	return NULL;
}

/**
 * maps_next_run - find the next run: neighbouring mappings of one kind
 * @maps: the list
 * @i: the mapping to begin with; set to the one behind the run
 * @kind_of: says of which kind a mapping is
 * @arg: for @kind_of
 * @run: filled
 *
 * A mapping in this list need not be one that somebody made.  mprotect() and
 * madvise(), which malloc calls too (glibc.malloc.hugetlb=1), split one into
 * several, even within a chunk; and the kernel merges neighbours, malloc's
 * memory with others'.  So whoever looks for memory looks at runs.
 *
 * Return: false where there is none.
 */
bool maps_next_run(const struct maps *maps, size_t *i, map_kind_fn *kind_of,
		   const void *arg, struct map_run *run)
{
	const struct mapping *m = maps->map;

	while (*i < maps->n && !kind_of(&m[*i], arg))
		++*i;
	if (*i >= maps->n)
		return false;
	run->start = m[*i].start;
	run->kind = kind_of(&m[*i], arg);
	do
		run->end = m[(*i)++].end;
	while (*i < maps->n && m[*i].start == run->end &&
	       kind_of(&m[*i], arg) == run->kind);
	return true;
}

static unsigned int rw_kind(const struct mapping *m, const void *arg)
{
	(void)arg;
	return map_is_rw(m);
}

/**
 * maps_run_end - where the readable and writable memory around @addr ends
 * @maps: the list
 * @addr: the address
 *
 * Return: the end, or @addr where no such memory is.
 */
u64 maps_run_end(const struct maps *maps, u64 addr)
{
	const struct mapping *m = maps_find(maps, addr);
	struct map_run run;
	size_t i;

	if (!m || !map_is_rw(m))
		return addr;
	i = m - maps->map;
	return maps_next_run(maps, &i, rw_kind, NULL, &run) ? run.end : addr;
}

/**
 * maps_hold - is all of a range readable and writable?
 * @maps: the list
 * @addr: start of the range
 * @len: its bytes
 *
 * Return: true if so.
 */
bool maps_hold(const struct maps *maps, u64 addr, u64 len)
{
	u64 end = maps_run_end(maps, addr);

	return end > addr && len <= end - addr;
}

static const struct mapping *next_code(const struct maps *maps, size_t *i)
{
	while (*i < maps->n && !(maps->map[*i].perms & MAP_EXEC))
		++*i;
	return *i < maps->n ? &maps->map[(*i)++] : NULL;
}

/**
 * maps_same_code - do both have the same code at the same addresses?
 * @a: mappings
 * @b: mappings of the same process at another time
 *
 * Return: true if so.
 */
bool maps_same_code(const struct maps *a, const struct maps *b)
{
	size_t i = 0, j = 0;

	for (;;) {
		const struct mapping *x = next_code(a, &i);
		const struct mapping *y = next_code(b, &j);

		if (!x || !y)
			return x == y;
		if (x->start != y->start || x->end != y->end ||
		    x->inode != y->inode || x->dev != y->dev ||
		    x->offset != y->offset || strcmp(x->path, y->path))
			return false;
	}
}

/**
 * map_is_kernels - is this one of the pages that the kernel gives each process?
 * @m: the mapping
 *
 * Return: true for the vdso and its like.
 */
bool map_is_kernels(const struct mapping *m)
{
	static const char *const name[] = {
		"[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[vectors]"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(name); i++)
		if (!strcmp(m->path, name[i]))
			return true;
	return false;
}

/**
 * map_is_hugetlb - is this anonymous memory of huge pages, from MAP_HUGETLB?
 * @m: the mapping
 *
 * Return: true if so.
 */
bool map_is_hugetlb(const struct mapping *m)
{
	return !strcmp(m->path, "/anon_hugepage (deleted)");
}

/**
 * map_is_anon - is this private writable memory without a file?
 * @m: the mapping
 *
 * From 2.39 on glibc can name its mappings "[anon: glibc: malloc...]".  Those
 * with MAP_HUGETLB (glibc.malloc.hugetlb=2) have the name of a file that no one
 * can open.
 *
 * Return: true if so; never for the heap and the stack.
 */
bool map_is_anon(const struct mapping *m)
{
	if (!map_is_rw(m) || m->perms & MAP_SHARED_)
		return false;
	return map_is_hugetlb(m) ||
	       (!m->inode &&
		(!m->path[0] || !strncmp(m->path, "[anon:", 6)));
}
