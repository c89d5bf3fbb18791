// SPDX-License-Identifier: GPL-2.0
/*
 * How long heapinfo takes on a large heap, beside the least it could take:
 * copying that heap once with process_vm_readv in blocks of 256 KiB, measured
 * in the same run.
 *
 * usage: bench HEAPINFO BIGHEAP [RUNS]
 */
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BLOCK (256u << 10)
#define MAX_RUNS 101
#define MAX_ARGS 6

struct heap {
	pid_t pid;
	int in;			/* closing it ends the program */
	uint64_t start;
	uint64_t end;
};

struct figure {
	double median;
	double min;
	long peak_kib;
};

static const struct row {
	const char *what;
	double goal;		/* times the limit */
	const char *args[MAX_ARGS];
} rows[] = {
	{ "stats --no-lists", 2.5, { "stats", "--no-lists" } },
	{ "stats", 4, { "stats" } },
	{ "chunks", 5, { "chunks" } },
	{ "chunks --no-lists", 5, { "chunks", "--no-lists" } },
	{ "bins", 0, { "bins" } },
	{ "check", 0, { "check" } },
	{ "why", 0, { "why" } },
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct figure figure_of(double *t, int n, long peak_kib)
{
	qsort(t, n, sizeof(*t), by_value);
	return (struct figure){ t[n / 2], t[0], peak_kib };
}

static void find_heap(struct heap *h)
{
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)h->pid);
	f = fopen(path, "r");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[heap]") &&
		    sscanf(line, "%" SCNx64 "-%" SCNx64, &h->start,
			   &h->end) == 2)
			break;
	fclose(f);
}

static struct heap start_heap(const char *program, const char *order)
{
	struct heap h = { 0 };
	int in[2], out[2];
	char word[16];

	if (pipe(in) || pipe(out))
		die("pipe");
	h.pid = fork();
	if (!h.pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		execl(program, program, order, NULL);
		die(program);
	}
	close(in[0]);
	close(out[1]);
	h.in = in[1];
	if (h.pid < 0 || read(out[0], word, sizeof(word)) <= 0)
		die(program);
	close(out[0]);
	find_heap(&h);
	return h;
}

static double copy_once(const struct heap *h, char *buf)
{
	double t = now();
	uint64_t at;

	for (at = h->start; at < h->end; at += BLOCK) {
		struct iovec to = { buf, BLOCK };
		struct iovec from = { (void *)at, h->end - at < BLOCK ?
				      h->end - at : BLOCK };

		if (process_vm_readv(h->pid, &to, 1, &from, 1, 0) <= 0)
			die("process_vm_readv");
	}
	return now() - t;
}

static struct figure measure_limit(const struct heap *h, int runs)
{
	char *buf = malloc(BLOCK);
	double t[MAX_RUNS];
	int i;

	for (i = 0; i < runs; i++)
		t[i] = copy_once(h, buf);
	free(buf);
	return figure_of(t, runs, 0);
}

static double run_once(const char *program, const struct row *r, pid_t heap,
		       long *peak_kib)
{
	const char *argv[MAX_ARGS + 2] = { program };
	char pid[16];
	struct rusage use;
	int i, n = 1, status;
	double t = now();
	pid_t child;

	for (i = 0; i < MAX_ARGS && r->args[i]; i++)
		argv[n++] = r->args[i];
	snprintf(pid, sizeof(pid), "%d", (int)heap);
	argv[n++] = pid;
	argv[n] = NULL;
	child = fork();
	if (!child) {
		dup2(open("/dev/null", O_WRONLY), 1);
		execv(program, (char **)argv);
		die(program);
	}
	if (child < 0 || wait4(child, &status, 0, &use) != child || status) {
		fprintf(stderr, "bench: heapinfo %s failed\n", r->what);
		exit(1);
	}
	if (use.ru_maxrss > *peak_kib)
		*peak_kib = use.ru_maxrss;
	return now() - t;
}

static struct figure measure(const char *program, const struct row *r,
			     pid_t heap, int runs)
{
	double t[MAX_RUNS];
	long peak_kib = 0;
	int i;

	for (i = 0; i < runs; i++)
		t[i] = run_once(program, r, heap, &peak_kib);
	return figure_of(t, runs, peak_kib);
}

static void bench(const char *program, const char *bigheap, const char *order,
		  int runs)
{
	struct heap h = start_heap(bigheap, order);
	struct figure limit = measure_limit(&h, runs);
	long bitmap_kib = (h.end - h.start) / 16 / 8 / 1024;
	size_t i;

	printf("\nfree chunks %s: [heap] of %" PRIu64 " bytes\n", order,
	       h.end - h.start);
	printf("%-20s %9s %9s %9s %6s %12s\n", "", "median s", "best s",
	       "x limit", "goal", "peak KiB");
	printf("%-20s %9.3f %9.3f\n", "limit: one copy", limit.median,
	       limit.min);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct figure f = measure(program, &rows[i], h.pid, runs);

		printf("%-20s %9.3f %9.3f %9.2f", rows[i].what, f.median,
		       f.min, f.median / limit.median);
		if (rows[i].goal)
			printf(" %6.1f", rows[i].goal);
		else
			printf(" %6s", "");
		printf(" %12ld\n", f.peak_kib);
	}
	printf("memory goal: %ld KiB (16 MiB and one bit per 16 bytes of heap)\n",
	       (16L << 10) + bitmap_kib);
	close(h.in);
	waitpid(h.pid, NULL, 0);
}

int main(int argc, char **argv)
{
	static const char *const orders[] = { "binned", "unsorted", "shuffled" };
	int runs = argc > 3 ? atoi(argv[3]) : 7;
	size_t i;

	if (argc < 3 || runs < 1 || runs > MAX_RUNS) {
		fputs("usage: bench HEAPINFO BIGHEAP [RUNS]\n", stderr);
		return 64;
	}
	setlinebuf(stdout);
	for (i = 0; i < ARRAY_SIZE(orders); i++)
		bench(argv[1], argv[2], orders[i], runs);
	return 0;
}
