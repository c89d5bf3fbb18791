// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of reading live processes whose threads end when the test says so.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "target/pagemap.h"

static const char known[] = "what is to be read";

static void *stay(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* Wait to be told. Return: false if nobody is left who could tell. */
static bool is_told(int from)
{
	char byte;

	return read(from, &byte, 1) == 1;
}

static void *end_when_told(void *arg)
{
	return is_told(*(int *)arg) ? NULL : stay(NULL);
}

/*
 * Start a process of three threads. Told once, its first thread ends; told
 * again, its second one does; the third stays.
 */
static pid_t start_process(int *tell)
{
	static int to[2];	/* not on the stack of a thread that ends */
	pthread_t thread[2];
	int from[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		/*
		 * A test that fails leaves this process behind: it must end,
		 * and hold no file.
		 */
		alarm(60);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		close(to[1]);
		if (write(from[1], &byte, 1) != 1 || !is_told(to[0]) ||
		    pthread_create(&thread[0], NULL, end_when_told, &to[0]) ||
		    pthread_create(&thread[1], NULL, stay, NULL))
			_exit(1);
		pthread_exit(NULL);
	}
	assert_int_equal(read(from[0], &byte, 1), 1);
	close(to[0]);
	close(from[0]);
	close(from[1]);
	*tell = to[1];
	return pid;
}

static struct target *open_process(pid_t *pid, int *tell)
{
	struct target *t;
	struct error e;

	*pid = start_process(tell);
	t = target_open_live(*pid, *pid, &e);
	assert_non_null(t);
	return t;
}

static char state_of(pid_t pid)
{
	char path[64], line[512];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	state = stat_field(fopen(path, "re"), line, sizeof(line), 3);
	return state ? *state : '?';
}

static void end_first_thread(pid_t pid, int tell)
{
	assert_int_equal(write(tell, "", 1), 1);
	while (state_of(pid) != 'Z')
		usleep(1000);
}

/* Unlike the first thread it does not stay as a zombie: it is gone. */
static void end_second_thread(pid_t tid, int tell)
{
	assert_int_equal(write(tell, "", 1), 1);
	while (state_of(tid) != '?')
		usleep(1000);
}

/* Once its first thread has ended, memory is read through the second. */
static struct target *open_without_first(pid_t *pid, int *tell)
{
	struct target *t = open_process(pid, tell);
	struct error e = { 0 };

	end_first_thread(*pid, *tell);
	assert_int_equal(target_reload_maps(t, &e), 0);
	assert_int_not_equal(t->via, *pid);
	return t;
}

/* Wait until all of its threads have ended, and leave it as a zombie. */
static void kill_process(pid_t pid)
{
	siginfo_t si;

	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, pid, &si, WEXITED | WNOWAIT), 0);
}

static void end_process(pid_t pid, int tell, struct target *t)
{
	target_close(t);
	close(tell);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void reads_known(struct target *t)
{
	char text[sizeof(known)];

	assert_int_equal(target_read(t, (uintptr_t)known, text, sizeof(text)),
			 sizeof(text));
	assert_string_equal(text, known);
}

static void test_mappings_without_first(void **state)
{
	int tell;
	pid_t pid;
	struct target *t = open_without_first(&pid, &tell);

	(void)state;
	assert_true(t->maps.n > 0);
	reads_known(t);
	end_process(pid, tell, t);
}

static void test_mappings_without_second(void **state)
{
	struct error e = { 0 };
	int tell;
	pid_t pid, second;
	struct target *t = open_without_first(&pid, &tell);

	(void)state;
	second = t->via;
	end_second_thread(second, tell);
	assert_int_equal(target_reload_maps(t, &e), 0);
	assert_int_not_equal(t->via, pid);
	assert_int_not_equal(t->via, second);
	reads_known(t);
	end_process(pid, tell, t);
}

/* The first thread is there as a zombie still, but the process has ended. */
static void test_end_after_second(void **state)
{
	struct error e = { 0 };
	int tell;
	pid_t pid;
	struct target *t = open_without_first(&pid, &tell);

	(void)state;
	kill_process(pid);
	assert_int_equal(target_reload_maps(t, &e), -1);
	assert_non_null(strstr(e.text, "waits for its parent"));
	end_process(pid, tell, t);
}

static void test_memory_without_first(void **state)
{
	int tell;
	pid_t pid;
	struct target *t = open_process(&pid, &tell);

	(void)state;
	end_first_thread(pid, tell);
	reads_known(t);
	end_process(pid, tell, t);
}

static void test_nothing_of_the_ended(void **state)
{
	struct error e = { 0 };
	char byte;
	int tell;
	pid_t pid;
	struct target *t = open_process(&pid, &tell);

	(void)state;
	kill_process(pid);
	assert_int_equal(target_read(t, (uintptr_t)known, &byte, 1), 0);
	assert_int_equal(target_reload_maps(t, &e), -1);
	assert_non_null(strstr(e.text, "has ended"));
	end_process(pid, tell, t);
}

/* Find the one page that was touched in gigabytes that were not. */
static void finds_touched(struct target *t, char *map, size_t len)
{
	struct pagemap *pm = pagemap_open(t);
	u64 start = (uintptr_t)map, end = start + len;
	u64 page = start + align_down(len / 2, PAGE);
	u64 resident = 0, swapped = 0;

	assert_non_null(pm);
	assert_int_equal(pagemap_next(pm, start, end), page);
	assert_int_equal(pagemap_next(pm, start + 8, page), page);
	assert_int_equal(pagemap_next(pm, page + 8, end), page + 8);
	assert_int_equal(pagemap_next(pm, page + PAGE, end), end);
	assert_int_equal(pagemap_next(pm, start, end), page);
	assert_int_equal(pagemap_next(pm, end, end), end);
	assert_int_equal(pagemap_count(pm, start, end, &resident, &swapped), 0);
	assert_int_equal(resident + swapped, PAGE);
	/* Of a page that reaches out of the range, what is inside is counted. */
	resident = 0;
	assert_int_equal(pagemap_count(pm, page + 8, page + 24, &resident,
				       &swapped), 0);
	assert_int_equal(pagemap_count(pm, page - 8, page + 8, &resident,
				       &swapped), 0);
	assert_int_equal(resident + swapped, 16 + 8);
	/* A page that is touched later is found. */
	map[PAGE] = 1;
	assert_int_equal(pagemap_next(pm, start, end), start + PAGE);
	assert_int_equal(madvise(map + PAGE, PAGE, MADV_DONTNEED), 0);
	pagemap_close(pm);
}

/* Who jumps about is told with one question of what lies before, too. */
static void knows_around(struct target *t, char *map)
{
	/* A quarter of a MiB from a boundary of 2 MiB on. */
	char *pages = map + (-(uintptr_t)map & ((2u << 20) - 1)) + (256u << 10);
	struct pagemap *pm = pagemap_open(t);
	u64 start = (uintptr_t)map, first = (uintptr_t)pages, stop;

	memset(pages, 1, 3 * PAGE);
	assert_true(pagemap_run(pm, first + 2 * PAGE, first + 2 * PAGE + 8, start,
				first + (64ul << 20), &stop));
	assert_int_equal(stop, first + 2 * PAGE + 8);
	assert_int_equal(pagemap_known(pm, first), first + 3 * PAGE);
	/* What lies behind that run is asked for, and is not touched. */
	assert_false(pagemap_run(pm, first + 9 * PAGE, first + 10 * PAGE, start,
				 first + (64ul << 20), &stop));
	assert_int_equal(stop, first + 10 * PAGE);
	assert_int_equal(madvise(pages, 3 * PAGE, MADV_DONTNEED), 0);
	pagemap_close(pm);
}

/* Reading makes no memory, and gives what is there. */
static void reads_only(struct target *t, char *map, size_t len)
{
	const size_t at = len / 2, room = 64 * PAGE;
	struct pagemap *pm = pagemap_open(t);
	u64 start = (uintptr_t)map, resident = 0, swapped = 0;
	char *bytes = malloc(room), *zeroes = calloc(1, room);

	assert_true(bytes && zeroes);
	memset(bytes, 'x', room);
	assert_int_equal(target_read(t, start + 8, bytes, room), room);
	assert_memory_equal(bytes, zeroes, room);
	assert_int_equal(target_read(t, start + at - 9 * PAGE, bytes, room), room);
	zeroes[9 * PAGE] = 1;
	assert_memory_equal(bytes, zeroes, room);
	assert_int_equal(target_read(t, start + at - 1, bytes, 3), 3);
	assert_memory_equal(bytes, "\0\1\0", 3);
	/* What is written later is seen. */
	map[at + 2 * PAGE] = 2;
	assert_int_equal(target_read(t, start + at + 2 * PAGE, bytes, 1), 1);
	assert_int_equal(bytes[0], 2);
	assert_int_equal(madvise(map + at + 2 * PAGE, PAGE, MADV_DONTNEED), 0);
	assert_int_equal(pagemap_count(pm, start, start + len, &resident,
				       &swapped), 0);
	assert_int_equal(resident + swapped, PAGE);
	free(zeroes);
	free(bytes);
	pagemap_close(pm);
}

static void test_untouched(void **state)
{
	const size_t len = 8ul << 30;
	struct error e;
	struct target *t;
	char *map;

	(void)state;
	map = mmap(NULL, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	madvise(map, len, MADV_NOHUGEPAGE);	/* a kernel may have none */
	map[len / 2] = 1;
	t = target_open_live(getpid(), getpid(), &e);
	assert_non_null(t);
	finds_touched(t, map, len);
	reads_only(t, map, len);
	knows_around(t, map);
	pagemap_reads_only = true;
	finds_touched(t, map, len);
	reads_only(t, map, len);
	knows_around(t, map);
	pagemap_reads_only = false;
	assert_int_equal(target_next_touched(t, (uintptr_t)map,
					     (uintptr_t)map + len),
			 (uintptr_t)map + len / 2);
	/* A page of a file is read even if it was never touched. */
	assert_int_equal(target_next_touched(t, (uintptr_t)known, UINT64_MAX),
			 (uintptr_t)known);
	target_close(t);
	munmap(map, len);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mappings_without_first),
		cmocka_unit_test(test_mappings_without_second),
		cmocka_unit_test(test_end_after_second),
		cmocka_unit_test(test_memory_without_first),
		cmocka_unit_test(test_nothing_of_the_ended),
		cmocka_unit_test(test_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
