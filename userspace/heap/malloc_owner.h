/* SPDX-License-Identifier: GPL-2.0 */
/* Whose malloc a program calls. */
#ifndef HEAPINFO_MALLOC_OWNER_H
#define HEAPINFO_MALLOC_OWNER_H

#include "target/elfinfo.h"

const struct module *malloc_owner(struct target *t, const struct modules *mods);

#endif
