#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-split, gdje-project, gdje-grid: help, products, running again, exit codes of what is wrong.
set -eu
jpg=$ROOT/tests/data/image/plain.jpg
border=$ROOT/shapes/croatia.shp
db=work/catalog.gpkg

die() {
    echo "FAIL: $*" >&2
    cat err >&2 2>/dev/null || true
    exit 1
}
expect() { # expect CODE COMMAND...: run with stdout in out, stderr in err
    want=$1
    shift
    rc=0
    "$@" >out 2>err || rc=$?
    [ $rc -eq "$want" ] || die "'$*' ended with $rc, not $want"
}
says() { # says WORDS: in one line on standard error, after the tool's name
    grep -q "^gdje-[a-z]*: error: .*$1" err || die "no '$1'"
    [ "$(grep -c 'error:' err)" -eq 1 ] || die "more than one error line"
    [ ! -s out ] || die "a product in spite of the error"
}

for tool in split project grid; do
    expect 0 "gdje-$tool" --help
    grep -q "^Usage: gdje-$tool" out || die "no usage"
    grep -q '^Examples:' out || die "no examples"
    expect 0 "gdje-$tool" --version
    expect 2 "gdje-$tool" --nonsense
    expect 2 "gdje-$tool" an-argument
    expect 3 "gdje-$tool" --catalog nowhere.gpkg
    says "there is no catalog 'nowhere.gpkg'"
    [ ! -e nowhere.gpkg ] || die "gdje-$tool made a catalog"
    expect 2 "gdje-$tool" --name "$(printf 'a\tb')"
    says 'control characters'
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
expect 3 gdje-project
says "has no split 'default': run gdje-split first"
expect 3 gdje-grid --border "$border"
says "has no split 'default': run gdje-split first"

# the products
expect 0 gdje-split --ratios 6/2/2 --seed 3
[ "$(head -1 out)" = "$(printf 'part\tlocations\tpercent\tp10_km\tp50_km\tp90_km\tshare_50m\tshare_1km\tshare_5km')" ] ||
    die "header of the split"
[ "$(cut -f1 out | tr '\n' ' ')" = 'part train val test ' ] || die "parts"
[ "$(awk 'NR > 1 { n += $2 } END { print n }' out)" -eq 61 ] || die "61 located locations"
cp out split.tsv
expect 0 gdje-split --ratios 6/2/2 --seed 3
grep -q "split 'default' is up to date" err || die "not up to date"
cmp out split.tsv
expect 0 gdje-project
grep -q '^default	EPSG:3765	default	61	' out || die "projection"
grep -q 'warning: 1 of 61 locations are outside the area of use' err || die "no warning of Rome"
expect 0 gdje-project
grep -q "projection 'default' is up to date" err || die "not up to date"
expect 0 gdje-grid --border "$border" --spacing 30km
cp out grid.tsv
grep -q '^default	square	EPSG:3765	30000m	' out || die "grid"
grep -q 'warning: 1 of 61 locations are outside of all cells' err || die "no warning of Rome's cell"
expect 0 gdje-grid --border "$border" --spacing 30km
grep -q "grid 'default' is up to date" err || die "not up to date"
cmp out grid.tsv
expect 0 gdje-split --name blocks --block-km 20 --buffer-km 5
expect 0 gdje-grid --border "$border" --split blocks --name blocks
n=$(sqlite3 $db "SELECT count(*) FROM label l JOIN grid g ON g.id = l.grid_id WHERE g.name = 'default'")
[ "$n" -ge 50 ] || die "only $n labels"
n=$(sqlite3 $db 'SELECT count(*) FROM class_balance')
[ "$n" -ge 4 ] || die "only $n classes"
if command -v ogrinfo >/dev/null; then
    expect 0 ogrinfo -al -so $db
    if grep -E 'Warning|ERROR' out err; then die "GDAL complains of the catalog"; fi
    grep -q 'Layer name: class' out || die "no layer 'class'"
fi

# other cells
expect 0 gdje-grid --border "$border" --name degrees --degrees 0.5
grep -q '^degrees	degrees	EPSG:3765	0.5deg	' out || die "cells in degrees"
expect 0 gdje-grid --border "$border" --name hex --hex 40km --keep share=0.2 --min-train 2 --merge
grep -q '^hex	hex	EPSG:3765	40000m	' out || die "hexagons"
grep -q 'were merged into the nearest class' err || die "nothing merged"
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
[ "$(sqlite3 $db "SELECT c.name FROM class c JOIN grid g ON g.id = grid_id WHERE g.name = 'counties' AND number = 0")" = East ] ||
    die "the polygon's name"
expect 3 gdje-grid --border "$border" --polygons counties.geojson --name-field nothing
says "'counties.geojson' has no field 'nothing': it has NAME"
expect 3 gdje-grid --border "$border" --polygons nowhere.geojson
says "there is no file 'nowhere.geojson'"
expect 2 gdje-grid --border "$border" --degrees 0.5 --quadtree
says 'only one of'
expect 2 gdje-grid --border "$border" --classes 5 --spacing 10km
says 'finds the --spacing'
for keep in inside share share=0 share=2; do
    expect 2 gdje-grid --border "$border" --keep $keep
    says 'keep'
done
expect 2 gdje-grid --border "$border" --classes 1000
says 'only [0-9]* train locations'
expect 3 gdje-grid --border "$border" --min-train 1000
says 'no cell has 1000 train locations'
if command -v ogrinfo >/dev/null; then
    expect 0 ogrinfo -al -so $db class
    if grep -E 'Warning|ERROR' out err; then die "GDAL complains of the cells"; fi
    grep -q 'Geometry: Multi Polygon' out || die "the cells' geometry"
fi

# a split that is given, and any parts
sqlite3 -csv -header $db "SELECT uuid, CASE WHEN id % 3 = 0 THEN 'test' ELSE 'train' END AS part FROM location WHERE lat_deg IS NOT NULL AND id > 4" >given.csv
echo nobody,train >>given.csv
expect 0 gdje-split --name given --from given.csv
grep -q "warning: 1 of 58 uuids in 'given.csv' are of no located location" err || die "unknown uuids"
grep -q "warning: 4 of 61 locations are not in 'given.csv' and get no part" err || die "missing uuids"
[ "$(cut -f1,2 out | tr '\n\t' ';:')" = 'part:locations;train:38;test:19;' ] || die "given parts"
expect 0 gdje-split --name given --from given.csv
grep -q 'up to date' err || die "not up to date"
echo p01,val >>given.csv && echo p01,test >>given.csv
expect 3 gdje-split --name given --from given.csv
says "line 61: 'p01' is on line 60 already"
printf 'uuid,part\np01,\n' >bad.csv
expect 3 gdje-split --name given --from bad.csv
says "'bad.csv' line 2: the part is empty"
printf 'uuid,set\np01,x\n' >bad.csv
expect 3 gdje-split --name given --from bad.csv
says "has no column 'part'"
expect 3 gdje-split --name given --from nowhere.csv
says 'nowhere.csv'
expect 0 gdje-split --name four --parts train=6,val=2,test=1,more=1 --exact
[ "$(cut -f1,2 out | tr '\n\t' ';:')" = 'part:locations;train:37;val:12;test:6;more:6;' ] || die "four parts"
expect 0 gdje-split --name cv --folds 3 --grid default
[ "$(cut -f1 out | tr '\n' ' ')" = 'part fold0 fold1 fold2 ' ] || die "folds"
[ "$(awk 'NR > 1 && $5 > 0' out | wc -l)" -eq 3 ] || die "distances between folds"
expect 2 gdje-split --grid default
says "grid 'default' was made from split 'default' itself"
expect 3 gdje-split --name cv --grid nowhere
says "no grid 'nowhere'"
for o in '--folds 3 --ratios 8/1/1' '--parts train=1 --from given.csv' '--folds 1' '--folds 99' \
    '--from given.csv --exact' '--block-km 5 --grid default' '--folds 3 --buffer-km 1' \
    '--parts val=1' '--parts train'; do
    # shellcheck disable=SC2086
    expect 2 gdje-split --name cv $o
    says ''
done

# wrong values
for ratios in 80/20 80/10/0 a/b/c 80/10/-10 ''; do
    expect 2 gdje-split --ratios "$ratios"
    says 'ratios'
done
expect 2 gdje-split --block-km -1
expect 2 gdje-split --seed -1
for crs in EPSG:4326 EPSG:2263 EPSG:999999 nonsense; do
    expect 2 gdje-project --crs $crs
    says "$crs"
    expect 2 gdje-grid --border "$border" --crs $crs
    says "$crs"
done
for spacing in 0 -5km 1m x 50kilo; do
    expect 2 gdje-grid --border "$border" --spacing $spacing
    says 'spacing'
done
expect 2 gdje-grid --border "$border" --spacing 10m
says 'too small'
expect 3 gdje-grid --border nowhere.shp
says "there is no file 'nowhere.shp'"
expect 3 gdje-grid --border set.csv
says "cannot read 'set.csv'"
mkdir b
for s in shp shx dbf; do cp "$ROOT/shapes/croatia.$s" "b/noprj.$s" && cp "$ROOT/shapes/croatia.$s" "b/cut.$s"; done
cp "$ROOT/shapes/croatia.prj" b/cut.prj
expect 3 gdje-grid --border b/noprj.shp
says "'b/noprj.shp' does not say its reference system: a shapefile needs its .prj"
head -c 60000 "$ROOT/shapes/croatia.shp" >b/cut.shp
expect 3 gdje-grid --border b/cut.shp
says "cannot read 'b/cut.shp'"
echo '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}' >b/far.geojson
expect 3 gdje-grid --border b/far.geojson --crs EPSG:32631
says 'do not meet'
expect 3 gdje-project --split nobody
says "no split 'nobody'"

# none of that touched what was there
expect 0 gdje-grid --border "$border" --spacing 30km
cmp out grid.tsv
grep -q 'up to date' err || die "an error changed the grid"

# catalogs that are none
echo text >text.gpkg
expect 3 gdje-split --catalog text.gpkg
says 'text.gpkg'
cp $db newer.gpkg
sqlite3 newer.gpkg 'PRAGMA user_version = 10399'
expect 3 gdje-split --catalog newer.gpkg
says 'newer gdje made it'

# a full disk in the middle of the report
if [ -w /dev/full ]; then
    rc=0
    gdje-split --ratios 6/2/2 --seed 3 >/dev/full 2>err || rc=$?
    [ $rc -eq 4 ] || die "full standard output: $rc"
fi
