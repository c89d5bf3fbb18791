/* SPDX-License-Identifier: GPL-2.0 */
/* Cores as they are kept: compressed, or with systemd-coredump. */
#ifndef HEAPINFO_UNPACK_H
#define HEAPINFO_UNPACK_H

#include "base/util.h"

int unpack_open(const char *path, bool *cut, struct error *e);

#endif
