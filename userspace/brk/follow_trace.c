// SPDX-License-Identifier: GPL-2.0
/*
 * Read the brk events of one process from the tracepoint heapinfo:brk, through
 * libtracefs. Built without it, all that this can do is say so.
 */
#include "brk/follow.h"

#ifdef HAVE_LIBTRACEFS
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tracefs.h>
#include <unistd.h>

/*
 * The inodes of the namespaces whose numbers of processes and whose clock tracefs
 * uses (linux/proc_ns.h).
 */
#define FIRST_PID_NAMESPACE	0xeffffffcu
#define FIRST_TIME_NAMESPACE	0xeffffffau

/*
 * The event's folder in an instance. Its files are written directly:
 * libtracefs's functions for events look through all events of the kernel.
 */
#define EVENT	"events/heapinfo/brk"

#define INSTANCE	"heapinfo-%d"	/* with the reader's pid */

struct follow_trace {
	struct tracefs_instance *instance;
	struct tep_handle *tep;
	struct trace_seq seq;
	int pipe;
	follow_fn fn;
	void *ctx;
};

static int refuse(struct error *e, const char *what)
{
	return error_set(e, "%s: %s", what, strerror(errno ? errno : ENOENT));
}

/*
 * In another pid namespace, as in a container, the same number may mean another
 * process than it means in the trace.
 */
static bool has_numbers_of_trace(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) &&
	       st.st_ino == FIRST_PID_NAMESPACE;
}

/* In another time namespace the trace and the file tell an event's time differently. */
static bool has_clock_of_trace(void)
{
	struct stat st;

	/* Not every kernel has such namespaces. */
	return stat("/proc/self/ns/time", &st) ||
	       st.st_ino == FIRST_TIME_NAMESPACE;
}

static int set(struct follow_trace *ft, const char *file, const char *to)
{
	return tracefs_instance_file_write(ft->instance, file, to) < 0 ? -1 : 0;
}

static int choose_events(struct follow_trace *ft, pid_t pid, struct error *e)
{
	char filter[32];

	snprintf(filter, sizeof(filter), "tgid == %d", (int)pid);
	if (set(ft, EVENT "/filter", filter))
		return refuse(e, "heapinfo:brk cannot be filtered by process");
	if (set(ft, "trace_clock", "boot"))
		return refuse(e, "the trace clock cannot be chosen");
	if (set(ft, EVENT "/enable", "1"))
		return refuse(e, "heapinfo:brk cannot be enabled");
	return 0;
}

static void remove_instance(struct tracefs_instance *instance)
{
	tracefs_instance_file_write(instance, EVENT "/enable", "0");
	tracefs_instance_destroy(instance);
	tracefs_instance_free(instance);
}

/*
 * Remove the instances of readers that were killed: without this they would
 * stay until the machine restarts.
 */
static void remove_orphans(void)
{
	char *path = tracefs_get_tracing_file("instances");
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *de;
	int pid;

	while (dir && (de = readdir(dir))) {
		struct tracefs_instance *orphan;

		if (sscanf(de->d_name, INSTANCE, &pid) != 1 ||
		    !kill(pid, 0) || errno != ESRCH)
			continue;
		orphan = tracefs_instance_alloc(NULL, de->d_name);
		if (orphan)
			remove_instance(orphan);
	}
	if (dir)
		closedir(dir);
	tracefs_put_tracing_file(path);
}

/*
 * Read the format of this one event: libtracefs's function for all of them
 * reads all symbols of the kernel, too.
 */
static int learn_format(struct follow_trace *ft, struct error *e)
{
	int page_size = 0, event_size = 0, ret = 0;
	char *page = tracefs_instance_file_read(NULL, "events/header_page",
						&page_size);
	char *event = tracefs_event_file_read(NULL, "heapinfo", "brk", "format",
					      &event_size);

	ft->tep = tep_alloc();
	if (!page || !event || !ft->tep ||
	    tep_parse_header_page(ft->tep, page, page_size, sizeof(long)) ||
	    tep_parse_event(ft->tep, event, event_size, "heapinfo"))
		ret = refuse(e, "the event heapinfo:brk cannot be read");
	free(page);
	free(event);
	return ret;
}

static int start(struct follow_trace *ft, pid_t pid, struct error *e)
{
	char name[32];

	if (!has_numbers_of_trace())
		return error_set(e, "this is a container, whose process numbers are not those of the trace");
	if (!has_clock_of_trace())
		return error_set(e, "this is a time namespace, whose clock is not that of the trace");
	errno = 0;
	if (!tracefs_tracing_dir())
		return refuse(e, "there is no tracefs");
	if (learn_format(ft, e))
		return -1;
	remove_orphans();
	snprintf(name, sizeof(name), INSTANCE, (int)getpid());
	ft->instance = tracefs_instance_create(name);
	if (!ft->instance)
		return refuse(e, "no trace instance can be made");
	/* It is only polled, never read: to learn that there are events. */
	ft->pipe = tracefs_instance_file_open(ft->instance, "trace_pipe",
					      O_RDONLY | O_NONBLOCK);
	if (ft->pipe < 0)
		return refuse(e, "the trace cannot be waited for");
	/* Wake us at the first event, not when the buffer is half full. */
	set(ft, "buffer_percent", "0");
	return choose_events(ft, pid, e);
}

/**
 * follow_trace_open - begin to trace the brk events of a process
 * @pid: the process
 * @e: the reason, on failure
 *
 * Return: the trace, to be ended with follow_trace_close(); or NULL where there
 * is no tracepoint, or the caller may not use it.
 */
struct follow_trace *follow_trace_open(pid_t pid, struct error *e)
{
	struct follow_trace *ft = xcalloc(1, sizeof(*ft));

	ft->pipe = -1;
	trace_seq_init(&ft->seq);
	tep_set_loglevel(TEP_LOG_NONE);
	if (!start(ft, pid, e))
		return ft;
	follow_trace_close(ft);
	return NULL;
}

/**
 * follow_trace_fd - the file to wait on for events
 * @ft: from follow_trace_open()
 *
 * Return: a descriptor that poll() finds readable when there are events.
 */
int follow_trace_fd(const struct follow_trace *ft)
{
	return ft->pipe;
}

static int take(struct tep_event *event, struct tep_record *record, int cpu,
		void *ctx)
{
	struct follow_trace *ft = ctx;
	struct brk_event e = { .time_ns = record->ts };

	(void)cpu;
	if (strcmp(event->name, "brk"))
		return 0;
	/* Call and result are numbers in the event, and words when printed. */
	trace_seq_reset(&ft->seq);
	tep_print_event(ft->tep, &ft->seq, record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&ft->seq);
	if (sscanf(ft->seq.buffer, "asked=%" SCNx64 " from=%" SCNx64
		   " to=%" SCNx64 " call=%15s result=%23s mapping=%" SCNx64,
		   &e.asked, &e.from, &e.to, e.call, e.result,
		   &e.overlap) < 5)
		return 0;
	e.tid = tep_data_pid(ft->tep, record);
	e.delta = e.to - e.from;
	ft->fn(&e, ft->ctx);
	return 0;
}

/**
 * follow_trace_read - hand on the events since the last time
 * @ft: from follow_trace_open()
 * @fn: gets every call of brk(2), also those that only ask where the break is;
 *	without its number and the thread's name, which the trace does not have
 * @ctx: for @fn
 *
 * Does not wait.
 */
void follow_trace_read(struct follow_trace *ft, follow_fn fn, void *ctx)
{
	ft->fn = fn;
	ft->ctx = ctx;
	tracefs_iterate_raw_events(ft->tep, ft->instance, NULL, 0, take, ft);
}

/**
 * follow_trace_close - end the tracing, and leave nothing of it in tracefs
 * @ft: from follow_trace_open(), or NULL
 */
void follow_trace_close(struct follow_trace *ft)
{
	if (!ft)
		return;
	if (ft->pipe >= 0)
		close(ft->pipe);
	if (ft->instance)
		remove_instance(ft->instance);
	if (ft->tep)
		tep_free(ft->tep);
	trace_seq_destroy(&ft->seq);
	free(ft);
}

#else /* !HAVE_LIBTRACEFS */

struct follow_trace *follow_trace_open(pid_t pid, struct error *e)
{
	(void)pid;
	error_set(e, "heapinfo was built without libtracefs");
	return NULL;
}

int follow_trace_fd(const struct follow_trace *ft)
{
	(void)ft;
	return -1;
}

void follow_trace_read(struct follow_trace *ft, follow_fn fn, void *ctx)
{
	(void)ft;
	(void)fn;
	(void)ctx;
}

void follow_trace_close(struct follow_trace *ft)
{
	(void)ft;
}

#endif
