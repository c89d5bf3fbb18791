# SPDX-License-Identifier: GPL-2.0
# Turns what run_kselftest.sh prints into results with the kernel's version:
# the tests a program reports, or the program where it reports none. A program
# that ended otherwise than by reporting a failure (a signal, the timeout) is a
# failure of its own, and so is one that did not run.

# words after "ok N " or "not ok N "
function name(line)
{
	sub(/^(# )?(not )?ok [0-9]+ /, "", line)
	return line
}

function failed(what)
{
	print "not ok - " kernel " " what
	printf "%s", why
	why = ""
}

/^# selftests: / {
	program = $NF
	reported = failures = 0
	why = ""
	next
}

/^# ok [0-9]/ {
	print "ok - " kernel " " program ": " name($0)
	reported++
	why = ""
	next
}

/^# not ok [0-9]/ {
	failed(program ": " name($0))
	reported++
	failures++
	next
}

/^# / {
	why = why "#  " substr($0, 3) "\n"
	next
}

/^ok [0-9]+ selftests: / {
	if (!reported)
		print "ok - " kernel " " name($0)
	programs++
}

/^not ok [0-9]+ selftests: / {
	if (!failures)
		failed(name($0))
	programs++
}

END {
	if (programs != wanted)
		failed("only " programs + 0 " of " wanted " programs ran")
}
