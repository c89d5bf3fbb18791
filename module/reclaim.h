/* SPDX-License-Identifier: GPL-2.0 */
/* Takes rows back from users who have more than a share. */
#ifndef HEAPINFO_RECLAIM_H
#define HEAPINFO_RECLAIM_H

#include <linux/types.h>

struct heapinfo_owner;

void heapinfo_reclaim(struct heapinfo_owner *owner, bool first);
bool heapinfo_reclaim_spares(void);

#endif /* HEAPINFO_RECLAIM_H */
