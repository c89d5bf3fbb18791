// SPDX-License-Identifier: GPL-2.0
/* Print for people: harmless text, readable units, colour and progress. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

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
 * text_color - the escape sequence that begins a colour
 * @c: the colour
 *
 * Return: the sequence, or "" where colour is off.
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
 * text_plain - the escape sequence that ends a colour
 *
 * Return: the sequence, or "" where colour is off.
 */
const char *text_plain(void)
{
	return text_color(COLOR_NONE);
}

/**
 * text_s - the ending of a word for several things
 * @n: how many there are
 *
 * Return: "" for one, "s" for any other number.
 */
const char *text_s(u64 n)
{
	return n == 1 ? "" : "s";
}

/**
 * text_human - bytes in the unit that reads best
 * @buf: filled
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
 * @buf: filled
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
 * @len: its bytes; a zero byte before that ends it
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
 * text_safe - print text of unknown origin, made harmless
 * @f: the stream
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
 * text_base_name - the last part of a path
 * @path: the path
 *
 * Return: what stands behind its last slash, or all of it.
 */
const char *text_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/**
 * text_drop_deleted - drop the " (deleted)" that ends a path
 * @path: the path; so the kernel says that what was there is gone
 */
void text_drop_deleted(char *path)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(path), tail = strlen(deleted);

	if (len > tail && !strcmp(path + len - tail, deleted))
		path[len - tail] = '\0';
}

/**
 * text_hexdump - print bytes in one line, two hexadecimal digits each
 * @f: the stream
 * @bytes: the bytes
 * @len: how many
 */
void text_hexdump(FILE *f, const u8 *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(f, i ? " %02x" : "%02x", bytes[i]);
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
 * progress_start - begin to report on work that may take long
 * @what: its name
 * @total: what progress_at() gets at its end
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
 * progress_at - say how far it has come, once it has taken over a second
 * @done: so much of the total
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
 * progress_end - it is done: clear the line on the terminal
 */
void progress_end(void)
{
	if (progress.on && progress.shown)
		fputs("\r\033[K", stderr);
	progress.on = false;
}
