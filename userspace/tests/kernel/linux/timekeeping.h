/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's header has, as far as the module's pure files need it. */
#ifndef TESTS_KERNEL_TIMEKEEPING_H
#define TESTS_KERNEL_TIMEKEEPING_H

#include <linux/types.h>

/* The test that includes this says what time it is. */
u64 ktime_get_boot_fast_ns(void);

#endif
