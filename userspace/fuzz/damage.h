/* SPDX-License-Identifier: GPL-2.0 */
/* Damage a made-up heap, or its core, as the bytes of an input say. */
#ifndef HEAPINFO_DAMAGE_H
#define HEAPINFO_DAMAGE_H

#include "tests/synth.h"

void damage_memory(struct synth *s, const u8 *data, size_t size);
void damage_words(struct synth *s, const u8 *data, size_t size);
void damage_core(int fd, const u8 *data, size_t size);

#endif
