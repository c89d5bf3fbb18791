/* SPDX-License-Identifier: GPL-2.0 */
/* What all files of the module share: its parameters, and names. */
#ifndef HEAPINFO_H
#define HEAPINFO_H

#ifdef pr_fmt
#undef pr_fmt
#endif
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/types.h>

/*
 * The version of the text of /proc/heapinfo and /proc/<pid>/heapinfo. It is
 * raised when a key changes its meaning.
 */
#define HEAPINFO_FORMAT		2

/* The same of the text of /proc/<pid>/heapstacks. */
#define HEAPINFO_STACKS_FORMAT	1

/* The name of the file below /proc/<pid> and of the one below /proc. */
#define HEAPINFO_NAME		"heapinfo"

/* The name of the other file below /proc/<pid>. */
#define HEAPINFO_STACKS_NAME	"heapstacks"

/* Largest value of the parameter "history". */
#define HEAPINFO_HISTORY_MAX	4096

/* Largest value of the parameter "stacks", and the smallest one that keeps some. */
#define HEAPINFO_STACKS_MAX	32768
#define HEAPINFO_STACKS_MIN	8

/**
 * struct heapinfo_params - the parameters of the module, checked at load
 * @history: how many rows are kept for each process; 0 records nothing
 * @queries: also keep rows of calls that only ask for the break or that do not
 *	change it
 * @memory: how much memory all histories together may use, in bytes
 * @stacks: how many bytes of the stack of a call are looked at; 0 keeps no stack
 */
struct heapinfo_params {
	unsigned int history;
	bool queries;
	size_t memory;
	unsigned int stacks;
};

extern struct heapinfo_params heapinfo_params;

#endif /* HEAPINFO_H */
