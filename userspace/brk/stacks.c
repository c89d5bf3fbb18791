// SPDX-License-Identifier: GPL-2.0
/* Read /proc/PID/heapstacks, and unwind those of its stacks that are asked for. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "brk/stacks.h"

#define FORMAT 1u
#define MAX_STACKS 65536u
#define MAX_WORDS (1u << 18)	/* of one: 2 MiB; the module keeps some hundred */

/* The names of registers in the file, and their numbers in DWARF. */
struct reg_name {
	const char *name;
	unsigned int number;
};

static const struct reg_name regs64[] = {
	{ "ip", 16 }, { "sp", 7 }, { "bp", 6 }, { "bx", 3 }, { "r12", 12 },
	{ "r13", 13 }, { "r14", 14 }, { "r15", 15 },
};

static const struct reg_name regs32[] = {
	{ "ip", 8 }, { "sp", 4 }, { "bp", 5 }, { "bx", 3 }, { "si", 6 },
	{ "di", 7 },
};

/* A number that takes all of a text: nothing else may be in it. */
static bool number(const char *s, int base, u64 *v)
{
	size_t len = strspn(s, base == 16 ? "0123456789abcdef" : "0123456789");

	if (!len || s[len])
		return false;
	errno = 0;
	*v = strtoull(s, NULL, base);
	return !errno;
}

/* Take the next "A=B" of a list; false at its end, or, with *ok false, for nonsense. */
static bool next_pair(char **list, char **left, u64 *right, bool *ok)
{
	char *pair = strsep(list, ","), *equal;

	if (!pair)
		return false;
	equal = strchr(pair, '=');
	*ok = equal && number(equal + 1, 16, right);
	if (!*ok)
		return false;
	*equal = '\0';
	*left = pair;
	return true;
}

/* A register that this program has no use for is passed over. */
static void take_register(struct kept_stack *k, const char *name, u64 value)
{
	const struct reg_name *r = k->wordsize == 8 ? regs64 : regs32;
	size_t n = k->wordsize == 8 ? ARRAY_SIZE(regs64) : ARRAY_SIZE(regs32);
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(name, r[i].name)) {
			k->reg[r[i].number] = value;
			k->has |= 1u << r[i].number;
		}
}

static bool parse_registers(char *list, struct kept_stack *k)
{
	bool ok = true;
	char *name;
	u64 value;

	while (next_pair(&list, &name, &value, &ok))
		take_register(k, name, value);
	return ok && k->has >> kept_pc(k->wordsize) & 1 &&
	       k->has >> kept_sp(k->wordsize) & 1;
}

static bool parse_words(char *list, struct kept_stack *k)
{
	bool ok = true;
	char *offset;
	u64 value, at;

	if (!strcmp(list, "-"))
		return true;
	while (next_pair(&list, &offset, &value, &ok)) {
		if (k->words == MAX_WORDS || !number(offset, 16, &at) ||
		    (k->words && at <= k->word[k->words - 1].at))
			return false;
		k->word = xgrow(k->word, k->words, sizeof(*k->word));
		k->word[k->words++] = (struct kept_word){ at, value };
	}
	return ok;
}

/* Words that are not known are of newer modules. */
static void parse_flags(char *list, struct kept_stack *k)
{
	char *word;

	while ((word = strsep(&list, ","))) {
		k->cut |= !strcmp(word, "cut");
		k->part |= !strcmp(word, "part");
		k->end |= !strcmp(word, "end");
	}
}

/* stack rows abi flags registers words, with tabs between; more may follow. */
static bool parse_stack(char *line, struct kept_stack *k)
{
	char *col[6];
	size_t i;
	u64 abi;

	memset(k, 0, sizeof(*k));
	for (i = 0; i < ARRAY_SIZE(col); i++) {
		col[i] = strsep(&line, "\t");
		if (!col[i] || !*col[i])
			return false;
	}
	if (!number(col[0], 10, &k->number) || !k->number ||
	    !number(col[1], 10, &k->rows) || !number(col[2], 10, &abi) ||
	    (abi != 64 && abi != 32))
		return false;
	k->wordsize = abi / 8;
	parse_flags(col[3], k);
	return parse_registers(col[4], k) && parse_words(col[5], k);
}

static void add_stack(struct stacks *s, char *line)
{
	struct kept_stack k;

	if (s->n == MAX_STACKS || !parse_stack(line, &k)) {
		if (s->n < MAX_STACKS)
			free(k.word);
		s->wrong++;
		return;
	}
	s->stack = xgrow(s->stack, s->n, sizeof(*s->stack));
	memset(&s->stack[s->n], 0, sizeof(*s->stack));
	s->stack[s->n++].kept = k;
}

static int by_number(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	return x->kept.number < y->kept.number ? -1 :
	       x->kept.number > y->kept.number;
}

static int take_key(struct stacks *s, const char *name, const char *value,
		    struct error *e)
{
	u64 v;

	if (!number(value, 10, &v))
		return 0;
	if (!strcmp(name, "Format") && v != FORMAT)
		return error_set(e, "heapstacks is of format %" PRIu64 ", and this heapinfo reads %u: the module and heapinfo are of different versions; install both of one",
				 v, FORMAT);
	if (!strcmp(name, "StackLimit"))
		s->limit = v;
	else if (!strcmp(name, "StacksLost"))
		s->lost = v;
	return 0;
}

/**
 * stacks_parse - read the text of heapstacks
 * @f: the text
 * @s: empty; filled; stacks_free() it
 * @e: the reason, on failure
 *
 * Keys come first, and then the table, below a line with the names of its columns.
 *
 * Return: 0; -1 where it is of another format.
 */
int stacks_parse(FILE *f, struct stacks *s, struct error *e)
{
	char *line = NULL, *colon;
	bool table = false, ours = false;
	size_t room = 0, i;
	int ret = 0;

	while (!ret && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#') {
			table = true;
			ours = !strncmp(line, "#stack\t", 7);
		} else if (ours) {
			add_stack(s, line);
		} else if (!table) {
			colon = strstr(line, ":\t");
			if (!colon)
				continue;
			*colon = '\0';
			ret = take_key(s, line, colon + 2, e);
		}
	}
	free(line);
	sort_array(s->stack, s->n, sizeof(*s->stack), by_number);
	for (i = 0; i < s->n; i++)
		s->stack[i].kept.looked = s->limit;
	s->read = !ret;
	return ret;
}

/* There is no such file: why? */
static int no_stacks(const struct target *t, const struct kernel_facts *k,
		     struct error *e)
{
	if (!t->live && !k->stacks)
		return error_set(e, "the module that was loaded when this core was written kept none");
	if (!t->live)
		return error_set(e, "this core has no heapstacks");
	if (!k->stacks)
		return error_set(e, "this module heapinfo keeps none; load the one that came with this heapinfo");
	return error_set(e, "/proc/PID/heapstacks cannot be read; look again, as the process's user or as root");
}

/* Is it still the program that the facts are of? */
static bool same_program(struct target *t, const struct kernel_facts *k)
{
	struct kernel_facts now;
	bool same;

	if (!t->live)
		return true;
	kernel_read(t, &now);
	same = !now.module || (now.start_brk == k->start_brk &&
			       now.end_data == k->end_data);
	kernel_free(&now);
	return same;
}

static int read_text(struct target *t, const struct kernel_facts *k,
		     struct stacks *s, struct error *e)
{
	FILE *f = target_text(t, "heapstacks");
	int ret;

	if (!f)
		return no_stacks(t, k, e);
	ret = stacks_parse(f, s, e);
	fclose(f);
	return ret;
}

/**
 * stacks_read - read the stacks of a target
 * @t: the target
 * @k: what the module said of it; the numbers of its events are those of the stacks
 * @s: filled, with none where that fails; stacks_free() it
 * @e: the reason, on failure, for the user
 *
 * Return: 0, or -1.
 */
int stacks_read(struct target *t, const struct kernel_facts *k,
		struct stacks *s, struct error *e)
{
	struct error why;
	int ret;

	memset(s, 0, sizeof(*s));
	s->t = t;
	ret = read_text(t, k, s, &why);
	if (ret)
		error_set(e, "the call stacks of brk events are not known: %.400s",
			  why.text);
	else if (!same_program(t, k))
		ret = error_set(e, "the call stacks of brk events are not known: the process has begun another program meanwhile; look again");
	else if (!s->limit && !s->n)
		ret = error_set(e, "the call stacks of brk events are not known: the module was told to keep none, with stacks=0");
	if (ret) {
		stacks_free(s);
		s->t = t;
	}
	return ret;
}

static void free_stack(struct stack *k)
{
	free(k->kept.word);
	free(k->frames.frame);
}

/**
 * stacks_free - free the stacks, and what was found out of them
 * @s: the stacks; empty afterwards
 */
void stacks_free(struct stacks *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free_stack(&s->stack[i]);
	free(s->stack);
	unwind_close(s->u);
	memset(s, 0, sizeof(*s));
}

/* Frames lead to places of the unwinder: they go with it. */
static void drop_frames(struct stacks *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->stack[i].frames.frame);
		memset(&s->stack[i].frames, 0, sizeof(s->stack[i].frames));
		s->stack[i].unwound = false;
	}
	unwind_close(s->u);
	s->u = NULL;
}

/* Has other code been mapped, so that addresses mean something else? */
static void follow_maps(struct target *t, struct stacks *s)
{
	struct maps now = { 0 };
	struct error e;

	if (!target_maps_now(t, &now, &e) && !maps_same_code(&t->maps, &now)) {
		drop_frames(s);
		maps_free(&t->maps);
		t->maps = now;
		target_forget(t);
		return;
	}
	maps_free(&now);
}

/**
 * stacks_renew - read the stacks of a live process again, as it goes on
 * @t: the process
 * @s: its stacks; left as they are where there are none any more
 *
 * What was unwound stays, as long as the same code is mapped.
 */
void stacks_renew(struct target *t, struct stacks *s)
{
	FILE *f = target_text(t, "heapstacks");
	struct stacks new = { .t = t };
	struct error e;
	size_t i;

	if (!f)
		return;
	if (stacks_parse(f, &new, &e) || !new.n) {
		stacks_free(&new);
		fclose(f);
		return;
	}
	fclose(f);
	follow_maps(t, s);
	for (i = 0; i < new.n; i++) {
		struct stack *old = stacks_find(s, new.stack[i].kept.number);

		if (!old)
			continue;
		new.stack[i].frames = old->frames;
		new.stack[i].unwound = old->unwound;
		new.stack[i].shown = old->shown;
		memset(&old->frames, 0, sizeof(old->frames));
	}
	new.u = s->u;
	s->u = NULL;
	stacks_free(s);
	*s = new;
}

/**
 * stacks_find - the stack of a number
 * @s: the stacks
 * @number: of an event
 *
 * Return: the stack, or NULL where it is not kept.
 */
struct stack *stacks_find(const struct stacks *s, u64 number)
{
	const struct stack key = { .kept.number = number };

	return s->n && number ? bsearch(&key, s->stack, s->n,
					sizeof(key), by_number) : NULL;
}

/**
 * stacks_frames - the frames of a stack, found out when they are asked for first
 * @s: the stacks
 * @number: of an event
 *
 * Return: the frames, valid until stacks_free() or stacks_renew(); NULL where there is
 * no such stack.
 */
const struct frames *stacks_frames(struct stacks *s, u64 number)
{
	struct stack *k = stacks_find(s, number);

	if (!k)
		return NULL;
	if (!s->u)
		s->u = unwind_open(s->t);
	if (!k->unwound)
		unwind_stack(s->u, &k->kept, &k->frames);
	k->unwound = true;
	return &k->frames;
}
