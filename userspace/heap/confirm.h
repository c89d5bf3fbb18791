/* SPDX-License-Identifier: GPL-2.0 */
/* Telling damage from a change half done, in a process that runs. */
#ifndef HEAPINFO_CONFIRM_H
#define HEAPINFO_CONFIRM_H

#include "heap/findings.h"
#include "heap/heap.h"

int heap_confirm(struct heap *h, struct findings *pending,
		 struct findings *sure);

#endif
