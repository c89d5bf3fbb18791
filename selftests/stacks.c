// SPDX-License-Identifier: GPL-2.0
/* Each row that moved the break or failed says by which stack; of that no data is kept. */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define STACKS_MAX	128
#define WORDS_MAX	118
#define LIMIT		32768

struct word {
	unsigned long long offset;
	unsigned long long value;
};

/* One line of the file. */
struct stack {
	unsigned long long number;
	unsigned long long rows;
	unsigned int abi;
	char flags[32];
	unsigned long long ip;
	unsigned long long sp;
	unsigned int nr;
	struct word words[WORDS_MAX];
};

/* One reading of the file; large. */
struct stacks {
	struct heapinfo file;
	unsigned int nr;
	struct stack stacks[STACKS_MAX];
};

static struct heapinfo info;
static struct stacks stacks;
static char maps[128 << 10];
static long page;

/* "name=value" for each register; what is no register of ours is an error. */
static bool parse_registers(struct stack *stack, char *text)
{
	static const char *const names[] = {
		"bp", "bx", "si", "di", "r12", "r13", "r14", "r15", "ip", "sp",
	};
	unsigned long long value;
	unsigned int i, seen = 0;
	char *field, *equals;

	while ((field = strsep(&text, ","))) {
		equals = strchr(field, '=');
		if (!equals)
			return false;
		*equals = '\0';
		value = strtoull(equals + 1, NULL, 16);
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (!strcmp(field, names[i]))
				break;
		if (i == ARRAY_SIZE(names))
			return false;
		if (!strcmp(field, "ip"))
			stack->ip = value;
		if (!strcmp(field, "sp"))
			stack->sp = value;
		seen++;
	}
	return seen >= 2;
}

static bool parse_words(struct stack *stack, char *text)
{
	char *field, *equals;

	stack->nr = 0;
	if (!strcmp(text, "-"))
		return true;
	while ((field = strsep(&text, ","))) {
		equals = strchr(field, '=');
		if (!equals || stack->nr == WORDS_MAX)
			return false;
		stack->words[stack->nr].offset = strtoull(field, NULL, 16);
		stack->words[stack->nr].value = strtoull(equals + 1, NULL, 16);
		stack->nr++;
	}
	return true;
}

static bool parse_stack(struct stack *stack, char *line)
{
	char *fields[6];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		fields[i] = strsep(&line, "\t");
	if (line || !fields[5])
		return false;
	stack->number = strtoull(fields[0], NULL, 10);
	stack->rows = strtoull(fields[1], NULL, 10);
	stack->abi = strtoul(fields[2], NULL, 10);
	snprintf(stack->flags, sizeof(stack->flags), "%s", fields[3]);
	return parse_registers(stack, fields[4]) &&
	       parse_words(stack, fields[5]);
}

/* Read both files of this process, and understand all of the stacks. */
static bool read_both(void)
{
	static char text[HEAPINFO_TEXT_MAX];
	char *line, *rest = text;
	bool list = false;

	stacks.nr = 0;
	if (heapinfo_read(&info, 0) ||
	    heapinfo_read_path(&stacks.file, "/proc/self/heapstacks"))
		return false;
	strcpy(text, stacks.file.text);
	while ((line = strsep(&rest, "\n"))) {
		if (list && *line) {
			if (stacks.nr == STACKS_MAX ||
			    !parse_stack(&stacks.stacks[stacks.nr++], line))
				return false;
		} else if (!strcmp(line,
				   "#stack\trows\tabi\tflags\tregisters\twords")) {
			list = true;
		}
	}
	return list;
}

static const struct stack *stack_numbered(unsigned long long number)
{
	unsigned int i;

	for (i = 0; i < stacks.nr; i++)
		if (stacks.stacks[i].number == number)
			return &stacks.stacks[i];
	return NULL;
}

/* The stack of the newest row, NULL if it has none. */
static const struct stack *newest(void)
{
	struct heapinfo_row row;

	if (heapinfo_row(&info, info.nr_rows - 1, &row) || !row.stack)
		return NULL;
	return stack_numbered(row.stack);
}

static bool read_maps(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	ssize_t part, length = 0;

	do {
		part = read(fd, maps + length, sizeof(maps) - 1 - length);
		length += part > 0 ? part : 0;
	} while (part > 0);
	maps[length] = '\0';
	close(fd);
	return length > 0;
}

/* Whether code may be there, as maps says. */
static bool is_code(unsigned long long address)
{
	unsigned long long start, end;
	const char *line = maps;
	char mode[5];

	while (line && *line) {
		if (sscanf(line, "%llx-%llx %4s", &start, &end, mode) == 3 &&
		    address >= start && address < end)
			return mode[2] == 'x';
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

/*
 * What holds of any two readings: each row has a stack that is there or none, rows and
 * stacks agree in number, and of a stack nothing is kept but what points to code or to
 * the part of it that is looked at.
 */
static void check_both(struct __test_metadata *_metadata)
{
	unsigned long long counted[STACKS_MAX] = {}, lost = 0, last = 0;
	const struct stack *stack;
	struct heapinfo_row row;
	unsigned int i, j;

	ASSERT_TRUE(read_both()) TH_LOG("%s", stacks.file.text);
	ASSERT_TRUE(read_maps());
	EXPECT_EQ(1, heapinfo_number(&stacks.file, "Format"));
	EXPECT_EQ(stacks.nr, heapinfo_number(&stacks.file, "Stacks"));
	EXPECT_STREQ(sizeof(long) == 4 ? "i386" : "x86_64",
		     heapinfo_word(&stacks.file, "Machine"));
	for (i = 0; i < info.nr_rows; i++) {
		ASSERT_EQ(0, heapinfo_row(&info, i, &row));
		if (row.stack) {
			stack = stack_numbered(row.stack);
			ASSERT_NE(NULL, stack);
			counted[stack - stacks.stacks]++;
		} else if (!strcmp(row.call, "grow") ||
			   !strcmp(row.call, "shrink") ||
			   !strcmp(row.call, "set") ||
			   !strcmp(row.call, "failed")) {
			lost++;
		}
	}
	if (heapinfo_number(&stacks.file, "StackLimit"))
		EXPECT_EQ(lost, heapinfo_number(&stacks.file, "StacksLost"));
	for (i = 0; i < stacks.nr; i++) {
		stack = &stacks.stacks[i];
		EXPECT_LT(last, stack->number);
		last = stack->number;
		EXPECT_EQ(counted[i], stack->rows);
		EXPECT_EQ(8 * sizeof(long), stack->abi);
		EXPECT_TRUE(is_code(stack->ip));
		for (j = 0; j < stack->nr; j++) {
			const struct word *word = &stack->words[j];

			EXPECT_GT(LIMIT, word->offset);
			EXPECT_EQ(0, word->offset % sizeof(long));
			EXPECT_TRUE(!j || word->offset > word[-1].offset);
			EXPECT_TRUE(is_code(word->value) ||
				    (word->value > stack->sp &&
				     word->value - stack->sp < LIMIT))
				TH_LOG("%llx=%llx", word->offset, word->value);
		}
	}
}

/* Where calls came from, the innermost first, as the compiler knows it. */
#define FRAMES		3
static unsigned long return_addresses[FRAMES], frames[FRAMES];

#define A_FRAME	__attribute__((noinline, noclone, \
			       optimize("no-omit-frame-pointer", \
					"no-optimize-sibling-calls")))

static void note_frame(unsigned int i, void *to, void *frame)
{
	return_addresses[i] = (unsigned long)to;
	frames[i] = (unsigned long)frame;
}

#define NOTE_FRAME(i)	note_frame(i, __builtin_return_address(0), \
				   __builtin_frame_address(0))

static A_FRAME unsigned long inner(unsigned long address)
{
	unsigned long ret;

	NOTE_FRAME(0);
	ret = raw_brk(address);
	asm volatile("" ::: "memory");
	return ret;
}

static A_FRAME unsigned long middle(unsigned long address)
{
	char room[333];
	unsigned long ret;

	NOTE_FRAME(1);
	memset(room, 0, sizeof(room));
	asm volatile("" : : "r"(room) : "memory");
	ret = inner(address);
	asm volatile("" ::: "memory");
	return ret;
}

static A_FRAME unsigned long outer(unsigned long address)
{
	unsigned long ret;

	NOTE_FRAME(2);
	ret = middle(address);
	asm volatile("" ::: "memory");
	return ret;
}

/* Whether a stack has what unwinding by frame pointers meets in the functions above. */
static void expect_chain(struct __test_metadata *_metadata,
			 const struct stack *stack)
{
	unsigned int i, j;

	ASSERT_NE(NULL, stack) TH_LOG("%s%s", info.text, stacks.file.text);
	for (i = 0; i < FRAMES; i++) {
		unsigned int found = 0;

		for (j = 0; j < stack->nr; j++) {
			unsigned long at = stack->sp + stack->words[j].offset;

			if (at == frames[i] && i + 1 < FRAMES)
				found += stack->words[j].value == frames[i + 1];
			if (at == frames[i] + sizeof(long))
				found += stack->words[j].value ==
					 return_addresses[i];
		}
		EXPECT_EQ(i + 1 < FRAMES ? 2 : 1, found)
			TH_LOG("frame %u at %lx: %s", i, frames[i],
			       stacks.file.text);
	}
}

/* Where this returns to, which is another address for each place that calls it. */
static A_FRAME unsigned long return_address(void)
{
	/* No two calls are made one. */
	asm volatile("" ::: "memory");
	return (unsigned long)__builtin_return_address(0);
}

FIXTURE(stacks)
{
	unsigned long brk;
};

FIXTURE_VARIANT(stacks)
{
	const char *params;
};

FIXTURE_VARIANT_ADD(stacks, redirect)
{
	.params = "source=redirect",
};

FIXTURE_VARIANT_ADD(stacks, syscalls)
{
	.params = "source=syscalls",
};

FIXTURE_SETUP(stacks)
{
	LOAD_OR_SKIP(variant->params);
	page = sysconf(_SC_PAGESIZE);
	self->brk = (raw_brk(0) + page - 1) & -page;
	ASSERT_EQ(self->brk, raw_brk(self->brk));
}

FIXTURE_TEARDOWN(stacks)
{
}

TEST_F(stacks, known_callers)
{
	ASSERT_EQ(self->brk + page, outer(self->brk + page));
	check_both(_metadata);
	expect_chain(_metadata, newest());
	EXPECT_NE(NULL, strstr(newest()->flags, "end"))
		TH_LOG("%s", stacks.file.text);
}

/* A loop has one stack, whatever it asks for; another caller has another one. */
TEST_F(stacks, kept_once)
{
	unsigned long long first, other;
	unsigned int i;

	for (i = 1; i <= 20; i++)
		outer(self->brk + i % 7 * page);
	check_both(_metadata);
	ASSERT_NE(NULL, newest());
	first = newest()->number;
	EXPECT_LE(19, newest()->rows) TH_LOG("%s", stacks.file.text);
	middle(self->brk + 8 * page);
	check_both(_metadata);
	ASSERT_NE(NULL, newest());
	other = newest()->number;
	EXPECT_LT(first, other);
	EXPECT_EQ(1, newest()->rows);
}

TEST_F(stacks, failed)
{
	struct rlimit limit = { 0, RLIM_INFINITY };
	struct heapinfo_row row;

	ASSERT_EQ(0, setrlimit(RLIMIT_DATA, &limit));
	outer(self->brk + 16 * page);
	check_both(_metadata);
	ASSERT_EQ(0, heapinfo_row(&info, info.nr_rows - 1, &row));
	EXPECT_STREQ("failed", row.call);
	expect_chain(_metadata, newest());
}

/* Calls that move nothing have none. */
TEST(queries)
{
	struct heapinfo_row row;
	unsigned long brk;
	unsigned int i;

	LOAD_OR_SKIP("queries=1");
	page = sysconf(_SC_PAGESIZE);
	brk = raw_brk(0);
	raw_brk(brk + page);
	raw_brk(brk + page);
	raw_brk(0);
	check_both(_metadata);
	for (i = 0; i < info.nr_rows; i++) {
		ASSERT_EQ(0, heapinfo_row(&info, i, &row));
		EXPECT_EQ(!strcmp(row.call, "query") ||
			  !strcmp(row.call, "unchanged"), !row.stack);
	}
}

TEST(off)
{
	struct heapinfo_row row;
	unsigned long brk;

	RELOAD_OR_SKIP("stacks=0");
	page = sysconf(_SC_PAGESIZE);
	brk = raw_brk(0);
	outer(brk + page);
	check_both(_metadata);
	ASSERT_LT(0, info.nr_rows);
	ASSERT_EQ(0, heapinfo_row(&info, info.nr_rows - 1, &row));
	EXPECT_EQ(0, row.stack);
	EXPECT_EQ(0, stacks.nr);
	EXPECT_EQ(0, heapinfo_number(&stacks.file, "StackLimit"));
	EXPECT_EQ(0, heapinfo_number(&stacks.file, "StacksLost"));
}

/* With the last row that is of it a stack goes, and its number is not used again. */
TEST(replaced)
{
	unsigned long long before;
	unsigned long brk;
	unsigned int i;

	RELOAD_OR_SKIP("history=4");
	page = sysconf(_SC_PAGESIZE);
	brk = raw_brk(0);
	for (i = 1; i <= 4; i++)
		raw_brk(brk + i * page);
	outer(brk + 5 * page);
	middle(brk + 6 * page);
	check_both(_metadata);
	ASSERT_NE(NULL, newest());
	before = newest()->number;
	for (i = 0; i < 4; i++)
		inner(brk + i * page);
	check_both(_metadata);
	ASSERT_NE(NULL, newest());
	EXPECT_LT(before, newest()->number);
	EXPECT_EQ(4, newest()->rows);
	EXPECT_EQ(1, stacks.nr) TH_LOG("%s", stacks.file.text);
}

static A_FRAME void recurse(unsigned int depth, unsigned long address)
{
	if (depth)
		recurse(depth - 1, address);
	else
		inner(address);
	asm volatile("" ::: "memory");
}

TEST_F(stacks, deep)
{
	const struct stack *stack;

	recurse(300, self->brk + page);
	check_both(_metadata);
	stack = newest();
	ASSERT_NE(NULL, stack);
	EXPECT_EQ(WORDS_MAX, stack->nr);
	EXPECT_NE(NULL, strstr(stack->flags, "cut")) TH_LOG("%s", stack->flags);
}

/*
 * The call with a stack pointer that points to where there need be no stack. From one
 * place, and with nothing in the registers that may be kept: else each call that a test
 * makes would have another stack.
 */
static A_FRAME unsigned long brk_with_sp(unsigned long address, unsigned long sp)
{
	unsigned long ret;

#ifdef __x86_64__
	asm volatile("mov %%rsp, %%rbx\n\t"
		     "mov %[sp], %%rsp\n\t"
		     "xor %%r12d, %%r12d\n\t"
		     "xor %%r13d, %%r13d\n\t"
		     "xor %%r14d, %%r14d\n\t"
		     "xor %%r15d, %%r15d\n\t"
		     "syscall\n\t"
		     "mov %%rbx, %%rsp"
		     : "=a"(ret)
		     : "a"(SYS_brk), "D"(address), [sp]"r"(sp)
		     : "rbx", "rcx", "r11", "r12", "r13", "r14", "r15",
		       "memory");
#else
	asm volatile("mov %%esp, %%esi\n\t"
		     "mov %[sp], %%esp\n\t"
		     "xor %%edi, %%edi\n\t"
		     "int $0x80\n\t"
		     "mov %%esi, %%esp"
		     : "=a"(ret)
		     : "a"(SYS_brk), "b"(address), [sp]"r"(sp)
		     : "esi", "edi", "memory");
#endif
	return ret;
}

static char *map(size_t size, int protection, int flags)
{
	char *at = mmap(NULL, size, protection,
			MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* A mapping that is no part of another one. */
static char *map_alone(size_t size)
{
	char *at = map(size + 2 * page, PROT_NONE, 0);

	return at && !mprotect(at + page, size, PROT_READ | PROT_WRITE) ?
	       at + page : NULL;
}

/* Pages that never come: who asks for one waits for ever. */
static bool never_come(char *start, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (unsigned long)start, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	return fd >= 0 && !ioctl(fd, UFFDIO_API, &api) &&
	       !ioctl(fd, UFFDIO_REGISTER, &range);
}

/* As many rows as a block has: in the next one a new stack is tried for again. */
#define BLOCK		16

static void make_rows(unsigned long brk)
{
	unsigned int i;

	for (i = 0; i < BLOCK; i++)
		raw_brk(brk + (i + 1) % 2 * page);
}

/* Each call has its row, and the row no stack. */
#define EXPECT_NO_STACK(at) do {					\
	unsigned long long _sp = (unsigned long)(at);			\
	self->brk += page;						\
	ASSERT_EQ(self->brk, brk_with_sp(self->brk, _sp));		\
	check_both(_metadata);						\
	ASSERT_LT(0, info.nr_rows);					\
	EXPECT_EQ(NULL, newest()) TH_LOG("%llx: %s", _sp, newest()->flags); \
	EXPECT_LT(0, heapinfo_number(&stacks.file, "StacksLost"));	\
	make_rows(self->brk);						\
} while (0)

#define EXPECT_STACK(at) do {						\
	unsigned long long _sp = (unsigned long)(at);			\
	self->brk += page;						\
	ASSERT_EQ(self->brk, brk_with_sp(self->brk, _sp));		\
	check_both(_metadata);						\
	ASSERT_NE(NULL, newest()) TH_LOG("%llx", _sp);			\
	EXPECT_EQ(_sp, newest()->sp);					\
} while (0)

/* What is no address, in all bytes of the stack that the compiler leaves alone. */
#define SECRET		0x5ec4e7
#define SECRET_TEXT	"5ec4e7"

static A_FRAME unsigned long with_secrets(unsigned long address)
{
	volatile unsigned long secrets[3000];
	unsigned long secret, ret;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(secrets); i++) {
		/* As a number, as text, and as what is nearly an address. */
		secret = (unsigned long)SECRET << 8 * (i % (sizeof(long) - 3));
		secrets[i] = i % 3 ? secret | i % 3 << 2 : secret;
	}
	ret = inner(address);
	asm volatile("" ::: "memory");
	return ret;
}

/* A page that may be executed, with nothing in it, where an address is. */
static char *map_code(unsigned long address)
{
	unsigned long start = address & -page;
	void *at = mmap((void *)start, page, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == (void *)start ? at : NULL;
}

/* Where code lies low, as that of many programs does, numbers are addresses of code. */
TEST_F(stacks, secrets)
{
	ASSERT_NE(NULL, map_code(SECRET));
	if (sizeof(long) == 8)
		ASSERT_NE(NULL, map_code((unsigned long)SECRET << 8));
	ASSERT_EQ(self->brk + page, with_secrets(self->brk + page));
	check_both(_metadata);
	ASSERT_NE(NULL, newest());
	EXPECT_LT(2, newest()->nr);
	EXPECT_EQ(NULL, strstr(stacks.file.text, SECRET_TEXT))
		TH_LOG("%s", stacks.file.text);
}

static bool has_word(const struct stack *stack, unsigned long value)
{
	unsigned int i;

	for (i = 0; i < stack->nr; i++)
		if (stack->words[i].value == value)
			return true;
	return false;
}

/*
 * Of addresses that may be numbers, those are kept that a call may return to, and what
 * has to do with a signal.
 */
TEST_F(stacks, low_code)
{
	/* call -251, call *%rax, sigreturn(2) as the C library has it. */
	static const unsigned char relative[] = { 0xe8, 0, 0xff, 0xff, 0xff };
	static const unsigned char indirect[] = { 0xff, 0xd0 };
#ifdef __x86_64__
	static const unsigned char restorer[] = {
		0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05
	};
	const unsigned int interrupted = 22;
#else
	static const unsigned char restorer[] = {
		0xb8, 0xad, 0, 0, 0, 0xcd, 0x80
	};
	const unsigned int interrupted = 55;
#endif
	char *code = map_code(0x20000000);
	unsigned long at = (unsigned long)code, *words;
	char *memory = map_alone(page);

	ASSERT_NE(NULL, code);
	ASSERT_NE(NULL, memory);
	memcpy(code + 0x100 - sizeof(relative), relative, sizeof(relative));
	memcpy(code + 0x200 - sizeof(indirect), indirect, sizeof(indirect));
	memcpy(code + 0x300, restorer, sizeof(restorer));
	words = (unsigned long *)memory;
	words[1] = at + 0x80;
	words[2] = at + 0x100;
	words[3] = at + 0x200;
	words[4] = at + 0x101;
	words[5] = at + 0x300;
	words[5 + interrupted] = at + 0x400;
	words[6 + interrupted] = at + 0x500;
	/* Nothing stands before the first byte of the mapping. */
	words[7 + interrupted] = at;
	EXPECT_STACK(words);
	EXPECT_EQ(4, newest()->nr) TH_LOG("%s", stacks.file.text);
	EXPECT_TRUE(has_word(newest(), at + 0x100));
	EXPECT_TRUE(has_word(newest(), at + 0x200));
	EXPECT_TRUE(has_word(newest(), at + 0x300));
	EXPECT_TRUE(has_word(newest(), at + 0x400));
}

/*
 * A signal's own stack may lie in a larger mapping: what is behind it is no stack. And
 * what the signal interrupted is on another one.
 */
TEST_F(stacks, alternate)
{
	unsigned long *words = (unsigned long *)map_alone(4 * page);
	stack_t own = { .ss_sp = words, .ss_size = 2 * page };

	ASSERT_NE(NULL, words);
	memset(words, 0, 4 * page);
	ASSERT_EQ(0, sigaltstack(&own, NULL));
	words[1] = return_address();
	words[2 * page / sizeof(long) - 1] = return_address();
	words[2 * page / sizeof(long)] = return_address();
	EXPECT_STACK(words);
	EXPECT_EQ(2, newest()->nr) TH_LOG("%s", stacks.file.text);
	EXPECT_STREQ("-", newest()->flags);
	own.ss_flags = SS_DISABLE;
	ASSERT_EQ(0, sigaltstack(&own, NULL));
	words[1] = return_address();
	EXPECT_STACK(words);
	EXPECT_EQ(3, newest()->nr);
}

static void *call_in_thread(void *address)
{
	outer(*(unsigned long *)address);
	return NULL;
}

TEST_F(stacks, thread)
{
	unsigned long address = self->brk + 64 * page;
	pthread_t thread;

	/* The first malloc(3) of glibc moves the break itself. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, call_in_thread, &address));
	pthread_join(thread, NULL);
	check_both(_metadata);
	expect_chain(_metadata, newest());
}

TEST_F(stacks, points_at_nothing)
{
	char *memory = map(4 * page, PROT_READ | PROT_WRITE, 0);
	char *huge;

	ASSERT_NE(NULL, memory);
	memset(memory, 1, 4 * page);
	ASSERT_EQ(0, mprotect(memory, page, PROT_NONE));
	ASSERT_EQ(0, munmap(memory + 3 * page, page));
	EXPECT_NO_STACK(0);
	EXPECT_NO_STACK(1);
	EXPECT_NO_STACK(memory);
	EXPECT_NO_STACK(memory + 3 * page);
	/* Not a single word. */
	EXPECT_NO_STACK(memory + 3 * page - 1);
	EXPECT_NO_STACK(-1L);
	EXPECT_NO_STACK(-8L);
	EXPECT_NO_STACK(-page);
	if (sizeof(long) == 8) {
		EXPECT_NO_STACK((unsigned long)(0xffff888000000000ULL));
		EXPECT_NO_STACK((unsigned long)(0x800000000000ULL));
		EXPECT_NO_STACK((unsigned long)(0x7fffffffeff8ULL));
	}
	/* Never touched, and nobody touches it now. */
	huge = map(1 << 30, PROT_READ | PROT_WRITE, MAP_NORESERVE);
	if (huge)
		EXPECT_NO_STACK(huge + (1 << 29));
}

TEST_F(stacks, pages_that_never_come)
{
	char *memory = map(4 * page, PROT_READ | PROT_WRITE, 0);

	ASSERT_NE(NULL, memory);
	memset(memory, 0, 2 * page);
	/* Those that are there stay. */
	if (!never_come(memory, 4 * page))
		SKIP(return, "no userfaultfd: %s", strerror(errno));
	EXPECT_NO_STACK(memory + 2 * page);
	EXPECT_NO_STACK(memory + 3 * page + 64);
	EXPECT_STACK(memory + page);
	EXPECT_STREQ("part", newest()->flags);
	EXPECT_STACK(memory + 2 * page - sizeof(long));
	EXPECT_STREQ("part", newest()->flags);
}

static void *wait_for(void *pipe)
{
	char byte;

	return (void *)(long)read(*(int *)pipe, &byte, 1);
}

/*
 * What is on a stack and was never written to, as a large array of which only the begin
 * was used, hides nothing behind it. And a loop has one such stack; so it has where
 * others use the address space, whose calls are recorded otherwise.
 */
TEST_F(stacks, hole)
{
	char *memory = map_alone(4 * page);
	unsigned long *words = (unsigned long *)memory;
	size_t last = (3 * page + 80) / sizeof(long);
	unsigned long long first;
	pthread_t thread;
	int ends[2];

	ASSERT_NE(NULL, memory);
	/* Where there are huge pages, one would be all of it. */
	madvise(memory, 4 * page, MADV_NOHUGEPAGE);
	words[1] = (unsigned long)(words + last - 1);
	words[last] = return_address();
	EXPECT_STACK(memory);
	EXPECT_STREQ("part", newest()->flags);
	ASSERT_EQ(2, newest()->nr) TH_LOG("%s", stacks.file.text);
	EXPECT_EQ(words[1], newest()->words[0].value);
	EXPECT_EQ(last * sizeof(long), newest()->words[1].offset);
	EXPECT_EQ(words[last], newest()->words[1].value);
	first = newest()->number;
	EXPECT_STACK(memory);
	EXPECT_EQ(first, newest()->number);

	ASSERT_EQ(0, pipe(ends));
	/* The first malloc(3) of glibc moves the break itself. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for, &ends[0]));
	self->brk = raw_brk(0);
	words[2] = return_address();
	words[last] = return_address();
	EXPECT_STACK(memory);
	first = newest()->number;
	EXPECT_EQ(3, newest()->nr);
	EXPECT_STACK(memory);
	EXPECT_EQ(first, newest()->number);
	/* No other was taken for the same call. */
	words[2] = return_address();
	EXPECT_STACK(memory);
	EXPECT_EQ(first + 1, newest()->number);
	ASSERT_EQ(1, write(ends[1], "", 1));
	pthread_join(thread, NULL);
}

/* Where the mapping begins that has this name; 0 if there is none. */
static unsigned long mapped(const char *name)
{
	const char *found = strstr(maps, name);

	if (!found)
		return 0;
	while (found > maps && found[-1] != '\n')
		found--;
	return strtoul(found, NULL, 16);
}

/* Whether the kernel says of a mapping that it is of a device, or is no usual memory. */
static bool of_device(unsigned long start)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long begin, end;
	bool here = false, is = false;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
			here = begin == start;
		else if (here && !strncmp(line, "VmFlags:", 8))
			is = strstr(line, " io ") || strstr(line, " pf ");
	}
	if (file)
		fclose(file);
	return is;
}

/* A buffer that the kernel writes events to; 0 if there is none. */
static unsigned long map_events(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
		.exclude_kernel = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			 PERF_FLAG_FD_CLOEXEC);
	char *at = MAP_FAILED;

	if (fd >= 0)
		at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  0);
	return at == MAP_FAILED ? 0 : (unsigned long)at;
}

/*
 * What belongs to a device is not read: here what the kernel shows of its clocks, or
 * a buffer of its events. Which of them is memory as any other has changed.
 */
TEST_F(stacks, device)
{
	unsigned long at;

	ASSERT_TRUE(read_maps());
	at = mapped("[vvar]");
	if (!at || !of_device(at))
		at = map_events();
	if (!at || !of_device(at))
		SKIP(return, "no memory of a device to map");
	/* It is in memory. */
	(void)*(volatile char *)at;
	EXPECT_NO_STACK(at);
	EXPECT_NO_STACK(at + 128);
}

/* Where a stack cannot be kept, a loop does not try in vain each time. */
TEST_F(stacks, tried_again)
{
	char *memory = map(page, PROT_READ | PROT_WRITE, 0);

	ASSERT_NE(NULL, memory);
	memset(memory, 0, page);
	EXPECT_NO_STACK(1);
	ASSERT_EQ(self->brk + page, brk_with_sp(self->brk + page, 1));
	self->brk += 2 * page;
	ASSERT_EQ(self->brk, brk_with_sp(self->brk, (unsigned long)memory));
	check_both(_metadata);
	EXPECT_EQ(NULL, newest());
	make_rows(self->brk);
	EXPECT_STACK(memory);
}

/* As coroutines have it, and as nobody has. */
TEST_F(stacks, elsewhere)
{
	char *memory = map(16 * page, PROT_READ | PROT_WRITE, 0);
	char *grows = map(1025 * page, PROT_NONE, 0);
	unsigned long *words;
	unsigned int i;

	ASSERT_NE(NULL, memory);
	ASSERT_NE(NULL, grows);
	/* With nothing near below it, and nothing next to it. */
	ASSERT_EQ(0, munmap(grows + 1024 * page, page));
	ASSERT_EQ(0, munmap(grows, 1023 * page));
	grows = mmap(grows + 1023 * page, page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1,
		     0);
	ASSERT_NE(MAP_FAILED, grows);
	memset(grows, 0, page);
	memset(memory, 0, 16 * page);
	EXPECT_STACK(grows + 8);
	EXPECT_STREQ("end", newest()->flags);
	/* It is one stack, though not one mapping. */
	ASSERT_EQ(0, mprotect(memory + 8 * page, page, PROT_READ));
	EXPECT_STACK(memory + 7 * page);
	EXPECT_STREQ("-", newest()->flags);
	ASSERT_EQ(0, mprotect(memory + 8 * page, page, PROT_NONE));
	EXPECT_STACK(memory + 7 * page + 8);
	EXPECT_STREQ("end", newest()->flags);
	ASSERT_EQ(0, mprotect(memory + 8 * page, page, PROT_READ | PROT_WRITE));
	/* Nobody has it grow. */
	EXPECT_NO_STACK(grows - 8);
	for (i = 1; i < 8; i++) {
		EXPECT_STACK(memory + i);
		EXPECT_STACK(memory + page - i);
		EXPECT_STACK(memory + 16 * page - 8 - i);
	}
	/* In the heap, with a frame. */
	ASSERT_EQ(self->brk + 2 * page, raw_brk(self->brk + 2 * page));
	words = (unsigned long *)self->brk;
	memset(words, 0, 2 * page);
	words[3] = (unsigned long)(words + 40);
	words[4] = (unsigned long)(words + 50);
	words[41] = return_address();
	self->brk += 2 * page;
	EXPECT_STACK(words);
	EXPECT_EQ(2, newest()->nr) TH_LOG("%s", stacks.file.text);
	EXPECT_EQ(3 * sizeof(long), newest()->words[0].offset);
	EXPECT_EQ((unsigned long)(words + 40), newest()->words[0].value);
	EXPECT_EQ(41 * sizeof(long), newest()->words[1].offset);
}

/* More to look at than anybody has, so that a call takes as long as it can. */
TEST_F(stacks, crowded)
{
	unsigned int i, nr = LIMIT / sizeof(long);
	unsigned long *words, code = return_address();
	char *memory;

	/* In a mapping of its own. */
	memory = map(LIMIT + page, PROT_READ | PROT_WRITE, 0);
	ASSERT_NE(NULL, memory);
	words = (unsigned long *)memory;
	/* Each points to another mapping. */
	memory = map(nr / 8 * page, PROT_READ, MAP_NORESERVE);
	ASSERT_NE(NULL, memory);
	for (i = 0; i < nr / 8; i += 2)
		ASSERT_EQ(0, mprotect(memory + i * page, page, PROT_NONE));
	for (i = 0; i < nr; i++)
		words[i] = (unsigned long)memory + i / 8 * page;
	EXPECT_STACK(words);
	EXPECT_NE(NULL, strstr(newest()->flags, "cut"))
		TH_LOG("%s", newest()->flags);
	/* And all over the stack itself, to frames and to none. */
	for (i = 0; i < nr; i++)
		words[i] = i % 5 ? (unsigned long)(words + (i + i % 7 * 31) % nr) :
				   code;
	EXPECT_STACK(words);
	EXPECT_NE(NULL, strstr(newest()->flags, "cut"));
	for (i = 0; i < nr; i++)
		words[i] = (unsigned long)(words + nr - 1);
	EXPECT_STACK(words);
	EXPECT_EQ(0, newest()->nr);
}

/* As many rows as are kept of a process that has had more. */
#define MANY		256

/* From another stack each time, as its pointer tells. */
static A_FRAME void varied(unsigned int i, unsigned long address)
{
	char room[16 + i % (2 * MANY) * 16];

	memset(room, 0, sizeof(room));
	asm volatile("" : : "r"(room) : "memory");
	inner(address);
	asm volatile("" ::: "memory");
}

/* Has the caller run on one processor, where there is more than one. */
static void stay_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Says when it has made so many rows, and makes others until it is killed. */
static void make_varied(int ready)
{
	unsigned long brk = raw_brk(0);
	unsigned int i, random = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(1);
	for (i = 0; ; i++) {
		/* In no order, so that what comes and what goes are in any places. */
		random = random * 1664525u + 1013904223u;
		varied(random >> 16, brk + i % 2 * page);
		if (i == 2 * MANY && write(ready, "", 1) != 1)
			_exit(1);
	}
}

/* How many rows the stacks of a process are of, with those that have none. */
static unsigned long long rows_of_stacks(pid_t pid,
					 unsigned long long *newest_number)
{
	unsigned long long rows = 0;
	char path[48];
	char *line;

	*newest_number = 0;
	snprintf(path, sizeof(path), "/proc/%d/heapstacks", pid);
	if (heapinfo_read_path(&stacks.file, path))
		return 0;
	line = strstr(stacks.file.text, "\n#stack");
	for (line = line ? strchr(line + 1, '\n') : NULL; line && line[1];
	     line = strchr(line + 1, '\n')) {
		*newest_number = strtoull(line + 1, NULL, 10);
		rows += strtoull(strchr(line + 1, '\t'), NULL, 10);
	}
	return rows + heapinfo_number(&stacks.file, "StacksLost");
}

/* The file is of one moment, while stacks come and go. */
TEST(one_moment)
{
	unsigned long long number, before = 0;
	unsigned int changes = 0;
	int ready[2];
	char byte;
	pid_t pid;

	RELOAD_OR_SKIP("history=256");
	page = sysconf(_SC_PAGESIZE);
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		make_varied(ready[1]);
	stay_on(0);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	while (changes < 1000) {
		ASSERT_EQ(MANY, rows_of_stacks(pid, &number));
		changes += number != before;
		before = number;
	}
	EXPECT_LT(MANY / 2, heapinfo_number(&stacks.file, "Stacks"));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_HARNESS_MAIN
