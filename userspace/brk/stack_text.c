// SPDX-License-Identifier: GPL-2.0
/*
 * Print the functions on a stack. Who calls malloc() wants to read its own functions, so
 * those of libc between brk and the one that was called are told in the line of that.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "brk/stack_text.h"

#define LONGEST 400u	/* as much of a name as is printed */

/* What a program calls; and what these call, down to brk. Without leading "__" and so on. */
static const char *const entries[] = {
	"malloc", "calloc", "realloc", "reallocarray", "free", "cfree",
	"memalign", "aligned_alloc", "posix_memalign", "valloc", "pvalloc",
	"malloc_trim", "malloc2", "calloc2", NULL
};

static const char *const inner[] = {
	"brk", "sbrk", "glibc_morecore", "default_morecore", "sysmalloc",
	"systrim", "_int_malloc", "_int_free", "_int_realloc", "_int_memalign",
	"_int_free_maybe_trim", "_int_free_merge_chunk", "_int_free_chunk",
	"_mid_memalign", "mtrim", "malloc_hook_ini", "realloc_hook_ini",
	"ptmalloc_init", "tcache_init", "tcache_malloc_slow",
	"tcache_calloc_slow", "malloc_consolidate", "morecore", NULL
};

/* Whoever is called from here is the program's own. */
static const char *const starters[] = {
	"start_thread", "clone", "clone3", "thread_start", "makecontext",
	"__libc_start_main", "__libc_start_main_impl", "__libc_start_call_main",
	"__libc_csu_init", "__restore_rt", "__restore", NULL
};

/* Of these, those that are worth to be named. */
static const char *const telling[] = {
	"tcache_init", "sysmalloc", "systrim", "sbrk",
	NULL
};

static bool is_among(const char *name, const char *const list[])
{
	size_t i;

	for (i = 0; list[i]; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

/* "__libc_malloc", "__GI___sbrk": one function has several names. */
static const char *plain_name(const char *name)
{
	static const char *const front[] = { "__GI_", "__libc_", "__" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(front); i++)
		if (!strncmp(name, front[i], strlen(front[i])))
			name += strlen(front[i]);
	return name;
}

/* Without what the compiler says of copies of a function, and the linker of versions. */
static size_t base_len(const char *name)
{
	static const char *const tail[] = {
		" [clone ", ".constprop.", ".part.", ".isra.", ".cold", "@"
	};
	size_t len = strlen(name), i;

	for (i = 0; i < ARRAY_SIZE(tail); i++) {
		const char *at = strstr(name, tail[i]);

		if (at && at != name)
			len = min_u64(len, at - name);
	}
	return len;
}

/* Without arguments, too: of "f(int) const [clone .part.0]" that leaves "f". */
static size_t short_len(const char *name)
{
	size_t len = base_len(name), at;
	static const char constant[] = " const", op[] = "operator";
	unsigned int depth = 0;

	at = len;
	if (at > strlen(constant) &&
	    !strncmp(name + at - strlen(constant), constant, strlen(constant)))
		at -= strlen(constant);
	if (!at || name[at - 1] != ')')
		return len;
	do {
		at--;
		depth += name[at] == ')';
		depth -= name[at] == '(';
	} while (at && depth);
	/* "operator()" ends with brackets itself. */
	if (!at || depth || (at >= strlen(op) &&
			     !strncmp(name + at - strlen(op), op, strlen(op))))
		return len;
	return at;
}

static const char *file_name(const struct frame *f)
{
	return f->place->file ? text_base_name(f->place->file->mod.path) : NULL;
}

static char *nameless(const struct frame *f)
{
	const struct code_place *place = f->place;
	char *safe, *s;

	if (place->unmapped || !place->file) {
		if (asprintf(&s, "%#" PRIx64 "%s", f->pc, place->unmapped ?
			     " (nothing is mapped there any more)" :
			     " (code of no file)") < 0)
			s = NULL;
		return s ? s : xstrdup("?");
	}
	safe = text_safe_dup(file_name(f), LONGEST);
	if (place->file->state == CODE_USABLE ?
	    asprintf(&s, "%s+%#" PRIx64, safe,
		     f->pc - place->file->bias) < 0 :
	    asprintf(&s, "unknown in %s", safe) < 0)
		s = NULL;
	free(safe);
	return s ? s : xstrdup("?");
}

static char *label_of(const struct function *fn, const struct frame *f)
{
	const char *plain;
	char *label;

	if (!fn || !fn->name || !*fn->name)
		return nameless(f);
	label = text_safe_dup(fn->name, f->place->jit ? LONGEST :
			      min_u64(short_len(fn->name), LONGEST));
	/* Of the names that one function of malloc has, the usual one. */
	plain = plain_name(label);
	if (is_among(plain, entries) || is_among(plain, telling) ||
	    !strcmp(plain, "brk"))
		memmove(label, plain, strlen(plain) + 1);
	return label;
}

static void add_call(struct stack_calls *calls, const struct frame *f,
		     const struct function *fn)
{
	calls->call = xgrow(calls->call, calls->n, sizeof(*calls->call));
	calls->call[calls->n++] = (struct stack_call){
		.frame = f, .fn = fn && fn->name ? fn : NULL,
		.label = label_of(fn, f),
	};
}

static bool is_libc(const struct code_file *file)
{
	const char *base = file ? text_base_name(file->mod.path) : "";

	return !strncmp(base, "libc.so.", 8) || !strncmp(base, "libc-2.", 7);
}

/* How many calls, from brk on, are libc's: down to what the program called. */
static size_t count_libcs(const struct stack_calls *calls,
			  const struct code_file *file)
{
	size_t i;

	for (i = 0; i < calls->n; i++) {
		const struct stack_call *c = &calls->call[i];

		if (c->frame->place->file != file ||
		    (c->fn && is_among(c->label, starters)))
			break;
	}
	return file->state == CODE_USABLE ? i : 0;
}

/* In a program with a libc inside of it the names tell: how many are malloc's? */
static size_t count_mallocs(const struct stack_calls *calls)
{
	size_t i, last = 0;

	for (i = 0; i < calls->n && calls->call[i].fn; i++) {
		const char *name = calls->call[i].label;

		if (is_among(name, entries) || !strcmp(name, "sbrk"))
			last = i + 1;
		else if (!is_among(plain_name(name), inner))
			break;
	}
	return last;
}

/* "malloc, sysmalloc and sbrk": the telling ones of those that are left out. */
static char *name_inner(const struct stack_calls *calls, size_t n)
{
	const char *name[8];
	size_t names = 0, i, len;
	char *text = NULL;
	FILE *f;

	for (i = n; i-- && names < ARRAY_SIZE(name);) {
		const struct stack_call *c = &calls->call[i];

		if (c->fn && (is_among(c->label, telling) ||
			      is_among(c->label, entries)) &&
		    (!names || strcmp(c->label, name[names - 1])))
			name[names++] = c->label;
	}
	f = names ? open_memstream(&text, &len) : NULL;
	for (i = 0; f && i < names; i++)
		fprintf(f, "%s%s", !i ? "" : i + 1 < names ? ", " : " and ",
			name[i]);
	if (f)
		fclose(f);
	return text;
}

/* Keep the last of the first @n calls, and say in it which led to brk. */
static void fold(struct stack_calls *calls, size_t n)
{
	struct stack_call *last;
	size_t i;

	if (n < 2)
		return;
	last = &calls->call[n - 1];
	last->through = name_inner(calls, n - 1);
	for (i = 0; i < n - 1; i++)
		free(calls->call[i].label);
	memmove(calls->call, last, (calls->n - n + 1) * sizeof(*last));
	calls->n -= n - 1;
}

/**
 * stack_calls - the functions on a stack
 * @f: its frames
 * @all: those of libc one by one
 * @calls: filled; stack_calls_free() it
 */
void stack_calls(const struct frames *f, bool all, struct stack_calls *calls)
{
	const struct code_file *file = f->n ? f->frame[0].place->file : NULL;
	size_t i, j;

	memset(calls, 0, sizeof(*calls));
	calls->end = f->end;
	for (i = 0; i < f->n; i++) {
		const struct code_place *place = f->frame[i].place;

		for (j = 0; j < place->fns; j++)
			add_call(calls, &f->frame[i], &place->fn[j]);
		if (!place->fns)
			add_call(calls, &f->frame[i], NULL);
	}
	if (!all)
		fold(calls, is_libc(file) ? count_libcs(calls, file) :
			    count_mallocs(calls));
}

/**
 * stack_calls_free - free them
 * @calls: the functions; none afterwards
 */
void stack_calls_free(struct stack_calls *calls)
{
	size_t i;

	for (i = 0; i < calls->n; i++) {
		free(calls->call[i].label);
		free(calls->call[i].through);
	}
	free(calls->call);
	memset(calls, 0, sizeof(*calls));
}

/**
 * stack_call_file - the file of a function that has a name
 * @c: the function
 *
 * Return: its name, which may hold anything; NULL where the label has it, or there is none.
 */
const char *stack_call_file(const struct stack_call *c)
{
	return c->fn ? file_name(c->frame) : NULL;
}

/**
 * stack_end_name - how the frames end, as a word for JSON
 * @end: that
 *
 * Return: the word.
 */
const char *stack_end_name(enum unwind_end end)
{
	static const char *const name[] = {
		[UNWIND_WHOLE] = "whole", [UNWIND_CUT] = "cut",
		[UNWIND_PART] = "part", [UNWIND_DEEP] = "deep",
		[UNWIND_FILE] = "file", [UNWIND_UNMAPPED] = "unmapped",
		[UNWIND_LOST] = "lost", [UNWIND_GAVE_UP] = "gave_up",
	};

	return name[end];
}

/* Why there are no more frames, though there is more of the stack; NULL: there is not. */
static const char *end_text(const struct frames *f)
{
	static const char *const text[] = {
		[UNWIND_WHOLE] = NULL,
		[UNWIND_CUT] = "more of this stack would be needed than is kept",
		[UNWIND_PART] = "a page of this stack was not in memory",
		[UNWIND_DEEP] = "this stack is larger than the part that the module looks at",
		[UNWIND_UNMAPPED] = "unknown, since that code is no longer mapped",
		[UNWIND_LOST] = "not known; this code has no unwind tables that lead on",
		[UNWIND_GAVE_UP] = "unknown; its unwind tables take too long to read, or too much memory",
	};
	const struct code_file *file;

	if (f->end != UNWIND_FILE)
		return text[f->end];
	file = f->n ? f->frame[f->n - 1].place->file : NULL;
	if (file && file->state == CODE_DENIED)
		return "unknown, since that file may not be read";
	if (file && file->state == CODE_UNFIT)
		return "unknown, since that file is damaged, of another machine, or mapped in another way";
	return "unknown, since that file is not what was mapped";
}

static void print_call(const struct stack_call *c, bool all)
{
	const struct code_place *place = c->frame->place;
	const char *file = stack_call_file(c);

	fputs(c->label, stdout);
	if (c->through)
		printf(", through %s", c->through);
	if (file) {
		fputs(" in ", stdout);
		text_safe(stdout, file, LONGEST);
	}
	if (!c->fn && place->file && code_state_name(place->file->state))
		printf(" (%s)", code_state_text(place->file->state));
	if (place->jit)
		fputs(" (made at run time)", stdout);
	if (c->fn && c->fn->inlined)
		fputs(" (inlined)", stdout);
	if (all && c->fn && c->fn->source) {
		const char *source = text_base_name(c->fn->source);

		fputs(" at ", stdout);
		text_safe(stdout, source, LONGEST);
		printf(":%u", c->fn->line);
	}
	putchar('\n');
}

/**
 * stack_print - print the functions on a stack, a line each
 * @f: its frames
 * @all: those of libc one by one, and where in the source they are
 * @indent: what stands before each line
 */
void stack_print(const struct frames *f, bool all, const char *indent)
{
	const char *end = end_text(f);
	struct stack_calls calls;
	size_t i;

	stack_calls(f, all, &calls);
	for (i = 0; i < calls.n; i++) {
		fputs(indent, stdout);
		print_call(&calls.call[i], all);
	}
	if (end)
		printf("%s(deeper: %s)\n", indent, end);
	stack_calls_free(&calls);
}

static struct json_object *function_json(const struct frame *f,
					 const struct function *fn)
{
	const struct code_file *file = f->place->file;
	struct json_object *o = json_object_new_object();
	bool usable = file && file->state == CODE_USABLE;

	json_add_address(o, "address", f->pc);
	json_add_text(o, "function", fn ? fn->name : NULL);
	json_add_bool(o, "inlined", fn && fn->inlined);
	if (fn && fn->source) {
		json_add_text(o, "source", fn->source);
		json_add_u64(o, "line", fn->line);
	}
	json_add_text(o, "file", file ? file->mod.path : NULL);
	if (file && file->build_id[0])
		json_add_text(o, "build_id", file->build_id);
	if (usable)
		json_add_address(o, "offset", f->pc - file->bias);
	else if (file && code_state_name(file->state))
		json_add_text(o, "file_state", code_state_name(file->state));
	return o;
}

/**
 * stack_frames_json - the frames of a stack as JSON, none of them folded
 * @f: the frames
 *
 * Return: a new array.
 */
struct json_object *stack_frames_json(const struct frames *f)
{
	struct json_object *a = json_object_new_array();
	size_t i, j;

	for (i = 0; i < f->n; i++) {
		const struct code_place *place = f->frame[i].place;

		for (j = 0; j < place->fns; j++)
			json_object_array_add(a, function_json(&f->frame[i],
							       &place->fn[j]));
		if (!place->fns)
			json_object_array_add(a, function_json(&f->frame[i],
							       NULL));
	}
	return a;
}

/**
 * stack_json - a stack as JSON
 * @k: the stack, unwound
 *
 * Return: a new object.
 */
struct json_object *stack_json(const struct stack *k)
{
	struct json_object *o = json_object_new_object();

	json_add_u64(o, "stack", k->kept.number);
	json_add_u64(o, "rows", k->kept.rows);
	json_add_u64(o, "word_bytes", k->kept.wordsize);
	json_add_text(o, "end", stack_end_name(k->frames.end));
	json_object_object_add(o, "frames", stack_frames_json(&k->frames));
	return o;
}
