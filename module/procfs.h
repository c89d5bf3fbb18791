/* SPDX-License-Identifier: GPL-2.0 */
/* The files "heapinfo" and "heapstacks" in each directory /proc/<pid>. */
#ifndef HEAPINFO_PROCFS_H
#define HEAPINFO_PROCFS_H

#include <linux/fs.h>

struct pid;

int heapinfo_procfs_learn(void);
int heapinfo_procfs_start(void);
void heapinfo_procfs_serve(void);
void heapinfo_procfs_stop(void);

extern const struct file_operations heapinfo_file_operations;
extern const struct file_operations heapinfo_stacks_file_operations;

#endif /* HEAPINFO_PROCFS_H */
