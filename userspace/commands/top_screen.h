/* SPDX-License-Identifier: GPL-2.0 */
/* A screen that shows the same table again and again, with ncurses. */
#ifndef HEAPINFO_TOP_SCREEN_H
#define HEAPINFO_TOP_SCREEN_H

#include "base/util.h"

bool screen_open(bool color);	/* false: there is no ncurses or terminal */
void screen_begin(void);
void screen_line(const char *text, bool bold);
int screen_room(void);		/* lines left */
int screen_wait(double seconds);	/* the key, or 0 */
void screen_close(void);

#endif
