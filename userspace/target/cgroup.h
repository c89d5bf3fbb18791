/* SPDX-License-Identifier: GPL-2.0 */
/* The cgroups that a process is in, and the containers that these are of. */
#ifndef HEAPINFO_CGROUP_H
#define HEAPINFO_CGROUP_H

#include "base/util.h"

#define CONTAINER_ID 64u	/* hexadecimal digits of a container's id */

/* One path for each hierarchy that tells who belongs together; NULL: none. */
enum hierarchy {
	HIERARCHY_V2,
	HIERARCHY_MEMORY,	/* of version 1 */
	HIERARCHY_SYSTEMD,	/* of version 1: units of systemd */
	HIERARCHIES
};

struct cgroups {
	char *path[HIERARCHIES];	/* may hold anything but a newline */
};

void cgroups_parse(struct cgroups *c, FILE *f);
bool cgroups_below(const struct cgroups *c, const char *name);
bool cgroups_container(const struct cgroups *c, const char *prefix,
		       char id[CONTAINER_ID + 1]);
void cgroups_free(struct cgroups *c);

#endif
