#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-predict interrupted by a signal and by kill -9: no row of the catalog is half written, what was
# there stays, and the next run finishes.
set -eu
. "$ROOT/tests/cli/lib.sh"
fixture=$BUILD/tests/cli/predict_fixture
"$fixture" --border "$border" --photos --checkpoint 48 --count 240 w
rows() { sql 'SELECT count(*), total(lat_deg) FROM prediction' w/catalog.gpkg; }

gdje-predict --checkpoint w/best.safetensors --catalog w/catalog.gpkg -q -o first.csv
before=$(rows)
[ "${before%%|*}" -eq 144 ]

# the slow reference backend leaves time to interrupt it
for s in TERM KILL; do
    want=$([ $s = TERM ] && echo 143 || echo 137)
    gdje-predict --checkpoint w/best.safetensors --catalog w/catalog.gpkg --backend ref --batch 1 \
        -o second.csv 2>err &
    pid=$!
    sleep 2
    kill -$s $pid || die "it had ended by itself"
    rc=0
    wait $pid || rc=$?
    is $rc "$want" "exit after SIG$s"
    is "$(rows)" "$before" "rows after SIG$s"
    [ ! -e second.csv ]
done
gdje-predict --checkpoint w/best.safetensors --catalog w/catalog.gpkg -q -o third.csv
cmp first.csv third.csv
