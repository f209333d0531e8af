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

# the order of options does not matter; seeds and distances do
gdje-sample --catalog p1.gpkg --seed 9 --count 40 --min-distance 2km --print -q >p1
gdje-sample --print -q --min-distance 2000m --count 40 --catalog p2.gpkg --seed 9 >p2
cmp p1 p2
gdje-sample --catalog p2.gpkg --seed 10 --count 40 --min-distance 2km --print -q >p3
is "$(cut -f 2- p1 p3 | sort | uniq -d | wc -l)" 1 "other seeds, other points" # the header
is "$(sql 'SELECT count(*) FROM request' p2.gpkg)" 80

# around places
printf 'name;latitude;longitude\nZagreb;45.81;15.98\nRome;41.9;12.5\n' >towns.csv
expect 0 gdje-sample --catalog n.gpkg --near towns.csv --within 3km --count 25 --print
says "no point falls within 3000 m of 1 of its 2 places"
is "$(awk 'NR > 1 && $2 > 45.78 && $2 < 45.84 && $3 > 15.94 && $3 < 16.02' out | wc -l)" 25 near
expect 0 gdje-sample --catalog n.gpkg --within 3km --near towns.csv --count 25
says 'up to date'
printf 'lat\tlon\n41.9\t12.5\n' >rome.tsv
fails 3 "no point falls inside the border" gdje-sample --catalog n.gpkg --near rome.tsv
fails 3 "cannot open 'towns.tsv'" gdje-sample --catalog n.gpkg --near towns.tsv
echo lat,lon | fails 3 "has no rows" gdje-sample --catalog n.gpkg --near /dev/stdin
fails 3 "no column of latitudes" gdje-sample --catalog n.gpkg --near shapes/SOURCE.md
printf 'lat,lon\n45.8,16\n"45,8",16\n' >comma.csv
fails 3 "near: 'comma.csv' line 3, column 'lat'" gdje-sample --catalog n.gpkg --near comma.csv
fails 2 "places of --near" gdje-sample --catalog n.gpkg --within 3km
fails 2 "within" gdje-sample --catalog n.gpkg --near towns.csv --within 0

# what is excluded, in its own reference system
cat >south.geojson <<EOF
{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3765"}},
"features":[{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":
[[[200000,4600000],[800000,4600000],[800000,4930000],[200000,4930000],[200000,4600000]]]}}]}
EOF
expect 0 gdje-sample --catalog x.gpkg --exclude south.geojson --count 300 --print
is "$(awk 'NR > 1 && $2 < 44.4' out | wc -l)" 0 "in the south"
fails 3 "no point falls inside the border 'shapes/croatia.shp', outside of 'shapes/croatia.shp'" \
    gdje-sample --catalog x.gpkg --exclude shapes/croatia.shp
fails 3 "exclude: there is no file 'park.shp'" gdje-sample --catalog x.gpkg --exclude park.shp
fails 3 "exclude: cannot read 'towns.csv'" gdje-sample --catalog x.gpkg --exclude towns.csv

# both sides of the antimeridian
cat >fiji.geojson <<EOF
{"type":"MultiPolygon","coordinates":[[[[177.3,-18.2],[178.7,-18.2],[178.7,-17.3],[177.3,-17.3],[177.3,-18.2]]],
[[[179.5,-17.2],[180,-17.2],[180,-16.2],[179.5,-16.2],[179.5,-17.2]]],
[[[-180,-17.2],[-179.5,-17.2],[-179.5,-16.2],[-180,-16.2],[-180,-17.2]]]]}
EOF
for crs in EPSG:3460 EPSG:3832; do
    expect 0 gdje-sample --catalog f.gpkg --border fiji.geojson --crs $crs --min-distance 4km \
        --count 300 --print
    is "$(awk 'NR > 1 && $3 > -179.5 && $3 < 177.3' out | wc -l)" 0 "$crs, not in Fiji"
    [ "$(awk 'NR > 1 && $3 < 0' out | wc -l)" -gt 30 ] || die "$crs: none in the west"
done
says "a metre on the ground is about 1.04" # Mercator at 17 degrees
fails 3 "reference system 'EPSG:3857' cannot hold this" \
    gdje-sample --catalog f.gpkg --border fiji.geojson --crs EPSG:3857

# where locations are few
fails 3 "there is no catalog 'none.gpkg'" \
    gdje-sample --catalog none.gpkg --cells default --per-cell 3
fails 2 "go together" gdje-sample --cells default
fails 2 "go together" gdje-sample --per-cell 3
fails 2 "leave out --count" gdje-sample --cells default --per-cell 3 --count 10
fails 2 "exclude each other" gdje-sample --cells default --per-cell 3 --near towns.csv
for i in 1 2 3 4 5 6 7 8 9; do
    place set p$i 45.$i 16.$i
done
gdje-import --csv set.csv --images set -q >import.tsv
gdje-split --ratios 8/1/1 -q >split.tsv
gdje-grid --border "$border" --spacing 60km -q >grid.tsv
fails 3 "has no grid 'towns': run gdje-grid first" gdje-sample --cells towns --per-cell 3
n=$(sql "SELECT count(*) FROM class WHERE state <> 'outside'")
expect 0 gdje-sample --cells default --per-cell 4 --print
says "points queued in the $n cells of grid 'default'"
there=$(sql 'SELECT count(*) FROM request')
is "$(tail -n +2 out | wc -l)" "$there" "printed and queued"
[ "$there" -lt $((4 * n)) ] || die "the nine locations are not counted"
[ "$there" -ge $((4 * n - 9)) ] || die "$there requests in $n cells"
expect 0 gdje-sample --per-cell 4 --cells default
says "no points queued"
expect 0 gdje-sample --cells default --per-cell 6 --seed 1
now=$(sql 'SELECT count(*) FROM request')
[ "$now" -gt $((there + 2 * n - 9)) ] || die "$now requests after $there"
fails 1 "cells have no room for 100 points" \
    gdje-sample --cells default --per-cell 100 --min-distance 20km
