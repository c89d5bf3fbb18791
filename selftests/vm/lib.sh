# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scripts of the VM machinery share: messages, the cache and its
# locks, and the tables "kernels", "archive-kernels", "own-kernels" and "packages".

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2034 # used by the scripts that read this file
REPO=$(cd "$VM_DIR/../.." && pwd -P)
CACHE=$(realpath -m "${HEAPINFO_CACHE:-/var/cache/heapinfo}")

# note TEXT - tell the person who waits what is being done. Where stderr is kept
# for later, HEAPINFO_NOTES is a descriptor that still reaches that person.
note()
{
	echo "heapinfo: $*" >&"${HEAPINFO_NOTES:-2}"
}

# die TEXT - one line that says what is wrong and what to do, then status 1
die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# need_tool NAME - is the program there?
need_tool()
{
	command -v "$1" >/dev/null ||
		die "there is no $1 here: run selftests/vm/install-deps check"
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || die "must be run as root: try sudo"
}

# table FILE - the lines of a table without comments and empty lines
table()
{
	grep -Ev '^[[:space:]]*(#|$)' "$VM_DIR/$1"
}

# kernel_versions - what everything is tested on
kernel_versions()
{
	table kernels | awk '$1 ~ /^[0-9]/ { print $1 }'
}

# kernels_of SUITE - its lines of the table of kernels
kernels_of()
{
	table kernels | awk -v suite="$1" '$2 == suite'
}

# packages_of SUITE - the names of what is installed in its tree
packages_of()
{
	table packages | awk -v suite="$1" '
		{ for (i = 2; i <= NF; i++)
			if ($i == suite || $i == "all") print $1 }'
}

# kernel_field VERSION COLUMN - one word of the tables of kernels. SUITE/RELEASE, a
# kernel that the archives of a suite have, stands in none and has a suite alone.
kernel_field()
{
	local word
	word=$({ table kernels && table archive-kernels && table own-kernels &&
		table kernels | awk -v v="$1" '
			index(v, $2 "/") == 1 { print v, $2; exit }'; } |
		awk -v v="$1" -v c="$2" '$1 == v { print $c }')
	[ -n "$word" ] ||
		die "no kernel '$1': one of $(kernel_versions | xargs)," \
		    "or add a line to selftests/vm/archive-kernels"
	echo "$word"
}

# hash_of - a name for what is on stdin
hash_of()
{
	sha256sum | cut -c1-16
}

# contents PATH - a line that changes when a file below PATH is added, removed,
# cut short or written to; reads no file, so it is quick on a whole tree
contents()
{
	find "$1" -type f -printf '%P %s %T@\n' | LC_ALL=C sort | hash_of
}

# intact PATH - is PATH there, and as it was when it was made? A script that
# has just seen that says so in HEAPINFO_INTACT to those it starts. In the folder
# HEAPINFO_SEEN stands what was seen since whoever made that folder started.
intact()
{
	[ "$1" = "${HEAPINFO_INTACT:-}" ] && return
	[ -n "${HEAPINFO_SEEN:-}" ] && [ -e "$HEAPINFO_SEEN/${1//\//_}" ] && return
	[ -e "$1" ] && [ -f "$1.stamp" ] &&
		[ "$(cat "$1.stamp")" = "$(contents "$1")" ] && seen "$1"
}

# seen PATH - let those who share HEAPINFO_SEEN know that a product is whole
seen()
{
	[ -z "${HEAPINFO_SEEN:-}" ] || : >"$HEAPINFO_SEEN/${1//\//_}"
}

# product NAME MAKER ARGUMENT... - print the path of a product in the cache
# after seeing to it that it is there and whole. The path is NAME with a hash of
# its recipe: the text of MAKER (a script beside this file), its arguments, and
# stdin, which holds whatever else it depends on. So what two checkouts make
# stands side by side. Where it is missing, MAKER makes it under the name that is
# its last argument, one maker at a time; only when that succeeded does it get
# its own name. Then products of NAME that nobody used for a week are dropped, and
# what makers of NAME left that were interrupted.
product()
{
	local name=$CACHE/$1 maker=$2 path lock
	shift 2

	path=$name-$({ cat "$VM_DIR/$maker" -; echo "$@"; } | hash_of)
	if ! intact "$path"; then
		lock=$(lock_file "$path")
		exec {lock}>"$lock"
		flock "$lock"
		if ! intact "$path"; then
			rm -rf --one-file-system \
				"$path" "$path.stamp" "$path.half"
			"$VM_DIR/$maker" "$@" "$path.half" </dev/null >&2 || {
				rm -rf --one-file-system "$path.half"
				exit 1
			}
			mv "$path.half" "$path"
			contents "$path" >"$path.stamp.half"
			mv "$path.stamp.half" "$path.stamp"
			find "$(dirname "$name")" -maxdepth 1 -mtime +7 \
				-name "${name##*/}-*.stamp" |
			while read -r old; do
				rm -rf --one-file-system "$old" "${old%.stamp}"
			done
			drop_halves "$name"
			seen "$path"
		fi
		exec {lock}>&-
	fi
	touch "$path.stamp"
	echo "$path"
}

# drop_halves NAME - remove what no maker holds the lock of
drop_halves()
{
	local half path
	for half in "$1"-*.half; do
		path=${half%.half}
		path=${path%.stamp}
		[ ! -e "$half" ] || flock -n "$(lock_file "$path")" \
			rm -rf --one-file-system "$half" || :
	done
}

# lock_file PATH - the file whose lock guards a product; makes its folder
lock_file()
{
	mkdir -p "$(dirname "$1")" "$CACHE/locks" ||
		die "cannot write to the cache $CACHE:" \
		    "run as root, or set HEAPINFO_CACHE to a folder of yours"
	echo "$CACHE/locks/${1//\//_}"
}

# tree_of VERSION - the tree in which a kernel's modules are built
tree_of()
{
	"$VM_DIR/tree" "$(kernel_field "$1" 2)"
}

# is_in TABLE VERSION - is it a name in that table?
is_in()
{
	table "$1" | awk '{ print $1 }' | grep -qxF "$2"
}

# base_of VERSION TREE - the folder with usr/lib/modules of a kernel: its tree,
# or what was fetched or built for it alone and is to be laid over the tree
base_of()
{
	if is_in own-kernels "$1"; then
		"$VM_DIR/own-kernel" "$1"
	elif is_in kernels "$1"; then
		echo "$2"
	else
		"$VM_DIR/archive-kernel" "$1"
	fi
}

# release_of VERSION BASE - what uname -r says in that kernel
release_of()
{
	local modules pattern=
	# the others are alone in their folder
	[[ ! $1 =~ ^[0-9.]+$ ]] || pattern=$1.
	modules=$(echo "$2/usr/lib/modules/$pattern"*)
	echo "${modules##*/}"
}

# kept_as VERSION - what its products in the cache are called: those of all
# SUITE/RELEASE the same, so that one that nobody uses any more is dropped when
# another is made
kept_as()
{
	echo "${1%%/*}"
}
