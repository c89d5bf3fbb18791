/* SPDX-License-Identifier: GPL-2.0 */
/* /proc/heapinfo: the state of the module itself. */
#ifndef HEAPINFO_STATUS_H
#define HEAPINFO_STATUS_H

int heapinfo_status_start(void);
void heapinfo_status_stop(void);

#endif /* HEAPINFO_STATUS_H */
