/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's header has, as far as the module's pure files need it. */
#ifndef TESTS_KERNEL_SCHED_H
#define TESTS_KERNEL_SCHED_H

#include <linux/types.h>

#define TASK_COMM_LEN 16

#endif
