/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's header has, as far as the module's pure files need it. */
#ifndef TESTS_KERNEL_BITOPS_H
#define TESTS_KERNEL_BITOPS_H

#include <linux/types.h>

/* The number of the highest bit that is set, from 1 on; 0 where none is. */
static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

#endif
