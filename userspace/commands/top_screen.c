// SPDX-License-Identifier: GPL-2.0
/* The terminal of 'heapinfo top'; an empty one where ncurses is missing. */
#include "commands/top_screen.h"

#ifdef HAVE_NCURSES
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static SCREEN *screen;
static bool plain;
static int line;

/**
 * screen_open - take over the terminal
 * @color: bold and the like may be used
 *
 * Return: false where that cannot be; the caller then prints plain text.
 */
bool screen_open(bool color)
{
	const char *term = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || !term)
		return false;
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	plain = !color;
	return true;
}

/**
 * screen_begin - begin a new picture
 */
void screen_begin(void)
{
	erase();
	line = 0;
}

/**
 * screen_line - add a line, cut at the right edge
 * @text: printable ASCII
 * @bold: stress it, where that may be
 */
void screen_line(const char *text, bool bold)
{
	if (line >= LINES)
		return;
	bold = bold && !plain;
	if (bold)
		attron(A_BOLD);
	mvaddnstr(line++, 0, text, COLS);
	if (bold)
		attroff(A_BOLD);
}

/**
 * screen_room - how many lines are left
 *
 * Return: the number.
 */
int screen_room(void)
{
	return LINES > line ? LINES - line : 0;
}

/**
 * screen_wait - show the picture and wait for a key
 * @seconds: at most so long
 *
 * Return: the key; 0 if there was none or the window changed its size.
 */
int screen_wait(double seconds)
{
	int key;

	refresh();
	timeout(seconds * 1000);
	key = getch();
	return key == ERR || key == KEY_RESIZE ? 0 : key;
}

/**
 * screen_close - give the terminal back
 */
void screen_close(void)
{
	endwin();
	delscreen(screen);
	screen = NULL;
}

#else /* !HAVE_NCURSES */

bool screen_open(bool color)
{
	(void)color;
	return false;
}

void screen_begin(void)
{
}

void screen_line(const char *text, bool bold)
{
	(void)text;
	(void)bold;
}

int screen_room(void)
{
	return 0;
}

int screen_wait(double seconds)
{
	(void)seconds;
	return 'q';
}

void screen_close(void)
{
}

#endif
