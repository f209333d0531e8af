#!/bin/sh
# Run tests and count them: tests/run.sh BUILD_DIR KIND...
#   unit    every BUILD_DIR/tests/unit/*/*_test (cmocka; each of its tests counts)
#   cli     every tests/cli/*.sh, faults: every tests/faults/*.sh: run in a fresh directory with the
#           tools on PATH; exit 0 passes, 77 skips, and its output is shown when it fails
#   fuzz    every fuzz target over tests/fuzz/corpus/<target>/
# The last line is `N passed, N failed, N skipped`. TEST=pattern limits to matching names.
# Skipped tests say why on a line of their own that begins with `skip:`.
set -u
build=$(cd "$1" && pwd) || exit 2
shift
root=$(pwd)
filter=${TEST:-}
passed=0 failed=0 skipped=0
LC_ALL=C TZ=UTC
export LC_ALL TZ
unset MAKEFLAGS MFLAGS MAKELEVEL STREETVIEW_KEY
tmp=$(mktemp -d "${TMPDIR:-/tmp}/gdje-test.XXXXXX") || exit 2
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
log=$tmp/log

wanted() {
    case "$1" in *"$filter"*) return 0 ;; *) return 1 ;; esac
}

unit() {
    for t in "$build"/tests/unit/*/*_test; do
        [ -x "$t" ] || continue
        name=unit/$(basename "$(dirname "$t")")/$(basename "$t")
        wanted "$name" || continue
        timeout 300 "$t" >"$log" 2>&1
        rc=$?
        ok=$(grep -c '^\[       OK \]' "$log")
        bad=$(grep '^\[  FAILED  \] ' "$log" | grep -v 'listed below' | sort -u | wc -l)
        skip=$(grep '^\[  SKIPPED \] ' "$log" | grep -v 'listed below' | sort -u | wc -l)
        [ $rc -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
        [ $rc -eq 0 ] && bad=0
        passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
        grep '^skip:' "$log"
        if [ "$bad" -ne 0 ]; then
            echo "FAIL $name (exit $rc)"
            tail -40 "$log"
        else
            echo "ok   $name: $ok"
        fi
    done
}

script() {
    for t in "$root/tests/$1"/*.sh; do
        [ -f "$t" ] || continue
        name=$1/$(basename "$t" .sh)
        wanted "$name" || continue
        mkdir "$tmp/dir"
        (cd "$tmp/dir" && ROOT=$root BUILD=$build PATH=$build:$PATH timeout 600 sh "$t") >"$log" 2>&1 </dev/null
        rc=$?
        case $rc in
        0) passed=$((passed + 1)) && echo "ok   $name" && grep '^skip:' "$log" ;;
        77) skipped=$((skipped + 1)) && echo "skip $name" && grep '^skip:' "$log" ;;
        *)
            failed=$((failed + 1))
            echo "FAIL $name (exit $rc)"
            tail -40 "$log"
            ;;
        esac
        chmod -R u+w "$tmp/dir" && rm -rf "$tmp/dir"
    done
}

fuzz() {
    for t in "$build"/tests/fuzz/*; do
        case "$t" in *.d | *.o | *-libfuzzer) continue ;; esac
        [ -x "$t" ] || continue
        name=fuzz/$(basename "$t")
        wanted "$name" || continue
        if timeout 300 "$t" "$root/tests/fuzz/corpus/$(basename "$t")" >"$log" 2>&1; then
            passed=$((passed + 1))
            echo "ok   $name: $(tail -1 "$log")"
        else
            failed=$((failed + 1))
            echo "FAIL $name"
            tail -20 "$log"
        fi
    done
}

for kind in "$@"; do
    case $kind in
    unit) unit ;;
    cli | faults) script "$kind" ;;
    fuzz) fuzz ;;
    *)
        echo "run.sh: unknown kind '$kind'" >&2
        exit 2
        ;;
    esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
