// SPDX-License-Identifier: GPL-2.0
/*
 * The source "probe": a return probe (kretprobe) on each entry point of brk(2).
 * An fprobe could do the same, but costs a call more.
 */
#include "heapinfo.h"
#include "arch.h"
#include "brk_inline.h"

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>

#ifdef CONFIG_KRETPROBES

/*
 * How many calls may be under way at once on each entry point. A call sleeps
 * while another thread holds the lock of the address space, so there may be
 * more of them than processors. Since 6.7 the kernel reserves memory for this
 * number of addresses on each processor; with 4,096 that is 32 KiB.
 */
#define CALLS_AT_ONCE	clamp(64 * num_possible_cpus(), 1024U, 4096U)

#define TAKE_OFF_AGAIN_MS	10

static int heapinfo_probe_entry(struct kretprobe_instance *ri,
				struct pt_regs *regs)
{
	heapinfo_brk_enter((struct heapinfo_brk_entry *)ri->data,
			   heapinfo_native_brk_arg(regs));
	return 0;
}

#ifdef HEAPINFO_COMPAT_BRK
static int heapinfo_probe_entry_compat(struct kretprobe_instance *ri,
				       struct pt_regs *regs)
{
	heapinfo_brk_enter((struct heapinfo_brk_entry *)ri->data,
			   heapinfo_compat_brk_arg(regs));
	return 0;
}
#endif

static int heapinfo_probe_return(struct kretprobe_instance *ri,
				 struct pt_regs *regs)
{
	heapinfo_brk_return((struct heapinfo_brk_entry *)ri->data,
			    regs_return_value(regs));
	return 0;
}

/* The entry point of the architecture, and that of its 32-bit programs. */
static struct kretprobe heapinfo_probes[] = {
	{ .kp.symbol_name = HEAPINFO_NATIVE_BRK,
	  .entry_handler = heapinfo_probe_entry },
#ifdef HEAPINFO_COMPAT_BRK
	{ .kp.symbol_name = HEAPINFO_COMPAT_BRK,
	  .entry_handler = heapinfo_probe_entry_compat },
#endif
};

static bool heapinfo_probes_on[ARRAY_SIZE(heapinfo_probes)];

/*
 * A root user can switch off all probes of the machine in debugfs, and nobody
 * tells their owners. A probe on this function tells: it sets @alive if it
 * runs.
 */
static noinline void heapinfo_canary(bool *alive)
{
	asm volatile("" : : "r"(alive) : "memory");
}

static int heapinfo_canary_hit(struct kprobe *p, struct pt_regs *regs)
{
	*(bool *)regs_get_kernel_argument(regs, 0) = true;
	return 0;
}

static struct kprobe heapinfo_canary_probe = {
	.addr = (kprobe_opcode_t *)heapinfo_canary,
	.pre_handler = heapinfo_canary_hit,
};

static bool heapinfo_probe_suspended(void)
{
	bool alive = false;

	heapinfo_canary(&alive);
	return !alive;
}

/*
 * Disables a probe, as must be done before it is unregistered. May sleep.
 *
 * The kernel needs memory to take a probe off a function that ftrace can trace.
 * If it gets none, unregister_kretprobe() leaves the probe where it is and does
 * not say so; the probe would be hit after the module is gone. disable_kprobe()
 * does say so, and a probe that is disabled is unregistered without memory.
 * Unloading cannot fail, so try until it works.
 */
static void heapinfo_probe_take_off(struct kprobe *probe)
{
	while (disable_kprobe(probe) == -ENOMEM)
		msleep(TAKE_OFF_AGAIN_MS);
}

static void heapinfo_probe_stop(void)
{
	unsigned int i = ARRAY_SIZE(heapinfo_probes);

	while (i--) {
		if (heapinfo_probes_on[i]) {
			heapinfo_probe_take_off(&heapinfo_probes[i].kp);
			unregister_kretprobe(&heapinfo_probes[i]);
		}
		heapinfo_probes_on[i] = false;
	}
	heapinfo_probe_take_off(&heapinfo_canary_probe);
	unregister_kprobe(&heapinfo_canary_probe);
}

static int heapinfo_probe_start(void)
{
	struct kretprobe *probe;
	unsigned int i;
	int ret;

	ret = register_kprobe(&heapinfo_canary_probe);
	if (ret) {
		pr_err("cannot set probes (%d); source=syscalls may do\n", ret);
		return ret;
	}
	for (i = 0; i < ARRAY_SIZE(heapinfo_probes); i++) {
		probe = &heapinfo_probes[i];
		probe->handler = heapinfo_probe_return;
		probe->data_size = sizeof(struct heapinfo_brk_entry);
		probe->maxactive = CALLS_AT_ONCE;
		ret = register_kretprobe(probe);
		/* A kernel may come without the one for 32-bit programs. */
		if (ret == -ENOENT && i > 0)
			continue;
		if (ret) {
			pr_err("cannot probe %s (%d); source=syscalls may do\n",
			       probe->kp.symbol_name, ret);
			heapinfo_probe_stop();
			return ret;
		}
		heapinfo_probes_on[i] = true;
	}
	return 0;
}

static u64 heapinfo_probe_missed(void)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < ARRAY_SIZE(heapinfo_probes); i++)
		if (heapinfo_probes_on[i])
			sum += heapinfo_probes[i].nmissed +
			       heapinfo_probes[i].kp.nmissed;
	return sum;
}

#else /* !CONFIG_KRETPROBES */

static int heapinfo_probe_start(void)
{
	pr_err("source=probe needs a kernel with CONFIG_KPROBES and CONFIG_KRETPROBES; source=syscalls may do\n");
	return -EOPNOTSUPP;
}

static void heapinfo_probe_stop(void)
{
}

static bool heapinfo_probe_suspended(void)
{
	return false;
}

static u64 heapinfo_probe_missed(void)
{
	return 0;
}

#endif /* CONFIG_KRETPROBES */

const struct heapinfo_source heapinfo_source_probe = {
	.name = "probe",
	.start = heapinfo_probe_start,
	.stop = heapinfo_probe_stop,
	.suspended = heapinfo_probe_suspended,
	.missed = heapinfo_probe_missed,
};
