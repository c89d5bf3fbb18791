// SPDX-License-Identifier: GPL-2.0
/* Which characters of a name a file may show as they are. */
#include "plain.h"

/*
 * Whether a character beyond ASCII may be shown. Not what controls the terminal or
 * ends a line; nor what changes in which direction the text around it runs, with
 * which a name could show the columns beside it in another order. Surrogates are
 * no characters.
 */
static bool heapinfo_plain_character(u32 c)
{
	switch (c) {
	case 0x80 ... 0x9f:
	case 0x61c:
	case 0x200e ... 0x200f:
	case 0x2028 ... 0x202e:
	case 0x2066 ... 0x2069:
	case 0xd800 ... 0xdfff:
		return false;
	default:
		return c <= 0x10ffff;
	}
}

/*
 * How many bytes the first one says that its character has, and what it holds of
 * it; 0 if none begins so. What begins with 0xc0 or 0xc1 has a shorter form.
 */
static unsigned int heapinfo_utf8_begin(unsigned char first, u32 *c)
{
	if (first < 0xc2 || first > 0xf4)
		return 0;
	if (first < 0xe0) {
		*c = first & 0x1f;
		return 2;
	}
	if (first < 0xf0) {
		*c = first & 0xf;
		return 3;
	}
	*c = first & 0x7;
	return 4;
}

/* The least that needs so many bytes. */
static const u32 heapinfo_utf8_least[] = { 0, 0, 0x80, 0x800, 0x10000 };

/**
 * heapinfo_plain_bytes() - ask how many bytes may be written as they are
 * @s: what is to be written next
 * @len: its bytes, at least one
 *
 * Beside plain ASCII these are characters in UTF-8 as Unicode defines it, in the
 * shortest form and up to U+10FFFF, but for those that control something. No other
 * byte may be: a terminal that does not know UTF-8 takes those from 0x80 to 0x9f for
 * control characters.
 *
 * Context: any.
 * Return: the number of bytes of the character at @s; 0 if its first byte is to be
 * written in another form.
 */
unsigned int heapinfo_plain_bytes(const unsigned char *s, unsigned int len)
{
	unsigned int i, n;
	u32 c;

	if (s[0] < 0x80)
		return heapinfo_plain_ascii(s[0]);
	n = heapinfo_utf8_begin(s[0], &c);
	if (!n || n > len)
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < heapinfo_utf8_least[n] || !heapinfo_plain_character(c))
		return 0;
	return n;
}
