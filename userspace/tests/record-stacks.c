// SPDX-License-Identifier: GPL-2.0
/*
 * usage: record-stacks [-a] [-d BYTES] CORE PROGRAM [ARGUMENT]...
 *
 * Run a program, see its calls of brk(2) with ptrace, and keep of the stack of each what
 * the module keeps: so the reader is tested on real stacks where no module can be loaded.
 * When the program exits, CORE is written as "heapinfo snapshot" writes it, with the
 * texts of the module. With -a there is CORE.all beside it, with every word of each stack
 * up to its end, to compare with; with -d only what lies in the first BYTES, as if the
 * rest had not been in memory.
 *
 * Only for x86.
 */
#include <elf.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/core_write.h"
#include "target/target.h"

#define LIMIT 32768u	/* the module's stacks= */
#define WORDS 118u	/* as many as it keeps */
#define MAX_TASKS 64u
#define MOST (2u << 20)	/* of a stack, with all words */

struct kept {
	char *text;	/* what follows the number of rows */
	char *full;	/* the same with all words, or NULL */
	u64 rows;
};

static struct {
	bool all;
	bool full;	/* the core that is written now has all words */
	u64 bytes;	/* as much of a stack as is looked at */
	const char *core;
	struct kept *stack;
	size_t stacks;
	char *rows;	/* the table of events */
	size_t events;
	u64 start_brk;
	u64 brk;
	u64 calls;
	u64 grown;
	u64 shrunk;
} rec;

/* A thread, and the call of brk that it is in. */
static struct task {
	pid_t tid;
	bool inside;
	u64 asked;
} tasks[MAX_TASKS];

static struct task *task_of(pid_t tid)
{
	size_t i;

	for (i = 0; i < MAX_TASKS; i++)
		if (tasks[i].tid == tid)
			return &tasks[i];
	for (i = 0; i < MAX_TASKS; i++)
		if (!tasks[i].tid) {
			tasks[i].tid = tid;
			return &tasks[i];
		}
	fputs("record-stacks: too many threads\n", stderr);
	exit(1);
}

/* What the module is given to look at: a stack, and where code is. */
struct scan {
	const struct maps *maps;
	u64 sp;
	u64 len;
	unsigned int w;
	bool all;	/* keep whatever there is */
	u8 bytes[MOST];
};

static bool is_code(const struct scan *s, u64 v)
{
	const struct mapping *m = maps_find(s->maps, v);

	return m && m->perms & MAP_EXEC;
}

static u64 word_at(const struct scan *s, u64 at)
{
	return at <= s->len - s->w ? get_word(s->bytes + at, s->w) : 0;
}

/* A frame pointer: it leads up the stack, to where a code address is close by. */
static bool is_frame(const struct scan *s, u64 at, u64 v)
{
	u64 to = v - s->sp;

	if (v <= s->sp + at || v >= s->sp + s->len || v % s->w)
		return false;
	return is_code(s, word_at(s, to + s->w)) ||
	       (to >= s->w && is_code(s, word_at(s, to - s->w))) ||
	       is_code(s, word_at(s, to + 3 * s->w));
}

static bool is_in_stack(const struct scan *s, u64 v)
{
	return v >= s->sp && v < s->sp + s->len;
}

static void put_register(FILE *f, const struct scan *s, const char *name, u64 v)
{
	bool pc = !strcmp(name, "ip") || !strcmp(name, "sp");

	if (pc || s->all || is_code(s, v) || is_in_stack(s, v))
		fprintf(f, "%s%s=%" PRIx64, strcmp(name, "ip") ? "," : "", name,
			v);
}

static void put_registers(FILE *f, const struct scan *s,
			  const struct user_regs_struct *r)
{
	put_register(f, s, "ip", r->rip);
	put_register(f, s, "sp", r->rsp);
	put_register(f, s, "bp", r->rbp);
	put_register(f, s, "bx", r->rbx);
	if (s->w == 4) {
		put_register(f, s, "si", r->rsi);
		put_register(f, s, "di", r->rdi);
		return;
	}
	put_register(f, s, "r12", r->r12);
	put_register(f, s, "r13", r->r13);
	put_register(f, s, "r14", r->r14);
	put_register(f, s, "r15", r->r15);
}

/* Return: were there more words than are kept? */
static bool put_words(FILE *f, const struct scan *s)
{
	u64 at, end = s->all ? s->len : min_u64(s->len, rec.bytes);
	size_t n = 0;

	for (at = 0; at + s->w <= end; at += s->w) {
		u64 v = word_at(s, at);

		if (!s->all && !is_code(s, v) && !is_frame(s, at, v))
			continue;
		if (n == WORDS && !s->all)
			return true;
		fprintf(f, "%s%" PRIx64 "=%" PRIx64, n ? "," : "", at, v);
		n++;
	}
	if (!n)
		fputs("-", f);
	return false;
}

/* The number of a stack, which is that of an earlier one if that was the same. */
static size_t keep_stack(char *text, char *full)
{
	size_t i;

	for (i = 0; i < rec.stacks; i++)
		if (!strcmp(rec.stack[i].text, text) && !full) {
			rec.stack[i].rows++;
			free(text);
			return i + 1;
		}
	rec.stack = xgrow(rec.stack, rec.stacks, sizeof(*rec.stack));
	rec.stack[rec.stacks++] = (struct kept){ text, full, 1 };
	return rec.stacks;
}

/* A line of heapstacks, from the column abi on. */
static char *stack_text(struct scan *s, const struct user_regs_struct *r,
			bool end, bool part)
{
	char *text = NULL, *words = NULL;
	size_t len;
	bool cut;
	FILE *f;

	f = open_memstream(&words, &len);
	cut = put_words(f, s);
	fclose(f);
	f = open_memstream(&text, &len);
	fprintf(f, "%u\t%s%s%s%s\t", 8 * s->w, cut ? "cut" : "",
		part ? "part" : "", (cut || part) && end ? "," : "",
		end ? "end" : cut || part ? "" : "-");
	put_registers(f, s, r);
	fprintf(f, "\t%s", words);
	fclose(f);
	free(words);
	return text;
}

static size_t record_stack(struct target *t, const struct user_regs_struct *r)
{
	const struct mapping *m = maps_find(&t->maps, r->rsp);
	struct scan *s = xcalloc(1, sizeof(*s));
	char *text, *full = NULL;
	u64 len;

	if (!m) {
		free(s);
		return 0;
	}
	s->maps = &t->maps;
	s->sp = r->rsp;
	s->w = r->cs == 0x23 ? 4 : 8;
	len = target_read(t, r->rsp, s->bytes, min_u64(MOST, m->end - r->rsp));
	s->len = min_u64(LIMIT, len);
	text = stack_text(s, r, len <= LIMIT, rec.bytes < s->len);
	if (rec.all) {
		s->all = true;
		s->len = len;
		full = stack_text(s, r, true, false);
	}
	free(s);
	return keep_stack(text, full);
}

static void record_event(pid_t pid, pid_t tid, u64 asked,
			 const struct user_regs_struct *r)
{
	u64 now = r->rax, from = rec.brk;
	s64 delta = now - from;
	struct target *t;
	struct error e;
	char *row;

	if (r->cs == 0x23)
		now = (u32)now;
	rec.calls++;
	rec.brk = now;
	if (!rec.start_brk) {
		rec.start_brk = now;
		return;
	}
	delta = now - from;
	if (!delta)
		return;
	*(delta > 0 ? &rec.grown : &rec.shrunk) += delta > 0 ? delta : -delta;
	t = target_open_live(pid, pid, &e);
	if (!t) {
		fprintf(stderr, "record-stacks: %s\n", e.text);
		exit(1);
	}
	rec.events++;
	if (asprintf(&row, "%s%zu\t%zu.000000\t%d\t%s\t%#" PRIx64 "\t%#" PRIx64 "\t%#" PRIx64 "\t%+" PRId64 "\tok\t%s\t%zu\n",
		     rec.rows ? rec.rows : "", rec.events, rec.events, (int)tid,
		     delta > 0 ? "grow" : "shrink", asked, from, now, delta,
		     t->comm, record_stack(t, r)) < 0)
		exit(1);
	target_close(t);
	free(rec.rows);
	rec.rows = row;
}

/* The texts that a snapshot asks for, of which the module's are ours. */
static const struct target_ops *live_ops;

static FILE *heapinfo_text(const struct target *t)
{
	FILE *f = tmpfile();

	fprintf(f, "Name:\t%s\nPid:\t%d\nStartBrk:\t%#" PRIx64 "\nBrk:\t%#" PRIx64 "\nRecorded:\tsince exec\nBrkCalls:\t%" PRIu64 "\nBrkFailures:\t0\nBytesGrown:\t%" PRIu64 "\nBytesShrunk:\t%" PRIu64 "\nEventsLost:\t0\n\n",
		t->comm, (int)t->pid, rec.start_brk, rec.brk, rec.calls,
		rec.grown, rec.shrunk);
	fputs("#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n",
	      f);
	if (rec.rows)
		fputs(rec.rows, f);
	rewind(f);
	return f;
}

static FILE *heapstacks_text(const struct target *t)
{
	FILE *f = tmpfile();
	size_t i;

	fprintf(f, "Format:\t1\nMachine:\t%s\nStackLimit:\t%u\nStacks:\t%zu\nStacksLost:\t0\n",
		t->wordsize == 8 ? "x86_64" : "i386", LIMIT, rec.stacks);
	fputs("#stack\trows\tabi\tflags\tregisters\twords\n", f);
	for (i = 0; i < rec.stacks; i++)
		fprintf(f, "%zu\t%" PRIu64 "\t%s\n", i + 1, rec.stack[i].rows,
			rec.full ? rec.stack[i].full : rec.stack[i].text);
	rewind(f);
	return f;
}

static FILE *text(struct target *t, const char *name)
{
	if (!strcmp(name, "heapinfo"))
		return heapinfo_text(t);
	if (!strcmp(name, "heapstacks"))
		return heapstacks_text(t);
	return live_ops->text(t, name);
}

static int write_core(pid_t pid, const char *path)
{
	struct core_written w;
	struct target_ops ops;
	struct thread *list;
	struct target *t;
	struct error e;
	size_t n;
	int ret;

	t = target_open_live(pid, pid, &e);
	if (!t) {
		fprintf(stderr, "record-stacks: %s\n", e.text);
		return -1;
	}
	live_ops = t->ops;
	ops = *t->ops;
	ops.text = text;
	t->ops = &ops;
	t->doubt = DOUBT_NONE;
	n = target_threads(t, &list);
	ret = core_write(t, list, n, path, &w, &e);
	if (ret)
		fprintf(stderr, "record-stacks: %s\n", e.text);
	free(list);
	target_close(t);
	return ret;
}

static int write_cores(pid_t pid)
{
	char path[4096];
	int ret = write_core(pid, rec.core);

	if (ret || !rec.all)
		return ret;
	rec.full = true;
	snprintf(path, sizeof(path), "%s.all", rec.core);
	return write_core(pid, path);
}

static void on_syscall(pid_t pid, pid_t tid)
{
	struct task *task = task_of(tid);
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &r))
		return;
	if (task->inside) {
		task->inside = false;
		record_event(pid, tid, task->asked, &r);
	} else if (r.orig_rax == (r.cs == 0x23 ? 45 : 12)) {
		task->inside = true;
		task->asked = r.cs == 0x23 ? (u32)r.rbx : r.rdi;
	}
}

/* Return: the exit status; the core is written when the first thread exits. */
static int follow(pid_t pid)
{
	const int options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
			    PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC |
			    PTRACE_O_EXITKILL;
	int status, ret = 1, sig;
	pid_t tid;

	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, options);
	ptrace(PTRACE_SYSCALL, pid, NULL, 0);
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			task_of(tid)->tid = 0;
			if (tid == pid && !WIFEXITED(status))
				ret = 1;
			continue;
		}
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80)) {
			on_syscall(pid, tid);
			sig = 0;
		} else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			if (tid == pid)
				ret = write_cores(pid) ? 1 : 0;
			sig = 0;
		} else if (sig == SIGTRAP || sig == SIGSTOP) {
			sig = 0;
		}
		ptrace(PTRACE_SYSCALL, tid, NULL, sig);
	}
	return ret;
}

int main(int argc, char **argv)
{
	pid_t pid;
	int opt;

	rec.bytes = UINT64_MAX;
	while ((opt = getopt(argc, argv, "+ad:")) > 0) {
		rec.all |= opt == 'a';
		if (opt == 'd')
			rec.bytes = strtoull(optarg, NULL, 10);
		if (opt == '?')
			return 64;
	}
	if (argc - optind < 2)
		return 64;
	rec.core = argv[optind];
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, 0);
		execvp(argv[optind + 1], argv + optind + 1);
		_exit(127);
	}
	return pid < 0 ? 1 : follow(pid);
}
