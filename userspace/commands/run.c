// SPDX-License-Identifier: GPL-2.0
/*
 * heapinfo run: start a program, and show its heap when it exits, at a signal
 * or where it calls a function.
 *
 * The program is this process's child and traced by it, which Yama permits to
 * every user.  PTRACE_O_EXITKILL is not used: the program outlives the reader.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "commands/cmd.h"
#include "target/breakpoint.h"
#include "target/elfinfo.h"

#define KEY_AT 1
#define KEY_SIGNAL 2
#define KEY_TIMES 3
#define CANNOT_RUN 126
#define NOT_FOUND 127

static struct {
	char **argv;		/* of the program, NULL at its end */
	const char *at;
	int signal;
	u64 times;
	const struct command *show;
	const char *output;
} opt = { .times = 1, .show = &cmd_show };

static const struct argp_option options[] = {
	{ "at", KEY_AT, "SYMBOL", 0,
	  "Show the heap where the program calls this function, not at its exit",
	  1 },
	{ "times", KEY_TIMES, "N", 0,
	  "Show it the first N times (1; 0: each time)", 1 },
	{ "signal", KEY_SIGNAL, "SIG", 0,
	  "Show the heap when this signal comes, not at the exit; one that another process sends does not reach the program",
	  1 },
	{ "command", 'c', "COMMAND", 0,
	  "Show with this command of heapinfo, say map or check (show)", 1 },
	{ "output", 'o', "FILE", 0,
	  "Show to FILE (standard error)", 1 },
	{ 0 }
};

/* strsignal() gives sentences, not names; older glibcs have no sigabbrev_np(). */
static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGHUP, "HUP" }, { SIGINT, "INT" }, { SIGQUIT, "QUIT" },
	{ SIGILL, "ILL" }, { SIGTRAP, "TRAP" }, { SIGABRT, "ABRT" },
	{ SIGBUS, "BUS" }, { SIGFPE, "FPE" }, { SIGUSR1, "USR1" },
	{ SIGSEGV, "SEGV" }, { SIGUSR2, "USR2" }, { SIGPIPE, "PIPE" },
	{ SIGALRM, "ALRM" }, { SIGTERM, "TERM" }, { SIGCHLD, "CHLD" },
	{ SIGCONT, "CONT" }, { SIGTSTP, "TSTP" }, { SIGTTIN, "TTIN" },
	{ SIGTTOU, "TTOU" }, { SIGURG, "URG" }, { SIGXCPU, "XCPU" },
	{ SIGXFSZ, "XFSZ" }, { SIGVTALRM, "VTALRM" }, { SIGPROF, "PROF" },
	{ SIGWINCH, "WINCH" }, { SIGIO, "IO" }, { SIGSYS, "SYS" },
};

static const char *signal_name(int sig)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].number == sig)
			return signals[i].name;
	return "RT";
}

static int signal_number(const char *name, const struct argp_state *state)
{
	char *end;
	long v = strtol(name, &end, 10);
	size_t i;

	if (end != name && !*end && v > 0 && v < NSIG)
		return v;
	if (!strncmp(name, "SIG", 3))
		name += 3;
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		if (!strcmp(signals[i].name, name))
			return signals[i].number;
	argp_error(state, "'%s' is no signal; 'kill -l' lists them", name);
	return 0;
}

static void take_program(char *first, struct argp_state *state)
{
	int n = state->argc - state->next + 1, i;

	opt.argv = xcalloc(n + 1, sizeof(*opt.argv));
	opt.argv[0] = first;
	for (i = 1; i < n; i++)
		opt.argv[i] = state->argv[state->next + i - 1];
	state->next = state->argc;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_AT:
		opt.at = arg;
		return 0;
	case KEY_SIGNAL:
		opt.signal = signal_number(arg, state);
		return 0;
	case KEY_TIMES:
		opt.times = cmd_number(arg, state);
		return 0;
	case 'c':
		opt.show = cmd_find(arg);
		if (!opt.show || opt.show->no_target || opt.show->max_args)
			argp_error(state, "'%s' is no command that shows one process; say show, map, stats, why or check",
				   arg);
		return 0;
	case 'o':
		opt.output = arg;
		return 0;
	case ARGP_KEY_ARG:
		take_program(arg, state);
		return 0;
	case ARGP_KEY_END:
		if (!opt.argv)
			argp_error(state, "which program? write it behind --");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

struct thread_of {
	pid_t tid;
	bool exiting;
};

struct run {
	const struct common *common;
	pid_t pid;
	struct thread_of *thread;
	size_t n;
	struct breakpoint entry;	/* where the libraries are loaded */
	struct breakpoint at;
	u64 shown;
	bool began;		/* the child has become the program */
	bool no_such;		/* there is no function --at; the user was told */
	bool holds_leader;	/* the main thread is held at its exit */
};

static volatile sig_atomic_t the_pid;

/* Pass a signal on: one that is sent to the reader is meant for the program. */
static void hand_on(int sig)
{
	if (the_pid)
		kill(the_pid, sig);
}

static void show(struct run *r, pid_t tid, const char *when)
{
	struct common c = {
		.cmd = opt.show, .target = { .pid = r->pid, .via = tid },
		.json = r->common->json, .no_color = r->common->no_color,
	};

	r->shown++;
	if (!c.json)
		printf("%sheapinfo: %s%s\n", text_color(COLOR_DIM), when,
		       text_plain());
	opt.show->run(&c);
	fflush(stdout);
}

static void add_thread(struct run *r, pid_t tid)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->thread[i].tid == tid)
			return;
	r->thread = xgrow(r->thread, r->n, sizeof(*r->thread));
	r->thread[r->n++] = (struct thread_of){ .tid = tid };
}

/*
 * Note that a thread exits.  It stays on the list: events of two threads come in
 * any order, so another one may still name it.
 */
static void drop_thread(struct run *r, pid_t tid)
{
	size_t i;

	add_thread(r, tid);
	for (i = 0; i < r->n; i++)
		if (r->thread[i].tid == tid)
			r->thread[i].exiting = true;
}

static bool any_lives(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (!r->thread[i].exiting)
			return true;
	return false;
}

static bool is_known(const struct run *r, pid_t tid)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->thread[i].tid == tid)
			return true;
	return false;
}

static bool is_ours(const struct run *r, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)r->pid,
		 (int)tid);
	return !access(path, F_OK);
}

/* The program's entry point: ld.so jumps there when all libraries are loaded. */
static u64 entry_of(pid_t pid, unsigned int word)
{
	u8 entry[16];
	char path[64];
	u64 found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	f = fopen(path, "re");
	while (f && !found && fread(entry, 2 * word, 1, f) == 1)
		if (get_word(entry, word) == AT_ENTRY)
			found = get_word(entry + word, word);
	if (f)
		fclose(f);
	return found;
}

static u64 find_symbol(const struct run *r)
{
	struct elf_wanted want = { .name = opt.at };
	struct modules mods;
	struct target *t;
	struct error e;
	size_t i;

	t = target_open_live(r->pid, r->pid, &e);
	if (!t)
		return 0;
	modules_find(t, &mods);
	/* The program itself first, then in order of address. */
	for (i = 0; i < mods.n && !want.found; i++)
		if (mods.mod[i].exe)
			elf_symbols(t, &mods.mod[i], &want, 1);
	for (i = 0; i < mods.n && !want.found; i++)
		if (!mods.mod[i].exe)
			elf_symbols(t, &mods.mod[i], &want, 1);
	modules_free(&mods);
	target_close(t);
	return want.found ? want.addr : 0;
}

static void complain(const char *fmt, const char *what)
{
	struct error e;

	error_set(&e, fmt, what);
	cmd_fail(&e);
}

static void at_exec(struct run *r)
{
	struct target *t;
	struct error e;
	u64 entry;

	r->began = true;
	r->n = 0;
	add_thread(r, r->pid);
	r->entry = (struct breakpoint){ 0 };
	r->at = (struct breakpoint){ 0 };
	if (!opt.at)
		return;
	t = target_open_live(r->pid, r->pid, &e);
	entry = t ? entry_of(r->pid, t->wordsize) : 0;
	target_close(t);
	r->no_such = !entry || breakpoint_set(r->pid, &r->entry, entry);
	if (r->no_such)
		complain("cannot stop the program at its start, so not in %s either; try --signal",
			 opt.at);
}

static void at_entry(struct run *r, pid_t tid)
{
	u64 addr;

	breakpoint_back(tid, &r->entry);
	breakpoint_clear(tid, &r->entry);
	addr = find_symbol(r);
	r->no_such = !addr || breakpoint_set(tid, &r->at, addr);
	if (r->no_such)
		complain("there is no function '%s' in the program or the libraries it starts with; 'nm -D' lists a library's",
			 opt.at);
}

static void at_symbol(struct run *r, pid_t tid, int *status)
{
	char when[160];

	breakpoint_back(tid, &r->at);
	snprintf(when, sizeof(when), "thread %d calls %.100s", (int)tid,
		 opt.at);
	show(r, tid, when);
	if (opt.times && r->shown >= opt.times)
		breakpoint_clear(tid, &r->at);
	else
		breakpoint_step(tid, &r->at, status);
}

/* Is this the signal of --signal, sent by another process?  Then it is for us. */
static bool is_for_us(const struct run *r, pid_t tid, int sig)
{
	siginfo_t si;

	if (sig != opt.signal || ptrace(PTRACE_GETSIGINFO, tid, 0, &si))
		return false;
	return si.si_code == SI_USER && si.si_pid != r->pid;
}

/* Return: the signal to hand on. */
static int at_signal(struct run *r, pid_t tid, int *status)
{
	int sig = WSTOPSIG(*status);
	char when[80];
	bool ours;

	if (sig == SIGTRAP && breakpoint_hit(tid, &r->entry)) {
		at_entry(r, tid);
		return 0;
	}
	if (sig == SIGTRAP && breakpoint_hit(tid, &r->at)) {
		at_symbol(r, tid, status);
		return 0;
	}
	if (sig != opt.signal)
		return sig;
	ours = is_for_us(r, tid, sig);
	snprintf(when, sizeof(when), "thread %d gets SIG%s", (int)tid,
		 signal_name(sig));
	if (!opt.times || r->shown < opt.times || ours)
		show(r, tid, when);
	return ours ? 0 : sig;
}

/* Return: a number behind a name in one of the thread's files, 0 if gone. */
static u64 thread_fact(const struct run *r, pid_t tid, const char *file,
		       const char *format)
{
	unsigned long long fact = 0;
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)r->pid,
		 (int)tid, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		/* A thread's name may hold anything: skip to its bracket's end. */
		const char *end = strrchr(line, ')');

		if (sscanf(end ? end + 1 : line, format, &fact) == 1)
			break;
	}
	if (f)
		fclose(f);
	return fact;
}

/*
 * Has a thread gone without its exit being reported?  That happens to one that is
 * killed while it is stopped before its exit, or right before that stop.  SIGKILL
 * stays pending in it until it has gone.
 */
static bool left_unseen(const struct run *r, pid_t tid)
{
	const u64 exiting = 4;		/* PF_EXITING in the kernel's sched.h */
	bool killed;

	do {
		killed = thread_fact(r, tid, "status", "SigPnd: %llx") &
			 1ull << (SIGKILL - 1);
		if (!is_ours(r, tid) ||
		    thread_fact(r, tid, "stat",
				" %*c %*d %*d %*d %*d %*d %llu") & exiting)
			return true;
		if (killed)
			usleep(100);
	} while (killed);
	return false;
}

static void find_unseen(struct run *r, pid_t but)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct thread_of *t = &r->thread[i];

		if (t->exiting || t->tid == but || !left_unseen(r, t->tid))
			continue;
		t->exiting = true;
		if (t->tid == r->pid)
			r->holds_leader = true;
	}
}

/*
 * A thread is about to exit.  The memory is there until the last thread has
 * gone, so the heap is shown when the last thread gets here, and is read
 * through that one.
 *
 * The main thread is held in this stop until then: once it is a zombie,
 * /proc/PID shows nothing.  Still it may be gone, since exit_group(2) of
 * another thread kills it in this stop.
 *
 * Return: true if the thread may go on.
 */
static bool at_exit(struct run *r, pid_t tid)
{
	bool leader = tid == r->pid;

	drop_thread(r, tid);
	find_unseen(r, tid);
	if (leader)
		r->holds_leader = true;
	if (any_lives(r) || !r->holds_leader)
		return !leader;
	r->holds_leader = false;
	if (!opt.at && !opt.signal && r->began)
		show(r, tid, "the program exits");
	else if (r->began && !r->shown && !r->no_such)
		complain("the program ended before %s",
			 opt.at ? opt.at : "the signal came");
	if (!leader)
		ptrace(PTRACE_CONT, r->pid, 0, 0);
	return true;
}

/* Stop tracing a process that the program started. */
static void let_go(struct run *r, pid_t tid)
{
	breakpoint_clear_copy(tid, &r->entry);
	breakpoint_clear_copy(tid, &r->at);
	ptrace(PTRACE_DETACH, tid, 0, 0);
}

/*
 * A child of vfork(2) shares the program's memory, and the breakpoint in it,
 * until it has gone or called exec: take the breakpoint out for so long.
 */
static void around_vfork(struct run *r, pid_t tid, bool begins)
{
	if (begins) {
		breakpoint_clear_copy(tid, &r->at);
		return;
	}
	if (r->at.set)
		breakpoint_set(tid, &r->at, r->at.addr);
}

static void take_stop(struct run *r, pid_t tid, int status)
{
	int event = status >> 16, sig = 0;
	unsigned long born;

	switch (event) {
	case 0:
		sig = at_signal(r, tid, &status);
		break;
	case PTRACE_EVENT_EXEC:
		at_exec(r);
		break;
	case PTRACE_EVENT_CLONE:
		/* Its parent may be gone before it is seen itself. */
		if (!ptrace(PTRACE_GETEVENTMSG, tid, 0, &born) &&
		    is_ours(r, born))
			add_thread(r, born);
		break;
	case PTRACE_EVENT_VFORK:
		around_vfork(r, tid, true);
		break;
	case PTRACE_EVENT_VFORK_DONE:
		around_vfork(r, tid, false);
		break;
	case PTRACE_EVENT_EXIT:
		if (!at_exit(r, tid))
			return;
		break;
	case PTRACE_EVENT_STOP:
		/* A stop by job control lasts until SIGCONT. */
		if (WSTOPSIG(status) != SIGTRAP) {
			ptrace(PTRACE_LISTEN, tid, 0, 0);
			return;
		}
		break;
	}
	ptrace(PTRACE_CONT, tid, 0, (void *)(long)sig);
}

/* Return: the program's exit status, as a shell has it. */
static int trace(struct run *r)
{
	int status;
	pid_t tid;

	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return EXIT_UNKNOWN;
		if (WIFSTOPPED(status)) {
			if (!is_known(r, tid) && !is_ours(r, tid)) {
				let_go(r, tid);
				continue;
			}
			/* A thread at its exit may be off the list already. */
			if (status >> 16 != PTRACE_EVENT_EXIT)
				add_thread(r, tid);
			take_stop(r, tid, status);
			continue;
		}
		drop_thread(r, tid);
		if (tid != r->pid)
			continue;
		return WIFEXITED(status) ? WEXITSTATUS(status) :
		       128 + WTERMSIG(status);
	}
}

/* In the child: wait until it is traced, then become the program. */
static void become(int go, int failed)
{
	char byte;
	int err;

	if (read(go, &byte, 1) == 1)
		execvp(opt.argv[0], opt.argv);
	err = errno;
	if (write(failed, &err, sizeof(err)) < 0)
		_exit(CANNOT_RUN);
	_exit(err == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

static int start(struct run *r, struct error *e)
{
	long flags = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
		     PTRACE_O_TRACECLONE;
	int go[2], failed[2], err = 0;

	if (opt.at)
		flags |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			 PTRACE_O_TRACEVFORKDONE;
	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC))
		return error_set(e, "cannot make a pipe: %s", strerror(errno));
	r->pid = fork();
	if (r->pid < 0)
		return error_set(e, "cannot start a process: %s",
				 strerror(errno));
	if (!r->pid) {
		close(go[1]);	/* so that go[0] ends when the parent does */
		become(go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	if (ptrace(PTRACE_SEIZE, r->pid, 0, (void *)flags))
		err = errno;
	else if (write(go[1], "", 1) != 1)
		err = errno;
	close(go[1]);
	add_thread(r, r->pid);
	the_pid = r->pid;
	if (err) {
		waitpid(r->pid, NULL, 0);
		close(failed[0]);
		return error_set(e, "cannot trace a process: %s; where containers or kernel.yama.ptrace_scope forbid it, run as root",
				 strerror(err));
	}
	return failed[0];
}

/* Send what is shown to --output or stderr; the program keeps stdout. */
static int redirect(const struct common *c, struct error *e)
{
	int fd = STDERR_FILENO;

	if (opt.output) {
		fd = open(opt.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			  0666);
		if (fd < 0)
			return error_set(e, "cannot write %s: %s", opt.output,
					 strerror(errno));
	}
	fflush(stdout);
	if (dup2(fd, STDOUT_FILENO) < 0)
		return error_set(e, "cannot write to %d: %s", fd,
				 strerror(errno));
	text_init(c->no_color);
	return 0;
}

static void catch_signals(void)
{
	static const int forwarded[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	size_t i;

	/* ctrl-C and ctrl-\ reach the program from the terminal. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	for (i = 0; i < ARRAY_SIZE(forwarded); i++)
		signal(forwarded[i], hand_on);
}

static int run(const struct common *c)
{
	struct run r = { .common = c };
	int failed, err = 0, status;
	struct error e;

	if (opt.at && !breakpoint_possible()) {
		error_set(&e, "--at is for x86 only; --signal does it elsewhere");
		return cmd_fail(&e);
	}
	failed = start(&r, &e);
	if (failed < 0 || redirect(c, &e)) {
		if (r.pid > 0)
			kill(r.pid, SIGKILL);
		return cmd_fail(&e);
	}
	catch_signals();
	status = trace(&r);
	if (read(failed, &err, sizeof(err)) == sizeof(err)) {
		error_set(&e, "cannot run %s: %s", opt.argv[0], strerror(err));
		cmd_fail(&e);
	}
	close(failed);
	free(r.thread);
	free(opt.argv);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.args_doc = "-- COMMAND...",
	.brief = "start a program, and show its heap when it exits",
	.doc = "Start a program and show its heap when it exits, gets a signal or calls a function. The exit status is the program's; 126 if it cannot be run and 127 if it is not found.",
	.options = options,
	.parse = parse,
	.no_target = true,
	.max_args = -1,
	.in_order = true,
	.run = run,
};
