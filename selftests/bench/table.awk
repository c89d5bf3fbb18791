# SPDX-License-Identifier: GPL-2.0
# Turns the lines of measure, each with the kernel's version before it, into a
# table in Markdown: a column for each kernel and mode.

{
	if (!($1 in seen_kernel)) {
		seen_kernel[$1]
		kernels[++n_kernels] = $1
	}
	if (!($3 in seen_row)) {
		seen_row[$3]
		rows[++n_rows] = $3
	}
	value[$1, $2, $3] = $4
}

# a number with commas, or what stands for none
function cell(kernel, mode, row,    text, out)
{
	if (!((kernel, mode, row) in value))
		return "–"
	text = value[kernel, mode, row]
	while (length(text) > 3) {
		out = "," substr(text, length(text) - 2) out
		text = substr(text, 1, length(text) - 3)
	}
	return text out
}

END {
	n_modes = split("absent bare0 nostacks redirect bare1 syscalls", modes, " ")
	title["absent"] = "no module"
	title["bare0"] = "empty callback of ftrace"
	title["nostacks"] = "redirect, stacks=0"
	title["redirect"] = "source=redirect"
	title["bare1"] = "empty tracepoint"
	title["syscalls"] = "source=syscalls"
	for (k = 1; k <= n_kernels; k++) {
		printf "| %s |", kernels[k]
		rule = "|---|"
		for (m = 1; m <= n_modes; m++) {
			printf " %s |", title[modes[m]]
			rule = rule "--:|"
		}
		print "\n" rule
		for (r = 1; r <= n_rows; r++) {
			printf "| %s |", rows[r]
			for (m = 1; m <= n_modes; m++)
				printf " %s |", cell(kernels[k], modes[m], rows[r])
			print ""
		}
		print ""
	}
}
