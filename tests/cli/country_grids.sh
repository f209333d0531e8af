#!/bin/sh
# SPDX-License-Identifier: MIT
# The countries of the shared data, in a reference system of theirs: of points that are drawn inside of
# a border all find a class of the grid over it.
set -eu
. "$ROOT/tests/cli/lib.sh"
data=$ROOT/../shared/data/borders

import() { # import FILE.csv: places without pictures of their own
    expect 0 gdje-import --catalog "$db" --csv "$1" \
        --columns id=uuid,lat=latitude,lon=longitude,file=file --images . --name "$1"
    expect 0 gdje-split --catalog "$db" --ratios 6/2/2
}
cp "$jpg" p.jpg
[ -d "$data" ] || skip "there is no $data"
country() { # country FILE CRS SPACING
    db=country.gpkg
    rm -f country.*
    expect 0 gdje-sample --catalog queue.gpkg --border "$data/$1" --crs "$2" --count 40 --print
    awk 'BEGIN { print "uuid,latitude,longitude,file" } NR > 1 { print "s" $1 "," $2 "," $3 ",p.jpg" }' out >country.csv
    rm -f queue.*
    import country.csv
    expect 0 gdje-grid --catalog $db --border "$data/$1" --crs "$2" --spacing "$3" --merge
    n=$(sql "SELECT count(*) FROM label")
    [ "$n" -eq 40 ] || die "$1: only $n of 40 locations have a class"
}
for file in croatia/dgu_hrv.geojson croatia/hrv_dgu.shp croatia/ne10m_hrv.geojson croatia/hrv_ne10m.shp \
    croatia/hrv_ne10m_3765.shp croatia/ne50m_hrv.geojson malformed/derived/no_dbf.shp \
    malformed/derived/no_prj.shp malformed/derived/no_shx.shp; do
    country $file EPSG:3765 50km
done
country awkward/ne10m_gmb.geojson EPSG:32628 20km
country awkward/gmb_ne10m.shp EPSG:32628 20km
country awkward/ne10m_chl.geojson EPSG:32719 200km
