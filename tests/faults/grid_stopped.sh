#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-grid stopped in the middle, politely, brutally and by a full disk: the catalog has the old
# grid, whole.
set -eu
. "$ROOT/tests/cli/lib.sh"
digest() { sql 'SELECT * FROM grid; SELECT * FROM stage; SELECT id, hex(geom), n_train FROM class; SELECT * FROM label' | sha256sum; }

place set a 45.8 16
place set b 45.5 18.7
place set c 45.3 15.5
place set d 45.6 17
gdje-import -q --csv set.csv --images set
gdje-split -q >/dev/null 2>&1
sqlite3 $db "UPDATE split SET part = 'train'"
gdje-grid -q --border "$border" >/dev/null
before=$(digest)

# 300 m cells take many seconds
for signal in INT TERM KILL; do
    case $signal in INT) want=130 ;; TERM) want=143 ;; *) want=137 ;; esac
    expect $want timeout --preserve-status -s $signal 1 gdje-grid --border "$border" --spacing 300m
    [ ! -s out ] || die "a product after SIG$signal"
    is "$(digest)" "$before" "the catalog after SIG$signal"
done
fails 4 "gdje-grid: error: catalog '$db': " capped 200 gdje-grid --border "$border" --spacing 4km
is "$(digest)" "$before" 'the catalog after a full disk'

is "$(sql 'PRAGMA integrity_check')" ok
expect 0 gdje-grid --border "$border"
says 'up to date'
