/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's names of types, for files of the module that the tests build. */
#ifndef TESTS_KERNEL_TYPES_H
#define TESTS_KERNEL_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#endif
