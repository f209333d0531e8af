#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 of gdje-fetch in the middle, several times: the rerun ends with the same catalog and the
# same files as an uninterrupted run. Then Ctrl-C: what is in flight is finished.
set -eu
. "$ROOT/tests/cli/lib.sh"
serve demo
url=$(cat demo.url)

fetch() { # fetch NAME OPTION...; exec, so that in the background $! is the tool itself
    name=$1
    shift
    exec gdje-fetch --catalog "$name/c.gpkg" --base-url "$url" --size 320 -q "$@"
}

count=60
[ -z "${KILLS:-}" ] || count=300
for name in whole killed stopped; do
    gdje-sample --border "$border" --catalog "$name/c.gpkg" --count "$count" -q
done
(fetch whole)
fetched whole >whole.txt
grep -q 'done' whole.txt

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
[ $killed -ge 3 ] || die "only $killed runs were killed"
(fetch killed)
fetched killed >killed.txt
diff whole.txt killed.txt

# 130: the shell sees a death by SIGINT. (A background job of sh ignores SIGINT: use TERM.)
fetch stopped --rate 60 &
pid=$!
sleep 0.6
kill -TERM $pid
rc=0
wait $pid || rc=$?
is $rc 143 "exit after SIGTERM"
[ -z "$(find stopped/images -name '*.tmp*')" ] || die "half a picture"
is "$(sql 'SELECT count(*) FROM image' stopped/c.gpkg)" "$(find stopped/images -name '*.jpg' | wc -l)"
(fetch stopped)
fetched stopped >stopped.txt
diff whole.txt stopped.txt
