#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-sample: what it prints, what it queues, what it refuses.
set -eu
. "$ROOT/tests/cli/lib.sh"
work=$PWD
ln -s "$ROOT/shapes" .
c="--catalog $work/c.gpkg"

# shellcheck disable=SC2086 # $c is an option and its value
{
    gdje-sample $c --count 5 -q --print >"$work/a.tsv"
    [ "$(wc -l <"$work/a.tsv")" -eq 6 ]
    [ "$(head -1 "$work/a.tsv")" = "$(printf 'n\tlat_deg\tlon_deg')" ]
    # what is printed is what is queued; more of the same begins alike; without --print, silence
    gdje-sample $c --count 8 -q --print >"$work/b.tsv"
    head -6 "$work/b.tsv" | cmp - "$work/a.tsv"
    printf '.mode tabs\nSELECT id, printf("%%.7f", lat_deg), printf("%%.7f", lon_deg) FROM request ORDER BY id;\n' |
        sqlite3 "$work/c.gpkg" >"$work/queued.tsv"
    tail -n +2 "$work/b.tsv" | cmp - "$work/queued.tsv"
    [ -z "$(gdje-sample $c --count 8 -q 2>&1)" ]
    gdje-sample $c --count 8 2>&1 | grep -q 'up to date'

    fails 2 "count" gdje-sample $c --count 0
    fails 2 "count" gdje-sample $c --count many
    fails 2 "min-distance" gdje-sample $c --min-distance far
    fails 2 "EPSG:99999" gdje-sample $c --crs EPSG:99999
    fails 2 "EPSG:4326" gdje-sample $c --crs EPSG:4326
    fails 3 "nowhere.shp" gdje-sample $c --border nowhere.shp
    fails 3 "shapes/SOURCE.md" gdje-sample $c --border shapes/SOURCE.md
    fails 3 "a.tsv" gdje-sample --catalog "$work/a.tsv"
    fails 1 "no room for more than" gdje-sample $c --count 1000 --min-distance 80km -q
}
fails 3 "/proc/gdje" gdje-sample --catalog /proc/gdje/c.gpkg
[ "$(sqlite3 "$work/c.gpkg" 'SELECT count(*) > 8 FROM request')" = 1 ]
