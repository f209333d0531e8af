#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch against a provider on which everything goes wrong now and then. However it went, what
# could be had is stored exactly once, and nothing is left without an end or a reason; asked once
# more for what failed, catalog and files are those of an undisturbed run.
#
# GDJE_LONG=1: 2,000 locations instead of 300, with every fault of the list many times.
#
# By hand under ThreadSanitizer: TSAN_OPTIONS=detect_deadlocks=0, GDAL orders its locks both ways.
set -eu
work=$PWD
cd "$ROOT"
n=300 rates=all=0.012,retry-after=0.003,403=0.003
if [ "${GDJE_LONG:-0}" = 1 ]; then
    n=2000 rates=all=0.012,retry-after=0.002,403=0.0005
fi
servers=
# shellcheck disable=SC2086 # several process ids
trap 'kill $servers 2>/dev/null; wait' EXIT

fail() {
    echo "$*"
    exit 1
}
serve() { # serve NAME OPTION...
    name=$1
    shift
    gdje-demo --url-file "$work/$name.url" --idle-exit 300 -v "$@" >"$work/$name.out" 2>"$work/$name.log" &
    servers="$servers $!"
    for _ in $(seq 300); do
        [ -s "$work/$name.url" ] && return
        sleep 0.1
    done
    fail "no server: $(cat "$work/$name.log")"
}
fetch() { # fetch NAME SERVER: exit code in $rc
    rc=0
    gdje-fetch --catalog "$work/$1/c.gpkg" --base-url "$(cat "$work/$2.url")" --size 64 \
        --connections 64 --stall 1 --deadline 20 -q 2>>"$work/$1.log" || rc=$?
}
sql() { # sql NAME QUERY
    sqlite3 "$work/$1/c.gpkg" "$2"
}
product() { # product NAME: what must be the same, however it came about
    (cd "$work/$1" && find images -type f | LC_ALL=C sort | xargs sha256sum)
    sql "$1" "
        SELECT r.id, r.state, r.pano_id, l.uuid, hex(l.geom), l.captured, l.copyright, l.group_key
        FROM request r LEFT JOIN location l ON l.id = r.location_id ORDER BY r.id;
        SELECT l.uuid, i.view, i.path, i.n_bytes, i.state
        FROM image i JOIN location l ON l.id = i.location_id ORDER BY l.uuid, i.view;"
}
check_whole() { # rows and files are one to one, four to a location, none half done
    sql bad "SELECT path FROM image ORDER BY path" >"$work/rows"
    (cd "$work/bad" && find images -type f | LC_ALL=C sort) >"$work/files"
    cmp "$work/rows" "$work/files" || fail "rows and files differ"
    [ -z "$(uniq -d "$work/rows")" ] || fail "stored twice: $(uniq -d "$work/rows")"
    [ "$(sql bad "SELECT count(*) FROM image")" = \
        $((4 * $(sql bad "SELECT count(*) FROM location"))) ] || fail "half a location"
}

serve well
serve ill --fault "$rates"
gdje-sample --catalog "$work/good/c.gpkg" --count $n -q
gdje-sample --catalog "$work/bad/c.gpkg" --count $n -q
fetch good well
[ $rc -eq 0 ] || fail "the undisturbed run ended with $rc: $(cat "$work/good.log")"
product good >"$work/good.txt"

# A refused key (5) ends a run, what the service could not answer in time (1) is left to the next.
settle() {
    runs=0 rc=1
    while [ $rc -ne 0 ]; do
        fetch bad ill
        runs=$((runs + 1))
        case $rc in 0 | 1 | 5) ;; *) fail "run $runs ended with $rc: $(tail -3 "$work/bad.log")" ;; esac
        [ $runs -le 40 ] || fail "not settled in 40 runs: $(tail -3 "$work/bad.log")"
    done
    check_whole
}
settle
[ "$(sql bad "SELECT count(*) FROM request WHERE state IN ('queued', 'probed')")" = 0 ]
[ "$(sql bad "SELECT count(*) FROM request WHERE state = 'failed' AND coalesce(last_error, '') = ''")" = 0 ] ||
    fail "failed without a reason"
n_failed=$(sql bad "SELECT count(*) FROM request WHERE state = 'failed'")
[ "$n_failed" -gt 0 ] || fail "nothing failed"
sql bad "SELECT last_error FROM request WHERE state = 'failed'" | sed 's/^view [0-9]*: //' |
    sort | uniq -c >"$work/reasons"
if grep -v -e 'HTTP status 302' -e 'HTTP status 404' "$work/reasons"; then
    fail "these could have been had"
fi
# every fault did strike
gdje-demo --list-faults | cut -f 1 | while read -r fault; do
    grep -q "fault: $fault\$" "$work/ill.log" || fail "no request met '$fault'"
done

# what is final for one address is not for the next try of it
tries=0
while [ "$n_failed" -gt 0 ]; do
    [ $tries -lt 10 ] || fail "$n_failed failed $tries times"
    sql bad "UPDATE request SET state = 'queued' WHERE state = 'failed'"
    settle
    n_failed=$(sql bad "SELECT count(*) FROM request WHERE state = 'failed'")
    tries=$((tries + 1))
done
product bad >"$work/bad.txt"
diff "$work/good.txt" "$work/bad.txt" >"$work/diff" || fail "not the same: $(head -5 "$work/diff")"
