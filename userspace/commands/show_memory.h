/* SPDX-License-Identifier: GPL-2.0 */
/* What 'heapinfo show' says of all memory of a process. */
#ifndef HEAPINFO_SHOW_MEMORY_H
#define HEAPINFO_SHOW_MEMORY_H

#include "base/json.h"
#include "heap/memory.h"

void show_memory(const struct heap *h, const struct memory *mem);
struct json_object *memory_json(const struct memory *mem);

#endif
