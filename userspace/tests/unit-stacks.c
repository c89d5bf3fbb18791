// SPDX-License-Identifier: GPL-2.0
/* Unit tests of the stacks: their text, how functions are told, the child that unwinds. */
#include <elf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "brk/stack_text.h"
#include "target/message.h"

#define CODE 0x10000u	/* where the target of these tests has code of no file */
#define STACK 0x7ffd0000u

static const char head[] =
	"Format:\t1\nMachine:\tx86_64\nStackLimit:\t32768\nStacks:\t1\nStacksLost:\t3\n"
	"#stack\trows\tabi\tflags\tregisters\twords\n";

static int parse(const char *table, struct stacks *s, struct error *e)
{
	char *text;
	FILE *f;
	int ret;

	memset(s, 0, sizeof(*s));
	if (asprintf(&text, "%s%s", head, table) < 0)
		fail();
	f = fmemopen(text, strlen(text), "r");
	ret = stacks_parse(f, s, e);
	fclose(f);
	free(text);
	return ret;
}

static void parses_all(void **state)
{
	const struct kept_stack *k;
	struct error e;
	struct stacks s;

	(void)state;
	assert_int_equal(parse("4\t7\t32\tcut,part,end\tip=8048000,sp=ffff0000,bp=ffff0010,si=8048001,di=8048002,zz=1\t0=8048003,1c=ffff0020\n"
			       "2\t1\t64\t-\tip=7ffff7e0,sp=7ffd0000,bx=1,r12=2,r13=3,r14=4,r15=5\t-\tnewer\n",
			       &s, &e), 0);
	assert_true(s.read);
	assert_int_equal(s.limit, 32768);
	assert_int_equal(s.lost, 3);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.wrong, 0);
	k = &s.stack[0].kept;
	assert_int_equal(k->number, 2);
	assert_int_equal(k->wordsize, 8);
	assert_int_equal(k->reg[kept_pc(8)], 0x7ffff7e0);
	assert_int_equal(k->reg[3], 1);
	assert_int_equal(k->reg[12], 2);
	assert_int_equal(k->reg[15], 5);
	assert_false(k->has & 1 << 6);
	assert_int_equal(k->words, 0);
	assert_false(k->cut || k->part || k->end);
	k = &s.stack[1].kept;
	assert_int_equal(k->rows, 7);
	assert_int_equal(k->wordsize, 4);
	assert_int_equal(k->reg[kept_sp(4)], 0xffff0000);
	assert_int_equal(k->reg[6], 0x8048001);
	assert_int_equal(k->reg[7], 0x8048002);
	assert_true(k->cut && k->part && k->end);
	assert_int_equal(k->words, 2);
	assert_int_equal(k->word[1].at, 0x1c);
	assert_int_equal(k->word[1].value, 0xffff0020);
	assert_ptr_equal(stacks_find(&s, 4), &s.stack[1]);
	assert_null(stacks_find(&s, 3));
	assert_null(stacks_find(&s, 0));
	stacks_free(&s);
}

static void passes_over_nonsense(void **state)
{
	static const char *const wrong[] = {
		"", "1", "1\t1\t64\tend\tip=1,sp=2", "0\t1\t64\tend\tip=1,sp=2\t-",
		"-1\t1\t64\tend\tip=1,sp=2\t-", "1\tx\t64\tend\tip=1,sp=2\t-",
		"1\t1\t16\tend\tip=1,sp=2\t-", "1\t1\t64\tend\tip=1\t-",
		"1\t1\t64\tend\tsp=2\t-", "1\t1\t64\tend\tip=1,sp\t-",
		"1\t1\t64\tend\tip=1,sp=\t-", "1\t1\t64\tend\tip=0x1,sp=2\t-",
		"1\t1\t64\tend\tip=1,sp=2\t", "1\t1\t64\tend\tip=1,sp=2\t0",
		"1\t1\t64\tend\tip=1,sp=2\t8=1,0=1",
		"1\t1\t64\tend\tip=1,sp=2\t8=1,8=1",
		"1\t1\t64\tend\tip=1,sp=2\tx=1", "1\t1\t64\tend\tip=1,sp=2\t8=-1",
		"1\t1\t64\tend\tip=1,sp=2\t8=1 ,10=2",
		"1\t1\t64\tend\tip=11111111111111111,sp=2\t-",
		"99999999999999999999999\t1\t64\tend\tip=1,sp=2\t-",
	};
	struct error e;
	struct stacks s;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		char line[200];

		snprintf(line, sizeof(line), "%s\n9\t1\t64\tend\tip=1,sp=2\t-\n",
			 wrong[i]);
		assert_int_equal(parse(line, &s, &e), 0);
		if (s.n != 1 || s.wrong != 1)
			fail_msg("taken for a stack: %s", wrong[i]);
		assert_int_equal(s.stack[0].kept.number, 9);
		stacks_free(&s);
	}
}

/* A target with nothing but what a test needs. */
struct toy {
	struct target t;
	struct target_ops ops;
	const char *text;
	u8 code[PAGE];
	pid_t tester;
	enum { READ, DIE, HANG, EAT } in_child;
};

static size_t toy_read(struct target *t, u64 addr, void *buf, size_t len)
{
	struct toy *toy = t->priv;

	if (getpid() != toy->tester && toy->in_child != READ) {
		if (toy->in_child == DIE)
			raise(SIGKILL);
		while (toy->in_child == EAT)
			memset(xrealloc(NULL, 64u << 20, 1), 0, 1);
		for (;;)
			pause();
	}
	if (addr < CODE || addr >= CODE + PAGE)
		return 0;
	len = min_u64(len, CODE + PAGE - addr);
	memcpy(buf, toy->code + (addr - CODE), len);
	return len;
}

static FILE *toy_text(struct target *t, const char *name)
{
	struct toy *toy = t->priv;

	return toy->text && !strcmp(name, "heapinfo") ?
	       fmemopen((void *)toy->text, strlen(toy->text), "r") : NULL;
}

static size_t toy_threads(struct target *t, struct thread **list)
{
	(void)t;
	(void)list;
	return 0;
}

static void toy_close(struct target *t)
{
	(void)t;
}

static struct toy *toy_make(void)
{
	struct toy *toy = xcalloc(1, sizeof(*toy));
	const struct mapping m = {
		.start = CODE, .end = CODE + PAGE, .perms = MAP_READ | MAP_EXEC,
	};

	toy->ops = (struct target_ops){
		.read = toy_read, .text = toy_text, .threads = toy_threads,
		.close = toy_close,
	};
	toy->t.ops = &toy->ops;
	toy->t.priv = toy;
	toy->t.wordsize = 8;
	toy->tester = getpid();
	maps_add(&toy->t.maps, &m);
	return toy;
}

static void toy_free(struct toy *toy)
{
	maps_free(&toy->t.maps);
	free(toy->t.cache);
	free(toy);
}

/* Files with and without the column say the same but for it. */
static void rows_have_stacks(void **state)
{
	static const char keys[] = "StartBrk:\t0x1000\nBrk:\t0x2000\n\n";
	static const struct {
		const char *table;
		u64 stack;
		const char *comm;
		bool stacks;
	} cases[] = {
		{ "#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\n1\t2.5\t3\tgrow\t0x2000\t0x1000\t0x2000\t+4096\tok\ta b\n",
		  0, "a b", false },
		{ "#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\n1\t2.5\t3\tgrow\t0x2000\t0x1000\t0x2000\t+4096\tok\t\n",
		  0, "", false },
		{ "#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n1\t2.5\t3\tgrow\t0x2000\t0x1000\t0x2000\t+4096\tok\ta b\t17\n",
		  17, "a b", true },
		{ "#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n1\t2.5\t3\tgrow\t0x2000\t0x1000\t0x2000\t+4096\tok\t\t17\n",
		  17, "", true },
		{ "#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n1\t2.5\t3\tgrow\t0x2000\t0x1000\t0x2000\t+4096\tok\ta\\011b\t0\n",
		  0, "a\tb", true },
		{ "#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tother\tstack\tmore\n1\t2.5\t3\tgrow\t0x2000\t0x1000\t0x2000\t+4096\tok\tx\t5\t17\t6\n",
		  17, "x", true },
		{ "#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n1\t2.5\t3\tgrow\t0x2000\t0x1000\t0x2000\t+4096\tok\tcut\n",
		  0, "cut", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct toy *toy = toy_make();
		struct kernel_facts k;
		char text[600];

		snprintf(text, sizeof(text), "%s%s", keys, cases[i].table);
		toy->text = text;
		kernel_read(&toy->t, &k);
		assert_true(k.module);
		assert_int_equal(k.events, 1);
		assert_int_equal(k.stacks, cases[i].stacks);
		assert_int_equal(k.event[0].stack, cases[i].stack);
		assert_string_equal(k.event[0].comm, cases[i].comm);
		assert_int_equal(k.event[0].delta, 4096);
		kernel_free(&k);
		toy_free(toy);
	}
}

/* Frames as unwinding would make them, of names and files. */
struct made {
	struct code_file libc;
	struct code_file program;
	struct code_place place[16];
	struct function fn[16];
	struct frame frame[16];
	struct frames f;
};

static void made_begin(struct made *m)
{
	memset(m, 0, sizeof(*m));
	m->libc.mod.path = "/lib/libc.so.6";
	m->libc.state = CODE_USABLE;
	m->program.mod.path = "/bin/program";
	m->program.state = CODE_USABLE;
	m->f.frame = m->frame;
}

static void add(struct made *m, const struct code_file *file, const char *name)
{
	size_t i = m->f.n++;

	m->fn[i].name = (char *)name;
	m->place[i].file = file;
	m->place[i].fn = &m->fn[i];
	m->place[i].fns = name ? 1 : 0;
	m->frame[i] = (struct frame){ 0x1000 + i, &m->place[i] };
}

static void expect(const struct made *m, bool all, const char *want)
{
	struct stack_calls calls;
	char got[1000] = "";
	size_t i;

	stack_calls(&m->f, all, &calls);
	for (i = 0; i < calls.n; i++) {
		strcat(got, i ? " | " : "");
		strcat(got, calls.call[i].label);
		if (calls.call[i].through) {
			strcat(got, ", ");
			strcat(got, calls.call[i].through);
		}
	}
	stack_calls_free(&calls);
	assert_string_equal(got, want);
}

static void folds_libc(void **state)
{
	struct made m;

	(void)state;
	made_begin(&m);
	add(&m, &m.libc, "__brk");
	add(&m, &m.libc, "__GI___sbrk");
	add(&m, &m.libc, "__default_morecore@GLIBC_2.2.5");
	add(&m, &m.libc, "sysmalloc");
	add(&m, &m.libc, "_int_malloc");
	add(&m, &m.libc, "__libc_malloc");
	add(&m, &m.program, "f");
	add(&m, &m.program, "malloc");
	add(&m, &m.libc, "__libc_start_main");
	expect(&m, false, "malloc, sysmalloc and sbrk | f | malloc | __libc_start_main");
	expect(&m, true, "brk | sbrk | __default_morecore | sysmalloc | _int_malloc | malloc | f | malloc | __libc_start_main");

	/* stripped, but for what it exports; and of a function that calls malloc */
	made_begin(&m);
	add(&m, &m.libc, "brk");
	add(&m, &m.libc, "sbrk");
	add(&m, &m.libc, NULL);
	add(&m, &m.libc, NULL);
	add(&m, &m.libc, "malloc");
	add(&m, &m.libc, NULL);
	add(&m, &m.libc, "getline");
	add(&m, &m.program, NULL);
	expect(&m, false, "getline, malloc and sbrk | program+0x1007");

	/* the first function of a thread is not what the program called */
	made_begin(&m);
	add(&m, &m.libc, "brk");
	add(&m, &m.libc, "sbrk");
	add(&m, &m.libc, "malloc");
	add(&m, &m.libc, "start_thread");
	expect(&m, false, "malloc, sbrk | start_thread");

	/* a program with a libc inside of it */
	made_begin(&m);
	add(&m, &m.program, "__brk");
	add(&m, &m.program, "__sbrk");
	add(&m, &m.program, "sysmalloc");
	add(&m, &m.program, "_int_malloc");
	add(&m, &m.program, "__libc_calloc");
	add(&m, &m.program, "main");
	expect(&m, false, "calloc, sysmalloc and sbrk | main");

	/* one that calls brk itself, and one that cannot be told */
	made_begin(&m);
	add(&m, &m.program, "brk");
	add(&m, &m.program, "main");
	expect(&m, false, "brk | main");
	made_begin(&m);
	m.libc.state = CODE_REPLACED;
	add(&m, &m.libc, NULL);
	expect(&m, false, "unknown in libc.so.6");
	made_begin(&m);
	add(&m, NULL, NULL);
	expect(&m, false, "0x1000 (code of no file)");
	m.place[0].unmapped = true;
	expect(&m, false, "0x1000 (nothing is mapped there any more)");
	m.f.n = 0;
	expect(&m, false, "");
}

static void shortens_names(void **state)
{
	static const char *const names[][2] = {
		{ "a::b(int) const [clone .part.0]", "a::b" },
		{ "f(void (*)(int), x)", "f" },
		{ "x::operator()(int)", "x::operator()" },
		{ "x::operator()", "x::operator()" },
		{ "(anonymous namespace)::g()", "(anonymous namespace)::g" },
		{ "v<void (*)(int)>", "v<void (*)(int)>" },
		{ "main.main", "main.main" },
		{ "copy.constprop.0", "copy" },
		{ "memcpy@@GLIBC_2.14", "memcpy" },
		{ ")", ")" }, { "()", "()" }, { "@x", "@x" },
		{ "a\tb", "a\\x09b" },
		{ "", "program+0x1000" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct made m;

		made_begin(&m);
		add(&m, &m.program, names[i][0]);
		expect(&m, false, names[i][1]);
	}
}

static void tells_calls(void **state)
{
	static const struct {
		const char *code;
		bool call;
	} cases[] = {
		{ "\x90\x90\xe8\x01\x02\x03\x04", true },	/* near */
		{ "\x90\x90\x90\x90\x90\xff\xd0", true },	/* *%rax */
		{ "\x90\x90\x90\x90\x41\xff\xd4", true },	/* *%r12 */
		{ "\x90\x90\x90\x90\x90\xff\x10", true },	/* *(%rax) */
		{ "\x90\x90\x90\x90\xff\x14\x24", true },	/* *(%rsp) */
		{ "\x90\x90\x90\x90\xff\x50\x08", true },	/* *8(%rax) */
		{ "\x90\x90\x90\xff\x54\x24\x08", true },	/* *8(%rsp) */
		{ "\x90\xff\x15\x01\x02\x03\x04", true },	/* *x(%rip) */
		{ "\x90\xff\x90\x01\x02\x03\x04", true },	/* *x(%rax) */
		{ "\xff\x94\x24\x01\x02\x03\x04", true },	/* *x(%rsp) */
		{ "\xff\x14\xc5\x01\x02\x03\x04", true },	/* *x(,%rax,8) */
		{ "\x90\x90\xe9\x01\x02\x03\x04", false },	/* jmp */
		{ "\x90\x90\x90\x90\x90\xff\xe0", false },	/* jmp *%rax */
		{ "\x90\x90\x90\x90\x90\xff\x14", false },	/* half of one */
		{ "\x90\x90\x90\x90\x90\x90\xc3", false },
		{ "\x90\x90\x90\xe8\x01\x02\x03", false },
		{ "\xff\x15\x90\x90\x90\x90\x90", false },
	};
	struct code_files files;
	struct toy *toy = toy_make();
	size_t i;

	(void)state;
	code_files_find(&toy->t, &files);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(toy->code + 16, cases[i].code, 7);
		target_forget(&toy->t);
		if (code_follows_call(&files, CODE + 16 + 7) != cases[i].call)
			fail_msg("case %zu", i);
	}
	/* at the edge of what can be read */
	memcpy(toy->code, "\xff\xd0", 2);
	target_forget(&toy->t);
	assert_true(code_follows_call(&files, CODE + 2));
	assert_false(code_follows_call(&files, CODE + 1));
	assert_false(code_follows_call(&files, CODE));
	assert_false(code_follows_call(&files, 0));
	assert_false(code_follows_call(&files, UINT64_MAX));
	code_files_free(&files);
	toy_free(toy);
}

static void kept_make(struct kept_stack *k, struct kept_word *word)
{
	memset(k, 0, sizeof(*k));
	k->number = 1;
	k->wordsize = 8;
	k->end = true;
	k->reg[kept_pc(8)] = CODE + 32;
	k->reg[kept_sp(8)] = STACK;
	k->reg[6] = STACK + 16;
	k->has = 1u << kept_pc(8) | 1u << kept_sp(8) | 1u << 6;
	k->word = word;
	word[0] = (struct kept_word){ 16, STACK + 32 };
	word[1] = (struct kept_word){ 24, CODE + 66 };
	word[2] = (struct kept_word){ 40, CODE + 98 };
	k->words = 3;
}

/* Of code without tables: by the frame pointer, as long as calls led there. */
static void follows_frames(void **state)
{
	struct toy *toy = toy_make();
	struct kept_word word[3];
	struct kept_stack k;
	struct unwind *u = unwind_open(&toy->t);
	struct frames f;

	(void)state;
	kept_make(&k, word);
	memset(toy->code, 0x90, sizeof(toy->code));
	memcpy(toy->code + 64, "\xff\xd0", 2);
	unwind_stack(u, &k, &f);
	assert_int_equal(f.end, UNWIND_LOST);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.frame[0].pc, CODE + 32);
	assert_int_equal(f.frame[1].pc, CODE + 66);
	assert_int_equal(f.frame[1].place->addr, CODE + 65);
	free(f.frame);
	unwind_close(u);

	memcpy(toy->code + 96, "\xff\xd0", 2);
	target_forget(&toy->t);
	u = unwind_open(&toy->t);
	unwind_stack(u, &k, &f);
	assert_int_equal(f.n, 3);
	free(f.frame);
	/* the same, without the child */
	unwind_stack_here(u, &k, &f);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.end, UNWIND_LOST);
	free(f.frame);
	unwind_close(u);
	toy_free(toy);
}

/* What is missing is not 0, and why it is missing is told. */
static void tells_why(void **state)
{
	static const struct {
		bool cut, part, end;
		u64 looked;
		enum unwind_end want;
	} cases[] = {
		{ false, false, true, 0, UNWIND_LOST },
		{ true, false, false, 0, UNWIND_CUT },
		{ false, true, true, 0, UNWIND_PART },
		{ false, false, false, 32, UNWIND_DEEP },
		{ false, false, false, 32768, UNWIND_LOST },
		{ true, true, false, 32, UNWIND_CUT },
	};
	struct toy *toy = toy_make();
	struct kept_word word[3];
	struct kept_stack k;
	size_t i;

	(void)state;
	memset(toy->code, 0x90, sizeof(toy->code));
	memcpy(toy->code + 64, "\xff\xd0", 2);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unwind *u = unwind_open(&toy->t);
		struct frames f;

		kept_make(&k, word);
		k.words = 2;
		k.cut = cases[i].cut;
		k.part = cases[i].part;
		k.end = cases[i].end;
		k.looked = cases[i].looked;
		unwind_stack(u, &k, &f);
		assert_int_equal(f.n, 2);
		if (f.end != cases[i].want)
			fail_msg("case %zu: %s", i, stack_end_name(f.end));
		free(f.frame);
		unwind_close(u);
	}
	toy_free(toy);
}

/* A child that dies, hangs or eats all memory costs its stack, and no more. */
static void outlives_child(void **state)
{
	unsigned int i, way;

	(void)state;
	unwind_seconds = 1;
	for (way = DIE; way <= EAT; way++) {
		struct toy *toy = toy_make();
		struct kept_word word[3];
		struct kept_stack k;
		struct unwind *u;
		struct frames f;

#ifdef __SANITIZE_ADDRESS__
		/* which reserves all memory, so that there is no bound */
		if (way == EAT) {
			toy_free(toy);
			continue;
		}
#endif
		memset(toy->code, 0x90, sizeof(toy->code));
		kept_make(&k, word);
		toy->in_child = way;
		u = unwind_open(&toy->t);
		/* more often than a child is made for */
		for (i = 0; i < 5; i++) {
			unwind_stack(u, &k, &f);
			assert_int_equal(f.end, UNWIND_GAVE_UP);
			assert_int_equal(f.n, 1);
			assert_int_equal(f.frame[0].pc, CODE + 32);
			free(f.frame);
		}
		assert_false(unwind_lacks_names(u));
		unwind_close(u);
		toy_free(toy);
	}
	unwind_seconds = 30;
}

/* Whatever the text says, there is an end. */
static void survives_any_stack(void **state)
{
	static const u64 edge[] = {
		0, 1, CODE, CODE + PAGE - 1, CODE + PAGE, 0x7fffffffffff,
		0xffffffff81000000, UINT64_MAX - 8, UINT64_MAX,
	};
	struct toy *toy = toy_make();
	struct unwind *u = unwind_open(&toy->t);
	struct kept_word word[3];
	struct kept_stack k;
	struct frames f;
	size_t i, j;

	(void)state;
	memset(toy->code, 0x90, sizeof(toy->code));
	memcpy(toy->code + 64, "\xff\xd0", 2);
	for (i = 0; i < ARRAY_SIZE(edge); i++) {
		for (j = 0; j < ARRAY_SIZE(edge); j++) {
			kept_make(&k, word);
			k.wordsize = (i + j) % 2 ? 4 : 8;
			k.reg[kept_pc(k.wordsize)] = edge[i];
			k.reg[kept_sp(k.wordsize)] = edge[j];
			k.has = 0x1ffff;
			unwind_stack(u, &k, &f);
			assert_true(f.end != UNWIND_WHOLE);
			assert_true(f.end != UNWIND_GAVE_UP);
			assert_true(f.n <= 3);
			free(f.frame);
		}
	}
	/* a frame that leads to itself */
	kept_make(&k, word);
	k.reg[6] = STACK + 16;
	word[0].value = STACK + 16;
	unwind_stack(u, &k, &f);
	assert_int_equal(f.end, UNWIND_LOST);
	free(f.frame);
	unwind_close(u);
	toy_free(toy);
}

/*
 * A file of which one thing or another was changed: headers, symbols, unwind tables,
 * debug information. The target has it mapped as it is.
 */
#define AT 0x400000u	/* where */

static u8 *forged;
static size_t forged_len;

static size_t forged_read(struct target *t, u64 addr, void *buf, size_t len)
{
	(void)t;
	if (addr < AT || addr - AT >= forged_len)
		return 0;
	len = min_u64(len, forged_len - (addr - AT));
	memcpy(buf, forged + (addr - AT), len);
	return len;
}

static int forged_file(struct target *t, const struct mapping *m)
{
	int fd = memfd_create("forged", MFD_CLOEXEC);

	(void)t;
	(void)m;
	assert_int_equal(write(fd, forged, forged_len), forged_len);
	return fd;
}

static u64 rounds_of(u64 *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Change bytes all over the file, or in one of its sections, which the round chooses. */
static void damage(const u8 *sound, u64 *seed)
{
	const Elf64_Ehdr *eh = (const void *)sound;
	u64 from = 0, len = forged_len, n = 1 + rounds_of(seed) % 24;
	const Elf64_Shdr *sh;

	memcpy(forged, sound, forged_len);
	if (eh->e_shnum && rounds_of(seed) % 4) {
		sh = (const void *)(sound + eh->e_shoff);
		sh += rounds_of(seed) % eh->e_shnum;
		if (sh->sh_type != SHT_NOBITS && sh->sh_size &&
		    sh->sh_offset + sh->sh_size <= forged_len) {
			from = sh->sh_offset;
			len = sh->sh_size;
		}
	}
	while (n--)
		forged[from + rounds_of(seed) % len] =
			rounds_of(seed) % 3 ? rounds_of(seed) : 0xff;
}

static void survives_any_file(void **state)
{
	const struct target_ops ops = {
		.read = forged_read, .file = forged_file, .text = toy_text,
		.threads = toy_threads, .close = toy_close,
	};
	FILE *self = fopen("/proc/self/exe", "re");
	struct toy toy = { .tester = getpid() };
	unsigned int round, named = 0;
	u64 seed = 1;
	u8 *sound;

	(void)state;
	fseek(self, 0, SEEK_END);
	forged_len = ftell(self);
	rewind(self);
	sound = xcalloc(forged_len, 1);
	forged = xcalloc(forged_len, 1);
	assert_int_equal(fread(sound, forged_len, 1, self), 1);
	fclose(self);
	for (round = 0; round < 150; round++) {
		struct target t = { .ops = &ops, .priv = &toy, .wordsize = 8 };
		const struct mapping m = {
			.start = AT, .end = AT + align_up(forged_len, PAGE),
			.perms = MAP_READ | MAP_EXEC, .path = "/forged",
			.inode = 1,
		};
		const Elf64_Ehdr *eh = (const void *)sound;
		struct kept_word word[3];
		struct kept_stack k;
		struct frames f;
		struct unwind *u;

		if (round)
			damage(sound, &seed);
		else
			memcpy(forged, sound, forged_len);
		maps_add(&t.maps, &m);
		kept_make(&k, word);
		k.reg[kept_pc(8)] = AT + eh->e_entry + round % 64;
		word[0].at = 0;
		word[0].value = AT + eh->e_entry + 64 + round;
		u = unwind_open(&t);
		unwind_stack(u, &k, &f);
		assert_true(f.n >= 1 && f.n <= 3);
		named += f.frame[0].place->fns > 0;
		if (!round)
			assert_int_equal(f.end, UNWIND_WHOLE);
		free(f.frame);
		unwind_close(u);
		maps_free(&t.maps);
		free(t.cache);
	}
	/* It is not that all of them were refused. */
	assert_true(named > 20);
	free(sound);
	free(forged);
}

static void sends_messages(void **state)
{
	struct message m = { 0 }, got = { 0 }, broken = { 0 };
	int pair[2];
	char *s;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	message_put_u64(&m, 5);
	message_put_text(&m, "text");
	message_put_text(&m, NULL);
	message_put_text(&m, "");
	assert_true(message_send(pair[0], &m));
	assert_true(message_receive(pair[1], &got, 4096, 1000));
	assert_int_equal(message_u64(&got), 5);
	s = message_text(&got);
	assert_string_equal(s, "text");
	free(s);
	assert_null(message_text(&got));
	s = message_text(&got);
	assert_string_equal(s, "");
	free(s);
	assert_false(got.wrong);
	assert_int_equal(message_u64(&got), 0);
	assert_true(got.wrong);
	message_free(&got);

	/* longer than is allowed */
	assert_true(message_send(pair[0], &m));
	assert_false(message_receive(pair[1], &got, 8, 1000));
	message_free(&got);
	message_free(&m);

	/* a text that is longer than the message */
	message_put_u64(&broken, UINT64_MAX);
	assert_null(message_text(&broken));
	assert_true(broken.wrong);
	message_free(&broken);

	/* an end that is gone */
	close(pair[0]);
	message_put_u64(&m, 1);
	assert_false(message_receive(pair[1], &got, 4096, 1000) &&
		     message_receive(pair[1], &got, 4096, 1000));
	assert_false(message_send(pair[1], &m));
	message_free(&m);
	message_free(&got);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_all),
		cmocka_unit_test(passes_over_nonsense),
		cmocka_unit_test(rows_have_stacks),
		cmocka_unit_test(folds_libc),
		cmocka_unit_test(shortens_names),
		cmocka_unit_test(tells_calls),
		cmocka_unit_test(follows_frames),
		cmocka_unit_test(tells_why),
		cmocka_unit_test(outlives_child),
		cmocka_unit_test(survives_any_stack),
		cmocka_unit_test(survives_any_file),
		cmocka_unit_test(sends_messages),
	};

	return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
