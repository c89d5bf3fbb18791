# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of installing share. They run in the tree of a suite.

# shellcheck source=SCRIPTDIR/../check.d/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../check.d/lib.sh"
# shellcheck source=SCRIPTDIR/../../scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
export DEBIAN_FRONTEND=noninteractive

# releases - the kernels whose headers are installed
releases()
{
	local build
	for build in /lib/modules/*/build; do
		build=${build%/build}
		echo "${build##*/}"
	done
}

# listing FILE - every file of the tree, but what apt, dpkg and dkms keep for
# themselves: lists, logs, and the key with which dkms signs
listing()
{
	find / -xdev \( -path /tmp -o -path /var/cache -o -path /var/log -o \
		-path /var/lib/apt -o -path /var/lib/dpkg \
		-o -path '/var/lib/dkms/mok.*' \) -prune \
		-o ! -name '*.dpkg-*' -print | LC_ALL=C sort >"$1"
}

# nothing_left BEFORE - is the tree as it was when BEFORE was listed?
nothing_left()
{
	listing "$scratch/after"
	diff "$1" "$scratch/after"
}

# installed RELEASE - does dkms say so, does depmod know it, was it built for it?
# Where only the kernel's headers are, not all versions of dkms call depmod.
installed()
{
	local built module=heapinfo
	dkms status heapinfo | tee /dev/stderr | grep -F "$1" |
		grep -q ': installed' || return
	[ -e "/lib/modules/$1/kernel" ] ||
		module=$(find "/lib/modules/$1/updates" -name 'heapinfo.ko*')
	built=$(modinfo -k "$1" -F vermagic "$module") &&
	[ "${built%% *}" = "$1" ] &&
	[ "$(modinfo -k "$1" -F version "$module")" = "$VERSION" ]
}

# not_installed RELEASE
not_installed()
{
	! dkms status heapinfo | grep -F "$1" && ! modinfo -k "$1" heapinfo
}

# upgrade - install the headers of another kernel: of one with other first
# numbers where the archives have it, or else of another flavour. An archive's
# index can name what its pool has lost, so each is a try.
upgrade()
{
	local all package here
	here=$(releases | sed 's/^\([0-9]*\.[0-9]*\).*/\1/' | paste -sd'|')
	all=$(apt-cache pkgnames linux-headers- |
		grep -E '^linux-headers-[0-9]+\.[0-9]+\..*-amd64$' | sort -V)
	for package in \
		$(grep -- -cloud-amd64 <<<"$all" |
			grep -vE "^linux-headers-(${here//./\\.})\." | tail -n 1) \
		$(grep -vE -- '-(cloud|rt)-' <<<"$all" |
			grep -E "^linux-headers-(${here//./\\.})\." | tail -n 1); do
		upgraded=${package#linux-headers-}
		apt-get install --yes --no-install-recommends "$package" &&
			return
		upgraded=
	done
	return 1
}

# rebuilt WHAT - results of an upgrade
rebuilt()
{
	local upgraded=''
	upgrade >"$scratch/upgrade" 2>&1
	result $? "$1: the headers of another kernel are installed" \
		"$scratch/upgrade"
	[ -n "$upgraded" ] || return
	try "$1: the module was built for $upgraded by itself" \
		installed "$upgraded"
}

# export_root RELEASE TARGET - what a VM of that kernel must have of this tree
export_root()
{
	local file
	mkdir -p "$2/usr/lib/modules/$1" "$2/usr/bin"
	for file in "/lib/modules/$1"/updates "/lib/modules/$1"/modules.*; do
		cp -a "$file" "$2/usr/lib/modules/$1/"
	done
	for file in /usr/bin/heapinfo /usr/local/bin/heapinfo; do
		[ ! -e "$file" ] || install -D "$file" "$2$file"
	done
}
