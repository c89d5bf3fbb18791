/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs share. None of this calls malloc by itself, as printf(3)
 * would: a program that watches its heap must not change it by speaking.
 */
#ifndef CHUNK_H
#define CHUNK_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define say(...) do {							\
	char text_[160];						\
	int len_ = snprintf(text_, sizeof(text_), __VA_ARGS__);		\
									\
	if (write(STDOUT_FILENO, text_, len_) != len_)			\
		_exit(EXIT_FAILURE);					\
} while (0)

/* Stop as ctrl-Z does it, for others to look; "kill -CONT" goes on. */
#define stop_here() raise(SIGSTOP)

extern char end;	/* the end of bss; the linker gives it this name */

/* The 16 bytes in front of what malloc returns. */
struct header {
	size_t prev_size;	/* of the chunk before, if that is free */
	size_t size;		/* of this chunk; its low bits are flags */
};

#define PREV_IN_USE	1UL	/* P: the chunk before is in use */
#define MAPPED		2UL	/* M: this chunk has a mapping of its own */
#define FLAGS		7UL

static inline struct header *header_of(void *memory)
{
	return (struct header *)memory - 1;
}

static inline size_t size_of(const struct header *chunk)
{
	return chunk->size & ~FLAGS;
}

static inline struct header *next_of(struct header *chunk)
{
	return (struct header *)((char *)chunk + size_of(chunk));
}

/* Say where a header is and what its bytes are, in the order of memory. */
static inline void say_header(struct header *chunk)
{
	const unsigned char *byte = (const unsigned char *)chunk;
	size_t i;

	say("%p:", (void *)chunk);
	for (i = 0; i < sizeof(*chunk); i++)
		say(" %02x", byte[i]);
	say("\n");
}

#endif
