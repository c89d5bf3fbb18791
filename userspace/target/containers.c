// SPDX-License-Identifier: GPL-2.0
/* Find the id of a container by its name, in the files of docker and podman. */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "target/containers.h"

#define MAX_FILE (64 << 20)	/* bytes; a machine's containers take some KiB */

static void add(struct container_ids *ids, const char *id)
{
	size_t i;

	if (!id || strlen(id) != CONTAINER_ID ||
	    strspn(id, "0123456789abcdef") != CONTAINER_ID)
		return;
	for (i = 0; i < ids->n; i++)
		if (!strcmp(ids->id[i], id))
			return;
	ids->id = xgrow(ids->id, ids->n, sizeof(*ids->id));
	strcpy(ids->id[ids->n++], id);
}

/* A member's text; NULL where it has none. */
static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_is_type(o, json_type_object) &&
	       json_object_object_get_ex(o, key, &v) &&
	       json_object_is_type(v, json_type_string) ?
	       json_object_get_string(v) : NULL;
}

/* docker: a file a container, and its name begins with a slash. */
static void look_docker(struct json_object *o, const char *name,
			struct container_ids *ids)
{
	const char *is = text_of(o, "Name");

	if (is && !strcmp(is + (*is == '/'), name))
		add(ids, text_of(o, "ID"));
}

static bool has_name(struct json_object *o, const char *name)
{
	struct json_object *names;
	size_t i;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, "names", &names) ||
	    !json_object_is_type(names, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(names); i++) {
		const char *is =
			json_object_get_string(json_object_array_get_idx(names,
									 i));

		if (is && !strcmp(is, name))
			return true;
	}
	return false;
}

/* podman, and whatever keeps its containers as it does: a file for all. */
static void look_podman(struct json_object *all, const char *name,
			struct container_ids *ids)
{
	size_t i;

	if (!json_object_is_type(all, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(all); i++) {
		struct json_object *o = json_object_array_get_idx(all, i);

		if (has_name(o, name))
			add(ids, text_of(o, "id"));
	}
}

typedef void (*look_fn)(struct json_object *o, const char *name,
			struct container_ids *ids);

static void look_in(const char *path, look_fn look, const char *name,
		    struct container_ids *ids)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct json_object *o;
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= MAX_FILE) {
		o = json_object_from_fd(fd);
		if (o)
			look(o, name, ids);
		json_object_put(o);
	}
	close(fd);
}

static void look_below(const char *folder, const char *pattern, look_fn look,
		       const char *name, struct container_ids *ids)
{
	char path[PATH_MAX];
	glob_t files;
	size_t i;

	if (snprintf(path, sizeof(path), "%s/%s", folder, pattern) >=
	    (int)sizeof(path))
		return;
	if (!glob(path, 0, NULL, &files))
		for (i = 0; i < files.gl_pathc; i++)
			look_in(files.gl_pathv[i], look, name, ids);
	globfree(&files);
}

/* Everything that a machine, or a user without root, keeps in one folder. */
static void look_at(const char *folder, const char *name,
		    struct container_ids *ids)
{
	look_below(folder, "docker/containers/*/config.v2.json", look_docker,
		   name, ids);
	look_below(folder, "containers/storage/*-containers/containers.json",
		   look_podman, name, ids);
}

/**
 * containers_named - the ids of the containers that have a name
 * @root: what to put before each path: "", or a test's folder
 * @name: the name
 * @ids: filled; free() its .id
 *
 * Looked at are the files of the machine, which root alone may read mostly, and
 * those of the user, whose containers run without root.
 */
void containers_named(const char *root, const char *name,
		      struct container_ids *ids)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char folder[PATH_MAX];

	memset(ids, 0, sizeof(*ids));
	snprintf(folder, sizeof(folder), "%s/var/lib", root);
	look_at(folder, name, ids);
	if (data && *data == '/')
		snprintf(folder, sizeof(folder), "%s%s", root, data);
	else if (home && *home == '/')
		snprintf(folder, sizeof(folder), "%s%s/.local/share", root,
			 home);
	else
		return;
	look_at(folder, name, ids);
}
