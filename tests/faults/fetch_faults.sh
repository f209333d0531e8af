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
. "$ROOT/tests/cli/lib.sh"
n=300 rates=all=0.012,duplicate=0.02,retry-after=0.003,403=0.003
if [ "${GDJE_LONG:-0}" = 1 ]; then
    n=2000 rates=all=0.012,retry-after=0.002,403=0.0005
fi
# every fifth answer is bad: 8 tries, so that not one of ten thousand requests has bad luck only
fetch() { # fetch NAME SERVER: exit code in $rc
    rc=0
    gdje-fetch --catalog "$1/c.gpkg" --base-url "$(cat "$2.url")" --size 64 \
        --connections 64 --stall 1 --deadline 20 --tries 8 -q 2>>"$1.log" || rc=$?
}
rows() { # rows NAME QUERY
    sql "$2" "$1/c.gpkg"
}
check_whole() { # rows and files are one to one, four to a location, none half done
    rows bad "SELECT path FROM image ORDER BY path" >paths
    (cd bad && find images -type f | LC_ALL=C sort) >files
    cmp paths files || die "rows and files differ"
    [ -z "$(uniq -d paths)" ] || die "stored twice: $(uniq -d paths)"
    [ "$(rows bad "SELECT count(*) FROM image")" = \
        $((4 * $(rows bad "SELECT count(*) FROM location"))) ] || die "half a location"
}

serve well -v
serve ill -v --fault "$rates"
gdje-sample --border "$border" --catalog good/c.gpkg --count $n -q
gdje-sample --border "$border" --catalog bad/c.gpkg --count $n -q
fetch good well
[ $rc -eq 0 ] || die "the undisturbed run ended with $rc: $(cat good.log)"
fetched good >good.txt

# A refused key (5) ends a run, what the service could not answer in time (1) is left to the next.
settle() {
    runs=0 rc=1
    while [ $rc -ne 0 ]; do
        fetch bad ill
        runs=$((runs + 1))
        case $rc in 0 | 1 | 5) ;; *) die "run $runs ended with $rc: $(tail -3 bad.log)" ;; esac
        [ $runs -le 40 ] || die "not settled in 40 runs: $(tail -3 bad.log)"
    done
    check_whole
}
settle
[ "$(rows bad "SELECT count(*) FROM request WHERE state IN ('queued', 'probed')")" = 0 ]
[ "$(rows bad "SELECT count(*) FROM request WHERE state = 'failed' AND coalesce(last_error, '') = ''")" = 0 ] ||
    die "failed without a reason"
n_failed=$(rows bad "SELECT count(*) FROM request WHERE state = 'failed'")
[ "$n_failed" -gt 0 ] || die "nothing failed"
rows bad "SELECT last_error FROM request WHERE state = 'failed'" | sed 's/^view [0-9]*: //' |
    sort | uniq -c >reasons
if grep -v -e 'HTTP status 302' -e 'HTTP status 404' reasons; then
    die "these could have been had"
fi
# every fault did strike
gdje-demo --list-faults | cut -f 1 | while read -r fault; do
    grep -q "fault: $fault\$" ill.log || die "no request met '$fault'"
done

# what is final for one address is not for the next try of it
tries=0
while [ "$n_failed" -gt 0 ]; do
    [ $tries -lt 10 ] || die "$n_failed failed $tries times"
    rows bad "UPDATE request SET state = 'queued' WHERE state = 'failed'"
    settle
    n_failed=$(rows bad "SELECT count(*) FROM request WHERE state = 'failed'")
    tries=$((tries + 1))
done
fetched bad >bad.txt
diff good.txt bad.txt >differences || die "not the same: $(head -5 differences)"
