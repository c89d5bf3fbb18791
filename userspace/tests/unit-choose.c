// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of which processes are meant: by made-up texts of /proc/PID/cgroup, as
 * docker, podman and others make them, by made-up files of docker's and podman's,
 * and by processes of the test's own.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "target/choose.h"
#include "target/containers.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static struct cgroups parsed(const char *text)
{
	struct cgroups c;
	FILE *f = fmemopen((char *)text, strlen(text), "r");

	assert_non_null(f);
	cgroups_parse(&c, f);
	fclose(f);
	return c;
}

static bool below(const char *text, const char *name)
{
	struct cgroups c = parsed(text);
	bool is = cgroups_below(&c, name);

	cgroups_free(&c);
	return is;
}

/* Is it in the container whose id begins so?  Then it must be that of ID. */
static bool contained(const char *text, const char *prefix)
{
	struct cgroups c = parsed(text);
	char id[CONTAINER_ID + 1] = "";
	bool is = cgroups_container(&c, prefix, id);

	cgroups_free(&c);
	assert_true(!is || !strcmp(id, ID));
	return is;
}

static void path_of_v2(void **state)
{
	static const char text[] = "0::/system.slice/nginx.service/worker\n";

	(void)state;
	assert_true(below(text, "/system.slice/nginx.service/worker"));
	assert_true(below(text, "/system.slice/nginx.service"));
	assert_true(below(text, "/system.slice/nginx.service/"));
	assert_true(below(text, "system.slice/nginx.service"));
	assert_true(below(text, "/sys/fs/cgroup/system.slice/nginx.service"));
	assert_true(below(text, "/sys/fs/cgroup/unified/system.slice"));
	assert_true(below(text, "/sys/fs/cgroup"));
	assert_true(below(text, "/"));
	assert_true(below(text, "nginx.service"));
	assert_false(below(text, "/system.slice/nginx"));
	assert_false(below(text, "/nginx.service"));
	assert_false(below(text, "/system.slice/nginx.service/worker/1"));
	assert_false(below(text, "/sys/fs/cgroup/memory/system.slice"));
	assert_false(below(text, "nginx"));
	assert_false(below(text, "nginx.service/worker"));
}

/* Of version 1, the hierarchies of memory and of systemd tell; others do not. */
static void path_of_v1(void **state)
{
	static const char text[] =
		"12:cpuset:/cpus\n"
		"9:freezer,memory:/batch/job 1\n"
		"2:name=systemd:/system.slice/batch.service\n"
		"0::/\n";

	(void)state;
	assert_true(below(text, "/batch"));
	assert_true(below(text, "/batch/job 1"));
	assert_true(below(text, "/sys/fs/cgroup/memory/batch"));
	assert_true(below(text, "/sys/fs/cgroup/systemd/system.slice"));
	assert_true(below(text, "batch.service"));
	assert_false(below(text, "/cpus"));
	assert_false(below(text, "cpus"));
	assert_false(below(text, "/sys/fs/cgroup/unified/batch"));
	assert_false(below(text, "/sys/fs/cgroup/cpuset/cpus"));
}

static void odd_lines(void **state)
{
	(void)state;
	assert_false(below("", "/"));
	assert_false(below("nonsense\n1:memory\n", "/"));
	assert_true(below("0::/gone (deleted)\n", "/gone"));
	assert_true(below("0::/a:b\n", "/a:b"));
	assert_true(below("0::/no newline", "/no newline"));
	/* What only looks like the controller is another. */
	assert_false(below("3:name=memory:/x\n4:memoryx:/x\n", "/x"));
}

static void ids_of_containers(void **state)
{
	static const char *const text[] = {
		/* docker, of version 2 with systemd, and without */
		"0::/system.slice/docker-" ID ".scope\n",
		"0::/docker/" ID "\n",
		/* docker of version 1 */
		"11:memory:/docker/" ID "\n1:name=systemd:/docker/" ID "\n0::/system.slice/containerd.service\n",
		/* podman of root, in a pod, without root, and with cgroupfs */
		"0::/machine.slice/libpod-" ID ".scope/container\n",
		"0::/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID ".scope\n",
		"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container\n",
		"6:memory:/libpod_parent/libpod-" ID "\n",
		/* Kubernetes: containerd and CRI-O, with systemd and cgroupfs */
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-" ID ".scope\n",
		"0::/kubepods.slice/kubepods-pod1_2.slice/crio-" ID ".scope\n",
		"5:memory:/kubepods/besteffort/pod8e1b/" ID "\n",
		"5:memory:/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" ID "\n",
		/* in a container of another one */
		"0::/docker/" ID "/docker/" OTHER "\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(text); i++) {
		assert_true(contained(text[i], ID));
		assert_true(contained(text[i], "0123456789ab"));
		assert_true(contained(text[i], "0"));
		assert_false(contained(text[i], "1"));
		assert_false(contained(text[i], ID "0"));
	}
}

static void no_containers(void **state)
{
	static const char *const text[] = {
		/* what watches over one is not in it */
		"0::/machine.slice/libpod-conmon-" ID ".scope\n",
		"0::/system.slice/crio-conmon-" ID ".scope\n",
		/* longer, shorter, other digits */
		"0::/docker/0" ID "\n",
		"0::/docker/0123456789abcdef\n",
		"0::/docker-0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef.scope\n",
		"0::/docker-" ID ".service\n",
		"0::/x" ID ".scope\n",
		"3:cpu:/docker/" ID "\n",
		"0::/\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(text); i++)
		assert_false(contained(text[i], ""));
}

static char *root;

/* Write a file below the made-up root, with the folders above it. */
static void write_file(const char *name, const char *text)
{
	char path[512], *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_root(void **state)
{
	(void)state;
	root = xstrdup("/tmp/unit-choose.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	unsetenv("XDG_DATA_HOME");
	setenv("HOME", "/home/u", 1);
	write_file("/var/lib/docker/containers/" ID "/config.v2.json",
		   "{\"ID\":\"" ID "\",\"Name\":\"/web\",\"State\":{}}");
	write_file("/var/lib/docker/containers/2/config.v2.json",
		   "{\"ID\":\"../../x\",\"Name\":\"/bad\"}");
	write_file("/var/lib/docker/containers/3/config.v2.json",
		   "{\"ID\":[\"" ID "\"],\"Name\":{\"/bad\":1}}");
	write_file("/var/lib/docker/containers/4/config.v2.json", "{\"ID\":");
	write_file("/var/lib/containers/storage/overlay-containers/containers.json",
		   "[null, 5, {\"id\":\"" OTHER "\",\"names\":[\"db\",\"both\"]}, {\"id\":\"" ID "\",\"names\":[\"both\", null]}, {\"id\":\"" ID "\"}]");
	write_file("/home/u/.local/share/containers/storage/vfs-containers/containers.json",
		   "[{\"id\":\"" ID "\",\"names\":[\"mine\"]}]");
	write_file("/data/containers/storage/overlay-containers/containers.json",
		   "[{\"id\":\"" ID "\",\"names\":[\"elsewhere\"]}]");
	return 0;
}

static int remove_root(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	free(root);
	return system(command);
}

/* How many ids has the name?  The first must be @id. */
static size_t named(const char *name, const char *id)
{
	struct container_ids ids;
	size_t n;

	containers_named(root, name, &ids);
	n = ids.n;
	if (n)
		assert_string_equal(ids.id[0], id);
	free(ids.id);
	return n;
}

static void names_of_containers(void **state)
{
	(void)state;
	assert_int_equal(named("web", ID), 1);
	assert_int_equal(named("db", OTHER), 1);
	assert_int_equal(named("both", OTHER), 2);
	assert_int_equal(named("mine", ID), 1);
	assert_int_equal(named("bad", ""), 0);
	assert_int_equal(named("we", ""), 0);
	assert_int_equal(named("/web", ""), 0);
	assert_int_equal(named("elsewhere", ""), 0);
	setenv("XDG_DATA_HOME", "/data", 1);
	assert_int_equal(named("elsewhere", ID), 1);
	assert_int_equal(named("mine", ""), 0);
	unsetenv("XDG_DATA_HOME");
}

/* Start a process of this name that waits; and one below it. */
static pid_t start_two(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_NAME, name);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!fork())
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A test that fails leaves them behind: they must end. */
		alarm(60);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static size_t count(enum wanted_kind kind, const char *text, pid_t *first)
{
	const struct wanted w[] = { { kind, text }, { kind, text } };
	struct chosen c;
	size_t n;

	/* Twice the same is each of them once. */
	choose(&c, w, 2);
	n = c.n;
	if (n) {
		assert_int_equal(c.misses, 0);
		assert_true(chosen_is_same(&c.p[0]));
		*first = c.p[0].pid;
	}
	chosen_free(&c);
	return n;
}

static bool has(const char *text, pid_t pid)
{
	const struct wanted w = { WANTED_PROCESS, text };
	bool found = false;
	struct chosen c;
	size_t i;

	choose(&c, &w, 1);
	for (i = 0; i < c.n; i++)
		found |= c.p[i].pid == pid;
	chosen_free(&c);
	return found;
}

/* A name may hold anything, also what ends it in stat, and what ends a line. */
static void of_processes(void **state)
{
	static const char name[] = "a)\nb (c";
	pid_t pid = start_two(name), first = 0;
	char text[16];

	(void)state;
	snprintf(text, sizeof(text), "%d", (int)pid);
	assert_int_equal(count(WANTED_PROCESS, name, &first), 2);
	assert_int_equal(first, pid);
	assert_int_equal(count(WANTED_PROCESS, text, &first), 1);
	assert_int_equal(count(WANTED_TREE, text, &first), 2);
	assert_int_equal(count(WANTED_TREE, name, &first), 2);
	assert_int_equal(count(WANTED_PROCESS, "a)\nb", &first), 0);
	/* The program that looks is not meant, though its name fits. */
	assert_true(has("unit-choose", pid));
	assert_false(has("unit-choose", getpid()));
	snprintf(text, sizeof(text), "%d", (int)getpid());
	assert_int_equal(count(WANTED_TREE, text, &first), 0);
	kill(pid, SIGKILL);
	/* A zombie shows why it has nothing, where there is nothing else. */
	waitid(P_PID, pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	snprintf(text, sizeof(text), "%d", (int)pid);
	assert_int_equal(count(WANTED_TREE, text, &first), 1);
	assert_int_equal(first, pid);
	waitpid(pid, NULL, 0);
	assert_int_equal(count(WANTED_PROCESS, text, &first), 0);
}

static void numbers(void **state)
{
	(void)state;
	assert_true(wanted_is_pid("1"));
	assert_true(wanted_is_pid("99999999999999999999999"));
	assert_false(wanted_is_pid(""));
	assert_false(wanted_is_pid("7z"));
	assert_false(wanted_is_pid("-1"));
	assert_int_equal(wanted_pid("0"), 0);
	assert_int_equal(wanted_pid("2147483647"), INT32_MAX);
	assert_int_equal(wanted_pid("2147483648"), 0);
	assert_int_equal(wanted_pid("99999999999999999999999"), 0);
}

static void another_by_now(void **state)
{
	pid_t pid = start_two("another");
	struct chosen_process p = { pid, 1 };

	(void)state;
	assert_false(chosen_is_same(&p));
	p.started = 0;
	assert_true(chosen_is_same(&p));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	p.started = 1;
	assert_false(chosen_is_same(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_of_v2),
		cmocka_unit_test(path_of_v1),
		cmocka_unit_test(odd_lines),
		cmocka_unit_test(ids_of_containers),
		cmocka_unit_test(no_containers),
		cmocka_unit_test_setup_teardown(names_of_containers, make_root,
						remove_root),
		cmocka_unit_test(of_processes),
		cmocka_unit_test(numbers),
		cmocka_unit_test(another_by_now),
	};

	return cmocka_run_group_tests_name("choose", tests, NULL, NULL);
}
