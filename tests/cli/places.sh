#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-split, gdje-project, gdje-grid: help, products, running again, exit codes of what is wrong.
set -eu
. "$ROOT/tests/cli/lib.sh"

for tool in split project grid; do
    expect 0 "gdje-$tool" --help
    grep -q "^Usage: gdje-$tool" out || die "no usage"
    grep -q '^Examples:' out || die "no examples"
    expect 0 "gdje-$tool" --version
    expect 2 "gdje-$tool" --nonsense
    expect 2 "gdje-$tool" an-argument
    fails 3 "there is no catalog 'nowhere.gpkg'" "gdje-$tool" --catalog nowhere.gpkg
    [ ! -e nowhere.gpkg ] || die "gdje-$tool made a catalog"
    fails 2 'control characters' "gdje-$tool" --name "$(printf 'a\tb')"
done

# sixty places in the east and at the coast, one in Rome, one without a position
echo uuid,latitude,longitude >set.csv
awk 'BEGIN { for (i = 0; i < 60; i++) printf "p%02d,%.4f,%.4f\n", i, 45.2 + (i * 37 % 60) / 100, 17.0 + (i * 23 % 60) / 30 }' >>set.csv
echo rome,41.9,12.5 >>set.csv
tail -n +2 set.csv | cut -d, -f1 | while read -r id; do mkdir -p "set/$id" && cp "$jpg" "set/$id/0.jpg"; done
expect 0 gdje-import --csv set.csv --images set
mkdir -p unknown/u && cp "$jpg" unknown/u/0.jpg
expect 0 gdje-import --images unknown --to-predict

# before their inputs are there
fails 3 "has no split 'default': run gdje-split first" gdje-project
fails 3 "has no split 'default': run gdje-split first" gdje-grid --border "$border"

# the products
expect 0 gdje-split --ratios 6/2/2 --seed 3
says 'warning: there are images that gdje-hash has not read'
is "$(head -1 out)" 'part	locations	percent	p10_km	p50_km	p90_km	share_50m	share_1km	share_5km'
is "$(cut -f1 out | tr '\n' ' ')" 'part train val test '
[ "$(awk 'NR > 1 { n += $2 } END { print n }' out)" -eq 61 ] || die "61 located locations"
cp out split.tsv
expect 0 gdje-split --ratios 6/2/2 --seed 3
says "split 'default' is up to date"
cmp out split.tsv
expect 0 gdje-project
grep -q '^default	EPSG:3765	default	61	' out || die "projection"
says 'warning: 1 of 61 locations are outside the area of use'
expect 0 gdje-project
says "projection 'default' is up to date"
expect 0 gdje-grid --border "$border" --spacing 30km
cp out grid.tsv
grep -q '^default	square	EPSG:3765	30000m	' out || die "grid"
says 'warning: 1 of 61 locations are outside of all cells'
expect 0 gdje-grid --border "$border" --spacing 30km
says "grid 'default' is up to date"
cmp out grid.tsv
expect 0 gdje-split --name blocks --block-km 20 --buffer-km 5
expect 0 gdje-grid --border "$border" --split blocks --name blocks
n=$(sql "SELECT count(*) FROM label l JOIN grid g ON g.id = l.grid_id WHERE g.name = 'default'")
[ "$n" -ge 50 ] || die "only $n labels"
n=$(sql 'SELECT count(*) FROM class_balance')
[ "$n" -ge 4 ] || die "only $n classes"
if command -v ogrinfo >/dev/null; then
    expect 0 ogrinfo -al -so $db
    absent -E 'Warning|ERROR' out err
    grep -q 'Layer name: class' out || die "no layer 'class'"
fi

# other cells
expect 0 gdje-grid --border "$border" --name degrees --degrees 0.5
grep -q '^degrees	degrees	EPSG:3765	0.5deg	' out || die "cells in degrees"
expect 0 gdje-grid --border "$border" --name hex --hex 40km --keep share=0.2 --min-train 2 --merge
grep -q '^hex	hex	EPSG:3765	40000m	' out || die "hexagons"
says 'were merged into the nearest class'
expect 0 gdje-grid --border "$border" --name tree --quadtree --spacing 200km --max-per-cell 10
grep -q '^tree	quadtree	EPSG:3765	200000m	' out || die "quadtree"
expect 0 gdje-grid --border "$border" --name ten --classes 10
grep -Eq '^gdje-grid: --classes 10: squares of [0-9]+ m give 1?[0-9]$' err || die "no spacing said"
cat >counties.geojson <<'EOF'
{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"NAME":"West"},"geometry":{"type":"Polygon","coordinates":[[[13,42],[16,42],[16,47],[13,47],[13,42]]]}},
{"type":"Feature","properties":{"NAME":"East"},"geometry":{"type":"Polygon","coordinates":[[[16,42],[20,42],[20,47],[16,47],[16,42]]]}}]}
EOF
expect 0 gdje-grid --border "$border" --name counties --polygons counties.geojson --name-field NAME
grep -q '^counties	polygons	EPSG:3765	-	1	0	1	0	' out || die "polygons"
is "$(sql "SELECT c.name FROM class c JOIN grid g ON g.id = grid_id WHERE g.name = 'counties' AND number = 0")" East
fails 3 "'counties.geojson' has no field 'nothing': it has NAME" gdje-grid --border "$border" --polygons counties.geojson --name-field nothing
fails 3 "there is no file 'nowhere.geojson'" gdje-grid --border "$border" --polygons nowhere.geojson
fails 2 'only one of' gdje-grid --border "$border" --degrees 0.5 --quadtree
fails 2 "neither two numbers nor 'border'" gdje-grid --border "$border" --origin 5
fails 2 'origin is of squares' gdje-grid --border "$border" --origin border --hex 10km
fails 2 'finds the --spacing' gdje-grid --border "$border" --classes 5 --spacing 10km
for keep in inside share share=0 share=2; do
    fails 2 'keep' gdje-grid --border "$border" --keep $keep
done
fails 2 'train locations' gdje-grid --border "$border" --classes 1000
fails 3 'no cell has 1000 train locations' gdje-grid --border "$border" --min-train 1000
if command -v ogrinfo >/dev/null; then
    expect 0 ogrinfo -al -so $db class
    absent -E 'Warning|ERROR' out err
    grep -q 'Geometry: Multi Polygon' out || die "the cells' geometry"
fi

# a split that is given, and any parts
sqlite3 -csv -header $db "SELECT uuid, CASE WHEN id % 3 = 0 THEN 'test' ELSE 'train' END AS part FROM location WHERE lat_deg IS NOT NULL AND id > 4" >given.csv
echo nobody,train >>given.csv
expect 0 gdje-split --name given --from given.csv
says "warning: 1 of 58 uuids in 'given.csv' are of no located location"
says "warning: 4 of 61 locations are not in 'given.csv' and get no part"
is "$(cut -f1,2 out | tr '\n\t' ';:')" 'part:locations;train:38;test:19;'
expect 0 gdje-split --name given --from given.csv
says 'up to date'
echo p01,val >>given.csv && echo p01,test >>given.csv
fails 3 "line 61: 'p01' is on line 60 already" gdje-split --name given --from given.csv
printf 'uuid,part\np01,\n' >bad.csv
fails 3 "'bad.csv' line 2: the part is empty" gdje-split --name given --from bad.csv
printf 'uuid,set\np01,x\n' >bad.csv
fails 3 "has no column 'part'" gdje-split --name given --from bad.csv
fails 3 'nowhere.csv' gdje-split --name given --from nowhere.csv
expect 0 gdje-split --name four --parts train=6,val=2,test=1,more=1 --exact
is "$(cut -f1,2 out | tr '\n\t' ';:')" 'part:locations;train:37;val:12;test:6;more:6;'
expect 0 gdje-split --name cv --folds 3 --grid default
is "$(cut -f1 out | tr '\n' ' ')" 'part fold0 fold1 fold2 '
[ "$(awk 'NR > 1 && $5 > 0' out | wc -l)" -eq 3 ] || die "distances between folds"
fails 2 "grid 'default' was made from split 'default' itself" gdje-split --grid default
fails 3 "no grid 'nowhere'" gdje-split --name cv --grid nowhere
for o in '--folds 3 --ratios 8/1/1' '--parts train=1 --from given.csv' '--folds 1' '--folds 99' \
    '--from given.csv --exact' '--block-km 5 --grid default' '--folds 3 --buffer-km 1' \
    '--parts val=1' '--parts train'; do
    # shellcheck disable=SC2086
    fails 2 '' gdje-split --name cv $o
done

# cells in degrees do not reach beyond the poles
mkdir pole
(
    cd pole
    place s top 90 0
    place s land 45.5 16
    place s south -89.99 10
    gdje-import -q --csv s.csv --images s >out
    gdje-split -q --parts train=1 >out
    expect 0 gdje-grid --border "$border" --degrees 0.7 --name d
    grep -q '^d	degrees	EPSG:3765	0.7deg	1	' out || die "a class of its own"
    is "$(sql "SELECT count(*) FROM class WHERE state = 'outside'")" 2
    is "$(sql 'SELECT count(*) FROM class WHERE abs(centroid_lat_deg) > 90')" 0
    is "$(sql 'SELECT max(maxy) > 90 OR min(miny) < -90 FROM rtree_class_geom')" 0
)

# wrong values
for ratios in 80/20 80/10/0 a/b/c 80/10/-10 ''; do
    fails 2 'ratios' gdje-split --ratios "$ratios"
done
expect 2 gdje-split --block-km -1
expect 2 gdje-split --seed -1
for crs in EPSG:4326 EPSG:2263 EPSG:999999 nonsense; do
    fails 2 "$crs" gdje-project --crs $crs
    fails 2 "$crs" gdje-grid --border "$border" --crs $crs
done
for spacing in 0 -5km 1m x 50kilo; do
    fails 2 'spacing' gdje-grid --border "$border" --spacing $spacing
done
fails 2 'too small' gdje-grid --border "$border" --spacing 10m
fails 3 "there is no file 'nowhere.shp'" gdje-grid --border nowhere.shp
fails 3 "cannot read 'set.csv'" gdje-grid --border set.csv
mkdir b
for s in shp shx dbf; do cp "$ROOT/shapes/croatia.$s" "b/noprj.$s" && cp "$ROOT/shapes/croatia.$s" "b/cut.$s"; done
cp "$ROOT/shapes/croatia.prj" b/cut.prj
fails 3 "'b/noprj.shp' does not say its reference system: a shapefile needs its .prj" gdje-grid --strict --border b/noprj.shp
head -c 60000 "$ROOT/shapes/croatia.shp" >b/cut.shp
fails 3 "cannot read 'b/cut.shp'" gdje-grid --border b/cut.shp
echo '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}' >b/far.geojson
fails 3 'do not meet' gdje-grid --border b/far.geojson --crs EPSG:32631
fails 3 "no split 'nobody'" gdje-project --split nobody

# none of that touched what was there
expect 0 gdje-grid --border "$border" --spacing 30km
cmp out grid.tsv
says 'up to date'

# catalogs that are none
echo text >text.gpkg
fails 3 'text.gpkg' gdje-split --catalog text.gpkg
cp $db newer.gpkg
sqlite3 newer.gpkg 'PRAGMA user_version = 10399'
fails 3 'newer gdje made it' gdje-split --catalog newer.gpkg

# a full disk in the middle of the report
full gdje-split --ratios 6/2/2 --seed 3
