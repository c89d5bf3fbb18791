# SPDX-License-Identifier: GPL-2.0
# Reads what nm says of heapinfo.ko and prints each symbol that could be taken for
# another in /proc/kallsyms, a stack trace or ftrace's filters: one that the module
# has twice, and one that does not begin with heapinfo_. What the compiler and the
# kernel's macros name by themselves is left out. The status is 1 if there is one.

NF != 3 || $2 == "U" || $2 == "w" { next }	# not the module's own
{ defined++; name = $3 }
name ~ /^(__|_note_|\.L|_sub_[ID]_)/ { next }
name ~ /^(init_module|cleanup_module|orc_header|symbols\.[0-9]+)$/ { next }
# those of TRACE_EVENT(brk)
name ~ /^(event|event_class|perf_trace|print_fmt|trace_raw_output)_brk$/ { next }
name ~ /^trace_event_(fields|raw_event|type_funcs)_brk$/ { next }
name ~ /^(TRACE_SYSTEM_HEAPINFO_|str__heapinfo__trace_system_name$)/ { next }

seen[name]++ {
	print name " is there twice: name one of them otherwise"
	bad = 1
	next
}
name !~ /^heapinfo_/ {
	print name " could be anybody's: let its name begin with heapinfo_"
	bad = 1
}

END {
	if (!defined) {
		print "nm names no symbol"
		bad = 1
	}
	exit bad
}
