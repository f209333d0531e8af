#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-grid stopped in the middle, politely, brutally and by a full disk: the catalog has the old
# grid, whole.
set -eu
jpg=$ROOT/tests/data/image/plain.jpg
db=work/catalog.gpkg
digest() { sqlite3 $db 'SELECT * FROM grid; SELECT * FROM stage; SELECT id, hex(geom), n_train FROM class; SELECT * FROM label' | sha256sum; }

mkdir -p set/a set/b set/c set/d
for p in a b c d; do cp "$jpg" set/$p/0.jpg; done
printf 'uuid,latitude,longitude\na,45.8,16\nb,45.5,18.7\nc,45.3,15.5\nd,45.6,17\n' >set.csv
gdje-import -q --csv set.csv --images set
gdje-split -q >/dev/null 2>&1
sqlite3 $db "UPDATE split SET part = 'train'"
gdje-grid -q --border "$ROOT/shapes/croatia.shp" >/dev/null
before=$(digest)

# 300 m cells take many seconds
for signal in INT TERM KILL; do
    rc=0
    timeout --preserve-status -s $signal 1 gdje-grid --border "$ROOT/shapes/croatia.shp" --spacing 300m >out 2>err || rc=$?
    case $signal in INT) want=130 ;; TERM) want=143 ;; *) want=137 ;; esac
    [ $rc -eq $want ] || { echo "after SIG$signal: $rc"; cat err; exit 1; }
    [ ! -s out ] || { echo "a product after SIG$signal"; exit 1; }
    [ "$(digest)" = "$before" ] || { echo "SIG$signal changed the catalog"; exit 1; }
done
# a limit on the size of files stands in for a full disk
trap '' XFSZ
rc=0
(ulimit -f 200 && gdje-grid --border "$ROOT/shapes/croatia.shp" --spacing 4km >out 2>err) || rc=$?
[ $rc -eq 4 ] || { echo "with a full disk: $rc"; cat err; exit 1; }
grep -q "^gdje-grid: error: catalog '$db': " err || { cat err; exit 1; }
[ ! -s out ] || { echo "a product with a full disk"; exit 1; }
[ "$(digest)" = "$before" ] || { echo "a full disk changed the catalog"; exit 1; }

[ "$(sqlite3 $db 'PRAGMA integrity_check')" = ok ]
gdje-grid --border "$ROOT/shapes/croatia.shp" 2>err >/dev/null
grep -q 'up to date' err
