/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's header has, as far as the module's pure files need it. */
#ifndef TESTS_KERNEL_COMPILER_H
#define TESTS_KERNEL_COMPILER_H

#define likely(x) (x)
#define unlikely(x) (x)
#define noinline __attribute__((noinline))
#ifndef __always_inline
#define __always_inline inline
#endif

#endif
