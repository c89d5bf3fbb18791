// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading of heapinfo.ko, and its parameters. */
#include "heapinfo.h"
#include "brk.h"
#include "compat.h"
#include "history.h"
#include "procfs.h"
#include "status.h"

#include <linux/sizes.h>

static char *heapinfo_source_param = "redirect";
module_param_named(source, heapinfo_source_param, charp, 0444);
MODULE_PARM_DESC(source,
		 "how brk(2) is seen: redirect (calls go through the module) or syscalls (a tracepoint) [redirect]");

static int heapinfo_history_param = 64;
module_param_named(history, heapinfo_history_param, int, 0444);
MODULE_PARM_DESC(history, "rows kept for each process, 0 to 4096; 0 records nothing [64]");

static int heapinfo_memory_param = 32;
module_param_named(memory, heapinfo_memory_param, int, 0444);
MODULE_PARM_DESC(memory, "bound of the memory of all histories in MiB, 1 to 65536 [32]");

static int heapinfo_queries_param;
module_param_named(queries, heapinfo_queries_param, int, 0444);
MODULE_PARM_DESC(queries, "1: also keep rows for calls that only ask or change nothing [0]");

static int heapinfo_stacks_param = HEAPINFO_STACKS_MAX;
module_param_named(stacks, heapinfo_stacks_param, int, 0444);
MODULE_PARM_DESC(stacks,
		 "bytes of the stack of a call that are looked at for who made it, 8 to 32768; 0 keeps no stack [32768]");

/* The parameters above, checked and in the units that the module uses. */
struct heapinfo_params heapinfo_params;

static bool heapinfo_check_range(const char *name, int value, int low,
				 int high)
{
	if (value >= low && value <= high)
		return true;
	pr_err("%s=%d is out of range: it is %d to %d\n", name, value, low,
	       high);
	return false;
}

static bool heapinfo_check_stacks(int stacks)
{
	if (!heapinfo_check_range("stacks", stacks, 0, HEAPINFO_STACKS_MAX))
		return false;
	if (!stacks || stacks >= HEAPINFO_STACKS_MIN)
		return true;
	pr_err("stacks=%d is less than a word: it is 0, or %d to %d\n", stacks,
	       HEAPINFO_STACKS_MIN, HEAPINFO_STACKS_MAX);
	return false;
}

static int heapinfo_check_params(void)
{
	int history = heapinfo_history_param;
	int memory = heapinfo_memory_param;
	int queries = heapinfo_queries_param;

	if (!heapinfo_check_range("history", history, 0, HEAPINFO_HISTORY_MAX) ||
	    !heapinfo_check_range("memory", memory, 1, 65536) ||
	    !heapinfo_check_range("queries", queries, 0, 1) ||
	    !heapinfo_check_stacks(heapinfo_stacks_param))
		return -EINVAL;
	heapinfo_params.history = history;
	heapinfo_params.memory = min_t(u64, (u64)memory * SZ_1M, LONG_MAX / 2);
	heapinfo_params.queries = queries;
	heapinfo_params.stacks = heapinfo_stacks_param;
	return 0;
}

static int __init heapinfo_init(void)
{
	int ret;

	ret = heapinfo_check_params();
	if (ret)
		return ret;
	ret = heapinfo_procfs_learn();
	if (ret)
		return ret;
	ret = heapinfo_history_start();
	if (ret)
		return ret;
	ret = heapinfo_brk_start(heapinfo_source_param);
	if (ret)
		goto stop_history;
	ret = heapinfo_status_start();
	if (ret)
		goto stop_brk;
	ret = heapinfo_procfs_start();
	if (ret)
		goto stop_status;

	/* From here on nothing fails. */
	heapinfo_brk_open();
	heapinfo_history_complete();
	heapinfo_procfs_serve();
	return 0;

stop_status:
	heapinfo_status_stop();
stop_brk:
	heapinfo_brk_stop();
stop_history:
	heapinfo_history_stop();
	return ret;
}

static void __exit heapinfo_exit(void)
{
	heapinfo_procfs_stop();
	heapinfo_status_stop();
	heapinfo_brk_stop();
	heapinfo_history_stop();
}

module_init(heapinfo_init);
module_exit(heapinfo_exit);

MODULE_DESCRIPTION("/proc/<pid>/heapinfo: the program break and its history");
MODULE_AUTHOR("heapinfo maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION(HEAPINFO_VERSION);
