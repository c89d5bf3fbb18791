# SPDX-License-Identifier: GPL-2.0
# Reads an archive's lists of packages and prints the kernels of which there is an
# image: release, version, and "headers" where there are some of the same version,
# or else "image". A package that only depends on the image of another kernel is
# none.

BEGIN {
	RS = ""
	FS = "\n"
}

$1 !~ /^Package: linux-(image|headers)-[0-9].*-amd64$/ {
	next
}

{
	release = $1
	sub(/^Package: linux-(image|headers)-/, "", release)
	version = depends = ""
	for (i = 2; i <= NF; i++) {
		if ($i ~ /^Version: /)
			version = substr($i, 10)
		else if ($i ~ /^Depends: /)
			depends = $i
	}
	kernel = release " " version
	if ($1 ~ /^Package: linux-headers-/)
		headers[kernel] = 1
	else if (depends !~ /[ ,]linux-image-/)
		images[kernel] = 1
}

END {
	for (kernel in images)
		print kernel, (kernel in headers) ? "headers" : "image"
}
