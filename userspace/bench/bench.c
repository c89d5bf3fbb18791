// SPDX-License-Identifier: GPL-2.0
/*
 * Measure how long heapinfo takes on a large heap, and compare that with the
 * least it could take: copying the heap once with process_vm_readv(2), in
 * blocks of 256 KiB.  Each round measures the copy and every command, so that a
 * machine which is slow for a while slows both.  Prints the medians, as tables
 * in Markdown.
 *
 * usage: bench HEAPINFO BIGHEAP [ROUNDS [HEAP]]; HEAP is a word of its title
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
#define MAX_ROUNDS 101
#define MAX_ARGS 3

struct heap {
	pid_t pid;
	int in;			/* closing it ends the program */
	uint64_t start;
	uint64_t end;
	long free;		/* chunks */
};

/* What to ask bigheap for. */
static const struct kind {
	const char *title;
	const char *order;
	const char *many;	/* chunks; NULL: as many as it has without being told */
} kinds[] = {
	{ "binned", "binned", NULL },
	{ "unsorted", "unsorted", NULL },
	{ "shuffled", "shuffled", NULL },
	{ "4 million, binned", "binned", "16000000" },
	{ "4 million, shuffled", "shuffled", "16000000" },
};

static const struct row {
	double goal;		/* in times the copy; 0: there is none */
	const char *args[MAX_ARGS];
} rows[] = {
	{ 2.5, { "stats", "--no-lists" } },
	{ 4, { "stats" } },
	{ 4, { "stats", "--freeze" } },
	{ 5, { "chunks" } },
	{ 5, { "chunks", "--no-lists" } },
	{ 15, { "chunks", "--json" } },
	{ 0, { "bins" } },
	{ 6, { "check" } },
	{ 0, { "why" } },
};

/* What was measured of one row, in each round. */
struct figures {
	double seconds[MAX_ROUNDS];
	double ratio[MAX_ROUNDS];	/* to that round's copy */
	double stopped[MAX_ROUNDS];	/* seconds, with --freeze */
	double stopped_ratio[MAX_ROUNDS];
	long peak_kib;
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

static double median(double *v, int n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
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

static struct heap start_heap(const char *program, const struct kind *k)
{
	struct heap h = { 0 };
	int in[2], out[2];
	char said[32] = "";

	if (pipe(in) || pipe(out))
		die("pipe");
	h.pid = fork();
	if (!h.pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		execl(program, program, k->order, k->many, NULL);
		die(program);
	}
	close(in[0]);
	close(out[1]);
	h.in = in[1];
	if (h.pid < 0 || read(out[0], said, sizeof(said) - 1) <= 0)
		die(program);
	h.free = atol(said);
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

/* Start heapinfo, with its output to nowhere and its stderr to @notes. */
static pid_t start_row(const char *program, const struct row *r, pid_t heap,
		       int notes)
{
	const char *argv[MAX_ARGS + 3] = { program };
	char pid[16];
	int i, n = 1;
	pid_t child;

	for (i = 0; i < MAX_ARGS && r->args[i]; i++)
		argv[n++] = r->args[i];
	snprintf(pid, sizeof(pid), "%d", (int)heap);
	argv[n++] = pid;
	child = fork();
	if (!child) {
		dup2(open("/dev/null", O_WRONLY), 1);
		dup2(notes, 2);
		execv(program, (char **)argv);
		die(program);
	}
	return child;
}

/* For how many seconds it had the process stopped, as its notes say. */
static double stopped_for(FILE *notes)
{
	double ms = 0;
	char line[512];
	const char *at;

	rewind(notes);
	while (fgets(line, sizeof(line), notes)) {
		at = strstr(line, "was stopped for ");
		if (at)
			ms = strtod(at + strlen("was stopped for "), NULL);
		else
			fputs(line, stderr);
	}
	return ms / 1e3;
}

static void measure(const char *program, const struct row *r, pid_t heap,
		    double limit, struct figures *f, int round)
{
	FILE *notes = tmpfile();
	double t = now();
	struct rusage use;
	int status;
	pid_t child;

	if (!notes)
		die("tmpfile");
	child = start_row(program, r, heap, fileno(notes));
	if (child < 0 || wait4(child, &status, 0, &use) != child || status) {
		fprintf(stderr, "bench: heapinfo %s failed\n", r->args[0]);
		exit(1);
	}
	f->seconds[round] = now() - t;
	f->ratio[round] = f->seconds[round] / limit;
	f->stopped[round] = stopped_for(notes);
	f->stopped_ratio[round] = f->stopped[round] / limit;
	if (use.ru_maxrss > f->peak_kib)
		f->peak_kib = use.ru_maxrss;
	fclose(notes);
}

static void print_row(const struct row *r, struct figures *f, int rounds)
{
	char words[64] = "", goal[16] = "–";
	double stopped = median(f->stopped, rounds);
	int i;

	for (i = 0; i < MAX_ARGS && r->args[i]; i++) {
		strcat(words, i ? " " : "");
		strcat(words, r->args[i]);
	}
	if (r->goal)
		snprintf(goal, sizeof(goal), "%.1f", r->goal);
	printf("| %s | %.2f | %.2f | %s | %ld |\n", words,
	       median(f->seconds, rounds), median(f->ratio, rounds), goal,
	       f->peak_kib);
	if (stopped > 0)
		printf("| … of which the process is stopped | %.2f | %.2f | – | – |\n",
		       stopped, median(f->stopped_ratio, rounds));
}

static void bench(const char *program, const char *bigheap,
		  const struct kind *k, int rounds)
{
	static struct figures figures[ARRAY_SIZE(rows)];
	struct heap h = start_heap(bigheap, k);
	long bitmap_kib = (h.end - h.start) / 16 / 8 / 1024;
	char *buf = malloc(BLOCK);
	double limit[MAX_ROUNDS];
	size_t i;
	int n;

	memset(figures, 0, sizeof(figures));
	for (n = 0; n < rounds; n++) {
		limit[n] = copy_once(&h, buf);
		for (i = 0; i < ARRAY_SIZE(rows); i++)
			measure(program, &rows[i], h.pid, limit[n],
				&figures[i], n);
	}
	free(buf);
	close(h.in);
	waitpid(h.pid, NULL, 0);
	printf("\n| free chunks: %s | seconds | times the limit | goal | peak KiB |\n|---|--:|--:|--:|--:|\n",
	       k->title);
	printf("| the limit: one copy of %" PRIu64 " MiB | %.2f | 1 | | |\n",
	       (h.end - h.start) >> 20, median(limit, rounds));
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		print_row(&rows[i], &figures[i], rounds);
	printf("| goal: 16 MiB, one bit per 16 bytes of heap, 16 bytes a free chunk | | | | %ld |\n",
	       (16L << 10) + bitmap_kib + 16 * h.free / 1024);
}

int main(int argc, char **argv)
{
	int rounds = argc > 3 ? atoi(argv[3]) : 7;
	size_t i;

	if (argc < 3 || rounds < 1 || rounds > MAX_ROUNDS) {
		fputs("usage: bench HEAPINFO BIGHEAP [ROUNDS [HEAP]]\n", stderr);
		return 64;
	}
	setlinebuf(stdout);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (argc < 5 || strstr(kinds[i].title, argv[4]))
			bench(argv[1], argv[2], &kinds[i], rounds);
	return 0;
}
