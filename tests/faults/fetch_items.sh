#!/bin/sh
# SPDX-License-Identifier: MIT
# A survey and its pictures, killed at any moment and from a provider on which everything goes wrong
# now and then: catalog and files are those of an undisturbed run, and no finished box is asked for
# twice.
set -eu
. "$ROOT/tests/cli/lib.sh"
area=15.9,45.75,15.99,45.8
rates=all=0.012,retry-after=0.003,403=0.003,drip=0.003,stall=0.003,expired=0.05
fetch() { # fetch NAME SERVER PROVIDER OPTION...; exec, so that in the background $! is the tool itself
    name=$1 server=$2 provider=$3
    shift 3
    MAPILLARY_TOKEN=MLY-token exec gdje-fetch --catalog "$name/c.gpkg" --provider "$provider" \
        --base-url "$(cat "$server.url")" --area $area --size 64 --connections 16 --stall 1 \
        --deadline 20 -q "$@" 2>>"$name.log"
}
product() { # product NAME [ORDER]: what must be the same, however it came about
    (cd "$1" && find images -type f | LC_ALL=C sort | xargs sha256sum)
    sql "
        SELECT r.item, r.state, l.uuid, hex(l.geom), l.captured, l.copyright, l.licence, l.group_key
        FROM request r LEFT JOIN location l ON l.id = r.location_id ORDER BY r.item;
        SELECT l.uuid, i.view, i.heading_deg, i.path, i.n_bytes, i.state
        FROM image i JOIN location l ON l.id = i.location_id ORDER BY l.uuid, i.view;
        SELECT sum(state = 'done'), sum(state = 'failed') FROM survey_box;
        SELECT id, item FROM request WHERE '${2:-}' <> '' ORDER BY id;" "$1/c.gpkg" | sed 's/127\.0\.0\.1:[0-9]*//'
}
same() { # same FILE: as good.txt
    diff good.txt "$1" >differences || die "not the same: $1: $(head -5 differences)"
}
settle() { # settle NAME SERVER PROVIDER: until everything has an end
    runs=0 rc=1
    while [ $rc -ne 0 ]; do
        rc=0
        (fetch "$1" "$2" "$3" --rate 1000) || rc=$?
        runs=$((runs + 1))
        case $rc in 0 | 1 | 5) ;; *) die "run $runs ended with $rc: $(tail -3 "$1.log")" ;; esac
        [ $runs -le 40 ] || die "not settled in 40 runs: $(tail -3 "$1.log")"
    done
}

serve well
serve ill -v --fault "$rates"
for provider in mapillary panoramax; do
    rm -rf good bad killed
    settle good well $provider
    is $runs 1 "runs of the undisturbed one"
    product good order >good.txt
    grep -q 'done' good.txt

    killed=0
    for delay in 0.2 0.5 1 0.8; do
        fetch killed well $provider --rate 30 & # slow enough to be hit
        pid=$!
        sleep $delay
        kill -9 $pid 2>/dev/null || true
        rc=0
        wait $pid || rc=$?
        [ $rc -ne 137 ] || killed=$((killed + 1))
    done
    [ $killed -ge 2 ] || die "only $killed runs were killed"
    settle killed well $provider
    product killed order >killed.txt # even their order, which decides what is too near to another
    same killed.txt
    product good >good.txt
    is "$(sql "SELECT count(*) FROM survey_box WHERE attempts <> 1" killed/c.gpkg)" 0 "boxes asked for twice"

    # what is final for one address is not for the next try of it
    tries=0
    settle bad ill $provider
    while [ "$(sql "SELECT count(*) FROM request WHERE state = 'failed' AND last_error NOT LIKE '%heading%'" bad/c.gpkg)" -gt 0 ]; do
        [ $tries -lt 10 ] || die "failed $tries times: $(sql "SELECT last_error FROM request WHERE state = 'failed'" bad/c.gpkg)"
        is "$(sql "SELECT count(*) FROM request WHERE state = 'failed' AND coalesce(last_error, '') = ''" bad/c.gpkg)" 0
        sql "UPDATE request SET state = 'queued' WHERE state = 'failed' AND last_error NOT LIKE '%heading%'" bad/c.gpkg
        settle bad ill $provider
        tries=$((tries + 1))
    done
    product bad >bad.txt
    same bad.txt
done
grep -q 'fault: expired$' ill.log || die "no address expired"
