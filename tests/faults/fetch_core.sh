#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch that crashes while it holds a key leaves no core with the key in it.
set -eu
key=Kq7-VERY-SECRET_key9
# shellcheck disable=SC3045 # dash and bash have it
ulimit -c unlimited 2>/dev/null || { echo "skip: core files are not allowed here" && exit 77; }

# crash PID: by a signal whose default action writes a core into its working folder
crash() {
    kill -SEGV "$1"
    wait "$1" 2>/dev/null || true
}
mkdir control by_file by_variable
(cd control && exec env STREETVIEW_KEY=$key sleep 60) &
sleep 0.3
crash $!
grep -rq "$key" control || { echo "skip: this system writes no core into the working folder" && exit 77; }
rm -r control

printf '%s\n' "$key" >key
chmod 600 key
gdje-demo --border "$ROOT/shapes/croatia.shp" --key-file key --fault stall=1 --url-file url --idle-exit 60 >/dev/null 2>demo.log &
demo=$!
trap 'kill $demo 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    [ -s url ] && break
    sleep 0.1
done
gdje-sample --border "$ROOT/shapes/croatia.shp" --catalog c.gpkg --count 10 -q
cp c.gpkg d.gpkg

(cd by_file && exec gdje-fetch --catalog ../c.gpkg --base-url "$(cat ../url)" --key-file ../key -v) 2>log &
by_file=$!
(cd by_variable && exec env STREETVIEW_KEY=$key gdje-fetch --catalog ../d.gpkg --base-url "$(cat ../url)" -v) 2>>log &
by_variable=$!
asked() { # both have sent requests: their keys are in memory in every form
    [ "$(sqlite3 "$1" 'SELECT coalesce(sum(n_requests), 0) FROM spend')" -gt 0 ]
}
for _ in $(seq 100); do
    asked c.gpkg && asked d.gpkg && break
    sleep 0.1
done
asked c.gpkg && asked d.gpkg
crash $by_file
crash $by_variable
rm key
if grep -rl "$key" .; then
    echo "the key is in these files"
    exit 1
fi
