// SPDX-License-Identifier: GPL-2.0
/* The source "probe": a kretprobe on each entry point of brk(2). */
#include "heapinfo.h"
#include "arch.h"
#include "brk.h"

#include <linux/cpumask.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>

#ifdef CONFIG_KRETPROBES

/*
 * Calls that may be under way at once on each entry point. A call sleeps
 * inside the kernel while another thread holds the address space, so this
 * goes by threads, not by processors.
 */
#define CALLS_AT_ONCE	max(1024U, 64 * num_possible_cpus())

static int on_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unsigned long asked = heapinfo_native_brk_arg(regs);

	return !heapinfo_brk_enter((struct heapinfo_brk_entry *)ri->data,
				   asked);
}

#ifdef HEAPINFO_COMPAT_BRK
static int on_entry_compat(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unsigned long asked = heapinfo_compat_brk_arg(regs);

	return !heapinfo_brk_enter((struct heapinfo_brk_entry *)ri->data,
				   asked);
}
#endif

static int on_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	heapinfo_brk_return((struct heapinfo_brk_entry *)ri->data,
			    regs_return_value(regs));
	return 0;
}

/* A kernel has those of its architecture and its compat layer. */
static struct kretprobe probes[] = {
	{ .kp.symbol_name = HEAPINFO_NATIVE_BRK,
	  .entry_handler = on_entry },
#ifdef HEAPINFO_COMPAT_BRK
	{ .kp.symbol_name = HEAPINFO_COMPAT_BRK,
	  .entry_handler = on_entry_compat },
#endif
};

static bool registered[ARRAY_SIZE(probes)];

static void probe_stop(void)
{
	unsigned int i = ARRAY_SIZE(probes);

	while (i--) {
		if (registered[i])
			unregister_kretprobe(&probes[i]);
		registered[i] = false;
	}
}

static int probe_start(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		probes[i].handler = on_return;
		probes[i].data_size = sizeof(struct heapinfo_brk_entry);
		probes[i].maxactive = CALLS_AT_ONCE;
		ret = register_kretprobe(&probes[i]);
		/* No compat layer is no fault; no native entry point is. */
		if (ret == -ENOENT && i > 0)
			continue;
		if (ret) {
			pr_err("cannot probe %s (%d); source=syscalls may do\n",
			       probes[i].kp.symbol_name, ret);
			probe_stop();
			return ret;
		}
		registered[i] = true;
	}
	return 0;
}

static u64 probe_missed(void)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (registered[i])
			sum += probes[i].nmissed + probes[i].kp.nmissed;
	return sum;
}

#else /* !CONFIG_KRETPROBES */

static int probe_start(void)
{
	pr_err("source=probe needs a kernel with CONFIG_KPROBES and CONFIG_KRETPROBES; source=syscalls may do\n");
	return -EOPNOTSUPP;
}

static void probe_stop(void)
{
}

static u64 probe_missed(void)
{
	return 0;
}

#endif /* CONFIG_KRETPROBES */

const struct heapinfo_source heapinfo_source_probe = {
	.name = "probe",
	.start = probe_start,
	.stop = probe_stop,
	.missed = probe_missed,
};
