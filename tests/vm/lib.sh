# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts of this folder share. Source it after `set -euo pipefail`.

PATH=$PATH:/usr/sbin:/sbin
VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$VM/../.." && pwd)
# shellcheck disable=SC2034 # for those who source this
CACHE=${KDX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kdx}/vm
STARTED=${STARTED:-$(date +%s.%N)}
export STARTED

elapsed() {
	awk -v from="$STARTED" -v to="$(date +%s.%N)" 'BEGIN { printf "%.1f", to - from }'
}

# say TEXT: a progress line
say() {
	printf '[%6.1f s] %s\n' "$(elapsed)" "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# need_tools TOOL...: all of them, or say how to get them
need_tools() {
	local tool missing=()
	for tool; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	((${#missing[@]} == 0)) || die "not installed: ${missing[*]}; 'make deps' in $TOP installs what is needed"
}

# key TEXT-OR-@FILE...: sixteen hex digits that change with any of the texts and files
key() {
	local item
	for item; do
		case $item in
		@*) sha256sum <"${item#@}" ;;
		*) printf '%s\n' "$item" ;;
		esac
	done | sha256sum | cut -c1-16
}

# tree_key DIR: the same for names, modes, links and contents of a whole tree
tree_key() {
	(
		cd "$1" || exit
		find . -mindepth 1 -printf '%y %m %p %l\n' | LC_ALL=C sort
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
	) | sha256sum | cut -c1-16
}

# product PATH MAKER ARGUMENT...: PATH, made by `MAKER PATH.new ARGUMENT...` unless it is there.
# It gets its name only when it is whole.
product() {
	local path=$1 maker=$2
	shift 2
	[[ -e $path ]] && return
	rm -rf "$path.new"
	mkdir -p "${path%/*}"
	"$maker" "$path.new" "$@" || {
		rm -rf "$path.new"
		die "${maker##*/} failed, see above; nothing was left behind, run it again when the cause is gone"
	}
	mv "$path.new" "$path"
}

# prune PREFIX KEEP: remove the older products beside KEEP, except those of the last
# twenty minutes, which a test may be reading
prune() {
	local old
	for old in "$1"-*; do
		[[ $old != "$2" && -e $old ]] || continue
		[[ $(find "$old" -maxdepth 0 -mmin -20) ]] || rm -rf "$old"
	done
}
