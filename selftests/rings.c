// SPDX-License-Identifier: GPL-2.0
/*
 * How much is kept: rows up to history=, memory up to memory=, and what the
 * counters say of the rest.
 */
#include "kselftest_harness.h"
#include "heapinfo.h"
#include "neighbour.h"

#include <linux/membarrier.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static struct heapinfo info, state, state_before;
static unsigned long page;

static int read_state(struct heapinfo *into)
{
	return heapinfo_read_path(into, "/proc/heapinfo");
}

/*
 * What is remembered of a process that has ended is freed a while later, when
 * nobody can look at it any more. Waits until as much is in use as @of says.
 */
static bool memory_goes_back_to(const struct heapinfo *of)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		if (read_state(&state))
			return false;
		if (heapinfo_number(&state, "MemoryUsed") ==
		    heapinfo_number(of, "MemoryUsed"))
			return true;
		usleep(20000);
	}
	return false;
}

/*
 * Reads the state when what was remembered of those that ended before has been
 * freed: the kernel has waited for all who could look at it, and then as much is
 * in use for a while.
 */
static int read_settled_state(struct heapinfo *into)
{
	unsigned long long used, same = 0;
	unsigned int i;
	int ret;

	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	ret = read_state(into);
	for (i = 0; !ret && same < 10 && i < 1000; i++) {
		used = heapinfo_number(into, "MemoryUsed");
		usleep(20000);
		ret = read_state(into);
		same = used == heapinfo_number(into, "MemoryUsed") ?
		       same + 1 : 0;
	}
	return ret;
}

/* Every call is in one of them, whatever became of it. */
static unsigned long long calls_accounted(const struct heapinfo *of)
{
	return heapinfo_number(of, "CallsRecorded") +
	       heapinfo_number(of, "CallsRefused");
}

FIXTURE(ring)
{
	unsigned long base;
};

FIXTURE_VARIANT(ring)
{
	const char *params;
	unsigned int rows;
};

FIXTURE_VARIANT_ADD(ring, one)
{
	.params = "history=1",
	.rows = 1,
};

FIXTURE_VARIANT_ADD(ring, four)
{
	.params = "history=4",
	.rows = 4,
};

FIXTURE_VARIANT_ADD(ring, four_by_syscalls)
{
	.params = "history=4 source=syscalls",
	.rows = 4,
};

FIXTURE_VARIANT_ADD(ring, block)
{
	.params = "history=16",
	.rows = 16,
};

FIXTURE_VARIANT_ADD(ring, odd)
{
	.params = "history=37",
	.rows = 37,
};

FIXTURE_VARIANT_ADD(ring, usual)
{
	.params = "",
	.rows = 64,
};

FIXTURE_VARIANT_ADD(ring, usual_by_syscalls)
{
	.params = "source=syscalls",
	.rows = 64,
};

FIXTURE_VARIANT_ADD(ring, largest)
{
	.params = "history=4096",
	.rows = 4096,
};

FIXTURE_SETUP(ring)
{
	LOAD_OR_SKIP(variant->params);
	page = sysconf(_SC_PAGESIZE);
	self->base = raw_brk(0);
}

FIXTURE_TEARDOWN(ring)
{
}

/* Call @i moves the break here: no two that follow each other are the same. */
static unsigned long place_of(unsigned long base, unsigned int i)
{
	return base + (i % 11 + 1) * 16;
}

static void make_rows(unsigned long base, unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		raw_brk(place_of(base, from));
}

/* The file holds the last rows of @total, oldest first, and no other. */
static void check_rows(struct __test_metadata *_metadata, unsigned long base,
		       unsigned int total, unsigned int room)
{
	unsigned int kept = total < room ? total : room, i, nr;
	struct heapinfo_row row;

	ASSERT_EQ(0, heapinfo_read(&info, 0));
	ASSERT_EQ(kept, info.nr_rows);
	EXPECT_EQ(total - kept, heapinfo_number(&info, "EventsLost"));
	EXPECT_EQ(total, heapinfo_number(&info, "BrkGrows") +
			 heapinfo_number(&info, "BrkShrinks"));
	for (i = 0; i < kept; i++) {
		nr = total - kept + i;
		ASSERT_EQ(0, heapinfo_row(&info, i, &row));
		ASSERT_EQ(nr + 1, row.seq);
		ASSERT_EQ(place_of(base, nr), row.to);
		ASSERT_EQ(nr ? place_of(base, nr - 1) : base, row.from);
		ASSERT_STREQ(row.to > row.from ? "grow" : "shrink", row.call);
	}
}

TEST_F_TIMEOUT(ring, wraps, HEAPINFO_LONG)
{
	unsigned int rows = variant->rows;

	make_rows(self->base, 0, rows - 1);
	check_rows(_metadata, self->base, rows - 1, rows);
	make_rows(self->base, rows - 1, rows);
	check_rows(_metadata, self->base, rows, rows);
	make_rows(self->base, rows, rows + 1);
	check_rows(_metadata, self->base, rows + 1, rows);
	make_rows(self->base, rows + 1, 3 * rows + 5);
	check_rows(_metadata, self->base, 3 * rows + 5, rows);
}

/* What spans and rows add up to, of which the file has the totals. */
struct sums {
	unsigned long long up;
	unsigned long long down;
	unsigned long long calls_in_spans;
};

static void add_span(struct sums *sums, const struct heapinfo_span *span)
{
	sums->up += span->up;
	sums->down += span->down;
	sums->calls_in_spans += span->calls;
}

static void add_row(struct sums *sums, const struct heapinfo_row *row)
{
	if (row->delta > 0)
		sums->up += row->delta;
	else
		sums->down -= row->delta;
}

/*
 * Spans and rows together are all that there was: their sums are the totals, and
 * one follows the other in time.
 */
static void check_spans(struct __test_metadata *_metadata, unsigned long base,
			unsigned int total, unsigned int room)
{
	unsigned long long time = 0;
	struct heapinfo_span span;
	struct heapinfo_row row;
	struct sums sums = {};
	unsigned int i;
	int ret;

	ASSERT_EQ(0, heapinfo_read(&info, 0));
	ASSERT_EQ(room, info.nr_rows);
	ASSERT_EQ(total - room, heapinfo_number(&info, "EventsLost"));
	for (i = 0; !(ret = heapinfo_span(&info, i, &span)); i++) {
		EXPECT_EQ(i + 1, span.nr);
		EXPECT_LE(time, span.from);
		EXPECT_LE(span.from, span.to);
		EXPECT_LE(1, span.calls);
		EXPECT_LE(span.low, span.high);
		EXPECT_LE(base, span.low);
		EXPECT_GE(base + 11 * 16, span.high);
		time = span.to;
		add_span(&sums, &span);
	}
	ASSERT_EQ(-ENOENT, ret);
	EXPECT_LE(i, total - room);
	EXPECT_LE(i, 36);
	EXPECT_EQ(total - room, sums.calls_in_spans);
	for (i = 0; i < room; i++) {
		ASSERT_EQ(0, heapinfo_row(&info, i, &row));
		EXPECT_LE(time, row.seconds * 1000000 + row.microseconds);
		time = row.seconds * 1000000 + row.microseconds;
		add_row(&sums, &row);
	}
	EXPECT_EQ(heapinfo_number(&info, "BytesGrown"), sums.up);
	EXPECT_EQ(heapinfo_number(&info, "BytesShrunk"), sums.down);
	EXPECT_EQ(heapinfo_number(&info, "Brk") - base, sums.up - sums.down);
}

TEST_F_TIMEOUT(ring, spans_sum_up_the_rest, HEAPINFO_LONG)
{
	static const char names[] =
		"\n\n#span\tfrom\tto\tcalls\tup\tdown\tlow\thigh\n1\t";
	unsigned int rows = variant->rows, many = rows + 5000, last;
	struct heapinfo_span span;

	make_rows(self->base, 0, rows);
	ASSERT_EQ(0, heapinfo_read(&info, 0));
	EXPECT_EQ(0, info.spans);
	EXPECT_EQ(NULL, strstr(info.text, "#span"));

	/* The first row that is pushed out is known as well as before. */
	make_rows(self->base, rows, rows + 1);
	check_spans(_metadata, self->base, rows + 1, rows);
	ASSERT_EQ(0, heapinfo_span(&info, 0, &span));
	EXPECT_EQ(span.from, span.to);
	EXPECT_EQ(place_of(self->base, 0) - self->base, span.up);
	EXPECT_EQ(self->base, span.low);
	EXPECT_EQ(place_of(self->base, 0), span.high);
	EXPECT_NE(NULL, strstr(info.text, names));

	for (last = rows + 1; last < many; last += 999) {
		make_rows(self->base, last, last + 999);
		check_spans(_metadata, self->base, last + 999, rows);
	}
}

/* Rows, spans and totals are of one moment, while the process goes on. */
TEST_F_TIMEOUT(ring, one_moment, HEAPINFO_LONG)
{
	unsigned int rows = variant->rows, turn, i;
	struct heapinfo_span span;
	struct heapinfo_row row;
	struct sums sums;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			make_rows(self->base, 0, 1000);
	}
	for (turn = 0; turn < 30; turn++) {
		do {
			ASSERT_EQ(0, heapinfo_read(&info, pid));
		} while (!turn && info.nr_rows < rows);
		memset(&sums, 0, sizeof(sums));
		for (i = 0; !heapinfo_span(&info, i, &span); i++)
			add_span(&sums, &span);
		ASSERT_EQ(heapinfo_number(&info, "EventsLost"),
			  sums.calls_in_spans);
		ASSERT_EQ(rows, info.nr_rows);
		for (i = 0; i < rows; i++) {
			ASSERT_EQ(0, heapinfo_row(&info, i, &row));
			ASSERT_EQ(sums.calls_in_spans + i + 1, row.seq);
			add_row(&sums, &row);
		}
		ASSERT_EQ(heapinfo_number(&info, "BytesGrown"), sums.up);
		ASSERT_EQ(heapinfo_number(&info, "BytesShrunk"), sums.down);
	}
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

/* What the program of a process did is not summed up for the next one. */
TEST_F(ring, spans_end_with_the_program)
{
	const char *const argv[] = {
		"grep", "-q", "#span", "/proc/self/heapinfo", NULL,
	};
	int status;
	pid_t pid;

	if (variant->rows < 64)
		SKIP(return, "grep itself makes more rows than are kept");
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		make_rows(self->base, 0, variant->rows + 1);
		if (heapinfo_read(&info, 0) || !info.spans)
			_exit(2);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	/* grep finds none. */
	EXPECT_EQ(1, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* Nothing of a process is left when it has ended. */
TEST_F(ring, memory_is_given_back)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, read_settled_state(&state_before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		make_rows(self->base, 0, variant->rows + 1);
		_exit(read_state(&state) ||
		      heapinfo_number(&state, "MemoryUsed") <=
		      heapinfo_number(&state_before, "MemoryUsed"));
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(memory_goes_back_to(&state_before))
		TH_LOG("%s", state.text);
	EXPECT_EQ(heapinfo_number(&state_before, "Processes"),
		  heapinfo_number(&state, "Processes"));
	EXPECT_EQ(heapinfo_number(&state, "CallsSeen"),
		  calls_accounted(&state));
}

TEST(no_history)
{
	static const char *const missing[] = {
		"PeakSize", "BrkCalls", "BrkFailures", "BytesGrown",
		"EventsLost",
	};
	unsigned long brk;
	unsigned int i;

	RELOAD_OR_SKIP("history=0");
	page = sysconf(_SC_PAGESIZE);
	brk = raw_brk(raw_brk(0) + page);
	ASSERT_EQ(0, heapinfo_read(&info, 0));
	EXPECT_STREQ("no", heapinfo_word(&info, "Recorded"));
	EXPECT_EQ(brk, heapinfo_number(&info, "Brk"));
	for (i = 0; i < ARRAY_SIZE(missing); i++)
		EXPECT_FALSE(heapinfo_has(&info, missing[i]));
	EXPECT_EQ(NULL, strstr(info.text, "#seq"));
	ASSERT_EQ(0, read_state(&state));
	EXPECT_EQ(0, heapinfo_number(&state, "History"));
	EXPECT_EQ(0, heapinfo_number(&state, "Processes"));
	EXPECT_EQ(0, heapinfo_number(&state, "MemoryUsed"));
	EXPECT_EQ(0, heapinfo_number(&state, "CallsRecorded"));
}

/*
 * Processes that all wait for a byte between what they do, so that what is
 * kept of all of them can be looked at.
 */
struct crowd {
	setup_fn setup;		/* makes each somebody else; NULL: they are root's */
	unsigned int nr;
	pid_t *pids;
	int go[2];
	int ready[2];
};

static bool crowd_start(struct crowd *crowd, pid_t *pids)
{
	crowd->setup = NULL;
	crowd->nr = 0;
	crowd->pids = pids;
	return !pipe(crowd->go) && !pipe(crowd->ready);
}

/* One more, which moves its break @moves times and then, when told, once. */
static bool crowd_add(struct crowd *crowd, unsigned long base,
		      unsigned int moves)
{
	char byte;
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (!pid) {
		if (crowd->setup && crowd->setup())
			_exit(1);
		make_rows(base, 0, moves);
		if (write(crowd->ready[1], "", 1) != 1)
			_exit(1);
		while (read(crowd->go[0], &byte, 1) == 1) {
			make_rows(base, moves, moves + 1);
			if (write(crowd->ready[1], "", 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	crowd->pids[crowd->nr++] = pid;
	return read(crowd->ready[0], &byte, 1) == 1;
}

/* Ends all but the first @keep. */
static void crowd_end(struct crowd *crowd, unsigned int keep)
{
	unsigned int i;

	for (i = keep; i < crowd->nr; i++)
		kill(crowd->pids[i], SIGKILL);
	while (crowd->nr > keep)
		waitpid(crowd->pids[--crowd->nr], NULL, 0);
}

#define BIG		8
#define BIG_MOVES	5000
#define SMALL_MAX	1000

FIXTURE(bound)
{
	struct crowd crowd;
	unsigned long base;
};

FIXTURE_VARIANT(bound)
{
	const char *params;
	bool way;	/* of a first call is known */
};

FIXTURE_VARIANT_ADD(bound, redirect)
{
	.params = "source=redirect history=4096 memory=1",
	.way = true,
};

FIXTURE_VARIANT_ADD(bound, syscalls)
{
	.params = "source=syscalls history=4096 memory=1",
};

static pid_t pids[BIG + SMALL_MAX];

/* How many calls the spans of the last reading sum up. */
static unsigned long long calls_in_spans(void)
{
	unsigned long long calls = 0;
	struct heapinfo_span span;
	unsigned int i;

	for (i = 0; !heapinfo_span(&info, i, &span); i++)
		calls += span.calls;
	return calls;
}

FIXTURE_SETUP(bound)
{
	RELOAD_OR_SKIP(variant->params);
	self->base = raw_brk(0);
	ASSERT_EQ(0, read_settled_state(&state_before));
	ASSERT_TRUE(crowd_start(&self->crowd, pids));
}

FIXTURE_TEARDOWN(bound)
{
	crowd_end(&self->crowd, 0);
}

/* Rows go first; what counts them stays right. */
TEST_F_TIMEOUT(bound, totals_outlive_rows, HEAPINFO_LONG)
{
	/* What the first call did is not known to each source. */
	unsigned long known = variant->way ? self->base :
					     place_of(self->base, 0);
	unsigned long long lost = 0;
	unsigned int i;

	for (i = 0; i < BIG; i++)
		ASSERT_TRUE(crowd_add(&self->crowd, self->base, BIG_MOVES));
	for (i = 0; i < BIG; i++) {
		ASSERT_EQ(0, heapinfo_read(&info, pids[i]));
		/* The first ones made room for the last ones, so that all have some. */
		EXPECT_LE(16, info.nr_rows);
		EXPECT_EQ(heapinfo_number(&info, "EventsLost"),
			  calls_in_spans());
		EXPECT_STREQ("since fork", heapinfo_word(&info, "Recorded"));
		EXPECT_EQ(BIG_MOVES, heapinfo_number(&info, "BrkCalls"));
		EXPECT_EQ(BIG_MOVES, heapinfo_last_seq(&info));
		EXPECT_EQ(heapinfo_number(&info, "Brk") - known,
			  heapinfo_number(&info, "BytesGrown") -
			  heapinfo_number(&info, "BytesShrunk"));
		lost += heapinfo_number(&info, "EventsLost");
	}
	/* More than what the rings alone would have dropped. */
	EXPECT_GT(lost, BIG * (BIG_MOVES - 4096));
	ASSERT_EQ(0, read_state(&state));
	EXPECT_LE(heapinfo_number(&state, "MemoryUsed"),
		  heapinfo_number(&state, "MemoryBound"));
	EXPECT_EQ(1024 * 1024, heapinfo_number(&state, "MemoryBound"));
	EXPECT_EQ(lost, heapinfo_number(&state, "EventsLost"));
	EXPECT_EQ(0, heapinfo_number(&state, "CallsRefused"));
	EXPECT_EQ(heapinfo_number(&state, "CallsSeen"),
		  calls_accounted(&state));
	crowd_end(&self->crowd, 0);
	EXPECT_TRUE(memory_goes_back_to(&state_before))
		TH_LOG("%s", state.text);
}

static bool is_since_load(pid_t pid)
{
	return !heapinfo_read(&info, pid) &&
	       !strcmp("since load", heapinfo_word(&info, "Recorded"));
}

/*
 * When a user has as many records as he may have, the counters say so, and so does the
 * file.
 */
TEST_F_TIMEOUT(bound, refuses_processes, HEAPINFO_LONG)
{
	struct crowd *crowd = &self->crowd;
	unsigned long long refused;
	unsigned int i;
	char byte;
	pid_t last;

	for (i = 0; i < BIG; i++)
		ASSERT_TRUE(crowd_add(crowd, self->base, BIG_MOVES));
	crowd->setup = become_user_a;
	for (i = 0; i < SMALL_MAX; i++) {
		ASSERT_TRUE(crowd_add(crowd, self->base, 1));
		ASSERT_EQ(0, read_state(&state));
		if (heapinfo_number(&state, "CallsRefused"))
			break;
	}
	refused = heapinfo_number(&state, "CallsRefused");
	EXPECT_EQ(1, refused);
	EXPECT_LE(heapinfo_number(&state, "MemoryUsed"),
		  heapinfo_number(&state, "MemoryBound"));
	EXPECT_EQ(heapinfo_number(&state, "CallsSeen"),
		  calls_accounted(&state));
	last = crowd->pids[crowd->nr - 1];
	ASSERT_EQ(0, heapinfo_read(&info, last));
	EXPECT_STREQ("no", heapinfo_word(&info, "Recorded"));
	EXPECT_EQ(place_of(self->base, 0), heapinfo_number(&info, "Brk"));
	/* Of others nothing was refused. */
	EXPECT_TRUE(is_since_load(1));
	EXPECT_TRUE(is_since_load(getppid()));

	/* With the others gone there is room for what it does from then on. */
	crowd->pids[crowd->nr - 1] = crowd->pids[0];
	crowd->pids[0] = last;
	crowd_end(crowd, 1);
	ASSERT_EQ(0, read_settled_state(&state));
	ASSERT_EQ(1, write(crowd->go[1], "", 1));
	ASSERT_EQ(1, read(crowd->ready[0], &byte, 1));
	ASSERT_EQ(0, heapinfo_read(&info, last));
	EXPECT_STREQ("since refusal", heapinfo_word(&info, "Recorded"));
	EXPECT_EQ(1, heapinfo_number(&info, "BrkCalls"));
	EXPECT_EQ(0, heapinfo_number(&info, "BrkMoves"));
}

#define CALLERS		4
#define LOADS		8

static void each_caller(const pid_t *callers, int signal)
{
	unsigned int i;

	for (i = 0; i < CALLERS; i++) {
		kill(callers[i], signal);
		if (signal != SIGCONT)
			waitpid(callers[i], NULL, WUNTRACED);
	}
}

/* Calls that come while the module is being loaded are accounted for, too. */
TEST(loaded_while_all_call)
{
	int ret;
	unsigned int i, loads = heapinfo_share(LOADS, 2);
	pid_t callers[CALLERS];
	unsigned long base;

	RELOAD_OR_SKIP("");
	base = raw_brk(0);
	for (i = 0; i < CALLERS; i++) {
		callers[i] = fork();
		ASSERT_LE(0, callers[i]);
		while (!callers[i])
			make_rows(base, 0, 11);
	}
	for (i = 0; i < loads; i++) {
		/* A call that is under way just then holds the module. */
		do {
			ret = heapinfo_load_by_turns(i);
		} while (ret == -EWOULDBLOCK);
		EXPECT_EQ(0, ret);
		each_caller(callers, SIGSTOP);
		ASSERT_EQ(0, read_state(&state));
		EXPECT_EQ(heapinfo_number(&state, "CallsSeen"),
			  calls_accounted(&state));
		each_caller(callers, SIGCONT);
	}
	each_caller(callers, SIGKILL);
}

TEST_HARNESS_MAIN
