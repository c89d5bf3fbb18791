/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text for people. What others wrote, such as the name of a process or bytes of
 * its memory, is made harmless before it is printed: it could hold sequences
 * that control a terminal.
 */
#ifndef HEAPINFO_TEXT_H
#define HEAPINFO_TEXT_H

#include <stdio.h>

#include "base/util.h"

enum color {
	COLOR_NONE,
	COLOR_BOLD,
	COLOR_DIM,
	COLOR_RED,
	COLOR_GREEN,
	COLOR_YELLOW,
	COLOR_BLUE,
};

void text_init(bool no_color);
bool text_has_color(void);
const char *text_color(enum color c);	/* "" where colour is off */
const char *text_plain(void);		/* ends a colour */

#define HUMAN_ROOM 32
const char *text_s(u64 n);
const char *text_human(char buf[HUMAN_ROOM], u64 bytes);
const char *text_change(char buf[HUMAN_ROOM + 1], s64 by);
void text_safe(FILE *f, const char *s, size_t len);
char *text_safe_dup(const char *s, size_t len);
const char *text_base_name(const char *path);
void text_drop_deleted(char *path);
void text_hexdump(FILE *f, const u8 *bytes, size_t len);

/* A line on stderr about work that takes over a second; only on a terminal. */
void progress_start(const char *what, u64 total);
void progress_at(u64 done);
void progress_end(void);

#endif
