/* SPDX-License-Identifier: GPL-2.0 */
/* Which characters of a name a file may show as they are. */
#ifndef HEAPINFO_PLAIN_H
#define HEAPINFO_PLAIN_H

#include <linux/types.h>

/*
 * There is no kernel in this: the unit tests of the reader build plain.c, too.
 */
unsigned int heapinfo_plain_bytes(const unsigned char *s, unsigned int len);

#endif /* HEAPINFO_PLAIN_H */
