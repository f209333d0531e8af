#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 of gdje-fetch in the middle, several times: the rerun ends with the same catalog and the
# same files as an uninterrupted run. Then Ctrl-C: what is in flight is finished.
set -eu
work=$PWD
cd "$ROOT"
gdje-demo --url-file "$work/url" --idle-exit 60 >/dev/null 2>"$work/demo.log" &
demo=$!
trap 'kill $demo 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    [ -s "$work/url" ] && break
    sleep 0.1
done
url=$(cat "$work/url")

product() { # product NAME: what must be the same, however it came about
    (cd "$work/$1" && find images -type f | LC_ALL=C sort | xargs sha256sum)
    sqlite3 "$work/$1/c.gpkg" "
        SELECT r.id, r.state, r.pano_id, l.uuid, hex(l.geom), l.captured, l.copyright, l.group_key
        FROM request r LEFT JOIN location l ON l.id = r.location_id ORDER BY r.id;
        SELECT l.uuid, i.view, i.path, i.n_bytes, i.state
        FROM image i JOIN location l ON l.id = i.location_id ORDER BY l.uuid, i.view;"
}
fetch() { # fetch NAME OPTION...; exec, so that in the background $! is the tool itself
    name=$1
    shift
    exec gdje-fetch --catalog "$work/$name/c.gpkg" --base-url "$url" --size 320 -q "$@"
}

count=60
[ -z "${KILLS:-}" ] || count=300
for name in whole killed stopped; do
    gdje-sample --catalog "$work/$name/c.gpkg" --count "$count" -q
done
(fetch whole)
product whole >"$work/whole.txt"
grep -q 'done' "$work/whole.txt"

killed=0
delays="0.05 0.2 0.35 0.5 0.15 0.4"
if [ -n "${KILLS:-}" ]; then # so many random moments: KILLS=50 sh tests/run.sh ... (make check-kill)
    delays=$(awk -v n="$KILLS" 'BEGIN { srand(); while (n-- > 0) printf "%.3f ", 0.02 + 1.6 * rand() }')
    echo "delays: $delays"
fi
for delay in $delays; do
    fetch killed --rate 60 & # slow enough to be hit
    pid=$!
    sleep "$delay"
    kill -9 $pid 2>/dev/null || true
    rc=0
    wait $pid || rc=$?
    [ $rc -ne 137 ] || killed=$((killed + 1))
done
[ $killed -ge 3 ] || { echo "only $killed runs were killed" && exit 1; }
(fetch killed)
product killed >"$work/killed.txt"
diff "$work/whole.txt" "$work/killed.txt"

# 130: the shell sees a death by SIGINT. (A background job of sh ignores SIGINT: use TERM.)
fetch stopped --rate 60 &
pid=$!
sleep 0.6
kill -TERM $pid
rc=0
wait $pid || rc=$?
[ $rc -eq 143 ] || { echo "ended with $rc instead of 143" && exit 1; }
[ -z "$(find "$work/stopped/images" -name '*.tmp*')" ]
[ "$(sqlite3 "$work/stopped/c.gpkg" 'SELECT count(*) FROM image')" = \
    "$(find "$work/stopped/images" -name '*.jpg' | wc -l)" ]
(fetch stopped)
product stopped >"$work/stopped.txt"
diff "$work/whole.txt" "$work/stopped.txt"
