// SPDX-License-Identifier: GPL-2.0
/*
 * brk events of one process from the tracepoint heapinfo:brk, through
 * libtracefs; where that was not there at build time, only a refusal.
 */
#include "follow.h"

#ifdef HAVE_LIBTRACEFS
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <tracefs.h>
#include <unistd.h>

struct follow_trace {
	struct target *t;
	struct tracefs_instance *instance;
	struct tep_handle *tep;
	struct trace_seq seq;
	follow_fn fn;
	void *ctx;
};

static int refuse(struct error *e, const char *what)
{
	return error_set(e, "%s: %s", what, strerror(errno ? errno : ENOENT));
}

/* Threads that start later are followed too, with the option event-fork. */
static int choose_threads(struct follow_trace *ft, struct error *e)
{
	struct thread *list;
	size_t n = target_threads(ft->t, &list), i;
	char tid[16];
	int ret = 0;

	for (i = 0; i < n && !ret; i++) {
		snprintf(tid, sizeof(tid), "%d", (int)list[i].tid);
		if (tracefs_instance_file_append(ft->instance, "set_event_pid",
						 tid) < 0)
			ret = refuse(e, "cannot choose the threads to trace");
	}
	free(list);
	return ret;
}

static int start(struct follow_trace *ft, struct error *e)
{
	static const char *const systems[] = { "heapinfo", NULL };
	char name[32];

	errno = 0;
	if (!tracefs_tracing_dir())
		return refuse(e, "there is no tracefs");
	ft->tep = tracefs_local_events_system(NULL, systems);
	if (!ft->tep || !tep_find_event_by_name(ft->tep, "heapinfo", "brk"))
		return refuse(e, "the event heapinfo:brk cannot be read");
	snprintf(name, sizeof(name), "heapinfo-%d", (int)getpid());
	ft->instance = tracefs_instance_create(name);
	if (!ft->instance)
		return refuse(e, "no trace instance can be made");
	if (tracefs_instance_file_write(ft->instance, "trace_clock", "boot") < 0)
		return refuse(e, "the trace clock cannot be chosen");
	/* What a child does is filtered out again by its process. */
	tracefs_option_enable(ft->instance, TRACEFS_OPTION_EVENT_FORK);
	if (choose_threads(ft, e))
		return -1;
	if (tracefs_event_enable(ft->instance, "heapinfo", "brk"))
		return refuse(e, "heapinfo:brk cannot be enabled");
	return 0;
}

/**
 * follow_trace_open - begin to trace the brk events of a process
 * @t: the process
 * @e: why not
 *
 * Return: what the others want, or NULL where it is not there or permitted.
 */
struct follow_trace *follow_trace_open(struct target *t, struct error *e)
{
	struct follow_trace *ft = xcalloc(1, sizeof(*ft));

	ft->t = t;
	trace_seq_init(&ft->seq);
	tep_set_loglevel(TEP_LOG_NONE);
	if (!start(ft, e))
		return ft;
	follow_trace_close(ft);
	return NULL;
}

static void read_comm(pid_t pid, pid_t tid, char *out, size_t room)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)pid,
		 (int)tid);
	f = fopen(path, "re");
	if (!f || !fgets(out, room, f))
		snprintf(out, room, "?");
	out[strcspn(out, "\n")] = '\0';
	if (f)
		fclose(f);
}

static bool is_thread_of(pid_t pid, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)tid);
	if (access(path, F_OK))
		return true;	/* it ended, and its process is not known */
	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)tid);
	return !access(path, F_OK);
}

static int take(struct tep_event *event, struct tep_record *record, int cpu,
		void *ctx)
{
	struct follow_trace *ft = ctx;
	struct brk_event e = { .time_ns = record->ts };

	(void)cpu;
	if (strcmp(event->name, "brk"))
		return 0;
	e.tid = tep_data_pid(ft->tep, record);
	if (!is_thread_of(ft->t->pid, e.tid))
		return 0;
	/* The printed form has the words for its numbers. */
	trace_seq_reset(&ft->seq);
	tep_print_event(ft->tep, &ft->seq, record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&ft->seq);
	if (sscanf(ft->seq.buffer, "asked=%" SCNx64 " from=%" SCNx64
		   " to=%" SCNx64 " call=%15s result=%23s mapping=%" SCNx64,
		   &e.asked, &e.from, &e.to, e.call, e.result,
		   &e.overlap) < 5)
		return 0;
	e.delta = e.to - e.from;
	read_comm(ft->t->pid, e.tid, e.comm, sizeof(e.comm));
	ft->fn(&e, ft->ctx);
	return 0;
}

/**
 * follow_trace_read - hand on what happened since the last time
 * @ft: from follow_trace_open()
 * @fn: gets every call of brk(2), queries too
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
	if (ft->instance) {
		tracefs_event_disable(ft->instance, "heapinfo", "brk");
		tracefs_instance_destroy(ft->instance);
		tracefs_instance_free(ft->instance);
	}
	if (ft->tep)
		tep_free(ft->tep);
	trace_seq_destroy(&ft->seq);
	free(ft);
}

#else /* !HAVE_LIBTRACEFS */

struct follow_trace *follow_trace_open(struct target *t, struct error *e)
{
	(void)t;
	error_set(e, "heapinfo was built without libtracefs");
	return NULL;
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
