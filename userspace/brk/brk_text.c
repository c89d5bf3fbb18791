// SPDX-License-Identifier: GPL-2.0
/* Print brk events, and say of a failure what to do about it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "brk/brk_text.h"

#define NSEC ((u64)1000000000)

/**
 * age_text - how long ago something was
 * @buf: filled
 * @ns: nanoseconds
 *
 * Return: @buf, say "3 min" or "2.5 s".
 */
const char *age_text(char buf[AGE_ROOM], u64 ns)
{
	u64 s = ns / NSEC;

	if (s < 10)
		snprintf(buf, AGE_ROOM, "%.1f s", (double)ns / NSEC);
	else if (s < 120)
		snprintf(buf, AGE_ROOM, "%" PRIu64 " s", s);
	else if (s < 2 * 3600)
		snprintf(buf, AGE_ROOM, "%" PRIu64 " min", s / 60);
	else if (s < 48 * 3600)
		snprintf(buf, AGE_ROOM, "%" PRIu64 " h", s / 3600);
	else
		snprintf(buf, AGE_ROOM, "%" PRIu64 " days", s / 86400);
	return buf;
}

/**
 * brk_event_failed - did the call fail?
 * @e: the event
 *
 * Return: true if so.
 */
bool brk_event_failed(const struct brk_event *e)
{
	return strcmp(e->result, "ok") && strcmp(e->result, "raced");
}

/*
 * What a reason means, and what to do about it. "%s" stands for what was in the
 * way of this call: a mapping, or a limit.
 */
static const struct {
	const char *result;
	const char *text;
} failures[] = {
	{ "below_start",
	  "the program asked for an address below the start of its heap; look for a wrong brk() or sbrk() in it" },
	{ "rlimit_data",
	  "data and heap together would pass the limit of %s; raise it with 'ulimit -d' or 'prlimit --data'" },
	{ "overlap",
	  "%s is in the way; malloc goes on with mmap(2), and the break can only grow if that is mapped elsewhere" },
	{ "rlimit_as",
	  "the address space would pass its limit; raise it with 'ulimit -v' or 'prlimit --as'" },
	{ "map_count",
	  "the process has as many mappings as it may; raise the sysctl vm.max_map_count, or see why it maps so much" },
	{ "mlock",
	  "the process locks its memory, and would pass the limit for that; raise it with 'ulimit -l' or 'prlimit --memlock'" },
	{ "nomem",
	  "the kernel promises no more memory; compare Committed_AS with CommitLimit in /proc/meminfo, free memory, add swap, or change vm.overcommit_memory" },
	{ "killed",
	  "a fatal signal came during the call; look for who sent it: the break is not to blame" },
	{ "unmapped",
	  "the process itself unmapped the end of its heap; look for a munmap(2) of heap addresses in it" },
	{ "hugetlb",
	  "the process put huge pages into its heap, and the call would cut one; let it ask for a multiple of their size" },
	{ "raced",
	  "other threads called brk(2) at the same time, so the change is only what this one saw: the break when its call began, and when it ended" },
	{ "sealed",
	  "the process sealed its heap with mseal(2), so that it cannot shrink; look for that call in it" },
	{ "unknown",
	  "the address space was busy, so that the reason could not be told; 'strace -e brk' shows whether it comes again" },
};

static void fact_limit(char *out, size_t room, const struct kernel_facts *k)
{
	char human[HUMAN_ROOM];

	if (k->data_limit == UINT64_MAX)
		snprintf(out, room, "data (unlimited by now)");
	else
		snprintf(out, room, "%s", text_human(human, k->data_limit));
}

static void fact_mapping(char *out, size_t room, const struct brk_event *e,
			 struct target *t)
{
	const struct mapping *m = maps_find(&t->maps, e->overlap);
	const char *what = "a mapping that is gone by now";

	if (m)
		what = m->path[0] ? m->path : "an anonymous mapping";
	snprintf(out, room, "%s at %#" PRIx64, what, e->overlap);
}

/*
 * Why a call failed and what to do, or what is not known of it; to be freed. NULL
 * where there is nothing to say.
 */
static char *failure_text(const struct brk_event *e, struct target *t,
			  const struct kernel_facts *k)
{
	char fact[512] = "", *out = NULL;
	const char *hole;
	size_t i;

	if (!strcmp(e->result, "ok"))
		return NULL;
	if (!strcmp(e->result, "overlap"))
		fact_mapping(fact, sizeof(fact), e, t);
	else
		fact_limit(fact, sizeof(fact), k);
	for (i = 0; i < ARRAY_SIZE(failures); i++) {
		const char *text = failures[i].text;

		if (strcmp(failures[i].result, e->result))
			continue;
		hole = strstr(text, "%s");
		if (!hole)
			return xstrdup(text);
		out = xcalloc(strlen(text) + strlen(fact) + 1, 1);
		sprintf(out, "%.*s%s%s", (int)(hole - text), text, fact,
			hole + 2);
		return out;
	}
	return xstrdup("this heapinfo does not know that reason; the module is newer, and its README tells");
}

/**
 * brk_event_heading - print the line above a table of events
 */
void brk_event_heading(void)
{
	printf("%s%5s %-16s %7s %7s %-9s %9s %-14s %s%s\n",
	       text_color(COLOR_BOLD), "SEQ", "WHEN", "AGO", "TID", "CALL",
	       "CHANGE", "BREAK", "THREAD", text_plain());
}

/*
 * The time of day, if that was today; else the day, and the time to a minute.
 */
static void format_wall(char *buf, size_t room, u64 at_ns, u64 now_ns)
{
	time_t at = at_ns / NSEC, now = now_ns / NSEC;
	struct tm then, today;

	localtime_r(&at, &then);
	localtime_r(&now, &today);
	if (then.tm_yday != today.tm_yday || then.tm_year != today.tm_year) {
		strftime(buf, room, "%F %H:%M", &then);
		return;
	}
	strftime(buf, room, "%T", &then);
	snprintf(buf + strlen(buf), room - strlen(buf), ".%03" PRIu64,
		 at_ns / 1000000 % 1000);
}

/**
 * brk_age - how long ago something was
 * @time_ns: when it was, on CLOCK_BOOTTIME
 * @c: the clocks
 *
 * Return: nanoseconds; 0 where it is not known.
 */
u64 brk_age(s64 time_ns, const struct clocks *c)
{
	s64 now = c->boot_ns;

	return now && now > time_ns ? (u64)now - (u64)time_ns : 0;
}

static void print_when(s64 time_ns, const struct clocks *c)
{
	char when[48], age[AGE_ROOM] = "?";
	u64 ago;

	if (c->boot_ns) {
		ago = brk_age(time_ns, c);
		format_wall(when, sizeof(when),
			    c->real_ns > ago ? c->real_ns - ago : 0,
			    c->real_ns);
		age_text(age, ago);
	} else {
		ago = time_ns < 0 ? -(u64)time_ns : (u64)time_ns;
		snprintf(when, sizeof(when), "boot%c%" PRIu64 ".%03" PRIu64,
			 time_ns < 0 ? '-' : '+', ago / NSEC,
			 ago / 1000000 % 1000);
	}
	printf("%-16s %7s", when, age);
}

static enum color color_of(const struct brk_event *e)
{
	if (brk_event_failed(e))
		return COLOR_RED;
	return e->delta > 0 ? COLOR_YELLOW : COLOR_GREEN;
}

/**
 * brk_event_print - print an event as one line
 * @e: the event
 * @c: the clocks, to say when it was
 */
void brk_event_print(const struct brk_event *e, const struct clocks *c)
{
	char change[HUMAN_ROOM + 1], *comm, brk[24];

	/* A failed call changed nothing: show what it asked for. */
	text_change(change, brk_event_failed(e) ? e->asked - e->from :
		    (u64)e->delta);
	snprintf(brk, sizeof(brk), "%#" PRIx64, e->to);
	comm = text_safe_dup(e->comm, sizeof(e->comm));
	printf("%5" PRIu64 " ", e->seq);
	print_when(e->time_ns, c);
	printf(" %7d %s%-9s%s %9s %-14s %s\n", (int)e->tid,
	       text_color(color_of(e)), e->call, text_plain(), change, brk,
	       comm);
	free(comm);
}

/**
 * brk_failure_print - print why a call failed or is not known well, below its line
 * @e: the event; nothing is printed where its result is ok
 * @t: the process that made the call
 * @k: what the kernel said of it, from the same reading as the event
 */
void brk_failure_print(const struct brk_event *e, struct target *t,
		       const struct kernel_facts *k)
{
	char *text = failure_text(e, t, k), *safe;

	if (!text)
		return;
	safe = text_safe_dup(text, strlen(text));
	printf("      %s: %s.\n", e->result, safe);
	free(safe);
	free(text);
}

/**
 * brk_event_json - an event as JSON
 * @e: the event
 * @c: the clocks, to say when it was
 * @t: the process that made the call
 * @k: what the kernel said of it, from the same reading as the event
 *
 * Return: a new object.
 */
struct json_object *brk_event_json(const struct brk_event *e,
				   const struct clocks *c, struct target *t,
				   const struct kernel_facts *k)
{
	struct json_object *o = json_object_new_object();
	char *text = failure_text(e, t, k);
	u64 ago = brk_age(e->time_ns, c);

	json_add_u64(o, "seq", e->seq);
	json_add_s64(o, "boot_ns", e->time_ns);
	if (c->boot_ns) {
		json_add_u64(o, "unix_ns", c->real_ns - ago);
		json_add_u64(o, "age_ns", ago);
	}
	json_add_u64(o, "tid", e->tid);
	json_add_text(o, "call", e->call);
	json_add_address(o, "asked", e->asked);
	json_add_address(o, "from", e->from);
	json_add_address(o, "to", e->to);
	json_add_s64(o, "delta", e->delta);
	json_add_text(o, "result", e->result);
	if (text)
		json_add_text(o, "advice", text);
	if (e->overlap) {
		const struct mapping *m = maps_find(&t->maps, e->overlap);

		json_add_address(o, "mapping", e->overlap);
		json_add_text(o, "mapping_name", m ? m->path : NULL);
	}
	json_add_text(o, "comm", e->comm);
	free(text);
	return o;
}

/**
 * brk_spans_calls - how many events are summed up
 * @k: what the kernel said
 *
 * Return: their number.
 */
u64 brk_spans_calls(const struct kernel_facts *k)
{
	u64 calls = 0;
	size_t i;

	for (i = 0; i < k->spans; i++)
		calls += k->span[i].calls;
	return calls;
}

/**
 * brk_spans_print - print what happened before the events, a line for each span
 * @k: what the kernel said; nothing is printed where it has no spans
 * @c: the clocks, to say when it was
 */
void brk_spans_print(const struct kernel_facts *k, const struct clocks *c)
{
	char within[AGE_ROOM], up[HUMAN_ROOM + 1], down[HUMAN_ROOM + 1], low[24];
	size_t i;

	if (!k->spans)
		return;
	printf("\n%sEarlier, summed up%s\n", text_color(COLOR_BOLD),
	       text_plain());
	printf("%s%-16s %7s %7s %9s %9s %9s %-14s %s%s\n",
	       text_color(COLOR_BOLD), "WHEN", "AGO", "WITHIN", "CALLS", "UP",
	       "DOWN", "LOWEST", "HIGHEST", text_plain());
	for (i = 0; i < k->spans; i++) {
		const struct brk_span *s = &k->span[i];

		print_when(s->from_ns, c);
		snprintf(low, sizeof(low), "%#" PRIx64, s->low);
		printf(" %7s %9" PRIu64 " %9s %9s %-14s %#" PRIx64 "\n",
		       age_text(within, s->to_ns - s->from_ns), s->calls,
		       s->up ? text_change(up, s->up) : "-",
		       s->down ? text_change(down, -s->down) : "-", low,
		       s->high);
	}
}

/**
 * brk_span_json - a span as JSON
 * @s: the span
 * @c: the clocks, to say when it was
 *
 * Return: a new object.
 */
struct json_object *brk_span_json(const struct brk_span *s,
				  const struct clocks *c)
{
	struct json_object *o = json_object_new_object();

	json_add_s64(o, "from_boot_ns", s->from_ns);
	json_add_s64(o, "to_boot_ns", s->to_ns);
	if (c->boot_ns) {
		json_add_u64(o, "from_unix_ns",
			     c->real_ns - brk_age(s->from_ns, c));
		json_add_u64(o, "to_unix_ns", c->real_ns - brk_age(s->to_ns, c));
	}
	json_add_u64(o, "calls", s->calls);
	json_add_u64(o, "up", s->up);
	json_add_u64(o, "down", s->down);
	json_add_address(o, "low", s->low);
	json_add_address(o, "high", s->high);
	return o;
}

/* All events as one span. There is at least one. */
static struct brk_span span_of_events(const struct kernel_facts *k)
{
	struct brk_span sum = {
		.from_ns = k->event[0].time_ns,
		.to_ns = k->event[k->events - 1].time_ns,
		.calls = k->events,
		.low = UINT64_MAX,
	};
	size_t i;

	for (i = 0; i < k->events; i++) {
		const struct brk_event *e = &k->event[i];

		if (!strcmp(e->call, "grow"))
			sum.up += e->to - e->from;
		else if (!strcmp(e->call, "shrink"))
			sum.down += e->from - e->to;
		sum.low = min_u64(sum.low, min_u64(e->from, e->to));
		sum.high = max_u64(sum.high, max_u64(e->from, e->to));
	}
	return sum;
}

static s64 growth(const struct brk_span *s)
{
	return s->up - s->down;
}

/**
 * brk_grew_most - when in its life the heap grew most
 * @k: what the kernel said
 * @most: filled: the span that grew most, or what the events add up to
 *
 * Where the module was refused memory, some calls are in no span. Of them is known
 * by how much they moved the break up in all; they may have done so at once.
 *
 * Return: false where there are no spans, so that the events tell it all; where it
 * grew in none of them; and where it may have grown more by calls that are in none.
 */
bool brk_grew_most(const struct kernel_facts *k, struct brk_span *most)
{
	u64 up = 0;
	size_t i;

	if (!k->spans)
		return false;
	*most = k->span[0];
	for (i = 0; i < k->spans; i++) {
		up += k->span[i].up;
		if (growth(&k->span[i]) > growth(most))
			*most = k->span[i];
	}
	if (k->events) {
		struct brk_span last = span_of_events(k);

		up += last.up;
		if (growth(&last) > growth(most))
			*most = last;
	}
	return growth(most) > 0 &&
	       kernel_number(k, "BytesGrown", 0) <= up + (u64)growth(most);
}
