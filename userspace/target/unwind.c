// SPDX-License-Identifier: GPL-2.0
/*
 * Unwind stacks with elfutils' libdwfl, from the few words of each that were kept, and
 * name the functions on them.
 *
 * No frame is ever guessed: where a word is missing, where the file is not what was
 * mapped, or where no call instruction stands before what should be a return address,
 * the frames end, and it is told why.
 *
 * The tables that lead the way are in files that anybody may have written, and the
 * libraries that read them are large. So a child process does this, with bounds on its
 * memory and time; if it ends or hangs, the answer is that it is not known.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <elfutils/version.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/message.h"
#include "target/places.h"
#include "target/unwind.h"

#define MAX_FRAMES 512u
#define MAX_RESUMED 256u
#define MAX_ANSWER (16u << 20)
#define MAX_DEATHS 3u	/* of the child, until no more are made */
#define MEMORY ((rlim_t)4 << 30)	/* that it may map, beyond what there is */

#define FROM_NET 5u	/* times as long, where debug information is fetched */

/* How long the child may take for one stack, names included. */
unsigned int unwind_seconds = 30;

bool unwind_forks = true;

/* What libdwfl knows as a module, for find_elf(). */
struct module_ref {
	struct code_file *f;
};

/* The files as 64-bit or as 32-bit code: a process may make calls of either kind. */
struct view {
	unsigned int wordsize;
	union {
		Elf64_Ehdr e64;
		Elf32_Ehdr e32;
	} header;	/* that tells libdwfl the processor */
	Elf *machine;
	Dwfl *dwfl;
	bool tried;
	struct module_ref *ref;
};

struct raw_frame {
	u64 pc;
	bool exact;	/* no return address: it stood or was interrupted there */
};

struct registers {
	u64 reg[KEPT_REGS];
	u32 has;
};

struct unwind {
	struct target *t;
	struct code_files files;
	struct places *places;
	struct view view[2];
	char debug_path[96];
	char *debug_paths;

	/* The child, as its parent sees it. */
	pid_t worker;
	int fd;
	unsigned int deaths;
	bool gave_up;
	bool no_names;		/* looking for them is what it died of */
	volatile bool *naming;	/* shared: is it looking for names now? */

	/* The stack that is unwound now. */
	const struct kept_stack *now;
	struct view *v;
	struct registers from;
	bool resumed;		/* @from is not where the stack began */
	bool stepped;		/* @from was set for another round */
	bool refused;		/* a word was asked for that is not there */
	u64 refused_at;
	bool outermost;		/* tables say that nothing called the last frame */
	bool stopped;		/* @end is known */
	enum unwind_end end;
	bool first;
	struct raw_frame raw[MAX_FRAMES];
	size_t raws;
};

/**
 * kept_pc - the number that DWARF has for the program counter
 * @wordsize: 8 or 4
 *
 * Return: the number.
 */
unsigned int kept_pc(unsigned int wordsize)
{
	return wordsize == 8 ? 16 : 8;
}

/**
 * kept_sp - the number that DWARF has for the stack pointer
 * @wordsize: 8 or 4
 *
 * Return: the number.
 */
unsigned int kept_sp(unsigned int wordsize)
{
	return wordsize == 8 ? 7 : 4;
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
	(void)dwfl;
	if (*thread_arg)
		return 0;
	*thread_arg = arg;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread_arg)
{
	(void)dwfl;
	*thread_arg = arg;
	return tid == 1;
}

static int by_at(const void *a, const void *b)
{
	const struct kept_word *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* The word at an address; false where it was not kept, which is not the same as 0. */
static bool kept_word(const struct kept_stack *k, u64 addr, u64 *value)
{
	const struct kept_word key = {
		.at = addr - k->reg[kept_sp(k->wordsize)]
	};
	const struct kept_word *w = k->words ?
		bsearch(&key, k->word, k->words, sizeof(key), by_at) : NULL;

	if (w)
		*value = w->value;
	return w;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *result,
			void *arg)
{
	struct unwind *u = arg;
	u64 value;

	(void)dwfl;
	if (kept_word(u->now, addr, &value)) {
		*result = value;
		return true;
	}
	u->refused = true;
	u->refused_at = addr;
	return false;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	struct unwind *u = arg;
	unsigned int i;

	for (i = 0; i < KEPT_REGS; i++) {
		Dwarf_Word value = u->from.reg[i];

		if (u->from.has >> i & 1 &&
		    !dwfl_thread_state_registers(thread, i, 1, &value))
			return false;
	}
	return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

static int find_elf(Dwfl_Module *dm, void **data, const char *name,
		    Dwarf_Addr base, char **path, Elf **elf)
{
	const struct module_ref *ref = *data;

	(void)dm;
	(void)name;
	(void)base;
	(void)path;
	if (code_file_try(ref->f) != CODE_USABLE)
		return -1;
	if (!ref->f->vdso)
		return fcntl(elf_fd(ref->f->ef), F_DUPFD_CLOEXEC, 0);
	*elf = elf_memory((char *)ref->f->image, ref->f->image_len);
	return -1;
}

/*
 * A separate debug file is looked for by build-id, and by a name that the file has: the
 * latter could be anything, so only a file of root's or ours is followed.
 */
static int find_debuginfo(Dwfl_Module *dm, void **data, const char *name,
			  Dwarf_Addr base, const char *file, const char *link,
			  GElf_Word crc, char **found)
{
	const struct module_ref *ref = *data;

	(void)file;
	if (!ref->f->trusted || ref->f->vdso)
		return -1;
	return dwfl_standard_find_debuginfo(dm, data, name, base,
					    ref->f->mod.path, link, crc,
					    found);
}

static void make_header(struct view *v)
{
	u8 *ident = v->header.e64.e_ident;

	memcpy(ident, ELFMAG, SELFMAG);
	ident[EI_CLASS] = v->wordsize == 8 ? ELFCLASS64 : ELFCLASS32;
	ident[EI_DATA] = ELFDATA2LSB;
	ident[EI_VERSION] = EV_CURRENT;
	if (v->wordsize == 8) {
		v->header.e64.e_type = ET_CORE;
		v->header.e64.e_machine = EM_X86_64;
		v->header.e64.e_version = EV_CURRENT;
		v->header.e64.e_ehsize = sizeof(v->header.e64);
	} else {
		v->header.e32.e_type = ET_CORE;
		v->header.e32.e_machine = EM_386;
		v->header.e32.e_version = EV_CURRENT;
		v->header.e32.e_ehsize = sizeof(v->header.e32);
	}
}

/* Each file is opened when the first frame is in it. */
static void report_files(struct unwind *u, struct view *v)
{
	size_t i;

	v->ref = xcalloc(u->files.n, sizeof(*v->ref));
	dwfl_report_begin(v->dwfl);
	for (i = 0; i < u->files.n; i++) {
		struct code_file *f = &u->files.file[i];
		Dwfl_Module *dm = dwfl_report_module(v->dwfl, f->mod.path,
						     f->mod.start, f->mod.end);
		void **data;

		v->ref[i].f = f;
		if (!dm)
			continue;
		dwfl_module_info(dm, &data, NULL, NULL, NULL, NULL, NULL, NULL);
		*data = &v->ref[i];
	}
	dwfl_report_end(v->dwfl, NULL, NULL);
}

static struct view *view_of(struct unwind *u, unsigned int wordsize)
{
	static Dwfl_Callbacks callbacks = {
		.find_elf = find_elf,
		.find_debuginfo = find_debuginfo,
	};
	struct view *v = &u->view[wordsize == 4];

	if (v->tried)
		return v->dwfl ? v : NULL;
	v->tried = true;
	v->wordsize = wordsize;
	callbacks.debuginfo_path = &u->debug_paths;
	make_header(v);
	elf_version(EV_CURRENT);
	v->machine = elf_memory((char *)&v->header, sizeof(v->header));
	v->dwfl = dwfl_begin(&callbacks);
	if (!v->machine || !v->dwfl)
		return NULL;
	report_files(u, v);
	if (!dwfl_attach_state(v->dwfl, v->machine, 1, &thread_callbacks, u)) {
		dwfl_end(v->dwfl);
		v->dwfl = NULL;
	}
	return v->dwfl ? v : NULL;
}

/**
 * unwind_open - get ready to unwind stacks
 * @t: the target, whose mappings are those of now
 *
 * Return: to be ended with unwind_close().
 */
struct unwind *unwind_open(struct target *t)
{
	struct unwind *u = xcalloc(1, sizeof(*u));

	u->t = t;
	u->fd = -1;
	code_files_find(t, &u->files);
	u->places = places_open(t, &u->files);
	snprintf(u->debug_path, sizeof(u->debug_path), ":.debug:/usr/lib/debug");
	if (t->live)
		snprintf(u->debug_path, sizeof(u->debug_path),
			 ":.debug:/usr/lib/debug:/proc/%d/root/usr/lib/debug",
			 (int)t->via);
	u->debug_paths = u->debug_path;
	u->naming = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (u->naming == MAP_FAILED)
		u->naming = NULL;
	return u;
}

static void stop_worker(struct unwind *u)
{
	if (!u->worker)
		return;
	close(u->fd);
	kill(u->worker, SIGKILL);
	while (waitpid(u->worker, NULL, 0) < 0 && errno == EINTR)
		;
	u->worker = 0;
	u->fd = -1;
}

/**
 * unwind_close - end it, and forget all places
 * @u: from unwind_open(), or NULL
 */
void unwind_close(struct unwind *u)
{
	size_t i;

	if (!u)
		return;
	stop_worker(u);
	for (i = 0; i < ARRAY_SIZE(u->view); i++) {
		if (u->view[i].dwfl)
			dwfl_end(u->view[i].dwfl);
		elf_end(u->view[i].machine);
		free(u->view[i].ref);
	}
	places_close(u->places);
	code_files_free(&u->files);
	if (u->naming)
		munmap((void *)u->naming, PAGE);
	free(u);
}

/**
 * unwind_files - the files that the target runs code of
 * @u: from unwind_open()
 *
 * Return: the list, with the state of those that a frame was in.
 */
const struct code_files *unwind_files(const struct unwind *u)
{
	return &u->files;
}

/**
 * unwind_lacks_names - was it too much to look for names?
 * @u: from unwind_open()
 *
 * Return: true if some have none for that reason.
 */
bool unwind_lacks_names(const struct unwind *u)
{
	return u->no_names;
}

static int stop_at(struct unwind *u, enum unwind_end end)
{
	u->stopped = true;
	u->end = end;
	return DWARF_CB_ABORT;
}

/* What one kind of tables, .eh_frame or .debug_frame, says of an address. */
static bool table_says(Dwarf_CFI *cfi, u64 addr, bool *outermost)
{
	Dwarf_Frame *frame = NULL;
	Dwarf_Op mem[3], *ops;
	size_t n;
	int ra;

	if (!cfi || dwarf_cfi_addrframe(cfi, addr, &frame))
		return false;
	ra = dwarf_frame_info(frame, NULL, NULL, NULL);
	*outermost = ra >= 0 && !dwarf_frame_register(frame, ra, mem, &ops,
						      &n) && !n && ops == mem;
	free(frame);
	return true;
}

/*
 * Do unwind tables say how to go on from this address? That there is no return address
 * they say of functions that nothing called.
 */
static bool has_tables(Dwfl_Module *dm, u64 addr, bool *outermost)
{
	Dwarf_Addr bias;
	Dwarf_CFI *cfi = dwfl_module_eh_cfi(dm, &bias);

	if (table_says(cfi, addr - bias, outermost))
		return true;
	cfi = dwfl_module_dwarf_cfi(dm, &bias);
	return table_says(cfi, addr - bias, outermost);
}

/* Does libdwfl think that it is mapped where it is? */
static bool is_mapped_so(Dwfl_Module *dm, struct code_file *f)
{
	Dwarf_Addr bias;
	Elf *elf = dwfl_module_getelf(dm, &bias);

	return elf && bias == f->bias;
}

/* Older elfutils do not tell the registers of a frame. */
#if defined(__x86_64__) && _ELFUTILS_PREREQ(0, 188)
/*
 * How far the return address is above the stack pointer, where the next instructions
 * are "add $n,%rsp; ret" or "ret". So end the small functions that CPython makes at run
 * time, one for each function of Python, with perf's support switched on.
 */
static bool returns_next(struct unwind *u, u64 pc, u64 *above)
{
	u8 code[5];

	if (!code_read(&u->files, pc, code, 1))
		return false;
	*above = 0;
	if (code[0] == 0xc3)
		return true;
	if (code_read(&u->files, pc, code, sizeof(code)) != sizeof(code) ||
	    code[0] != 0x48 || code[1] != 0x83 || code[2] != 0xc4 ||
	    code[4] != 0xc3 || code[3] >= 0x80)
		return false;
	*above = code[3];
	return true;
}

/* Step over such a function, and have the tables lead on from there. */
static bool step_over(struct unwind *u, Dwfl_Frame *frame, u64 pc)
{
	unsigned int sp = kept_sp(u->v->wordsize), ip = kept_pc(u->v->wordsize);
	struct registers regs = { .has = 0 };
	u64 above, to;
	unsigned int i;

	if (u->v->wordsize != 8 || !returns_next(u, pc, &above))
		return false;
	for (i = 0; i < KEPT_REGS; i++) {
		Dwarf_Word value;

		if (i == ip || dwfl_frame_reg(frame, i, &value))
			continue;
		regs.reg[i] = value;
		regs.has |= 1u << i;
	}
	if (!(regs.has >> sp & 1) ||
	    !kept_word(u->now, regs.reg[sp] + above, &to))
		return false;
	regs.reg[sp] += above + 8;
	regs.reg[ip] = to;
	regs.has |= 1u << ip;
	u->from = regs;
	u->stepped = true;
	return true;
}

#else
static bool step_over(struct unwind *u, Dwfl_Frame *frame, u64 pc)
{
	(void)u;
	(void)frame;
	(void)pc;
	return false;
}
#endif

/*
 * Code of no file, made at run time: there are no tables. Those who make it mostly keep
 * %rbp as a frame pointer, which libdwfl then follows.
 */
static int leave_jit(struct unwind *u, Dwfl_Frame *frame, u64 pc)
{
	return step_over(u, frame, pc) ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static int take_frame(Dwfl_Frame *frame, void *arg)
{
	struct unwind *u = arg;
	struct code_file *f;
	Dwfl_Module *dm;
	Dwarf_Addr pc;
	bool exact;
	u64 addr;

	u->refused = false;
	u->outermost = false;
	if (!dwfl_frame_pc(frame, &pc, &exact))
		return stop_at(u, UNWIND_LOST);
	if (u->first && u->resumed)
		exact = false;
	u->first = false;
	addr = exact || !pc ? pc : pc - 1;
	f = code_file_at(&u->files, addr);
	/*
	 * What no call led to is no return address: code that was here is gone, or
	 * tables are wrong. The first function of a context of makecontext() is the
	 * last one here, for the same reason.
	 */
	if (!exact && code_is_executable(u->t, addr) &&
	    (!f || code_file_try(f) == CODE_USABLE) &&
	    !code_follows_call(&u->files, pc))
		return stop_at(u, UNWIND_LOST);
	if (u->raws == MAX_FRAMES)
		return stop_at(u, UNWIND_LOST);
	u->raw[u->raws++] = (struct raw_frame){ pc, exact };
	if (!code_is_executable(u->t, addr))
		return stop_at(u, UNWIND_UNMAPPED);
	if (!f)
		return leave_jit(u, frame, pc);
	if (code_file_try(f) != CODE_USABLE)
		return stop_at(u, UNWIND_FILE);
	dm = dwfl_addrmodule(u->v->dwfl, addr);
	if (!dm || !is_mapped_so(dm, f)) {
		f->state = CODE_UNFIT;
		return stop_at(u, UNWIND_FILE);
	}
	return has_tables(dm, addr, &u->outermost) ? DWARF_CB_OK :
						     stop_at(u, UNWIND_LOST);
}

/* A word that was asked for last is missing: why? */
static enum unwind_end why_refused(const struct unwind *u)
{
	const struct kept_stack *k = u->now;
	u64 at = u->refused_at - k->reg[kept_sp(k->wordsize)];

	if (u->refused_at < k->reg[kept_sp(k->wordsize)])
		return UNWIND_LOST;
	if (k->cut && (!k->words || at > k->word[k->words - 1].at))
		return UNWIND_CUT;
	if (!k->end && k->looked && at >= k->looked)
		return UNWIND_DEEP;
	if (k->part)
		return UNWIND_PART;
	return UNWIND_LOST;
}

static void unwind_raw(struct unwind *u, const struct kept_stack *k)
{
	unsigned int rounds = 0;

	u->now = k;
	u->raws = 0;
	u->end = UNWIND_LOST;
	u->outermost = false;
	u->stopped = false;
	u->stepped = false;
	u->v = view_of(u, k->wordsize);
	if (!u->v)
		return;
	memcpy(u->from.reg, k->reg, sizeof(k->reg));
	u->from.has = k->has;
	do {
		u->resumed = u->stepped;
		u->stepped = false;
		u->refused = false;
		u->first = true;
		dwfl_getthread_frames(u->v->dwfl, 1, take_frame, u);
	} while (u->stepped && !u->stopped && rounds++ < MAX_RESUMED);
	if (u->stopped || u->stepped)
		return;
	if (u->outermost)
		u->end = UNWIND_WHOLE;
	else if (u->refused)
		u->end = why_refused(u);
}

static u64 place_addr(const struct raw_frame *r)
{
	return r->exact || !r->pc ? r->pc : r->pc - 1;
}

/* The place of a frame; its file is tried first, so that what it is known of is. */
static struct code_place *place_of(struct unwind *u, const struct raw_frame *r,
				   unsigned int wordsize, bool *is_new)
{
	u64 addr = place_addr(r);
	struct code_file *f = code_file_at(&u->files, addr);

	if (f)
		code_file_try(f);
	return places_at(u->places, addr, wordsize, is_new);
}

static void name_place(struct unwind *u, struct code_place *place)
{
	Dwfl_Module *dm;

	if (!place->file || place->file->state != CODE_USABLE || u->no_names ||
	    !u->v)
		return;
	dm = dwfl_addrmodule(u->v->dwfl, place->addr);
	if (!dm)
		return;
	if (u->naming)
		*u->naming = true;
	place_name(u->places, place, dm);
	if (u->naming)
		*u->naming = false;
}

static void add_frame(struct frames *f, u64 pc, const struct code_place *place)
{
	f->frame = xgrow(f->frame, f->n, sizeof(*f->frame));
	f->frame[f->n++] = (struct frame){ pc, place };
}

/**
 * unwind_stack_here - unwind a stack in this process, without the child
 * @u: from unwind_open()
 * @k: what was kept of it
 * @f: filled; free() its .frame
 */
void unwind_stack_here(struct unwind *u, const struct kept_stack *k,
		       struct frames *f)
{
	bool is_new;
	size_t i;

	memset(f, 0, sizeof(*f));
	unwind_raw(u, k);
	for (i = 0; i < u->raws; i++) {
		struct code_place *place = place_of(u, &u->raw[i], k->wordsize,
						    &is_new);

		if (is_new)
			name_place(u, place);
		add_frame(f, u->raw[i].pc, place);
	}
	f->end = u->end;
}

static void put_kept(struct message *m, const struct kept_stack *k)
{
	size_t i;

	message_put_u64(m, k->wordsize);
	message_put_u64(m, k->cut | k->part << 1 | k->end << 2);
	message_put_u64(m, k->looked);
	message_put_u64(m, k->has);
	for (i = 0; i < KEPT_REGS; i++)
		message_put_u64(m, k->reg[i]);
	message_put_u64(m, k->words);
	for (i = 0; i < k->words; i++) {
		message_put_u64(m, k->word[i].at);
		message_put_u64(m, k->word[i].value);
	}
}

static void take_kept(struct message *m, struct kept_stack *k)
{
	u64 flags;
	size_t i;

	memset(k, 0, sizeof(*k));
	k->wordsize = message_u64(m);
	flags = message_u64(m);
	k->cut = flags & 1;
	k->part = flags >> 1 & 1;
	k->end = flags >> 2 & 1;
	k->looked = message_u64(m);
	k->has = message_u64(m);
	for (i = 0; i < KEPT_REGS; i++)
		k->reg[i] = message_u64(m);
	k->words = message_u64(m);
	k->word = xcalloc(k->words, sizeof(*k->word));
	for (i = 0; i < k->words; i++) {
		k->word[i].at = message_u64(m);
		k->word[i].value = message_u64(m);
	}
}

static void put_place(struct message *m, const struct code_place *place)
{
	size_t i;

	message_put_u64(m, place->fns);
	for (i = 0; i < place->fns; i++) {
		message_put_text(m, place->fn[i].name);
		message_put_text(m, place->fn[i].source);
		message_put_u64(m, place->fn[i].line);
		message_put_u64(m, place->fn[i].inlined);
	}
}

static void take_place(struct message *m, struct code_place *place, bool is_new)
{
	u64 n = message_u64(m), i;

	for (i = 0; i < n && !m->wrong; i++) {
		struct function fn = { .name = message_text(m) };

		fn.source = message_text(m);
		fn.line = message_u64(m);
		fn.inlined = message_u64(m);
		if (is_new) {
			*place_add(place) = fn;
		} else {
			free(fn.name);
			free(fn.source);
		}
	}
}

/* In the child: answer one question. */
static bool answer(struct unwind *u, int fd)
{
	struct message in = { 0 }, out = { 0 };
	struct kept_stack k = { 0 };
	bool ok = message_receive(fd, &in, MAX_ANSWER, -1), is_new;
	size_t i;

	if (ok) {
		take_kept(&in, &k);
		unwind_raw(u, &k);
		message_put_u64(&out, u->end);
		message_put_u64(&out, u->raws);
		for (i = 0; i < u->raws; i++) {
			struct code_place *place = place_of(u, &u->raw[i],
							    k.wordsize, &is_new);

			if (is_new)
				name_place(u, place);
			message_put_u64(&out, u->raw[i].pc);
			message_put_u64(&out, u->raw[i].exact);
			/* A name from perf's list the parent has itself. */
			message_put_u64(&out, is_new && !place->jit);
			if (is_new && !place->jit)
				put_place(&out, place);
		}
		ok = message_send(fd, &out);
	}
	free(k.word);
	message_free(&in);
	message_free(&out);
	return ok;
}

/* Bounds on the child. With AddressSanitizer all memory is reserved, to begin with. */
static void bound_child(void)
{
	const struct rlimit none = { 0, 0 }, cpu = { 120, 120 };
#ifndef __SANITIZE_ADDRESS__
	char line[256];
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;
	struct rlimit as;

	if (f && fgets(line, sizeof(line), f))
		pages = strtoul(line, NULL, 10);
	if (f)
		fclose(f);
	as.rlim_cur = MEMORY + (rlim_t)pages * sysconf(_SC_PAGESIZE);
	as.rlim_max = as.rlim_cur;
	setrlimit(RLIMIT_AS, &as);
#endif
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &cpu);
}

static bool start_worker(struct unwind *u)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return false;
	u->worker = fork();
	if (u->worker < 0) {
		u->worker = 0;
		close(pair[0]);
		close(pair[1]);
		return false;
	}
	if (!u->worker) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		bound_child();
		/* Its death is an answer, too, and not one for the terminal. */
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		while (getppid() == parent && answer(u, pair[1]))
			;
		_exit(0);
	}
	close(pair[1]);
	u->fd = pair[0];
	if (u->naming)
		*u->naming = false;
	return true;
}

static bool take_answer(struct unwind *u, struct message *m,
			const struct kept_stack *k, struct frames *f)
{
	u64 end = message_u64(m), n = message_u64(m), i;
	bool is_new;

	if (end > UNWIND_LAST || n > MAX_FRAMES)
		return false;
	for (i = 0; i < n && !m->wrong; i++) {
		struct raw_frame r = { .pc = message_u64(m) };
		struct code_place *place;

		r.exact = message_u64(m);
		place = place_of(u, &r, k->wordsize, &is_new);
		if (message_u64(m))
			take_place(m, place, is_new);
		add_frame(f, r.pc, place);
		/* What only the child can see, by asking libdwfl. */
		if (end == UNWIND_FILE && i == n - 1 && place->file &&
		    place->file->state == CODE_USABLE)
			code_file_at(&u->files, place->addr)->state =
				CODE_UNFIT;
	}
	f->end = end;
	return !m->wrong;
}

static bool ask_worker(struct unwind *u, const struct kept_stack *k,
		       struct frames *f)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	int seconds = unwind_seconds * (urls && *urls ? FROM_NET : 1);
	struct message question = { 0 }, m = { 0 };
	bool ok;

	if (!u->worker && !start_worker(u))
		return false;
	put_kept(&question, k);
	ok = message_send(u->fd, &question) &&
	     message_receive(u->fd, &m, MAX_ANSWER, seconds * 1000) &&
	     take_answer(u, &m, k, f);
	message_free(&question);
	message_free(&m);
	return ok;
}

/**
 * unwind_stack - unwind a stack and name its functions
 * @u: from unwind_open()
 * @k: what was kept of it
 * @f: filled; free() its .frame. The places stay until unwind_close()
 *
 * This may take seconds where large files are asked for the first time.
 */
void unwind_stack(struct unwind *u, const struct kept_stack *k,
		  struct frames *f)
{
	struct raw_frame first = { k->reg[kept_pc(k->wordsize)], true };
	bool is_new;

	if (!unwind_forks) {
		unwind_stack_here(u, k, f);
		return;
	}
	memset(f, 0, sizeof(*f));
	while (!u->gave_up) {
		bool naming;

		if (ask_worker(u, k, f))
			return;
		naming = u->naming && *u->naming;
		stop_worker(u);
		f->n = 0;
		u->gave_up = ++u->deaths == MAX_DEATHS;
		/* Do without names; else do without this stack. */
		if (!naming || u->no_names)
			break;
		u->no_names = true;
	}
	f->end = UNWIND_GAVE_UP;
	add_frame(f, first.pc, place_of(u, &first, k->wordsize, &is_new));
}
