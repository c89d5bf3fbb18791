/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests share: reading heapinfo's files, loading the module. Nothing
 * here allocates memory, since malloc(3) moves the break under test.
 */
#ifndef HEAPINFO_SELFTEST_H
#define HEAPINFO_SELFTEST_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define HEAPINFO_TEXT_MAX	(1024 * 1024)
#define HEAPINFO_ROWS_MAX	4096
#define HEAPINFO_WORD_MAX	96

/*
 * Seconds after which a test is taken to hang, and one that does much: a debug
 * kernel on an emulated processor, beside others, takes a hundred times as long
 * as another, and the harness's own 30 seconds are too few.
 */
#define HEAPINFO_SHORT		300
#define HEAPINFO_LONG		3000
#ifdef TEST_TIMEOUT_DEFAULT
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	HEAPINFO_SHORT
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

/* What a key that is not there reads as. */
#define HEAPINFO_NO_NUMBER	0xdeadULL

/**
 * struct heapinfo - one reading of a file of heapinfo
 * @length: of @text, in bytes
 * @nr_rows: rows below the line of column names
 * @rows: where each begins in @text
 * @spans: where the first span begins in @text; 0 where there is none
 * @text: the file, NUL-terminated
 *
 * Large: let it be static.
 */
struct heapinfo {
	size_t length;
	unsigned int nr_rows;
	unsigned int rows[HEAPINFO_ROWS_MAX];
	unsigned int spans;
	char text[HEAPINFO_TEXT_MAX];
};

/**
 * struct heapinfo_row - one row of the history, column by column
 *
 * @seconds and @microseconds are the column "time".
 */
struct heapinfo_row {
	unsigned long long seq;
	unsigned long long seconds;
	unsigned int microseconds;
	int tid;
	char call[16];
	unsigned long long asked;
	unsigned long long from;
	unsigned long long to;
	long long delta;
	char result[40];
	char comm[HEAPINFO_WORD_MAX];
	unsigned long long stack;
};

/**
 * struct heapinfo_span - rows that are no longer kept, summed up
 *
 * @from and @to are in microseconds.
 */
struct heapinfo_span {
	unsigned long long nr;
	unsigned long long from;
	unsigned long long to;
	unsigned long long calls;
	unsigned long long up;
	unsigned long long down;
	unsigned long long low;
	unsigned long long high;
};

int heapinfo_read(struct heapinfo *info, pid_t pid);
int heapinfo_read_path(struct heapinfo *info, const char *path);
bool heapinfo_has(const struct heapinfo *info, const char *key);
const char *heapinfo_word(const struct heapinfo *info, const char *key);
unsigned long long heapinfo_number(const struct heapinfo *info,
				   const char *key);
unsigned long long heapinfo_failures(const struct heapinfo *info,
				     const char *reason);
int heapinfo_row(const struct heapinfo *info, unsigned int i,
		 struct heapinfo_row *row);
int heapinfo_span(const struct heapinfo *info, unsigned int i,
		  struct heapinfo_span *span);
unsigned long long heapinfo_last_seq(const struct heapinfo *info);
int heapinfo_new_row(const struct heapinfo *before,
		     const struct heapinfo *after, struct heapinfo_row *row);

int heapinfo_insert(const char *params);
int heapinfo_load(const char *params);
int heapinfo_reload(const char *params);
int heapinfo_load_by_turns(unsigned int turn);
int heapinfo_unload(void);

int heapinfo_run(const char *const argv[]);
int heapinfo_write_file(const char *path, const char *text);
bool heapinfo_make_cgroup(const char *path);
unsigned long long heapinfo_read_number(const char *path);

unsigned int heapinfo_share(unsigned int rounds, unsigned int least);

/*
 * Whether heapinfo_load() says by @ret that a test is to be skipped: there is
 * no module for this kernel, not with this source, or the caller may not load it.
 */
static inline bool heapinfo_missing(int ret)
{
	return ret == -ENOENT || ret == -EPERM || ret == -EOPNOTSUPP;
}

/* The exit status by which a test tells the harness that it was skipped (6.9). */
#ifdef FIXTURE_TEARDOWN_PARENT
#define EXIT_SKIPPED	KSFT_SKIP
#else
#define EXIT_SKIPPED	255
#endif

/*
 * In a test or the setup of its fixture, by what heapinfo_load() or
 * heapinfo_reload() has said: the module is loaded, or the test is skipped where
 * that cannot be. Skipping ends the process of the test: the harness of older kernels
 * would go on to the test of a fixture that skips.
 */
#define LOADED_OR_SKIP(ret) do {					\
	int _ret = (ret);						\
	if (heapinfo_missing(_ret))					\
		SKIP(_exit(EXIT_SKIPPED), "cannot load heapinfo: %s",	\
		     strerror(-_ret));					\
	ASSERT_EQ(0, _ret);						\
} while (0)

#define LOAD_OR_SKIP(params)	LOADED_OR_SKIP(heapinfo_load(params))
#define RELOAD_OR_SKIP(params)	LOADED_OR_SKIP(heapinfo_reload(params))

/* brk(2) itself: glibc's hides what the kernel answers. */
static inline unsigned long raw_brk(unsigned long address)
{
	return syscall(SYS_brk, address);
}

/*
 * For a loop that waits: let whoever is waited for run, on any processor. An
 * emulator may run all processors by turns of a tenth of a second, and a wait
 * lasts until the turn is over; the pause ends it. Not for a loop that races:
 * that its turn ends anywhere, also inside the kernel, is what makes it meet
 * the others there.
 */
static inline void let_others_run(void)
{
	sched_yield();
#if __has_builtin(__builtin_ia32_pause)
	__builtin_ia32_pause();
#endif
}

#endif /* HEAPINFO_SELFTEST_H */
