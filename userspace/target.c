// SPDX-License-Identifier: GPL-2.0
/* What live processes and cores have in common: reads, and a cache of pages. */
#include <stdlib.h>
#include <string.h>

#include "target.h"
#include "freeze.h"

#define LINE (16u << 10)
#define LINES 32u

/* Direct-mapped; a page that could not be read has its bit clear. */
struct target_cache {
	struct {
		u64 addr;
		u32 valid;	/* one bit a page */
		bool used;
		u8 bytes[LINE];
	} line[LINES];
};

/**
 * target_read - read memory now
 * @t: the target
 * @addr: where from
 * @buf: where to
 * @len: bytes wanted
 *
 * Return: bytes read, short at the first byte that cannot be read.
 */
size_t target_read(struct target *t, u64 addr, void *buf, size_t len)
{
	if (len > UINT64_MAX - addr)
		len = UINT64_MAX - addr;
	return len ? t->ops->read(t, addr, buf, len) : 0;
}

/**
 * target_read_holes - read memory, with zeroes where it cannot be read
 * @t: the target
 * @addr: where from
 * @buf: where to
 * @len: bytes wanted
 *
 * Guard pages inside a mapping (glibc 2.42's thread stacks) cannot be seen in
 * maps: what fails is asked for again from the next page on.
 *
 * Return: how many bytes could not be read.
 */
u64 target_read_holes(struct target *t, u64 addr, void *buf, size_t len)
{
	u8 *to = buf;
	u64 missing = 0;

	while (len) {
		size_t n = target_read(t, addr, to, len);

		if (n < len) {
			size_t skip = PAGE - (addr + n) % PAGE;

			if (skip > len - n)
				skip = len - n;
			memset(to + n, 0, skip);
			missing += skip;
			n += skip;
		}
		addr += n;
		to += n;
		len -= n;
	}
	return missing;
}

static void fill_line(struct target *t, u64 addr, unsigned int i)
{
	u8 *bytes = t->cache->line[i].bytes;
	unsigned int page;
	size_t n;

	t->cache->line[i].addr = addr;
	t->cache->line[i].used = true;
	t->cache->line[i].valid = 0;
	for (page = 0; page < LINE / PAGE; page++) {
		n = target_read(t, addr + page * PAGE, bytes + page * PAGE,
				LINE - page * PAGE) / PAGE;
		for (; n; n--, page++)
			t->cache->line[i].valid |= 1u << page;
	}
}

/**
 * target_peek - read a few bytes, through the cache
 * @t: the target
 * @addr: where from
 * @buf: where to
 * @len: bytes wanted
 *
 * Return: true if all of them could be read.
 */
bool target_peek(struct target *t, u64 addr, void *buf, size_t len)
{
	u8 *to = buf;

	if (len > UINT64_MAX - addr)
		return false;
	if (!t->cache)
		t->cache = xcalloc(1, sizeof(*t->cache));
	while (len) {
		u64 base = align_down(addr, LINE);
		unsigned int i = base / LINE % LINES;
		size_t off = addr % PAGE, n = PAGE - off;

		if (!t->cache->line[i].used || t->cache->line[i].addr != base)
			fill_line(t, base, i);
		if (!(t->cache->line[i].valid >> (addr - base) / PAGE & 1))
			return false;
		if (n > len)
			n = len;
		memcpy(to, t->cache->line[i].bytes + (addr - base), n);
		addr += n;
		to += n;
		len -= n;
	}
	return true;
}

/**
 * target_word - read one word of the target, through the cache
 * @t: the target
 * @addr: where from; need not be aligned
 * @val: where to; untouched on failure
 *
 * Return: true if it could be read.
 */
bool target_word(struct target *t, u64 addr, u64 *val)
{
	u8 raw[8];

	if (!target_peek(t, addr, raw, t->wordsize))
		return false;
	*val = get_word(raw, t->wordsize);
	return true;
}

/**
 * target_forget - let the next small reads see what is there now
 * @t: the target
 */
void target_forget(struct target *t)
{
	unsigned int i;

	if (t->cache)
		for (i = 0; i < LINES; i++)
			t->cache->line[i].used = false;
}

/**
 * target_text - open one of the target's text files
 * @t: the target
 * @name: as below /proc/PID, say "stat"
 *
 * Return: a stream to fclose(), or NULL where the target has no such text.
 */
FILE *target_text(struct target *t, const char *name)
{
	return t->ops->text(t, name);
}

/**
 * target_file - open the file behind a mapping
 * @t: the target
 * @m: the mapping
 *
 * Return: a descriptor to close(), or -1 where it is no longer there.
 */
int target_file(struct target *t, const struct mapping *m)
{
	return m->inode || m->path[0] == '/' ? t->ops->file(t, m) : -1;
}

/**
 * target_threads - list the threads
 * @t: the target
 * @list: filled with an array to free()
 *
 * Return: how many.
 */
size_t target_threads(struct target *t, struct thread **list)
{
	size_t n, i;

	*list = NULL;
	n = t->ops->threads(t, list);
	for (i = 0; i < n; i++)
		if (!(*list)[i].tcb)
			(*list)[i].tcb = freezer_tcb(t->freezer,
						     (*list)[i].tid);
	return n;
}

/**
 * target_reload_maps - look at the mappings again
 * @t: the target
 * @e: why not
 *
 * Return: 0, or -1 where the process has gone.
 */
int target_reload_maps(struct target *t, struct error *e)
{
	struct maps maps = { 0 };
	FILE *f;

	target_forget(t);
	if (!t->live)
		return 0;
	f = target_text(t, "maps");
	if (!f || maps_parse(&maps, f)) {
		if (f)
			fclose(f);
		maps_free(&maps);
		return error_set(e, "process %d has ended", (int)t->pid);
	}
	fclose(f);
	maps_free(&t->maps);
	t->maps = maps;
	return 0;
}

/**
 * target_freeze - stop every thread
 * @t: the target; a core is frozen anyway
 * @e: why not
 *
 * Undone by target_thaw(), and by the kernel when this program ends in
 * whatever way.
 *
 * Return: 0, or -1 with nothing stopped.
 */
int target_freeze(struct target *t, struct error *e)
{
	if (!t->live || t->freezer)
		return 0;
	t->freezer = freezer_stop(t->pid, e);
	return t->freezer ? target_reload_maps(t, e) : -1;
}

/**
 * target_thaw - let every thread go on
 * @t: the target
 */
void target_thaw(struct target *t)
{
	if (t->freezer)
		t->stopped_ns += freezer_go(t->freezer);
	t->freezer = NULL;
}

/**
 * target_close - let go of a target
 * @t: the target, or NULL
 */
void target_close(struct target *t)
{
	if (!t)
		return;
	target_thaw(t);
	t->ops->close(t);
	maps_free(&t->maps);
	free(t->cache);
	free(t);
}
