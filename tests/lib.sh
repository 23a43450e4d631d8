# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by the shell tests: counting, and where the programs and the peers are. A test script sources this,
# calls ok/fail/skip, and ends with `finish`, whose last line run-all adds up.
set -u
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$TESTS")
KDX=${KDX:-$TOP/analyze/kdx}
KDX_FILTER=${KDX_FILTER:-$TOP/filter/kdx-filter}
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); echo "ok      $*"; }
fail() { failed=$((failed + 1)); echo "FAILED  $*"; }
skip() { skipped=$((skipped + 1)); echo "SKIP    $*"; }
# check NAME COMMAND...: the command's success is the result; its output is shown when it fails.
check() {
	local name=$1 out; shift
	if out=$("$@" 2>&1); then ok "$name"; else fail "$name"; printf '%s\n' "$out" | tail -n 20 | sed 's/^/        /'; fi
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}

# peer NAME ARGS...: runs crash, makedumpfile or drgn. $KDX_PEERS_RUN is a command that takes the peer's name and
# its arguments; without it the script beside the repository is used where it is. 127: no such peer here.
peer() {
	local run=${KDX_PEERS_RUN:-$TOP/../shared/peers/run}
	[ -x "$run" ] || return 127
	"$run" "$@"
}
have_peer() {
	peer "$1" --version >/dev/null 2>&1 || peer "$1" -v >/dev/null 2>&1
}
# A scratch folder that goes when the script ends.
scratch() {
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/kdx-test.XXXXXX") || exit 1
	trap 'rm -rf "$SCRATCH"' EXIT
}
