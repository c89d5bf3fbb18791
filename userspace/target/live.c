// SPDX-License-Identifier: GPL-2.0
/* Read a live process: its memory, and its files in /proc. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <elf.h>

#include "target/pagemap.h"

struct live {
	int mem;		/* /proc/PID/mem, -1 until it is needed */
	struct pagemap *pm;	/* NULL until it is needed */
	bool no_pm;		/* it is not for us */
	bool no_readv;		/* the system call is missing or filtered */
};

/*
 * The functions that a program says it made at run time, as perf(1) looks for them. In
 * that folder anybody may put files: only the process's own user, or root, is believed.
 */
static FILE *perf_map(struct target *t)
{
	char path[96];
	struct stat st, owner;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root/tmp/perf-%d.map",
		 (int)t->via, (int)target_own_number(t, t->pid));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
		  O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d", (int)t->pid);
	if (fstat(fd, &st) || stat(path, &owner) || !S_ISREG(st.st_mode) ||
	    (st.st_uid && st.st_uid != owner.st_uid)) {
		close(fd);
		return NULL;
	}
	return fdopen(fd, "r");
}

static FILE *live_text(struct target *t, const char *name)
{
	char path[64];

	if (!strcmp(name, "perf-map"))
		return perf_map(t);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)t->via, name);
	return fopen(path, "re");
}

static int open_mem(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static size_t read_mem(struct target *t, u64 addr, void *buf, size_t len)
{
	struct live *l = t->priv;
	size_t done = 0;

	if (l->mem < 0)
		l->mem = open_mem(t->via);
	/*
	 * Addresses are offsets here: those beyond the largest off_t cannot be
	 * read.
	 */
	while (l->mem >= 0 && done < len && addr + done <= INT64_MAX) {
		ssize_t n = pread(l->mem, (u8 *)buf + done, len - done,
				  addr + done);

		if (n <= 0)
			break;
		done += n;
	}
	return done;
}

static size_t live_threads(struct target *t, struct thread **list)
{
	char path[64];
	struct dirent *d;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)t->pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		pid_t tid = atoi(d->d_name);

		if (tid <= 0)
			continue;
		*list = xgrow(*list, n, sizeof(**list));
		(*list)[n++] = (struct thread){ .tid = tid };
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Is the thread stopped, by a signal or a debugger, or has it ended? */
static void live_where(struct target *t, struct thread *th)
{
	char name[32], line[512];
	const char *state;

	snprintf(name, sizeof(name), "task/%d/stat", (int)th->tid);
	state = stat_field(live_text(t, name), line, sizeof(line), 3);
	th->stopped = !state || strchr("TtZX", *state);
	th->placed = !state || strchr("ZX", *state);
	th->nr = -1;
	th->pc = 0;
	if (th->stopped && !th->placed)
		th->placed = target_syscall(t, th);
}

/* A thread that ends gives up its memory some time before it is a zombie. */
static bool has_memory(struct target *t)
{
	FILE *f = live_text(t, "statm");
	unsigned long pages = 0;

	if (f && fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages;
}

/*
 * The first thread may end before the others: read memory through another one.
 */
static bool other_thread(struct target *t)
{
	struct thread *list = NULL;
	size_t n = live_threads(t, &list), i;
	pid_t before = t->via;
	bool found = false;

	for (i = 0; i < n && !found; i++) {
		t->via = list[i].tid;
		found = has_memory(t);
	}
	if (!found)
		t->via = before;
	free(list);
	return found;
}

static size_t read_there(struct target *t, u64 addr, void *buf, size_t len)
{
	struct live *l = t->priv;
	pid_t via = t->via;
	size_t done = 0;
	int ret;

	while (!l->no_readv && done < len) {
		struct iovec to = { (u8 *)buf + done, len - done };
		struct iovec from = { (void *)(uintptr_t)(addr + done),
				      len - done };
		ssize_t n = process_vm_readv(t->via, &to, 1, &from, 1, 0);

		ret = n < 0 ? errno : 0;
		/* Change the thread only once: these may go on ending. */
		if (ret == ESRCH && t->via == via && other_thread(t) &&
		    t->via != via)
			continue;
		/*
		 * The call is missing or forbidden. (EFAULT, ESRCH: no memory
		 * there.)
		 */
		if (ret && ret != EFAULT && ret != ESRCH)
			l->no_readv = true;
		if (n <= 0)
			break;
		done += n;
	}
	if (!l->no_readv)
		return done;
	return done + read_mem(t, addr + done, (u8 *)buf + done, len - done);
}

/* The mapping at an address, if never touched means nothing but zeroes there. */
static const struct mapping *anon_at(struct target *t, u64 addr)
{
	const struct mapping *m = maps_find(&t->maps, addr);
	struct live *l = t->priv;

	if (!m || !(map_is_anon(m) || map_is_heap(m)))
		return NULL;
	if (!l->pm && !l->no_pm) {
		l->pm = pagemap_open(t);
		l->no_pm = !l->pm;
	}
	return m;
}

/* How far is memory alike, and is there more than zeroes in it? */
static bool is_touched(struct target *t, u64 addr, u64 end, u64 *stop)
{
	struct live *l = t->priv;
	u64 known = l->pm ? pagemap_known(l->pm, addr) : 0;
	const struct mapping *m;

	*stop = end;
	if (known || l->no_pm) {
		*stop = known ? min_u64(end, known) : end;
		return true;
	}
	m = anon_at(t, addr);
	if (m && l->pm)
		return pagemap_run(l->pm, addr, min_u64(end, m->end), m->start,
				   m->end, stop);
	m = maps_find(&t->maps, addr);
	if (m)
		*stop = min_u64(end, m->end);
	return true;
}

/*
 * Where another process reads what was never touched, the kernel makes a page of
 * it, by process_vm_readv() as by /proc/PID/mem.  The process would have more
 * memory afterwards; so the zeroes that are there are not read.
 */
static size_t live_read(struct target *t, u64 addr, void *buf, size_t len)
{
	u64 end = addr + len, stop;
	size_t done = 0, n;

	while (done < len) {
		bool touched = is_touched(t, addr + done, end, &stop);

		n = stop - (addr + done);
		if (touched)
			n = read_there(t, addr + done, (u8 *)buf + done, n);
		else
			memset((u8 *)buf + done, 0, n);
		done += n;
		if (addr + done < stop)
			break;
	}
	return done;
}

static u64 live_next(struct target *t, u64 addr)
{
	const struct mapping *m = anon_at(t, addr);
	struct live *l = t->priv;

	return m ? pagemap_next(l->pm, addr, m->end) : addr;
}

static int same_file(int fd, const struct mapping *m)
{
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    (!m->inode || st.st_ino == m->inode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int live_file(struct target *t, const struct mapping *m)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	char path[4096 + 64];
	int fd;

	/*
	 * This leads to the very file, even a deleted one; but only root may.
	 */
	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
		 (int)t->via, m->start, m->end);
	fd = same_file(open(path, flags), m);
	if (fd >= 0 || m->path[0] != '/')
		return fd;
	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)t->via, m->path);
	return same_file(open(path, flags), m);
}

static void live_close(struct target *t)
{
	struct live *l = t->priv;

	if (l->mem >= 0)
		close(l->mem);
	pagemap_close(l->pm);
	free(l);
}

static void read_comm(struct target *t)
{
	FILE *f = live_text(t, "comm");
	size_t n = f ? fread(t->comm, 1, sizeof(t->comm) - 1, f) : 0;

	if (n && t->comm[n - 1] == '\n')
		n--;
	t->comm[n] = '\0';
	if (f)
		fclose(f);
}

/* The ELF class of the program says how wide a pointer is. */
static unsigned int read_wordsize(pid_t pid)
{
	unsigned char ident[EI_NIDENT] = { 0 };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		if (read(fd, ident, sizeof(ident)) < 0)
			ident[EI_CLASS] = 0;
		close(fd);
	}
	return ident[EI_CLASS] == ELFCLASS32 ? 4 : 8;
}

static int yama_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (f) {
		if (fscanf(f, "%d", &scope) != 1)
			scope = 0;
		fclose(f);
	}
	return scope;
}

static int not_permitted(pid_t pid, struct error *e)
{
	int scope = geteuid() ? yama_scope() : 0;

	if (scope)
		return error_set(e, "not permitted to read the memory of process %d: kernel.yama.ptrace_scope is %d; run as root, with CAP_SYS_PTRACE, or start the program with 'heapinfo run'",
				 (int)pid, scope);
	return error_set(e, "not permitted to read the memory of process %d; run as its user, as root, or with CAP_SYS_PTRACE",
			 (int)pid);
}

#define TRIES 20u

/* The process's state as ps shows it, 'R' or 'Z' say; '?' if it is gone. */
static char process_state(pid_t pid, unsigned int *flags)
{
	char path[64], line[512], state;
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	at = stat_field(fopen(path, "re"), line, sizeof(line), 3);
	*flags = 0;
	return at && sscanf(at, "%c %*d %*d %*d %*d %*d %u", &state,
			    flags) == 2 ? state : '?';
}

/* Say why it has no mappings; or return 0 where it may have some by now. */
static int no_mappings(struct target *t, struct error *e)
{
	unsigned int flags;
	char state = process_state(t->pid, &flags);

	if (other_thread(t))
		return 0;
	if (state == '?' || state == 'X')
		return error_set(e, "process %d has ended; 'ps -e' lists those that run",
				 (int)t->pid);
	if (state == 'Z')
		return error_set(e, "process %d has ended and waits for its parent: it has no memory any more; 'heapinfo run' shows a heap before its program ends",
				 (int)t->pid);
	if (flags & PF_KTHREAD)
		return error_set(e, "process %d is a kernel thread: it has no heap; 'ps -ef' lists those in brackets",
				 (int)t->pid);
	return 0;
}

static int live_maps(struct target *t, struct maps *maps, struct error *e)
{
	struct live *l = t->priv;
	unsigned int i;
	FILE *f;
	int ret;

	/*
	 * If an exec comes between open() and read(), the file is that of the
	 * old program and has no mappings: open it again.
	 */
	for (i = 0; i < TRIES; i++) {
		errno = 0;
		f = live_text(t, "maps");
		if (f && !maps_parse(maps, f)) {
			fclose(f);
			/* After an exec the old pagemap is no longer of use. */
			pagemap_close(l->pm);
			l->pm = NULL;
			l->no_pm = false;
			return 0;
		}
		ret = errno;
		if (f)
			fclose(f);
		else if (ret == ENOENT && t->via == t->pid)
			return error_set(e, "no process %d; 'ps -e' lists them",
					 (int)t->pid);
		if (ret == EACCES || ret == EPERM)
			return not_permitted(t->pid, e);
		if (no_mappings(t, e))
			return -1;
	}
	return error_set(e, "process %d is ending, or starts one program after the other: it shows no memory; look again",
			 (int)t->pid);
}

static const struct target_ops live_ops = {
	.read = live_read,
	.next = live_next,
	.maps = live_maps,
	.text = live_text,
	.file = live_file,
	.threads = live_threads,
	.where = live_where,
	.close = live_close,
};

static int load(struct target *t, struct error *e)
{
	struct live *l = t->priv;
	u8 byte;

	if (live_maps(t, &t->maps, e))
		return -1;
	read_comm(t);
	t->wordsize = read_wordsize(t->via);
	if (!target_read(t, t->maps.map[0].start, &byte, 1) &&
	    l->no_readv && l->mem < 0)
		not_permitted(t->pid, &t->denied);
	return 0;
}

/**
 * target_open_live - look at a live process
 * @pid: the process
 * @via: the thread through which its memory is read: @pid, unless the first
 *	 thread has ended before the others
 * @e: the reason, on failure
 *
 * The process runs on.  Where its mappings can be read but not its memory, as
 * Yama can have it, the target has ->denied set.
 *
 * Return: the target, or NULL.
 */
struct target *target_open_live(pid_t pid, pid_t via, struct error *e)
{
	struct target *t = xcalloc(1, sizeof(*t));
	struct live *l = xcalloc(1, sizeof(*l));

	l->mem = -1;
	t->ops = &live_ops;
	t->priv = l;
	t->pid = pid;
	t->via = via;
	t->live = true;
	t->doubt = DOUBT_RUNNING;
	if (load(t, e)) {
		target_close(t);
		return NULL;
	}
	return t;
}
