/* SPDX-License-Identifier: GPL-2.0 */
/* What the bytes of a program's code tell: whether something returns to a place. */
#ifndef HEAPINFO_CODE_H
#define HEAPINFO_CODE_H

#include <linux/types.h>

/* A call has no more bytes. */
#define HEAPINFO_CALL_SIZE	7
/* Nor has what a handler of a signal returns to. */
#define HEAPINFO_RESTORER_SIZE	9

bool heapinfo_code_is_after_call(const u8 *before);
unsigned int heapinfo_code_restorer(const u8 *code);

/*
 * So many words above the address that a handler returns to is the one where the
 * program was interrupted, and so many words below that its stack pointer. A 32-bit
 * handler that wants to know more about the signal has a frame of another shape.
 */
#define HEAPINFO_SIGNAL_WIDE		22
#define HEAPINFO_SIGNAL_NARROW		16
#define HEAPINFO_SIGNAL_NARROW_INFO	55
#define HEAPINFO_SIGNAL_SP_WIDE		1
#define HEAPINFO_SIGNAL_SP_NARROW	7

#endif /* HEAPINFO_CODE_H */
