// SPDX-License-Identifier: GPL-2.0
/* /proc/heapinfo: the state of the module itself. It shows no address. */
#include "heapinfo.h"
#include "brk.h"
#include "history.h"
#include "status.h"
#include "unload.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

/*
 * Whether the caller may know what the whole machine does. Who may not is told less,
 * which is no refusal for the audit to log.
 */
static bool heapinfo_may_count(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_PERFMON) ||
	       ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
}

/*
 * A count, or its first digit with zeros behind. Whoever could watch exact counts of
 * the machine would see what others do from moment to moment.
 */
static void heapinfo_status_count(struct seq_file *m, const char *key, u64 count)
{
	bool exact = m->private;
	u64 unit = 1;

	while (!exact && count >= 10) {
		count = div_u64(count, 10);
		unit *= 10;
	}
	seq_printf(m, "%s:\t%llu\n", key, count * unit);
}

static int heapinfo_status_show(struct seq_file *m, void *v)
{
	struct heapinfo_history_state state;
	u64 seen;

	/*
	 * In this order, since calls go on meanwhile: each call was seen before
	 * it was recorded, so that no more are recorded than seen.
	 */
	heapinfo_history_state(&state);
	seen = heapinfo_brk_seen();

	seq_printf(m, "Version:\t%s\n", HEAPINFO_VERSION);
	seq_printf(m, "Format:\t%d\n", HEAPINFO_FORMAT);
	seq_printf(m, "Source:\t%s\n", heapinfo_brk_source());
	/* Nothing can be switched off that calls are seen with. */
	seq_puts(m, "Suspended:\tno\n");
	seq_printf(m, "History:\t%u\n", heapinfo_params.history);
	seq_printf(m, "Queries:\t%d\n", heapinfo_params.queries);
	seq_printf(m, "Stacks:\t%u\n", heapinfo_params.stacks);
	seq_printf(m, "Counts:\t%s\n", m->private ? "exact" : "rounded");
	heapinfo_status_count(m, "Processes", state.processes);
	heapinfo_status_count(m, "MemoryUsed", state.bytes);
	seq_printf(m, "MemoryBound:\t%zu\n", heapinfo_params.memory);
	heapinfo_status_count(m, "CallsSeen", seen);
	heapinfo_status_count(m, "CallsRecorded", state.recorded);
	heapinfo_status_count(m, "CallsRefused", state.refused);
	/* Nearly always one digit, which is no less exact: so it is not told. */
	if (m->private)
		heapinfo_status_count(m, "CallsUnderWay",
				      heapinfo_calls_under_way());
	heapinfo_status_count(m, "EventsRecorded", state.rows);
	heapinfo_status_count(m, "EventsLost", state.rows_lost);
	return 0;
}

/*
 * The private data of the open file says whether counts are exact, by not being NULL:
 * who opens it is asked, not to whom it is handed then.
 */
static int heapinfo_status_open(struct inode *inode, struct file *file)
{
	return single_open(file, heapinfo_status_show,
			   heapinfo_may_count() ? &heapinfo_params : NULL);
}

static const struct proc_ops heapinfo_status_operations = {
	.proc_open	= heapinfo_status_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

/**
 * heapinfo_status_start() - let /proc/heapinfo appear
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_status_start(void)
{
	if (!proc_create(HEAPINFO_NAME, 0444, NULL,
			 &heapinfo_status_operations))
		return -ENOMEM;
	return 0;
}

/**
 * heapinfo_status_stop() - let /proc/heapinfo vanish
 *
 * Context: may sleep; waits until nobody reads it.
 */
void heapinfo_status_stop(void)
{
	remove_proc_entry(HEAPINFO_NAME, NULL);
}
