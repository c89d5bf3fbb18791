# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Asking the archives of a suite which kernels they have. To be read behind lib.sh.

# archive_lists SUITE - print the path of a folder with what the archives of a
# suite had when they were first asked today: lists/ and sources.list, for apt, and
# kernels, for archive_kernels
archive_lists()
{
	local tree

	tree=$("$VM_DIR/tree" "$1") || return
	{ date -u +%F && echo "$tree" && cat "$VM_DIR/archive.awk"; } |
		product "archives/$1" make-archive-lists "$1"
}

# archive_kernels SUITE - the kernels of its archives, the newest last, each in a
# line: release, version of the package, and "headers" or, without these, "image"
archive_kernels()
{
	local lists

	lists=$(archive_lists "$1") && cat "$lists/kernels"
}
