#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch that crashes while it holds a key leaves no core with the key in it.
set -eu
. "$ROOT/tests/cli/lib.sh"
key=Kq7-VERY-SECRET_key9
# shellcheck disable=SC3045 # dash and bash have it
ulimit -c unlimited 2>/dev/null || skip "core files are not allowed here"

# crash PID: by a signal whose default action writes a core into its working folder
crash() {
    kill -SEGV "$1"
    wait "$1" 2>/dev/null || true
}
mkdir control by_file by_variable
(cd control && exec env STREETVIEW_KEY=$key sleep 60) &
sleep 0.3
crash $!
grep -rq "$key" control || skip "this system writes no core into the working folder"
rm -r control

printf '%s\n' "$key" >key
chmod 600 key
serve demo --key-file key --fault stall=1
url=$(cat demo.url)
gdje-sample --border "$border" --catalog c.gpkg --count 10 -q
cp c.gpkg d.gpkg

(cd by_file && exec gdje-fetch --catalog ../c.gpkg --base-url "$url" --key-file ../key -v) 2>log &
by_file=$!
(cd by_variable && exec env STREETVIEW_KEY=$key gdje-fetch --catalog ../d.gpkg --base-url "$url" -v) 2>>log &
by_variable=$!
asked() { # both have sent requests: their keys are in memory in every form
    [ "$(sql 'SELECT coalesce(sum(n_requests), 0) FROM spend' "$1")" -gt 0 ]
}
for _ in $(seq 100); do
    asked c.gpkg && asked d.gpkg && break
    sleep 0.1
done
asked c.gpkg && asked d.gpkg
crash $by_file
crash $by_variable
rm key
absent -rl "$key" .
