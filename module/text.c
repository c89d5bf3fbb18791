// SPDX-License-Identifier: GPL-2.0
/* How numbers, times and names are written. */
#include "text.h"
#include "plain.h"

#include <linux/bitops.h>

#define NANOSECONDS	1000000000ULL
#define PER_MICROSECOND	1000U

/* Two digits, of a number below 100. */
static void heapinfo_text_pair(char *at, u32 value)
{
	u32 tens = value / 10;

	at[0] = '0' + tens;
	at[1] = '0' + value - 10 * tens;
}

static unsigned int heapinfo_text_digits(u64 value)
{
	unsigned int digits = 1;

	for (;;) {
		if (value < 10)
			return digits;
		if (value < 100)
			return digits + 1;
		if (value < 1000)
			return digits + 2;
		if (value < 10000)
			return digits + 3;
		value /= 10000;
		digits += 4;
	}
}

/**
 * heapinfo_text_decimal() - write a number
 * @at: where to; see HEAPINFO_TEXT_DECIMAL
 * @value: the number
 *
 * Context: any.
 * Return: the place behind its last digit.
 */
char *heapinfo_text_decimal(char *at, u64 value)
{
	char *end = at + heapinfo_text_digits(value), *digit = end;

	for (; value >= 10; value /= 100) {
		digit -= 2;
		heapinfo_text_pair(digit, value % 100);
	}
	if (digit > at)
		*at = '0' + value;
	return end;
}

/**
 * heapinfo_text_hex_digits() - write a number in hexadecimal, with no sign of that
 * @at: where to; see HEAPINFO_TEXT_DIGITS
 * @value: the number
 *
 * Context: any.
 * Return: the place behind its last digit.
 */
char *heapinfo_text_hex_digits(char *at, u64 value)
{
	/* Of the first digit. */
	int shift = (fls64(value | 1) - 1) & ~3;

	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[value >> shift & 15];
	return at;
}

/**
 * heapinfo_text_hex() - write an address or a distance, in hexadecimal
 * @at: where to; see HEAPINFO_TEXT_HEX
 * @value: the number
 *
 * Context: any.
 * Return: the place behind its last digit.
 */
char *heapinfo_text_hex(char *at, unsigned long value)
{
	*at++ = '0';
	*at++ = 'x';
	return heapinfo_text_hex_digits(at, value);
}

/**
 * heapinfo_text_time() - write a time, in seconds and microseconds
 * @at: where to; see HEAPINFO_TEXT_TIME
 * @time: in ns; may be below zero
 *
 * Context: any.
 * Return: the place behind its last digit.
 */
char *heapinfo_text_time(char *at, s64 time)
{
	u64 ns = time;
	u32 micros;

	if (time < 0) {
		*at++ = '-';
		/* Rounded to the earlier microsecond, as other times are. */
		ns = PER_MICROSECOND - 1 - ns;
	}
	micros = (u32)(ns % NANOSECONDS) / PER_MICROSECOND;
	at = heapinfo_text_decimal(at, ns / NANOSECONDS);
	*at++ = '.';
	heapinfo_text_pair(at, micros / 10000);
	heapinfo_text_pair(at + 2, micros / 100 % 100);
	heapinfo_text_pair(at + 4, micros % 100);
	return at + 6;
}

/**
 * heapinfo_text_change() - write by how much something changed, with its sign
 * @at: where to; see HEAPINFO_TEXT_CHANGE
 * @from: what it was
 * @to: what it is
 *
 * Context: any.
 * Return: the place behind its last digit.
 */
char *heapinfo_text_change(char *at, unsigned long from, unsigned long to)
{
	*at++ = to < from ? '-' : '+';
	return heapinfo_text_decimal(at, to < from ? from - to : to - from);
}

/**
 * heapinfo_text_word() - write a word of our own
 * @at: where to, with as much room as the word is long
 * @word: written as it is
 *
 * Context: any.
 * Return: the place behind it.
 */
char *heapinfo_text_word(char *at, const char *word)
{
	while (*word)
		*at++ = *word++;
	return at;
}

static char *heapinfo_text_octal(char *at, unsigned char c)
{
	*at++ = '\\';
	*at++ = '0' + (c >> 6);
	*at++ = '0' + (c >> 3 & 7);
	*at++ = '0' + (c & 7);
	return at;
}

/**
 * heapinfo_text_name() - write a name
 * @at: where to; see HEAPINFO_TEXT_NAME()
 * @name: the name, which ends earlier if it has a null byte
 * @len: its bytes
 *
 * A process chooses its name itself. So what could begin a line, end a column, control
 * a terminal or turn the text around it is written in octal.
 *
 * Context: any.
 * Return: the place behind it.
 */
char *heapinfo_text_name(char *at, const char *name, unsigned int len)
{
	const unsigned char *s = (const unsigned char *)name, *end = s + len;
	unsigned int n;

	while (s < end) {
		if (heapinfo_plain_ascii(*s)) {
			*at++ = *s++;
			continue;
		}
		if (!*s)
			break;
		n = heapinfo_plain_bytes(s, end - s);
		if (!n)
			at = heapinfo_text_octal(at, *s++);
		for (; n; n--)
			*at++ = *s++;
	}
	return at;
}
