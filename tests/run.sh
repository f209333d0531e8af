#!/bin/sh
# Run tests and count them: tests/run.sh BUILD_DIR KIND...
#   unit    every BUILD_DIR/tests/unit/*/*_test (cmocka; each of its tests counts)
#   cli     every tests/cli/*.sh, faults: every tests/faults/*.sh: run in a fresh directory with the
#           tools on PATH; exit 0 passes, 77 skips, and its output is shown when it fails
#   fuzz    every fuzz target over tests/fuzz/corpus/<target>/
# The last line is `N passed, N failed, N skipped`. TEST=pattern limits to matching names; JOBS=N
# tests run at a time (by default one per core). Skipped tests say why on a line of their own that
# begins with `skip:`.
set -u
LC_ALL=C TZ=UTC
export LC_ALL TZ
unset MAKEFLAGS MFLAGS MAKELEVEL STREETVIEW_KEY STREETVIEW_SECRET MAPILLARY_TOKEN

# say NAME PASSED FAILED SKIPPED: one line for the reader, one for the count
say() {
    if [ "$3" -ne 0 ]; then
        echo "FAIL $1 (exit $rc)"
        tail -40 "$log"
    elif [ "$2" -eq 0 ]; then
        echo "skip $1"
    else
        echo "ok   $1: $2"
    fi
    grep '^skip:' "$log"
    echo "$2 $3 $4" >>"$tmp/counts"
}

unit() {
    timeout 600 "$1" >"$log" 2>&1
    rc=$?
    ok=$(grep -c '^\[       OK \]' "$log")
    bad=$(grep '^\[  FAILED  \] ' "$log" | grep -v 'listed below' | sort -u | wc -l)
    skip=$(grep '^\[  SKIPPED \] ' "$log" | grep -v 'listed below' | sort -u | wc -l)
    [ $rc -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    [ $rc -eq 0 ] && bad=0
    say "unit/$(basename "$(dirname "$1")")/$(basename "$1")" "$ok" "$bad" "$skip"
}

script() {
    dir=$(mktemp -d "$tmp/dir.XXXXXX") || exit 2
    (cd "$dir" && PATH=$BUILD:$PATH exec timeout --foreground 600 sh "$2") >"$log" 2>&1 </dev/null
    rc=$?
    chmod -R u+w "$dir" && rm -rf "$dir"
    case $rc in
    0) say "$1/$(basename "$2" .sh)" 1 0 0 ;;
    77) say "$1/$(basename "$2" .sh)" 0 0 1 ;;
    *) say "$1/$(basename "$2" .sh)" 0 1 0 ;;
    esac
}

fuzz() {
    name=$(basename "$1")
    timeout 600 "$1" "$ROOT/tests/fuzz/corpus/$name" >"$log" 2>&1
    rc=$?
    if [ $rc -eq 0 ]; then
        say "fuzz/$name" 1 0 0
    else
        say "fuzz/$name" 0 1 0
    fi
}

# One test: tests/run.sh --one KIND PATH, with the run's tmp, ROOT and BUILD in the environment.
if [ "$1" = --one ]; then
    log=$(mktemp "$tmp/log.XXXXXX") || exit 2
    out=$(mktemp "$tmp/out.XXXXXX") || exit 2
    case $2 in
    unit) unit "$3" ;;
    cli | faults) script "$2" "$3" ;;
    fuzz) fuzz "$3" ;;
    esac >"$out"
    cat "$out" # in one piece, whoever else is running
    exit 0
fi

BUILD=$(cd "$1" && pwd) || exit 2
ROOT=$(pwd)
shift
tmp=$(mktemp -d "${TMPDIR:-/tmp}/gdje-test.XXXXXX") || exit 2
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
export BUILD ROOT tmp
: >"$tmp/counts"

list() {
    case $1 in
    unit) ls "$BUILD"/tests/unit/*/*_test ;;
    cli | faults) find "$ROOT/tests/$1" -name "*.sh" ! -name lib.sh | sort ;;
    fuzz) find "$BUILD/tests/fuzz" -type f -perm -1 ! -name '*-libfuzzer' | sort ;;
    *)
        echo "run.sh: unknown kind '$1'" >&2
        exit 2
        ;;
    esac 2>/dev/null
}

for kind in "$@"; do
    for t in $(list "$kind"); do
        case "$kind/$(basename "$(dirname "$t")")/$(basename "$t")" in
        *"${TEST:-}"*) echo "$kind" "$t" ;;
        esac
    done
done | xargs -r -n 2 -P "${JOBS:-$(nproc)}" sh "$0" --one

awk '{ p += $1; f += $2; s += $3 }
    END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p + s == 0 }' "$tmp/counts"
