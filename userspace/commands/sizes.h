/* SPDX-License-Identifier: GPL-2.0 */
/* What malloc's memory is used for, of one process or of several, as text and JSON. */
#ifndef HEAPINFO_SIZES_H
#define HEAPINFO_SIZES_H

#include "base/json.h"
#include "heap/usage.h"

void sizes_print(const struct usage *u, u64 mmapped_chunks, u64 mmapped_bytes);
struct json_object *sizes_json(const struct usage *u);
struct json_object *sizes_total_json(u64 chunks, u64 bytes);

#endif
