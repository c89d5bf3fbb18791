// SPDX-License-Identifier: GPL-2.0
/*
 * Fails, one after the other, what the module heapinfo asks of the kernel:
 * memory, registrations, lookups. Only calls that have heapinfo on their stack
 * count, so that every other part of the kernel gets what it asks for.
 *
 * Write N to the parameter "nth": the Nth such call from now on fails, and
 * "failed" says which it was; with 0 none fails. "seen" counts them. What is
 * written to "miscounted" is added to the kernel's count of probes.
 */
#include <linux/ftrace.h>
#include <linux/jhash.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/stacktrace.h>

#include <asm/linkage.h>

/* Where a call that fails goes on: it returns what is in the register. */
void faults_return(void);
asm(".pushsection .text\n"
	".type faults_return, @function\n"
	"faults_return:\n"
	ASM_RET
	".size faults_return, .-faults_return\n"
	".popsection\n");

/*
 * Memory is also asked for in the handlers of probes, where a probe would be
 * passed over; so these are reached by ftrace.
 */
struct alloc_point {
	const char *name;
	unsigned long result;
	struct ftrace_ops ops;
};

static struct alloc_point alloc_points[] = {
	{ .name = "should_failslab", .result = -ENOMEM },
	{ .name = "should_fail_alloc_page", .result = true },
};

struct call_point {
	struct kprobe probe;
	long result;
	bool takes_null;	/* that never fails */
	bool here;
};

#define POINT(function, failure, ...) \
	{ .probe.symbol_name = #function, .result = (failure), __VA_ARGS__ }

static struct call_point call_points[] = {
	POINT(__kmem_cache_create_args, 0),
	POINT(__seq_open_private, 0),
	POINT(d_add, 0),
	POINT(down_read_killable, -EINTR),
	POINT(down_read_trylock, 0),
	POINT(file_open_root, -ENOENT),
	POINT(filp_open, -EMFILE),
	POINT(find_pid_ns, 0),
	POINT(ftrace_set_filter_ip, -ENOMEM),
	POINT(get_pid_task, 0),
	POINT(get_task_mm, 0),
	POINT(iterate_dir, -EIO),
	POINT(kern_mount, -ENOMEM),
	POINT(kmem_cache_create, 0),
	POINT(new_inode, 0),
	POINT(proc_create_single_data, 0),
	POINT(register_ftrace_function, -EBUSY),
	POINT(register_kprobe, -EINVAL),
	POINT(trace_event_buffer_reserve, 0),
	POINT(tracepoint_probe_register, -ENOMEM),
	POINT(try_module_get, 0, .takes_null = true),
};

static atomic_t seen;
static unsigned int nth;
static char failed[KSYM_NAME_LEN];

/*
 * A loop that asks a thousand times asks from one place: the first time and the
 * second stand for all.
 */
#define SAME_PLACE	2

/* Probes count as NMIs, so that no lock can guard these. */
static struct {
	u32 stack;
	atomic_t times;
} places[1024];

static bool often_enough(const unsigned long *stack, unsigned int nr)
{
	/* 0 is a place that is free. */
	u32 hash = jhash(stack, nr * sizeof(*stack), 0) ?: 1;
	u32 there;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		there = cmpxchg(&places[i].stack, 0, hash);
		if (!there || there == hash)
			return atomic_inc_return(&places[i].times) > SAME_PLACE;
	}
	return false;
}

static bool in_heapinfo(const unsigned long *stack, unsigned int nr)
{
	char symbol[KSYM_SYMBOL_LEN];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (stack[i] < MODULES_VADDR || stack[i] >= MODULES_END)
			continue;
		sprint_symbol(symbol, stack[i]);
		if (strstr(symbol, "[heapinfo]"))
			return true;
	}
	return false;
}

/*
 * A flaw of the kernel's: where a cache's directory in sysfs is refused memory,
 * the cache's name is lost. It is there for good (Linux commit 2420baa8e046), and
 * the rest of making a cache is failed in any case.
 */
static bool leaks_name(const unsigned long *stack, unsigned int nr)
{
	char symbol[KSYM_SYMBOL_LEN];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		sprint_symbol(symbol, stack[i]);
		if (strstarts(symbol, "sysfs_slab_add+"))
			return true;
	}
	return false;
}

/* Is this call the one? Called in every context that asks for memory. */
static bool fails(const char *name)
{
	unsigned long stack[48];
	unsigned int nr;

	if (!READ_ONCE(nth))
		return false;
	nr = stack_trace_save(stack, ARRAY_SIZE(stack), 0);
	if (!in_heapinfo(stack, nr) || leaks_name(stack, nr) ||
	    often_enough(stack, nr))
		return false;
	if (atomic_inc_return(&seen) != READ_ONCE(nth))
		return false;
	strscpy(failed, name, sizeof(failed));
	return true;
}

static void fail(struct pt_regs *regs, unsigned long result)
{
	regs_set_return_value(regs, result);
	instruction_pointer_set(regs, (unsigned long)faults_return);
}

static void notrace on_alloc(unsigned long ip, unsigned long parent,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct alloc_point *point;
	struct pt_regs *regs = ftrace_get_regs(fregs);

	point = container_of(ops, struct alloc_point, ops);
	if (regs && fails(point->name))
		fail(regs, point->result);
}

static int on_call(struct kprobe *probe, struct pt_regs *regs)
{
	struct call_point *point;

	point = container_of(probe, struct call_point, probe);
	if (point->takes_null && !regs_get_kernel_argument(regs, 0))
		return 0;
	if (!fails(probe->symbol_name))
		return 0;
	fail(regs, point->result);
	return 1;
}

/* That there is one keeps the probe from being made a jump. */
static void after_call(struct kprobe *probe, struct pt_regs *regs,
		       unsigned long flags)
{
}

static int set_nth(const char *value, const struct kernel_param *param)
{
	unsigned int number;
	int ret = kstrtouint(value, 0, &number);

	if (ret)
		return ret;
	WRITE_ONCE(nth, 0);
	atomic_set(&seen, 0);
	memset(places, 0, sizeof(places));
	failed[0] = '\0';
	WRITE_ONCE(nth, number);
	return 0;
}

static const struct kernel_param_ops nth_ops = {
	.set = set_nth,
	.get = param_get_uint,
};
module_param_cb(nth, &nth_ops, &nth, 0600);
module_param_named(seen, seen.counter, int, 0400);
module_param_string(failed, failed, sizeof(failed), 0400);

/*
 * A flaw of the kernel's: __disarm_kprobe_ftrace() counts a probe as taken off
 * before it asks for the memory that this takes. Refused that, the probe is
 * taken off later and counted once more, and from then on other probes of traced
 * functions may be armed and not hit. Putting the count right again leaves what
 * heapinfo itself does in such a case.
 */
static int *probe_count;

static int find_probe_count(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long (*lookup)(const char *name);
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);
	probe_count = (int *)lookup("kprobe_ftrace_enabled");
	return probe_count ? 0 : -ENOENT;
}

static int add_miscounted(const char *value, const struct kernel_param *param)
{
	unsigned int number;
	int ret = kstrtouint(value, 0, &number);

	if (!ret)
		*probe_count += number;
	return ret;
}

static int get_probe_count(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%d\n", *probe_count);
}

static const struct kernel_param_ops miscounted_ops = {
	.set = add_miscounted,
	.get = get_probe_count,
};
module_param_cb(miscounted, &miscounted_ops, NULL, 0600);

static void remove_points(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(call_points); i++)
		if (call_points[i].here)
			unregister_kprobe(&call_points[i].probe);
	for (i = 0; i < ARRAY_SIZE(alloc_points); i++)
		if (alloc_points[i].ops.func)
			unregister_ftrace_function(&alloc_points[i].ops);
}

static int add_alloc_point(struct alloc_point *point)
{
	struct ftrace_ops *ops = &point->ops;
	int ret;

	ops->flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY;
	ops->func = on_alloc;
	ret = ftrace_set_filter(ops, (char *)point->name, strlen(point->name), 1);
	if (!ret)
		ret = register_ftrace_function(ops);
	if (ret)
		ops->func = NULL;
	return ret;
}

static int __init faults_init(void)
{
	int i, ret;

	ret = find_probe_count();
	if (ret) {
		pr_err("cannot find the kernel's count of probes (%d)\n", ret);
		return ret;
	}
	for (i = 0; i < ARRAY_SIZE(alloc_points); i++) {
		ret = add_alloc_point(&alloc_points[i]);
		if (ret) {
			pr_err("cannot fail %s (%d)\n", alloc_points[i].name, ret);
			goto remove;
		}
	}
	for (i = 0; i < ARRAY_SIZE(call_points); i++) {
		call_points[i].probe.pre_handler = on_call;
		call_points[i].probe.post_handler = after_call;
		ret = register_kprobe(&call_points[i].probe);
		/* some kernels have a function under another name */
		if (ret)
			pr_info("cannot fail %s (%d)\n",
				call_points[i].probe.symbol_name, ret);
		call_points[i].here = !ret;
	}
	return 0;

remove:
	remove_points();
	return ret;
}

static void __exit faults_exit(void)
{
	WRITE_ONCE(nth, 0);
	remove_points();
}

module_init(faults_init);
module_exit(faults_exit);

MODULE_DESCRIPTION("fails what heapinfo asks of the kernel, one call at a time");
MODULE_LICENSE("GPL");
