// SPDX-License-Identifier: GPL-2.0
/* Read /proc/PID/cgroup, and tell containers by the names of their cgroups. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "target/cgroup.h"

#define MOUNT "/sys/fs/cgroup"

/* Where each hierarchy is mounted below that, if there is more than one. */
static const char *const folders[HIERARCHIES] = {
	[HIERARCHY_V2] = "unified",
	[HIERARCHY_MEMORY] = "memory",
	[HIERARCHY_SYSTEMD] = "systemd",
};

/* Is @word one of the words in @list, which commas divide? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (;;) {
		size_t n = strcspn(list, ",");

		if (n == len && !memcmp(list, word, len))
			return true;
		if (!list[n])
			return false;
		list += n + 1;
	}
}

static enum hierarchy hierarchy_of(const char *controllers)
{
	if (!*controllers)
		return HIERARCHY_V2;
	if (has_word(controllers, "memory"))
		return HIERARCHY_MEMORY;
	return strcmp(controllers, "name=systemd") ? HIERARCHIES :
						     HIERARCHY_SYSTEMD;
}

/* A line is "NUMBER:CONTROLLERS:PATH". */
static void parse_line(struct cgroups *c, char *line)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;
	enum hierarchy h;

	if (!path)
		return;
	*path++ = '\0';
	h = hierarchy_of(controllers + 1);
	if (h == HIERARCHIES || c->path[h])
		return;
	text_drop_deleted(path);
	c->path[h] = xstrdup(path);
}

/**
 * cgroups_parse - read which cgroups a process is in
 * @c: filled; end it with cgroups_free()
 * @f: the text of /proc/PID/cgroup, or NULL for none
 */
void cgroups_parse(struct cgroups *c, FILE *f)
{
	char *line = NULL;
	size_t room = 0;

	memset(c, 0, sizeof(*c));
	while (f && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		parse_line(c, line);
	}
	free(line);
}

/* Is @path that of the cgroup @top, or of one inside of it? */
static bool is_below(const char *path, const char *top)
{
	size_t len;

	path += strspn(path, "/");
	top += strspn(top, "/");
	len = strlen(top);
	while (len && top[len - 1] == '/')
		len--;
	return !len || (!strncmp(path, top, len) &&
			(!path[len] || path[len] == '/'));
}

/* The next component of a path, or NULL; @path is moved behind it. */
static const char *next_component(const char **path, size_t *len)
{
	const char *at = *path + strspn(*path, "/");

	*len = strcspn(at, "/");
	*path = at + *len;
	return *len ? at : NULL;
}

static bool has_component(const char *path, const char *name)
{
	const char *at;
	size_t len;

	while ((at = next_component(&path, &len)))
		if (len == strlen(name) && !memcmp(at, name, len))
			return true;
	return false;
}

/* The part of @path behind the folder @top, or NULL where it is not in there. */
static const char *inside(const char *path, const char *top)
{
	size_t len = strlen(top);

	return !strncmp(path, top, len) && (!path[len] || path[len] == '/') ?
	       path + len : NULL;
}

static bool path_below(const char *path, enum hierarchy h, const char *name)
{
	const char *mounted = inside(name, MOUNT), *rest;

	if (!mounted)
		return strchr(name, '/') ? is_below(path, name) :
					   has_component(path, name);
	rest = mounted + strspn(mounted, "/");
	rest = inside(rest, folders[h]);
	return is_below(path, mounted) || (rest && is_below(path, rest));
}

/**
 * cgroups_below - is a process in a cgroup, or in one inside of that?
 * @c: the cgroups of the process
 * @name: the path of the cgroup, as /proc/PID/cgroup has it or from
 *	  /sys/fs/cgroup on; or a single name, which any part of a path may have
 *
 * Return: true if so in one of the hierarchies.
 */
bool cgroups_below(const struct cgroups *c, const char *name)
{
	enum hierarchy h;

	for (h = 0; h < HIERARCHIES; h++)
		if (c->path[h] && path_below(c->path[h], h, name))
			return true;
	return false;
}

/* The process that watches over a container is not in it. */
static bool is_monitor(const char *name, size_t len)
{
	static const char conmon[] = "conmon-";

	return memmem(name, len, conmon, strlen(conmon));
}

/*
 * The id in the name of a container's cgroup, or NULL.  The name is the id, or
 * ends with it behind what the container's manager is called, and systemd's
 * ending may follow: "docker-ID.scope", "libpod-ID", "machine-libpod_pod_ID.slice",
 * "kubepods-pod1.slice:cri-containerd:ID".
 */
static const char *id_in(const char *name, size_t len)
{
	const char *id;

	if (len > CONTAINER_ID && is_monitor(name, len))
		return NULL;
	if (len > 6 && (!memcmp(name + len - 6, ".scope", 6) ||
			!memcmp(name + len - 6, ".slice", 6)))
		len -= 6;
	if (len < CONTAINER_ID)
		return NULL;
	id = name + len - CONTAINER_ID;
	if (strspn(id, "0123456789abcdef") < CONTAINER_ID)
		return NULL;
	return id == name || strchr("-_:", id[-1]) ? id : NULL;
}

/**
 * cgroups_container - is a process in a container?
 * @c: the cgroups of the process
 * @prefix: how the container's id begins
 * @id: filled with the whole id
 *
 * Containers may be inside of others; the outermost that fits is meant.
 *
 * Return: true if so.
 */
bool cgroups_container(const struct cgroups *c, const char *prefix,
		       char id[CONTAINER_ID + 1])
{
	const char *path, *at, *found;
	enum hierarchy h;
	size_t len;

	for (h = 0; h < HIERARCHIES; h++) {
		path = c->path[h] ? c->path[h] : "";
		while ((at = next_component(&path, &len))) {
			found = id_in(at, len);
			if (!found || strlen(prefix) > CONTAINER_ID ||
			    memcmp(found, prefix, strlen(prefix)))
				continue;
			memcpy(id, found, CONTAINER_ID);
			id[CONTAINER_ID] = '\0';
			return true;
		}
	}
	return false;
}

/**
 * cgroups_free - free what cgroups_parse() has read
 * @c: the cgroups
 */
void cgroups_free(struct cgroups *c)
{
	enum hierarchy h;

	for (h = 0; h < HIERARCHIES; h++)
		free(c->path[h]);
	memset(c, 0, sizeof(*c));
}
