// SPDX-License-Identifier: GPL-2.0
/* Unit tests of struct outfile: its file appears complete, or not at all. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/outfile.h"

static char dir[sizeof("/tmp/heapinfo-XXXXXX")];
static char path[sizeof(dir) + 8];

static int make_folder(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/heapinfo-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/x", dir);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static unsigned int files(void)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;	/* without "." and ".." */
}

static void write_all(const char *text)
{
	struct outfile o;
	struct error e;

	assert_int_equal(outfile_open(&o, path, 0640, &e), 0);
	assert_int_equal(outfile_write(&o, text, strlen(text), 0, &e), 0);
	assert_int_equal(outfile_done(&o, &e), 0);
}

static void holds(const char *text)
{
	char got[32] = "";
	struct stat st;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_non_null(fgets(got, sizeof(got), f));
	assert_int_equal(fstat(fileno(f), &st), 0);
	fclose(f);
	assert_string_equal(got, text);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(files(), 1);
}

/* Have a signal end a child that is halfway through the file. */
static void ends_halfway(int sig)
{
	struct outfile o;
	struct error e;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		/* It may be ignored, as in a job in the background. */
		signal(sig, SIG_DFL);
		if (outfile_open(&o, path, 0640, &e) ||
		    outfile_write(&o, "half", 4, 0, &e))
			_exit(1);
		raise(sig);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), sig);
}

static void appears_or_not(void)
{
	struct outfile o;
	struct error e;

	write_all("first");
	holds("first");
	write_all("second");
	holds("second");
	assert_int_equal(outfile_open(&o, path, 0600, &e), 0);
	assert_int_equal(outfile_write(&o, "third", 5, 0, &e), 0);
	outfile_drop(&o);
	holds("second");
	ends_halfway(SIGINT);
	ends_halfway(SIGTERM);
	ends_halfway(SIGHUP);
	holds("second");
	unlink(path);
	ends_halfway(SIGINT);
	assert_int_equal(files(), 0);
}

static void test_without_name(void **state)
{
	(void)state;
	appears_or_not();
}

static void test_with_name(void **state)
{
	(void)state;
	outfile_always_named = true;
	appears_or_not();
	outfile_always_named = false;
}

/* A file without a name leaves nothing behind, not even after SIGKILL. */
static void test_killed(void **state)
{
	struct outfile o;
	struct error e;
	bool named;

	(void)state;
	assert_int_equal(outfile_open(&o, path, 0600, &e), 0);
	named = o.tmp;
	outfile_drop(&o);
	if (named)
		skip();
	ends_halfway(SIGKILL);
	assert_int_equal(files(), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without_name, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(test_with_name, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(test_killed, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
