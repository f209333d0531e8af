#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-split and gdje-project stopped at many moments, and by a full disk: all rows of a run are in the
# catalog or none, although foreign keys are not checked while they are written.
set -eu
. "$ROOT/tests/cli/lib.sh"
n=120001

place set a 45.8 16
gdje-import -q --csv set.csv --images set
# the map's index would want functions that the shell does not have
sql "DROP TRIGGER rtree_location_geom_insert;
    WITH RECURSIVE i (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM i WHERE i < $n)
    INSERT INTO location (uuid, lat_deg, lon_deg, provider, group_key, added)
    SELECT 'u' || i, 45 + i * 7919 % 10007 / 10007.0, 16 + i * 104729 % 10009 / 10009.0, 'many', 'u' || i, '' FROM i"

whole() { # whole WHEN: of each table all rows of one run
    is "$(sql 'SELECT part, count(*) FROM split GROUP BY part')" \
        "$(sql 'SELECT part, n_locations FROM split_part ORDER BY part')" "the parts $1"
    is "$(sql 'SELECT count(*) FROM split')" $n "the split $1"
    # no place is 560 km east in one system and not so in the other
    is "$(sql "SELECT count(*) FROM projected, projection WHERE (x_m < 560000) = (crs = 'EPSG:3765')")" $n \
        "the projection $1"
}

gdje-split -q >/dev/null
gdje-project -q >/dev/null
whole 'before'
seed=2
n_stopped=0
for delay in 0.05 0.1 0.15 0.2 0.3 0.4 0.6; do
    for signal in INT KILL; do
        rc=0
        timeout --preserve-status -s $signal $delay gdje-split -q --seed $seed >/dev/null 2>err || rc=$?
        case $rc in 0) ;; 130 | 137) n_stopped=$((n_stopped + 1)) ;; *) die "gdje-split ended with $rc" ;; esac
        whole "after SIG$signal in $delay s"
        rc=0
        crs=EPSG:3765
        [ $((seed % 2)) -eq 1 ] || crs=EPSG:32633
        timeout --preserve-status -s $signal $delay gdje-project -q --crs "$crs" >/dev/null 2>err || rc=$?
        case $rc in 0 | 130 | 137) ;; *) die "gdje-project ended with $rc" ;; esac
        whole "after SIG$signal in $delay s"
        seed=$((seed + 1))
    done
done
[ $n_stopped -gt 0 ] || die "nothing was ever stopped"
fails 4 "catalog '$db': " capped 1000 gdje-split --seed 99
whole 'after a full disk'
is "$(sql 'PRAGMA foreign_key_check; PRAGMA integrity_check')" ok
expect 0 gdje-split --seed 100
whole 'at last'
