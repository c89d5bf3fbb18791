/* SPDX-License-Identifier: GPL-2.0 */
/* What lets a call of brk(2) sleep for as long as a test likes. */
#ifndef HEAPINFO_ASLEEP_H
#define HEAPINFO_ASLEEP_H

int watch_heap(unsigned long start, unsigned long size);
int fall_asleep(void);

#endif /* HEAPINFO_ASLEEP_H */
