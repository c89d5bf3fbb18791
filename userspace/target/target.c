// SPDX-License-Identifier: GPL-2.0
/*
 * What live processes and cores have in common: reading, and a cache of pages.
 */
#include <stdlib.h>
#include <string.h>

#include "target/target.h"
#include "target/freeze.h"

#define LINE (16u << 10)
#define LINE_BITS 5u	/* bits of the hash that selects one */
#define LINES (1u << LINE_BITS)

/*
 * Each address has one line where it can be cached. A hash of the address
 * selects it, not its low bits: arenas and heaps all begin at round addresses,
 * and would get the same line.
 */
struct target_cache {
	struct line {
		u64 addr;
		u32 tried;	/* one bit for each page */
		u32 valid;	/* the same; clear if it could not be read */
		bool used;
		u8 bytes[LINE];
	} line[LINES];
	/*
	 * Who reads in order, upwards or downwards, is read ahead for: more each
	 * time, as the kernel does it for files.
	 */
	struct {
		u64 addr;
		u64 len;	/* 0: nothing was read yet */
		u8 bytes[TARGET_BLOCK];
	} ahead;
};

/* Was the time for which it may be stopped over, and does it run again? */
static bool is_over(struct target *t)
{
	if (t->freezer && freezer_is_over(t->freezer))
		target_thaw(t);
	return t->expired;
}

/**
 * target_read - read memory as it is now, past the cache
 * @t: the target
 * @addr: where to begin
 * @buf: filled
 * @len: bytes wanted
 *
 * Return: how many bytes were read, up to the first that cannot be.
 */
size_t target_read(struct target *t, u64 addr, void *buf, size_t len)
{
	if (len > UINT64_MAX - addr)
		len = UINT64_MAX - addr;
	if (is_over(t))
		return 0;
	len = len ? t->ops->read(t, addr, buf, len) : 0;
	/* It may have gone on in between: then these are not of one moment. */
	return is_over(t) ? 0 : len;
}

/**
 * target_read_holes - read memory, with zeroes where it cannot be read
 * @t: the target
 * @addr: where to begin
 * @buf: filled
 * @len: bytes wanted
 *
 * maps does not show guard pages inside a mapping, as in the thread stacks of
 * glibc 2.42: where reading fails, it goes on at the next page.
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

/**
 * target_next_touched - step over memory that is not there or was never touched
 * @t: the target
 * @addr: where to begin
 * @end: where to stop
 *
 * A process may have mapped far more than it has touched, and a forged core may
 * say anything: going through all of it would take for ever.
 *
 * Return: @addr if there may be more than zeroes on its page; otherwise the
 * next page with more, or @end.
 */
u64 target_next_touched(struct target *t, u64 addr, u64 end)
{
	u64 next = t->ops->next(t, addr);

	return next < end ? max_u64(align_down(next, PAGE), addr) : end;
}

/**
 * target_next_page - step to the next page that was touched
 * @t: the target
 * @addr: a page, or any address on it
 * @end: where to stop
 *
 * Return: the next page that may have something on it, or @end.
 */
u64 target_next_page(struct target *t, u64 addr, u64 end)
{
	u64 page = align_down(addr, PAGE);

	if (end <= page || end - page <= PAGE)
		return end;
	return target_next_touched(t, page + PAGE, end);
}

/*
 * Fibonacci hashing: neighbours get different lines, and so do thread heaps,
 * which lie at multiples of 64 MiB.
 */
static struct line *line_of(struct target *t, u64 base)
{
	return &t->cache->line[base / LINE * 0x9e3779b97f4a7c15 >>
			       (64 - LINE_BITS)];
}

static bool has_line(struct target *t, u64 base)
{
	const struct line *l = line_of(t, base);

	return l->used && l->addr == base;
}

/*
 * Copy a line from what was read ahead, after reading on where it borders on that.
 * Return: false where not all could be read.
 */
static bool fill_ahead(struct target *t, struct line *l)
{
	struct target_cache *c = t->cache;
	u64 up = c->ahead.addr + c->ahead.len, down = c->ahead.addr - LINE;
	u64 len = LINE, from = l->addr;

	if (c->ahead.len && (l->addr == up || l->addr == down)) {
		len = min_u64(2 * c->ahead.len, TARGET_BLOCK);
		if (l->addr == down)
			from = c->ahead.addr > len ? c->ahead.addr - len : 0;
	}
	if (!range_inside(l->addr, LINE, c->ahead.addr, up)) {
		c->ahead.addr = from;
		c->ahead.len = len;
		/* Where memory begins or ends, the line alone may be there. */
		if (target_read(t, from, c->ahead.bytes, len) != len) {
			c->ahead.len = 0;
			return false;
		}
	}
	memcpy(l->bytes, c->ahead.bytes + (l->addr - c->ahead.addr), LINE);
	l->tried = (1u << LINE / PAGE) - 1;
	l->valid = l->tried;
	return true;
}

/*
 * If this line or a neighbour is in use, memory seems to be read in order: read
 * the whole line, and ahead. Else pointers seem to be followed all over memory: read
 * only the page that is asked for.
 */
static void fill_line(struct target *t, struct line *l, unsigned int page)
{
	unsigned int end = page + 1;
	size_t n;

	if (l->tried || has_line(t, l->addr - LINE) ||
	    has_line(t, l->addr + LINE)) {
		if (fill_ahead(t, l))
			return;
		page = 0;
		end = LINE / PAGE;
		l->valid = 0;
	} else {
		t->jumps++;
	}
	for (; page < end; page++) {
		n = target_read(t, l->addr + page * PAGE,
				l->bytes + page * PAGE,
				(end - page) * PAGE) / PAGE;
		for (; n; n--, page++) {
			l->tried |= 1u << page;
			l->valid |= 1u << page;
		}
		if (page < end)
			l->tried |= 1u << page;
	}
}

/* The line that holds the page at @addr; ->valid says if that could be read. */
static const struct line *get_line(struct target *t, u64 addr)
{
	u64 base = align_down(addr, LINE);
	unsigned int page = (addr - base) / PAGE;
	struct line *l = line_of(t, base);

	if (!has_line(t, base)) {
		l->addr = base;
		l->used = true;
		l->tried = 0;
		l->valid = 0;
	}
	if (!(l->tried >> page & 1))
		fill_line(t, l, page);
	return l;
}

/**
 * target_peek - read a few bytes, through the cache
 * @t: the target
 * @addr: where to begin
 * @buf: filled
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
		const struct line *l = get_line(t, addr);
		size_t n = PAGE - addr % PAGE;

		if (!(l->valid >> (addr - l->addr) / PAGE & 1))
			return false;
		if (n > len)
			n = len;
		memcpy(to, l->bytes + (addr - l->addr), n);
		addr += n;
		to += n;
		len -= n;
	}
	return true;
}

/**
 * target_word - read one word of the target, through the cache
 * @t: the target
 * @addr: its address, which need not be aligned
 * @val: filled; left as it is on failure
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
 * target_word_now - read one word of the target as it is now, past the cache
 * @t: the target
 * @addr: its address, which need not be aligned
 * @val: filled; left as it is on failure
 *
 * Return: true if it could be read.
 */
bool target_word_now(struct target *t, u64 addr, u64 *val)
{
	u8 raw[8];

	if (target_read(t, addr, raw, t->wordsize) != t->wordsize)
		return false;
	*val = get_word(raw, t->wordsize);
	return true;
}

/**
 * target_forget - empty the cache, so that what is read next is of now
 * @t: the target
 */
void target_forget(struct target *t)
{
	unsigned int i;

	if (!t->cache)
		return;
	for (i = 0; i < LINES; i++)
		t->cache->line[i].used = false;
	t->cache->ahead.len = 0;
}

/**
 * target_text - open one of the target's text files
 * @t: the target
 * @name: the name that it has in /proc/PID, say "stat"
 *
 * Return: a stream to fclose(), or NULL where the target has no such text.
 */
FILE *target_text(struct target *t, const char *name)
{
	return t->ops->text(t, name);
}

/**
 * target_own_number - the number that a thread has for itself
 * @t: the target
 * @tid: the thread's number here
 *
 * In a container it is another one than outside.
 *
 * Return: its number in the innermost of its PID namespaces; @tid where that is not
 * known.
 */
pid_t target_own_number(struct target *t, pid_t tid)
{
	char name[32], line[256];
	FILE *f;

	snprintf(name, sizeof(name), "task/%d/status", (int)tid);
	f = target_text(t, name);
	while (f && fgets(line, sizeof(line), f)) {
		const char *last = strrchr(line, '\t');

		if (!strncmp(line, "NSpid:", 6) && last && atoi(last + 1) > 0)
			tid = atoi(last + 1);
	}
	if (f)
		fclose(f);
	return tid;
}

/**
 * stat_field - find a field in /proc/PID/stat, of a process or a thread
 * @f: the file, closed here; NULL where there is none
 * @line: filled with its text
 * @size: bytes at @line
 * @field: the field's number in proc(5), 3 or more
 *
 * Field 2, the name in brackets, may hold blanks and brackets itself: the
 * fields are counted from the last ")" on.
 *
 * Return: where in @line the field begins, or NULL.
 */
const char *stat_field(FILE *f, char *line, size_t size, unsigned int field)
{
	const char *at;
	unsigned int i;
	size_t n;

	if (!f)
		return NULL;
	n = fread(line, 1, size - 1, f);
	fclose(f);
	line[n] = '\0';
	at = strrchr(line, ')');
	for (i = 2; at && i < field; i++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : NULL;
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
 * target_syscall - find out where a thread of a live process waits or is stopped
 * @t: the target
 * @th: the thread; its nr, pc and sp are filled
 *
 * The file has "-1 SP PC", or "NR ARGUMENTS... SP PC", or "running".
 *
 * Return: true; false where it runs, or may not be asked.
 */
bool target_syscall(struct target *t, struct thread *th)
{
	char name[48], line[256] = "", *pc, *sp;
	FILE *f;

	snprintf(name, sizeof(name), "task/%d/syscall", (int)th->tid);
	f = target_text(t, name);
	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	pc = strrchr(line, ' ');
	if (!pc)
		return false;
	*pc = '\0';
	sp = strrchr(line, ' ');
	th->nr = strtoll(line, NULL, 0);
	th->pc = strtoull(pc + 1, NULL, 0);
	th->sp = sp ? strtoull(sp, NULL, 0) : 0;
	return true;
}

/**
 * target_is_worker - is it a thread that the kernel made for its own work?
 * @t: the target
 * @tid: the thread
 *
 * Such are those of io_uring, since Linux 5.12. They never run code of the program,
 * so that they have no control block and nothing on a heap.
 *
 * Return: true; false also where it is not known.
 */
bool target_is_worker(struct target *t, pid_t tid)
{
	char name[32], line[512];
	const char *flags;

	snprintf(name, sizeof(name), "task/%d/stat", (int)tid);
	flags = stat_field(target_text(t, name), line, sizeof(line), 9);
	return flags && strtoul(flags, NULL, 10) &
			(PF_IO_WORKER | PF_USER_WORKER);
}

/**
 * target_where - find out whether a thread is stopped, and where
 * @t: the target
 * @th: the thread, from target_threads(); filled
 *
 * Return: true if it is.
 */
bool target_where(struct target *t, struct thread *th)
{
	if (t->freezer)
		freezer_where(t->freezer, th);
	if (!th->stopped && t->ops->where)
		t->ops->where(t, th);
	return th->stopped;
}

/**
 * target_maps_now - the mappings as they are now
 * @t: a live target
 * @maps: an empty list, filled; end it with maps_free()
 * @e: the reason, on failure
 *
 * If the thread is gone through which memory was read, it is read through
 * another one from now on.
 *
 * Return: 0, or -1 where the process has gone.
 */
int target_maps_now(struct target *t, struct maps *maps, struct error *e)
{
	return t->ops->maps(t, maps, e);
}

/**
 * target_reload_maps - read the mappings again, and empty the cache
 * @t: the target
 * @e: the reason, on failure
 *
 * Return: 0, or -1 where the process has gone.
 */
int target_reload_maps(struct target *t, struct error *e)
{
	struct maps maps = { 0 };

	target_forget(t);
	if (!t->ops->maps)
		return 0;
	if (target_maps_now(t, &maps, e)) {
		maps_free(&maps);
		return -1;
	}
	maps_free(&t->maps);
	t->maps = maps;
	return 0;
}

/**
 * target_freeze - stop every thread
 * @t: the target; nothing is done for a core
 * @e: the reason, on failure
 *
 * target_thaw() lets them run on, and so does the kernel when this program
 * ends, in whatever way.
 *
 * Return: 0, or -1 with nothing stopped.
 */
int target_freeze(struct target *t, struct error *e)
{
	if (!t->live || t->freezer)
		return 0;
	t->freezer = freezer_stop(t->pid, e);
	if (!t->freezer)
		return -1;
	if (t->freeze_ns)
		freezer_limit(t->freezer, t->freeze_ns);
	return target_reload_maps(t, e);
}

/**
 * target_thaw - let every thread run on
 * @t: the target
 */
void target_thaw(struct target *t)
{
	if (t->freezer) {
		t->expired |= freezer_is_over(t->freezer);
		t->stopped_ns += freezer_go(t->freezer);
	}
	t->freezer = NULL;
}

/**
 * target_or - what else may be the case, where the heap looks damaged
 * @t: the target
 *
 * Return: how to go on after "it is damaged": ", or changed meanwhile", say; or
 * "".
 */
const char *target_or(const struct target *t)
{
	static const char *const words[] = {
		[DOUBT_NONE] = "",
		[DOUBT_RUNNING] = ", or changed meanwhile",
		[DOUBT_MIDWAY] = ", or a thread was stopped in the middle of a change",
		[DOUBT_SNAPSHOT] = ", or changed while the snapshot was taken",
		[DOUBT_TRUNCATED] = ", or missing in the truncated core",
	};

	return words[t->doubt];
}

/**
 * target_note - a note that belongs to each answer about a target
 * @t: the target
 *
 * Return: a line, or NULL where there is none.
 */
const char *target_note(const struct target *t)
{
	if (t->expired)
		return "the process was let go on when the time that --freeze gave was over; what was not read by then is missing here";
	return t->partial ?
	       "the core is truncated; what it does not hold is missing here" :
	       NULL;
}

/**
 * target_close - let a target run on, and free what was read of it
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
