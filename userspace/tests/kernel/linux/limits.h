/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's header has, as far as the module's pure files need it. */
#ifndef TESTS_KERNEL_LIMITS_H
#define TESTS_KERNEL_LIMITS_H

#include_next <linux/limits.h>
#include <limits.h>
#include <stdint.h>

#define S32_MAX INT32_MAX
#define S64_MAX INT64_MAX
#define U16_MAX UINT16_MAX

#endif
