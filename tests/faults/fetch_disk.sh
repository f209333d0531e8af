#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch when files cannot be written: one message with the file and the cause, exit 4, nothing
# half done, and the rerun completes.
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
fetch() {
    gdje-fetch --catalog "$work/c.gpkg" --base-url "$(cat "$work/url")" -q
}
gdje-sample --catalog "$work/c.gpkg" --count 10 -q

# no file may grow beyond 40 KiB: what a full disk looks like to a picture
rc=0
(
    trap '' XFSZ
    ulimit -f 80
    fetch
) 2>"$work/err" || rc=$?
[ $rc -eq 4 ] || { echo "ended with $rc instead of 4:" && cat "$work/err" && exit 1; }
grep -q "cannot write '$work/images/.*jpg.tmp': File too large" "$work/err"
[ "$(wc -l <"$work/err")" -eq 1 ]
[ -z "$(find "$work/images" -type f)" ]
[ "$(sqlite3 "$work/c.gpkg" "SELECT count(*) FROM location")" = 0 ]

# a folder that cannot be made
mv "$work/images" "$work/away"
: >"$work/images"
rc=0
fetch 2>"$work/err" || rc=$?
grep -q "images" "$work/err"
[ $rc -eq 4 ] || [ $rc -eq 3 ]
rm "$work/images"

fetch
[ "$(sqlite3 "$work/c.gpkg" "SELECT count(*) FROM request WHERE state IN ('queued', 'probed')")" = 0 ]
