/* SPDX-License-Identifier: GPL-2.0 */
/* How numbers, times and names are written. */
#ifndef HEAPINFO_TEXT_H
#define HEAPINFO_TEXT_H

#include <linux/types.h>

/*
 * Each of these writes to where there is room for as much as is said below, without a
 * null byte, and returns the place behind. There are many rows, of many columns each: so
 * nobody looks for room once a column, but once a row; and none of them reads a format,
 * as seq_printf() does.
 *
 * There is no kernel in this: the unit tests of the reader build text.c, too.
 */
#define HEAPINFO_TEXT_DECIMAL	20
#define HEAPINFO_TEXT_HEX	18
#define HEAPINFO_TEXT_DIGITS	16
#define HEAPINFO_TEXT_TIME	18
#define HEAPINFO_TEXT_CHANGE	21
/* A word is as long as it is; no word in a row is longer than this. */
#define HEAPINFO_TEXT_WORD	16
/* Each byte may be written as four characters. */
#define HEAPINFO_TEXT_NAME(len)	(4 * (len))

char *heapinfo_text_decimal(char *at, u64 value);
char *heapinfo_text_hex_digits(char *at, u64 value);
char *heapinfo_text_hex(char *at, unsigned long value);
char *heapinfo_text_time(char *at, s64 time);
char *heapinfo_text_change(char *at, unsigned long from, unsigned long to);
char *heapinfo_text_word(char *at, const char *word);
char *heapinfo_text_name(char *at, const char *name, unsigned int len);

#endif /* HEAPINFO_TEXT_H */
