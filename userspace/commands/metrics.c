// SPDX-License-Identifier: GPL-2.0
/*
 * heapinfo metrics: heaps in Prometheus' text format, for node_exporter's
 * textfile collector.  No addresses, no offsets: they would defeat ASLR.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/outfile.h"
#include "base/text.h"
#include "brk/procs.h"
#include "commands/cmd.h"
#include "heap/malloc_total.h"

#define DEFAULT_LIMIT 100u

static struct {
	const char *output;
	u64 limit;
} opt = { .limit = DEFAULT_LIMIT };

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0,
	  "Write to FILE (*.prom), which appears whole or not at all", 1 },
	{ "limit", 'l', "N", 0,
	  "Only the N processes in which malloc has most (100; 0: all)", 1 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'o':
		opt.output = arg;
		return 0;
	case 'l':
		opt.limit = cmd_number(arg, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The module's own state, from /proc/heapinfo: of no single process. */
static const struct {
	const char *key;
	const char *name;
	const char *type;
	const char *help;
} module_metrics[] = {
	{ "Processes", "heapinfo_tracked_processes", "gauge",
	  "Processes whose brk calls the module remembers." },
	{ "MemoryUsed", "heapinfo_history_bytes", "gauge",
	  "Memory that the module's histories take." },
	{ "CallsSeen", "heapinfo_brk_calls_seen_total", "counter",
	  "Calls of brk(2) on this machine since the module was loaded." },
	{ "CallsRefused", "heapinfo_brk_calls_refused_total", "counter",
	  "Calls that the bound on memory kept from being recorded." },
	{ "CallsUnderWay", "heapinfo_brk_calls_under_way", "gauge",
	  "Calls of brk(2) that are in the kernel by way of the module." },
	{ "EventsLost", "heapinfo_events_dropped_total", "counter",
	  "Events that newer ones pushed out of full histories." },
};

/* Keys that count the calls of brk(2), and the label result of each. */
static const struct {
	const char *key;
	const char *result;
} call_results[] = {
	{ "BrkGrows", "grow" },
	{ "BrkShrinks", "shrink" },
	{ "BrkQueries", "query" },
	{ "BrkUnchanged", "unchanged" },
	{ "BrkSets", "set" },
	{ "BrkFailures", "failed" },
};

/* The name of a process can hold anything; labels are UTF-8. */
static void print_label(FILE *f, const char *comm, size_t len)
{
	char *safe = text_safe_dup(comm, len), *c;

	for (c = safe; *c; c++) {
		if (*c == '\\' || *c == '"')
			fputc('\\', f);
		fputc(*c, f);
	}
	free(safe);
}

static void print_head(FILE *f, const char *name, const char *type,
		       const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Print name{pid="1",comm="x" and leave it to the caller to close the brace. */
static void print_begin(FILE *f, const char *name, const struct proc *p)
{
	fprintf(f, "%s{pid=\"%d\",comm=\"", name, (int)p->pid);
	print_label(f, p->comm, sizeof(p->comm));
	fputc('"', f);
}

static u64 malloc_bytes(const struct proc *p)
{
	return p->malloc;
}

static u64 resident_bytes(const struct proc *p)
{
	return p->rss;
}

static u64 heap_bytes(const struct proc *p)
{
	return p->heap;
}

static u64 peak_bytes(const struct proc *p)
{
	return kernel_key(&p->k, "PeakSize") ? p->k.peak_bytes : UINT64_MAX;
}

/* What to say of each process in a metric of its own. */
static const struct bytes_metric {
	const char *name;
	const char *help;
	u64 (*value)(const struct proc *p);	/* UINT64_MAX: not known */
} bytes_metrics[] = {
	{ "heapinfo_malloc_bytes",
	  "Bytes that malloc has from the kernel, in arenas and mmapped chunks.",
	  malloc_bytes },
	{ "heapinfo_resident_bytes", "Bytes of the process that are in memory.",
	  resident_bytes },
	{ "heapinfo_heap_bytes",
	  "Bytes between the start of the heap and the break.", heap_bytes },
};

/* Of what the module alone knows. */
static const struct bytes_metric peak_metric = {
	"heapinfo_heap_peak_bytes",
	"The largest that the heap was while it was recorded.", peak_bytes
};

static void print_bytes(FILE *f, const struct procs *ps,
			const struct bytes_metric *m)
{
	size_t i;

	print_head(f, m->name, "gauge", m->help);
	for (i = 0; i < ps->n; i++) {
		u64 bytes = m->value(&ps->p[i]);

		if (bytes == UINT64_MAX)
			continue;
		print_begin(f, m->name, &ps->p[i]);
		fprintf(f, "} %" PRIu64 "\n", bytes);
	}
}

static void print_calls(FILE *f, const struct procs *ps)
{
	static const char name[] = "heapinfo_brk_calls_total";
	size_t i, j;

	print_head(f, name, "counter", "Recorded calls of brk(2), by how they ended.");
	for (i = 0; i < ps->n; i++) {
		const struct kernel_facts *k = &ps->p[i].k;

		for (j = 0; j < ARRAY_SIZE(call_results); j++) {
			if (!kernel_key(k, call_results[j].key))
				continue;
			print_begin(f, name, &ps->p[i]);
			fprintf(f, ",result=\"%s\"} %" PRIu64 "\n",
				call_results[j].result,
				kernel_number(k, call_results[j].key, 0));
		}
	}
}

/* "3 rlimit_data=2 overlap=1": a sample for each reason there was. */
static void print_reasons(FILE *f, const struct proc *p, const char *value)
{
	char reason[32];
	u64 n;

	while ((value = strchr(value, ' '))) {
		value++;
		if (sscanf(value, "%31[a-z_]=%" SCNu64, reason, &n) != 2)
			continue;
		print_begin(f, "heapinfo_brk_failures_total", p);
		fprintf(f, ",reason=\"%s\"} %" PRIu64 "\n", reason, n);
	}
}

static void print_failures(FILE *f, const struct procs *ps)
{
	size_t i;

	print_head(f, "heapinfo_brk_failures_total", "counter",
		   "Recorded calls of brk(2) that failed, by reason.");
	for (i = 0; i < ps->n; i++) {
		const char *v = kernel_key(&ps->p[i].k, "BrkFailures");

		if (v)
			print_reasons(f, &ps->p[i], v);
	}
}

/*
 * Counters that are rounded go up by leaps, which would be taken for rates. A module
 * that does not say how it counts does so exactly.
 */
static bool counts_are_exact(const struct kernel_facts *module)
{
	const char *counts = kernel_key(module, "Counts");

	return !counts || !strcmp(counts, "exact");
}

static void print_module(FILE *f)
{
	struct kernel_facts module;
	size_t i;

	kernel_read_module(&module);
	print_head(f, "heapinfo_module_loaded", "gauge",
		   "1 where the kernel module heapinfo is loaded.");
	fprintf(f, "heapinfo_module_loaded %d\n", module.keys > 0);
	for (i = 0; i < ARRAY_SIZE(module_metrics); i++) {
		if (!kernel_key(&module, module_metrics[i].key) ||
		    !counts_are_exact(&module))
			continue;
		print_head(f, module_metrics[i].name, module_metrics[i].type,
			   module_metrics[i].help);
		fprintf(f, "%s %" PRIu64 "\n", module_metrics[i].name,
			kernel_number(&module, module_metrics[i].key, 0));
	}
	kernel_free(&module);
}

static void print_metrics(FILE *f, const struct procs *ps)
{
	size_t i;

	print_module(f);
	print_head(f, "heapinfo_hidden_processes", "gauge",
		   "Processes whose heap may not be looked at.");
	fprintf(f, "heapinfo_hidden_processes %" PRIu64 "\n", ps->hidden);
	for (i = 0; i < ARRAY_SIZE(bytes_metrics); i++)
		print_bytes(f, ps, &bytes_metrics[i]);
	if (!procs_know_module(ps))
		return;
	print_bytes(f, ps, &peak_metric);
	print_calls(f, ps);
	print_failures(f, ps);
}

static int write_file(const char *text, size_t len, struct error *e)
{
	struct outfile out;

	/* All may read it: the collector runs as another user. */
	if (outfile_open(&out, opt.output, 0644, e) ||
	    outfile_write(&out, text, len, 0, e))
		return -1;
	return outfile_done(&out, e);
}

static int run(const struct common *c)
{
	struct proc_malloc pm;
	struct procs ps;
	struct error e;
	size_t len, all;
	char *text;
	int ret = 0;
	FILE *f;

	if (c->json) {
		error_set(&e, "metrics are in Prometheus' format; 'heapinfo top --json' has the same as JSON");
		return cmd_fail(&e);
	}
	pm = malloc_totals_new();
	procs_read(&ps, NULL, &pm, NULL);
	malloc_totals_free(&pm);
	procs_sort(&ps, procs_by_malloc);
	all = ps.n;
	if (opt.limit && ps.n > opt.limit)
		ps.n = opt.limit;
	f = open_memstream(&text, &len);
	if (!f)
		return EXIT_UNKNOWN;
	print_metrics(f, &ps);
	fclose(f);
	if (opt.output)
		ret = write_file(text, len, &e);
	else
		fwrite(text, 1, len, stdout);
	free(text);
	ps.n = all;
	procs_free(&ps);
	return ret ? cmd_fail(&e) : EXIT_CLEAN;
}

const struct command cmd_metrics = {
	.name = "metrics",
	.args_doc = "",
	.brief = "heap sizes and brk calls for Prometheus",
	.doc = "Print the heaps of all processes that you may look at in Prometheus' text format, for node_exporter's textfile collector. No address is in it.",
	.options = options,
	.parse = parse,
	.no_target = true,
	.no_json = true,
	.run = run,
};
