# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scripts that install, load and remove the module share.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034 # used by the scripts that read this file
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$TOP/dkms.conf")

# note TEXT - tell the person what is being done
note()
{
	echo "heapinfo: $*" >&2
}

# die TEXT - one line that says what is wrong and what to do, then status 1
die()
{
	note "$*"
	exit 1
}

# need_root COMMAND - COMMAND is what to put sudo in front of
need_root()
{
	[ "$(id -u)" -eq 0 ] || die "you are not root: sudo $*"
}

has()
{
	command -v "$1" >/dev/null
}

is_loaded()
{
	grep -q '^heapinfo ' /proc/modules
}

# no_package TASK - the module of the Debian package is not ours to change
no_package()
{
	# shellcheck disable=SC2016 # dpkg-query's own variable
	! has dpkg-query ||
		! dpkg-query -W -f '${db:Status-Abbrev}' heapinfo-dkms \
			2>/dev/null | grep -q '^.i' ||
		die "the package heapinfo-dkms has installed the module:" \
		    "to $1, use apt (sudo apt remove heapinfo-dkms)"
}

# dkms_versions - the versions of heapinfo that dkms knows
dkms_versions()
{
	local folder
	for folder in /var/lib/dkms/heapinfo/*/source; do
		[ ! -L "$folder" ] || basename "${folder%/source}"
	done
}

# forget_dkms VERSION... - take these versions from DKMS, also where dkms itself is
# gone and cannot do it
forget_dkms()
{
	local version file release
	for version; do
		! has dkms || dkms remove "heapinfo/$version" --all >/dev/null ||
			return
		rm -rf "/usr/src/heapinfo-$version"
	done
	! has dkms || return 0
	rm -rf /var/lib/dkms/heapinfo
	for file in /lib/modules/*/updates/dkms/heapinfo.ko*; do
		[ -e "$file" ] || continue
		rm "$file"
		release=${file#/lib/modules/}
		depmod "${release%%/*}"
		rmdir --ignore-fail-on-non-empty "${file%/*}" "${file%/*/*}"
	done
}

# plain_modules - heapinfo.ko as modules_install leaves it, one file a line
plain_modules()
{
	find /lib/modules/*/updates /lib/modules/*/extra -maxdepth 1 \
		-name 'heapinfo.ko*' 2>/dev/null || :
}

# users - who keeps the module in use, as far as can be told
users()
{
	local link pid
	for link in /proc/[0-9]*/fd/* /proc/[0-9]*/cwd; do
		[[ $(readlink "$link" 2>/dev/null) == /proc*/heapinfo ]] ||
			continue
		pid=${link#/proc/}
		pid=${pid%%/*}
		echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null))"
	done | sort -u
	# Who sleeps in brk(2) has code of the module on its way back. All threads may
	# be too many for one command.
	printf '%s\0' /proc/[0-9]*/task/[0-9]*/stack |
	{ xargs -0 grep -lsF '[heapinfo]' || :; } | cut -d/ -f3 | uniq -c |
	while read -r threads pid; do
		echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which" \
			"sleeps in brk(2) with $threads of its threads"
	done
	awk '$4 ~ /\/heapinfo$/ || $5 ~ /^\/proc\/.*\/heapinfo$/ {
		print "the mount " $5 }' /proc/self/mountinfo
}

# unload - or say who keeps it
unload()
{
	local who=''
	# a call or a reader that ends in a moment is no reason to give up
	for _ in 1 2 3 4 5; do
		is_loaded || return 0
		rmmod heapinfo 2>/dev/null && return
		is_loaded || return 0
		who=$(users | awk '{ printf "%s%s", (NR > 1 ? "; " : ""), $0 }')
		[ -z "$who" ] || break
	done
	die "the module is in use${who:+ by $who}: end what uses it" \
	    "(a reader with the file open, a process that sleeps in brk(2)," \
	    "perf or bpftrace on heapinfo:brk), then say it again"
}

# copy_sources TARGET - what is built and packaged, without what builds left
copy_sources()
{
	local part parts=()
	for part in Kbuild Makefile README.md CONTRIBUTING.md LICENSE dkms.conf \
		    debian docs module scripts userspace; do
		[ ! -e "$TOP/$part" ] || parts+=("$part")
	done
	mkdir -p "$1"
	tar -c -C "$TOP" --exclude='*.o' --exclude='*.ko' --exclude='*.mod' \
		--exclude='*.mod.c' --exclude='*.cmd' \
		--exclude=userspace/build "${parts[@]}" | tar -x -C "$1"
}
