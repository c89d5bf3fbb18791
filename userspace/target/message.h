/* SPDX-License-Identifier: GPL-2.0 */
/* Messages of numbers and texts between this program and a child of its own. */
#ifndef HEAPINFO_MESSAGE_H
#define HEAPINFO_MESSAGE_H

#include "base/util.h"

struct message {
	u8 *bytes;
	size_t len;
	size_t at;	/* where the next value is read */
	bool wrong;	/* it ended too early */
};

void message_put_u64(struct message *m, u64 v);
void message_put_text(struct message *m, const char *s);
u64 message_u64(struct message *m);
char *message_text(struct message *m);
void message_free(struct message *m);

bool message_send(int fd, const struct message *m);
bool message_receive(int fd, struct message *m, size_t most, int wait_ms);

#endif
