# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of installing share. They run in the tree of a suite.

# shellcheck source=SCRIPTDIR/../check.d/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../check.d/lib.sh"
# shellcheck source=SCRIPTDIR/../../scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
export DEBIAN_FRONTEND=noninteractive

# What the tests have in the cache: what apt fetched and what was compiled, of
# each suite by itself.
# shellcheck source=/dev/null # the tree's
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
kept=$CACHE/install/$suite
mkdir -p "$kept/lists" "$kept/archives"

# compile_once - let whoever calls the compiler call ccache. It takes an object
# from the cache only when the compiler, its options, the folder, the source and
# all headers are the same, so each way to build compiles once, and a change to a
# source does again. A folder in PATH would not do: apt, and dkms in some versions,
# set a PATH of their own, and Debian's ccache has no link for cc.
compile_once()
{
	local gcc folder=/usr/compiler link
	gcc=$(realpath /usr/bin/gcc)
	mkdir "$folder"
	for link in /usr/bin/{cc,gcc,gcc-[0-9]*,"${gcc##*/}"}; do
		# gcc-ar and the like go by another name
		[ "$(realpath "$link")" != "$gcc" ] ||
			ln -s "${gcc##*/}" "$folder/${link##*/}"
	done
	rm "$folder/${gcc##*/}"
	mv "$gcc" "$folder/"
	ln -s ccache "$gcc"
	cat >/etc/ccache.conf <<-END
		cache_dir = $kept/ccache
		path = $folder
		compiler_check = content
		max_size = 500M
	END
}
compile_once

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

# refresh - apt-get update, which fetches what has changed since the last time.
# What was fetched before stands where apt looks for what it has fetched.
refresh()
(
	exec {lock}>"$kept/lock"
	flock "$lock"
	rsync -rt "$kept/lists/" /var/lib/apt/lists &&
	apt-get update &&
	rsync -rt --exclude lock --exclude partial --exclude auxfiles \
		/var/lib/apt/lists/ "$kept/lists" || exit
	# what was fetched a month ago is fetched again
	find "$kept/archives" -name '*.deb' -ctime +30 -delete
	find "$kept/archives" -name '*.deb' \
		-exec ln -sf -t /var/cache/apt/archives {} +
)

# keep FOLDER - the packages that apt has fetched to it, for the next time
keep()
(
	exec {lock}>"$kept/lock"
	flock "$lock"
	for deb in "$1"/*.deb; do
		[ ! -f "$deb" ] || [ -L "$deb" ] || {
			cp "$deb" "$kept/archives/half" &&
			mv "$kept/archives/half" "$kept/archives/${deb##*/}"
		}
	done
)

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
		# Newer headers bring their kernel along, and that an initramfs,
		# which nobody boots and which takes longer than all the rest:
		# the kernel's hooks make none where INITRD says so.
		INITRD=No apt-get install --yes --no-install-recommends \
			"$package" && return
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
