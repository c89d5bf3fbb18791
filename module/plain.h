/* SPDX-License-Identifier: GPL-2.0 */
/* Which characters of a name a file may show as they are. */
#ifndef HEAPINFO_PLAIN_H
#define HEAPINFO_PLAIN_H

#include <linux/types.h>

/*
 * There is no kernel in this: the unit tests of the reader build plain.c, too.
 */

/**
 * heapinfo_plain_ascii() - ask whether a byte is a character that may be written so
 * @c: the byte
 *
 * Context: any.
 * Return: true of ASCII, but for control characters and the backslash, with which the
 * octal form of others begins.
 */
static inline bool heapinfo_plain_ascii(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '\\';
}

unsigned int heapinfo_plain_bytes(const unsigned char *s, unsigned int len);

#endif /* HEAPINFO_PLAIN_H */
