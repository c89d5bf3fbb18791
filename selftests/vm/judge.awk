# SPDX-License-Identifier: GPL-2.0
# Looks for what a sound kernel never says in a kernel's log. Prints the log
# from shortly before the first such line, and exits 0; exits 1 where there is
# none. A warning whose text matches the variable "expected" is no such line.

BEGIN {
	bad = "BUG:|WARNING:|Oops|Kernel panic|general protection|cut here"
	bad = bad "|K[AC]SAN:|UBSAN:|kmemleak: [1-9]|unreferenced object"
	# lockdep and RCU
	bad = bad "|INFO: possible|INFO: trying|INFO: suspicious|suspicious RCU"
	bad = bad "|inconsistent lock state|INFO: task .* blocked|rcu.* stall"
	bad = bad "|refcount_t:|Call Trace"
	# vm/init and vm/agent, where they cannot go on
	bad = bad "|heapinfo-vm:"
}

# That there is no memory is no fault of the kernel: a process is killed, or slow
# to give back what it has, or mapped memory or a cache is refused (EINVAL is what
# newer kernels make of that). These reports have a call trace.
/invoked oom-killer:|oom_reaper: unable to reap|: vmalloc error: size [0-9]/ ||
/kmem_cache_create[a-z_]*\([^)]*\) failed with error -(12|22)/ {
	oom = NR
}

/Call Trace/ && oom && NR - oom < 10 {
	oom = 0
	before[NR % 4] = $0
	next
}

# A kernel that looks for data races finds its own; ours name a module.
/BUG: KCSAN:/ && !/\[(heapinfo|planted)\]/ {
	next
}

found {
	if (NR < found + 60)
		print
	next
}

# What a warning says stands below its first line or, since 6.19, the second. It
# ends with a mark.
expected && /cut here/ {
	cut = NR
	before[NR % 4] = $0
	next
}

cut && cut >= NR - 2 && $0 ~ expected {
	cut = 0
	skipping = 1
}

skipping {
	skipping = !/end trace/
	next
}

cut == NR - 1 && /WARNING:/ {
	before[NR % 4] = $0
	next
}

cut || $0 ~ bad {
	found = NR
	for (i = NR - 3; i < NR; i++)
		if (i > 0)
			print before[i % 4]
	print
}

{
	before[NR % 4] = $0
}

END {
	exit !(found || cut)
}
