/* SPDX-License-Identifier: GPL-2.0 */
/* What the administrator sets, by which the kernel refuses a brk(2). */
#ifndef HEAPINFO_SETTINGS_H
#define HEAPINFO_SETTINGS_H

#include <linux/types.h>

/**
 * struct heapinfo_settings - what can change while the kernel runs
 * @max_map_count: vm.max_map_count, the mappings that a process may have
 * @ignore_rlimit_data: the limit on data holds for the heap alone
 */
struct heapinfo_settings {
	int max_map_count;
	bool ignore_rlimit_data;
};

/*
 * How far from a mapping that grows down the kernel keeps others, in bytes; set by
 * its command line alone.
 */
extern unsigned long heapinfo_stack_guard_gap;

int heapinfo_settings_start(void);
void heapinfo_settings_stop(void);
void heapinfo_settings_refresh(void);
void heapinfo_settings_recall(struct heapinfo_settings *settings);
void heapinfo_settings_read(struct heapinfo_settings *settings,
			    bool ignored_too);

#endif /* HEAPINFO_SETTINGS_H */
