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

kill_at() { # kill_at DELAYS NAME OPTION...: a run for each delay, killed after it; counts in $killed
    delays=$1
    shift
    killed=0
    for delay in $delays; do
        fetch "$@" --rate 60 & # slow enough to be hit
        pid=$!
        sleep "$delay"
        kill -9 $pid 2>/dev/null || true
        rc=0
        wait $pid || rc=$?
        [ $rc -ne 137 ] || killed=$((killed + 1))
    done
}

count=60
[ -z "${KILLS:-}" ] || count=300
for name in whole killed stopped far far_killed; do
    gdje-sample --border "$border" --catalog "$name/c.gpkg" --count "$count" -q
done
(fetch whole)
fetched whole >whole.txt
grep -q 'done' whole.txt

moments="0.05 0.2 0.35 0.5 0.15 0.4"
if [ -n "${KILLS:-}" ]; then # so many random ones: KILLS=50 sh tests/run.sh ... (make check-kill)
    moments=$(awk -v n="$KILLS" 'BEGIN { srand(); while (n-- > 0) printf "%.3f ", 0.02 + 1.6 * rand() }')
    echo "moments: $moments"
fi
kill_at "$moments" killed
[ $killed -ge 3 ] || die "only $killed runs were killed"
(fetch killed)
fetched killed >killed.txt
diff whole.txt killed.txt

# of places too close to each other the same ones are kept, in whatever order answers come
serve moody --fault 500=0.2
url=$(cat moody.url)
(fetch far --min-distance 40km)
fetched far >far.txt
[ "$(grep -c duplicate far.txt)" -ge 10 ] || die "no place is too close"
kill_at "${KILLS:+0.9 1.1 }0.3 0.5 0.6 0.7" far_killed --min-distance 40km
(fetch far_killed --min-distance 40km)
fetched far_killed >far_killed.txt
diff far.txt far_killed.txt
url=$(cat demo.url)

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
