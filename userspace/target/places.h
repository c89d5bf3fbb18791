/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of each code address that was seen, found out once. */
#ifndef HEAPINFO_PLACES_H
#define HEAPINFO_PLACES_H

#include <elfutils/libdwfl.h>

#include "target/unwind.h"

struct places;

struct places *places_open(struct target *t, const struct code_files *files);
void places_close(struct places *p);
struct code_place *places_at(struct places *p, u64 addr, unsigned int wordsize,
			     bool *is_new);
void place_name(struct places *p, struct code_place *place, Dwfl_Module *dm);
struct function *place_add(struct code_place *place);

#endif
