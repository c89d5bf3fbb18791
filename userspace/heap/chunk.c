// SPDX-License-Identifier: GPL-2.0
/* The states of chunks, in words. */
#include "heap/chunk.h"

static const char *const state_names[CHUNK_STATES] = {
	[CHUNK_IN_USE] = "in use",
	[CHUNK_TCACHE] = "tcache",
	[CHUNK_FASTBIN] = "fastbin",
	[CHUNK_UNSORTED] = "unsorted",
	[CHUNK_SMALL] = "small",
	[CHUNK_LARGE] = "large",
	[CHUNK_TOP] = "top",
	[CHUNK_FENCEPOST] = "fencepost",
	[CHUNK_MMAPPED] = "mmapped",
	[CHUNK_FOREIGN] = "foreign",
	[CHUNK_DAMAGED] = "damaged",
};

/**
 * chunk_state_name - the word for a state
 * @state: the state
 *
 * Return: the word.
 */
const char *chunk_state_name(enum chunk_state state)
{
	return state < CHUNK_STATES ? state_names[state] : "unknown";
}

/**
 * chunk_state_is_free - can it be merged with its neighbours?
 * @state: the state
 *
 * Return: true if so; top and cached chunks are not.
 */
bool chunk_state_is_free(enum chunk_state state)
{
	return state == CHUNK_UNSORTED || state == CHUNK_SMALL ||
	       state == CHUNK_LARGE;
}

/**
 * chunk_state_is_cached - freed by the program, but kept apart for reuse?
 * @state: the state
 *
 * Return: true if so.
 */
bool chunk_state_is_cached(enum chunk_state state)
{
	return state == CHUNK_TCACHE || state == CHUNK_FASTBIN;
}
