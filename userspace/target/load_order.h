/* SPDX-License-Identifier: GPL-2.0 */
/* The modules of a target in the order in which its loader looks for symbols. */
#ifndef HEAPINFO_LOAD_ORDER_H
#define HEAPINFO_LOAD_ORDER_H

#include "target/elfinfo.h"

/* Modules of a list that stays as it is meanwhile. */
struct load_order {
	const struct module **mod;
	size_t n;
};

void load_order_find(struct target *t, const struct modules *mods,
		     struct load_order *lo);
void load_order_free(struct load_order *lo);

#endif
