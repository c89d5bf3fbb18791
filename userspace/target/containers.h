/* SPDX-License-Identifier: GPL-2.0 */
/* What containers are called: docker's and podman's files tell. */
#ifndef HEAPINFO_CONTAINERS_H
#define HEAPINFO_CONTAINERS_H

#include "target/cgroup.h"

struct container_ids {
	char (*id)[CONTAINER_ID + 1];
	size_t n;
};

void containers_named(const char *root, const char *name,
		      struct container_ids *ids);

#endif
