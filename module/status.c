// SPDX-License-Identifier: GPL-2.0
/* /proc/heapinfo: the state of the module itself. It shows no address. */
#include "heapinfo.h"
#include "brk.h"
#include "history.h"
#include "status.h"
#include "unload.h"

#include <linux/proc_fs.h>
#include <linux/seq_file.h>

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
	seq_printf(m, "Processes:\t%lu\n", state.processes);
	seq_printf(m, "MemoryUsed:\t%lu\n", state.bytes);
	seq_printf(m, "MemoryBound:\t%zu\n", heapinfo_params.memory);
	seq_printf(m, "CallsSeen:\t%llu\n", seen);
	seq_printf(m, "CallsRecorded:\t%llu\n", state.recorded);
	seq_printf(m, "CallsRefused:\t%llu\n", state.refused);
	seq_printf(m, "CallsUnderWay:\t%lu\n", heapinfo_calls_under_way());
	seq_printf(m, "EventsRecorded:\t%llu\n", state.rows);
	seq_printf(m, "EventsLost:\t%llu\n", state.rows_lost);
	return 0;
}

/**
 * heapinfo_status_start() - let /proc/heapinfo appear
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_status_start(void)
{
	if (!proc_create_single(HEAPINFO_NAME, 0444, NULL,
				heapinfo_status_show))
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
