// SPDX-License-Identifier: GPL-2.0
/*
 * Messages between this program and a child that it forked: their length, and then
 * numbers and texts in an order that both know. What comes from the child is read with
 * care: a file that it decoded may have taken it over.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "target/message.h"

static void put(struct message *m, const void *bytes, size_t len)
{
	m->bytes = xrealloc(m->bytes, m->len + len, 1);
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

/**
 * message_put_u64 - append a number
 * @m: the message
 * @v: the number
 */
void message_put_u64(struct message *m, u64 v)
{
	put(m, &v, sizeof(v));
}

/**
 * message_put_text - append a text
 * @m: the message
 * @s: the text, or NULL
 */
void message_put_text(struct message *m, const char *s)
{
	size_t len = s ? strlen(s) + 1 : 0;

	message_put_u64(m, len);
	if (len)
		put(m, s, len);
}

/* The next bytes; NULL, and nothing is right any more, where there are fewer. */
static const void *take(struct message *m, u64 len)
{
	const u8 *at = m->bytes + m->at;

	if (m->wrong || len > m->len - m->at) {
		m->wrong = true;
		return NULL;
	}
	m->at += len;
	return at;
}

/**
 * message_u64 - read the next number
 * @m: the message
 *
 * Return: the number; 0, and @m->wrong is set, where there is none.
 */
u64 message_u64(struct message *m)
{
	const void *p = take(m, sizeof(u64));

	return p ? get_word(p, sizeof(u64)) : 0;
}

/**
 * message_text - read the next text
 * @m: the message
 *
 * Return: the text, for free(); NULL where that was sent, or @m->wrong is set.
 */
char *message_text(struct message *m)
{
	u64 len = message_u64(m);
	const char *s = len ? take(m, len) : NULL;

	return s ? strndup(s, len) : NULL;
}

/**
 * message_free - empty a message
 * @m: the message
 */
void message_free(struct message *m)
{
	free(m->bytes);
	memset(m, 0, sizeof(*m));
}

static bool send_all(int fd, const void *bytes, size_t len)
{
	const u8 *at = bytes;
	ssize_t n;

	for (; len; at += n, len -= n) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

/* Receive all of it, unless now_ns() comes to @until before. */
static bool receive_all(int fd, void *bytes, size_t len, u64 until)
{
	u8 *at = bytes;
	ssize_t n;

	while (len) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		u64 now = now_ns();
		int ms = until == UINT64_MAX ? -1 : now >= until ? 0 :
			 (int)((until - now) / 1000000 + 1);
		int ready = poll(&p, 1, ms);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		n = recv(fd, at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

/**
 * message_send - send a message
 * @fd: a socket
 * @m: the message
 *
 * Return: true if all of it was sent.
 */
bool message_send(int fd, const struct message *m)
{
	u64 len = m->len;

	return send_all(fd, &len, sizeof(len)) && send_all(fd, m->bytes, len);
}

/**
 * message_receive - wait for a message
 * @fd: a socket
 * @m: an empty message, filled
 * @most: how many bytes it may have
 * @wait_ms: for how long to wait; below 0: for ever
 *
 * Return: true if all of it came.
 */
bool message_receive(int fd, struct message *m, size_t most, int wait_ms)
{
	u64 until = wait_ms < 0 ? UINT64_MAX : now_ns() + wait_ms * 1000000ull;
	u64 len;

	if (!receive_all(fd, &len, sizeof(len), until) || len > most)
		return false;
	m->bytes = xrealloc(NULL, len + 1, 1);
	m->len = len;
	return receive_all(fd, m->bytes, len, until);
}
