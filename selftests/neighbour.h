/* SPDX-License-Identifier: GPL-2.0 */
/* What asks heapinfo and its neighbour maps the same, as one user or another. */
#ifndef HEAPINFO_NEIGHBOUR_H
#define HEAPINFO_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "heapinfo.h"

/* Two users with nothing special about them; no names are needed for them. */
#define USER_A		61001
#define USER_B		61002

/*
 * What asking a file says: an -errno of open(2); 0 where there is nothing to
 * read; ASKED_TEXT where there is; an -errno of read(2) below ASKED_READ.
 */
#define ASKED_TEXT	1
#define ASKED_READ	(-10000)

int ask_fd(int fd);
int ask_at(int dirfd, const char *path);
int ask_pid(const char *proc, pid_t pid, const char *name);

/**
 * typedef setup_fn - becomes somebody, in a process made for it
 *
 * Return: 0, or a negative error where this kernel does not let it.
 */
typedef int (*setup_fn)(void);

int become(uid_t uid, gid_t gid);
int become_user_a(void);
int become_user_b(void);
int enter_user_namespace(void);
int keep_capability(unsigned int capability);
int drop_capability(unsigned int capability);

pid_t start_process(setup_fn setup);
pid_t start_program(setup_fn setup, const char *const argv[]);
void end_process(pid_t pid);

void tell_ready(void);
int mount_proc(const char *dir, const char *options);
bool is_listed(int dirfd, const char *name);
pid_t find_kernel_thread(void);

#endif /* HEAPINFO_NEIGHBOUR_H */
