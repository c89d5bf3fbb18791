// SPDX-License-Identifier: GPL-2.0
/* Parse /proc/PID/heapinfo, and /proc/PID/stat, smaps and limits beside it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "brk/kernel.h"

#define MAX_EVENTS 65536u
#define MAX_SPANS 4096u
#define MAX_PAGE 65536u	/* the largest of any machine of Linux */

/*
 * What the file says is printed as it is. The module writes printable ASCII, but for
 * the name of a process, of which it leaves the UTF-8; a core file, which may hold
 * such a text too, may say anything.
 */
static char *printable_dup(const char *s)
{
	char *copy = xstrdup(s), *c;

	for (c = copy; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return copy;
}

static void add_key(struct kernel_facts *k, const char *name,
		    const char *value)
{
	k->key = xgrow(k->key, k->keys, sizeof(*k->key));
	k->key[k->keys].name = printable_dup(name);
	k->key[k->keys].value = printable_dup(value);
	k->keys++;
}

/**
 * kernel_key - a value of the module's file
 * @k: the facts
 * @name: the key, say "BrkCalls"
 *
 * Return: its text, or NULL.
 */
const char *kernel_key(const struct kernel_facts *k, const char *name)
{
	size_t i;

	for (i = 0; i < k->keys; i++)
		if (!strcmp(k->key[i].name, name))
			return k->key[i].value;
	return NULL;
}

/**
 * kernel_number - a value of the module's file as a number
 * @k: the facts
 * @name: the key; a value in "kB" comes in bytes
 * @otherwise: what to return where there is no such key or no number
 *
 * Return: the number.
 */
u64 kernel_number(const struct kernel_facts *k, const char *name, u64 otherwise)
{
	const char *s = kernel_key(k, name);
	char *end;
	u64 v;

	if (!s)
		return otherwise;
	v = strtoull(s, &end, 0);
	if (end == s)
		return otherwise;
	return !strcmp(end, " kB") ? v << 10 : v;
}

/* "1234.567890" or "-0.5": seconds and a fraction of any length. */
static s64 parse_time(const char *s)
{
	bool negative = *s == '-';
	u64 ns = strtoull(s + negative, NULL, 10) * 1000000000ull;
	const char *dot = strchr(s, '.');
	u64 unit = 100000000;

	for (dot = dot ? dot + 1 : ""; *dot >= '0' && *dot <= '9'; dot++) {
		ns += (*dot - '0') * unit;
		unit /= 10;
	}
	return negative ? -ns : ns;
}

/* Characters that could end a column come in octal: "\011" is a tab. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' &&
		    s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 |
				(s[3] - '0');
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/*
 * Copy a word of the module's own choice. It is printed as it is: so it may
 * hold nothing but small letters and underscores.
 */
static bool take_word(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from);
	return *from && !from[strspn(from, "abcdefghijklmnopqrstuvwxyz_")];
}

/*
 * The first columns of a line, with tabs between. What is behind them is returned,
 * which is empty at the end of the line; *ok says whether all are there.
 */
static char *split(char *line, char **col, size_t cols, bool *ok)
{
	size_t i;

	for (i = 0; i < cols; i++) {
		line += strspn(line, "\t");
		col[i] = line;
		line += strcspn(line, "\t");
		*ok = line != col[i];
		if (!*ok)
			return NULL;
		if (*line)
			*line++ = '\0';
	}
	return line;
}

/*
 * Which column behind the thread's name is the stack's number, as the line with the
 * columns' names says: 1 is the next one; 0: there is none.
 */
static unsigned int stack_column(const char *heading)
{
	const char *at = strstr(heading, "\tcomm");
	unsigned int n = 0;

	for (at = at ? strchr(at + 1, '\t') : NULL; at;
	     at = strchr(at + 1, '\t')) {
		n++;
		if (!strcmp(at, "\tstack") || !strncmp(at, "\tstack\t", 7))
			return n;
	}
	return 0;
}

/* Cut the columns behind the name off, and take the stack's number from them. */
static u64 cut_stack(char *comm, unsigned int column)
{
	char *at = strchr(comm, '\t'), *end = at;

	while (at && --column)
		at = strchr(at + 1, '\t');
	if (end)
		*end = '\0';
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

/*
 * A row: seq time tid call asked from to delta result comm, with tabs between, and
 * of newer modules the number of a stack; @stack is its column, behind comm.
 */
static bool parse_event(char *line, struct brk_event *e, unsigned int stack)
{
	char *col[9], *rest, *eq;
	bool ok;

	rest = split(line, col, ARRAY_SIZE(col), &ok);
	if (!ok)
		return false;
	memset(e, 0, sizeof(*e));
	e->seq = strtoull(col[0], NULL, 10);
	e->time_ns = parse_time(col[1]);
	e->tid = strtol(col[2], NULL, 10);
	if (!take_word(e->call, sizeof(e->call), col[3]))
		return false;
	e->asked = strtoull(col[4], NULL, 16);
	e->from = strtoull(col[5], NULL, 16);
	e->to = strtoull(col[6], NULL, 16);
	e->delta = strtoll(col[7], NULL, 10);
	eq = strchr(col[8], '=');
	if (eq) {
		*eq = '\0';
		e->overlap = strtoull(eq + 1, NULL, 16);
	}
	if (!take_word(e->result, sizeof(e->result), col[8]))
		return false;
	/*
	 * Next is the thread's name, which may be empty; without more columns it is
	 * all that is left.
	 */
	if (rest && stack)
		e->stack = cut_stack(rest, stack);
	if (rest)
		unescape(rest);
	snprintf(e->comm, sizeof(e->comm), "%s", rest ? rest : "");
	return e->seq || e->time_ns;
}

/*
 * What came before the first row: span from to calls up down low high, with tabs
 * between.
 */
static bool parse_span(char *line, struct brk_span *s)
{
	char *col[8];
	bool ok;

	split(line, col, ARRAY_SIZE(col), &ok);
	if (!ok)
		return false;
	s->from_ns = parse_time(col[1]);
	s->to_ns = parse_time(col[2]);
	s->calls = strtoull(col[3], NULL, 10);
	s->up = strtoull(col[4], NULL, 10);
	s->down = strtoull(col[5], NULL, 10);
	s->low = strtoull(col[6], NULL, 16);
	s->high = strtoull(col[7], NULL, 16);
	return s->calls && s->from_ns <= s->to_ns && s->low <= s->high;
}

static void add_event(struct kernel_facts *k, char *line, unsigned int stack)
{
	struct brk_event e;

	if (k->events == MAX_EVENTS || !parse_event(line, &e, stack))
		return;
	k->event = xgrow(k->event, k->events, sizeof(e));
	k->event[k->events++] = e;
}

static void add_span(struct kernel_facts *k, char *line)
{
	struct brk_span s;

	if (k->spans == MAX_SPANS || !parse_span(line, &s))
		return;
	k->span = xgrow(k->span, k->spans, sizeof(s));
	k->span[k->spans++] = s;
}

/*
 * Keys come first, and then tables, each below a line with the names of its columns.
 * A newer module may have more of them.
 */
static void parse_heapinfo(struct kernel_facts *k, FILE *f)
{
	enum { KEYS, EVENTS, SPANS, OTHER } part = KEYS;
	char *line = NULL, *colon;
	unsigned int stack = 0;
	size_t room = 0;

	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#') {
			part = !strncmp(line, "#seq\t", 5) ? EVENTS :
			       !strncmp(line, "#span\t", 6) ? SPANS : OTHER;
			if (part == EVENTS) {
				stack = stack_column(line);
				k->stacks = stack;
			}
		} else if (part == EVENTS) {
			add_event(k, line, stack);
		} else if (part == SPANS) {
			add_span(k, line);
		} else if (part == KEYS) {
			colon = strstr(line, ":\t");
			if (!colon)
				continue;
			*colon = '\0';
			add_key(k, line, colon + 2);
		}
	}
	free(line);
}

static void from_module(struct target *t, struct kernel_facts *k)
{
	FILE *f = target_text(t, "heapinfo");
	const char *seen;

	if (!f)
		return;
	parse_heapinfo(k, f);
	fclose(f);
	k->module = kernel_key(k, "StartBrk") && kernel_key(k, "Brk");
	if (!k->module)
		return;
	k->known = true;
	k->brk_exact = true;
	k->start_data = kernel_number(k, "StartData", 0);
	k->end_data = kernel_number(k, "EndData", 0);
	k->end_bss = kernel_number(k, "EndBss", 0);
	k->start_brk = kernel_number(k, "StartBrk", 0);
	k->brk = kernel_number(k, "Brk", 0);
	k->peak_bytes = kernel_number(k, "PeakSize", 0);
	k->brk_window = kernel_number(k, "BrkWindow", 0);
	seen = kernel_key(k, "BrkWindowSeen");
	k->brk_window_likely = seen && !strcmp(seen, "unknown");
	k->data_limit = kernel_number(k, "DataLimit", UINT64_MAX);
}

/* Fields 45, 46, 47 of stat; 0 in them for readers who may not see them. */
static bool from_stat(struct target *t, struct kernel_facts *k)
{
	char line[1024];
	const char *at = stat_field(target_text(t, "stat"), line,
				    sizeof(line), 45);

	if (!at || sscanf(at, "%" SCNu64 " %" SCNu64 " %" SCNu64,
			  &k->start_data, &k->end_data, &k->start_brk) != 3)
		return false;
	return k->start_brk != 0;
}

/*
 * Where bss ends: it begins behind the last byte of data, and takes the
 * mappings that follow without a gap, up to the heap.
 */
static u64 end_of_bss(const struct target *t, const struct kernel_facts *k)
{
	const struct mapping *m = maps_find(&t->maps, k->end_data - 1);
	const struct mapping *last = t->maps.map + t->maps.n;

	if (!m)
		return 0;
	while (m + 1 < last && m[1].start == m->end &&
	       !map_is_heap(m + 1))
		m++;
	return m->end;
}

/* Without the module: the break is where the last mapping named [heap] ends. */
static void brk_from_maps(const struct target *t, struct kernel_facts *k)
{
	size_t i;

	k->brk = k->start_brk;
	for (i = 0; i < t->maps.n; i++)
		if (map_is_heap(&t->maps.map[i])) {
			if (!k->known && i && !k->start_brk)
				k->start_brk = t->maps.map[i].start;
			k->brk = t->maps.map[i].end;
		}
}

static u64 read_limit(struct target *t)
{
	FILE *f = target_text(t, "limits");
	u64 limit = UINT64_MAX;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Max data size", 13))
			if (sscanf(line + 13, "%" SCNu64, &limit) != 1)
				limit = UINT64_MAX;
	if (f)
		fclose(f);
	return limit;
}

/* Are the mappings those of the program whose stat was read? */
static bool maps_fit(const struct target *t, const struct kernel_facts *k)
{
	const struct mapping *heap = maps_named(&t->maps, "[heap]");

	if (!maps_find(&t->maps, k->start_data))
		return false;
	/*
	 * [heap] begins on the page of start_brk or the next; or before, where
	 * bss ends there and the kernel has made one mapping of both.
	 */
	return !heap || (heap->start <= align_up(k->start_brk, MAX_PAGE) &&
			 k->brk >= k->start_brk);
}

/*
 * The maps were read before stat. If an exec came in between, read both again.
 */
static void from_proc(struct target *t, struct kernel_facts *k)
{
	unsigned int tries = 3;
	struct error e;

	do {
		k->start_brk = 0;
		k->known = from_stat(t, k);
		brk_from_maps(t, k);
	} while (k->known && t->live && !maps_fit(t, k) && tries-- &&
		 !target_reload_maps(t, &e));
	k->end_bss = k->known ? end_of_bss(t, k) : 0;
	k->known = k->start_brk != 0;
	k->data_limit = read_limit(t);
}

/* Believe none of it where it says that the heap ends before it begins. */
static void drop_nonsense(struct kernel_facts *k)
{
	if (k->brk >= k->start_brk)
		return;
	k->known = false;
	k->brk_exact = false;
	k->start_brk = 0;
	k->brk = 0;
}

/**
 * kernel_read - gather what the kernel says of the heap
 * @t: the target; its maps are read again where an exec changed them
 * @k: filled; kernel_free() it
 */
void kernel_read(struct target *t, struct kernel_facts *k)
{
	memset(k, 0, sizeof(*k));
	k->data_limit = UINT64_MAX;
	from_module(t, k);
	if (!k->module)
		from_proc(t, k);
	drop_nonsense(k);
}

/**
 * kernel_read_module - gather what the module says of itself
 * @k: its keys are filled, with none where it is not loaded; kernel_free() it
 */
void kernel_read_module(struct kernel_facts *k)
{
	FILE *f = fopen("/proc/heapinfo", "re");

	memset(k, 0, sizeof(*k));
	if (!f)
		return;
	parse_heapinfo(k, f);
	fclose(f);
}

/**
 * kernel_free - give the facts back
 * @k: from kernel_read() or kernel_read_module()
 */
void kernel_free(struct kernel_facts *k)
{
	size_t i;

	for (i = 0; i < k->keys; i++) {
		free(k->key[i].name);
		free(k->key[i].value);
	}
	free(k->key);
	free(k->event);
	free(k->span);
	memset(k, 0, sizeof(*k));
}
