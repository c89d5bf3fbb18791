// SPDX-License-Identifier: GPL-2.0
/* Safe text, human units, colour and fast lines. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#define FAST_ROOM (128u << 10)

static bool colored;

/**
 * text_init - decide whether standard output gets colour
 * @no_color: the user said no
 *
 * Only a terminal gets it, and not where NO_COLOR is set (no-color.org).
 */
void text_init(bool no_color)
{
	const char *env = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	colored = !no_color && !(env && env[0]) && isatty(STDOUT_FILENO) &&
		  term && strcmp(term, "dumb");
}

/**
 * text_has_color - is colour on?
 *
 * Return: true if so.
 */
bool text_has_color(void)
{
	return colored;
}

/**
 * text_color - what begins a colour
 * @c: the colour
 *
 * Return: an escape sequence, or "" where colour is off.
 */
const char *text_color(enum color c)
{
	static const char *const seq[] = {
		[COLOR_NONE] = "\033[0m", [COLOR_BOLD] = "\033[1m",
		[COLOR_DIM] = "\033[2m", [COLOR_RED] = "\033[31m",
		[COLOR_GREEN] = "\033[32m", [COLOR_YELLOW] = "\033[33m",
		[COLOR_BLUE] = "\033[34m",
	};

	return colored ? seq[c] : "";
}

/**
 * text_plain - what ends a colour
 *
 * Return: an escape sequence, or "".
 */
const char *text_plain(void)
{
	return text_color(COLOR_NONE);
}

/**
 * text_human - bytes in the unit that reads best
 * @buf: where to
 * @bytes: how many
 *
 * Return: @buf, say "132 KiB" or "1.5 GiB".
 */
const char *text_human(char buf[HUMAN_ROOM], u64 bytes)
{
	static const char *const unit[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
	};
	double v = bytes;
	size_t i = 0;

	while (v >= 1024 && i + 1 < ARRAY_SIZE(unit)) {
		v /= 1024;
		i++;
	}
	if (v >= 100 || !i)
		snprintf(buf, HUMAN_ROOM, "%.0f %s", v, unit[i]);
	else
		snprintf(buf, HUMAN_ROOM, "%.1f %s", v, unit[i]);
	return buf;
}

/**
 * text_change - a change in bytes, with its sign
 * @buf: where to
 * @by: the change
 *
 * Return: @buf, say "+132 KiB".
 */
const char *text_change(char buf[HUMAN_ROOM + 1], s64 by)
{
	buf[0] = by < 0 ? '-' : '+';
	text_human(buf + 1, by < 0 ? -(u64)by : (u64)by);
	return buf;
}

static bool printable(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '\\';
}

/**
 * text_safe_dup - text of unknown origin, made harmless
 * @s: the text; may hold anything
 * @len: its bytes; it ends at a zero byte before that, too
 *
 * Return: the text with everything but printable ASCII as \xNN; free() it.
 */
char *text_safe_dup(const char *s, size_t len)
{
	char *out, *to;
	size_t i;

	len = strnlen(s, len);
	out = xrealloc(NULL, 4 * len + 1, 1);
	to = out;
	for (i = 0; i < len; i++) {
		if (printable(s[i]))
			*to++ = s[i];
		else
			to += sprintf(to, "\\x%02x", (unsigned char)s[i]);
	}
	*to = '\0';
	return out;
}

/**
 * text_safe - print text of unknown origin
 * @f: where to
 * @s: the text
 * @len: its bytes
 */
void text_safe(FILE *f, const char *s, size_t len)
{
	char *safe = text_safe_dup(s, len);

	fputs(safe, f);
	free(safe);
}

/**
 * text_hexdump - bytes in one line, as pmem() of the chapter prints them
 * @f: where to
 * @bytes: the bytes
 * @len: how many
 */
void text_hexdump(FILE *f, const u8 *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(f, i ? " %02x" : "%02x", bytes[i]);
}

/**
 * fast_init - begin to print lines by the million
 * @o: the buffer; fast_end() it
 * @f: where to
 */
void fast_init(struct fast *o, FILE *f)
{
	o->f = f;
	o->buf = xrealloc(NULL, FAST_ROOM, 1);
	o->n = 0;
	o->failed = false;
}

/**
 * fast_flush - print what is in the buffer
 * @o: the buffer
 */
void fast_flush(struct fast *o)
{
	if (o->n && !o->failed)
		o->failed = fwrite(o->buf, 1, o->n, o->f) != o->n;
	o->n = 0;
}

/**
 * fast_end - print the rest and give the buffer back
 * @o: the buffer
 */
void fast_end(struct fast *o)
{
	fast_flush(o);
	free(o->buf);
	o->buf = NULL;
}

/**
 * fast_room - have room for one line
 * @o: the buffer
 * @bytes: how long it can be
 */
void fast_room(struct fast *o, size_t bytes)
{
	if (FAST_ROOM - o->n < bytes)
		fast_flush(o);
}

/**
 * fast_text - add text
 * @o: the buffer, with room
 * @s: the text
 * @len: its bytes
 */
void fast_text(struct fast *o, const char *s, size_t len)
{
	memcpy(o->buf + o->n, s, len);
	o->n += len;
}

/**
 * fast_pad - add text and blanks up to a width
 * @o: the buffer, with room
 * @s: the text
 * @width: the width
 */
void fast_pad(struct fast *o, const char *s, unsigned int width)
{
	size_t len = strlen(s);

	fast_text(o, s, len);
	for (; len < width; len++)
		o->buf[o->n++] = ' ';
}

/**
 * fast_hex - add a number as 0x...
 * @o: the buffer, with room
 * @v: the number
 */
void fast_hex(struct fast *o, u64 v)
{
	static const char digit[] = "0123456789abcdef";
	unsigned int n = v ? (67 - __builtin_clzll(v)) / 4 : 1, i;
	char *to = o->buf + o->n;

	to[0] = '0';
	to[1] = 'x';
	for (i = n; i; i--, v >>= 4)
		to[1 + i] = digit[v & 15];
	o->n += 2 + n;
}

/**
 * fast_dec - add a number, to the right of a column
 * @o: the buffer, with room
 * @v: the number
 * @width: of the column; 0 for as wide as the number
 */
void fast_dec(struct fast *o, u64 v, unsigned int width)
{
	char tmp[24];
	unsigned int n = 0;

	do {
		tmp[sizeof(tmp) - ++n] = '0' + v % 10;
		v /= 10;
	} while (v);
	for (; width > n; width--)
		o->buf[o->n++] = ' ';
	fast_text(o, tmp + sizeof(tmp) - n, n);
}

static struct {
	const char *what;
	u64 total;
	u64 since;
	u64 shown;
	bool on;
} progress;

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/**
 * progress_start - something that may last begins
 * @what: its name
 * @total: what progress_at() will reach
 */
void progress_start(const char *what, u64 total)
{
	progress.on = isatty(STDERR_FILENO);
	progress.what = what;
	progress.total = total ? total : 1;
	progress.since = progress.on ? now_ms() : 0;
	progress.shown = 0;
}

/**
 * progress_at - say how far it is, where it lasts over a second
 * @done: of the total
 */
void progress_at(u64 done)
{
	u64 now;

	if (!progress.on)
		return;
	now = now_ms();
	if (now - progress.since < 1000 || now - progress.shown < 200)
		return;
	progress.shown = now;
	fprintf(stderr, "\rheapinfo: %s %u%% ", progress.what,
		(unsigned int)(100.0 * done / progress.total));
}

/**
 * progress_end - it is done: leave no trace on the terminal
 */
void progress_end(void)
{
	if (progress.on && progress.shown)
		fputs("\r\033[K", stderr);
	progress.on = false;
}
