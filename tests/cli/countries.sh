#!/bin/sh
# SPDX-License-Identifier: MIT
# Borders as they come: shapefiles without their companions, archives, layers, invalid polygons, a
# country on both sides of the antimeridian.
set -eu
. "$ROOT/tests/cli/lib.sh"

import() { # import FILE.csv: places without pictures of their own
    expect 0 gdje-import --catalog "$db" --csv "$1" \
        --columns id=uuid,lat=latitude,lon=longitude,file=file --images . --name "$1"
    expect 0 gdje-split --catalog "$db" --ratios 6/2/2
}
cp "$jpg" p.jpg
db=first.gpkg
{
    echo uuid,latitude,longitude,file
    awk 'BEGIN { for (i = 0; i < 40; i++) printf "p%02d,%.4f,%.4f,p.jpg\n", i, 45.2 + i / 100, 17.0 + i / 40 }'
} >east.csv
import east.csv
grid() { gdje-grid --catalog "$db" --spacing 50km "$@"; }

# a shapefile alone: no index, no reference system; nothing is written beside it
mkdir alone
cp "$border" alone/land.shp
expect 0 grid --border alone/land.shp --name alone
grep -q "warning: the shapefile 'alone/land.shp' has no index (.shx)" err || die "no word of the index"
grep -q "warning: 'alone/land.shp' does not say its reference system" err || die "no word of the .prj"
[ "$(ls alone)" = land.shp ] || die "something was written beside the border: $(ls alone)"
expect 0 grid --border "$border" --name whole --strict
absent warning err
n=$(sql "SELECT count(DISTINCT border_sha256) FROM grid")
[ "$n" -eq 1 ] || die "the same border, read in two ways, differs"
fails 3 "'alone/land.shp' has no index: its .shx is missing" grid --border alone/land.shp --strict
cp "$ROOT/shapes/croatia.shx" alone/land.shx
fails 3 'does not say its reference system: a shapefile needs its .prj' grid --border alone/land.shp --strict
if command -v ogr2ogr >/dev/null; then
    ogr2ogr -t_srs EPSG:3765 metres.shp "$border" 2>/dev/null
    rm metres.prj
    expect 3 grid --border metres.shp
    says "'metres.shp' does not say its reference system, and its coordinates are not degrees"
    ogr2ogr -t_srs EPSG:3765 -f GPKG many.gpkg "$border" -nln land 2>/dev/null
    expect 0 grid --border many.gpkg --name gpkg
    ogr2ogr -update -f GPKG many.gpkg "$border" -nln other 2>/dev/null
    expect 3 grid --border many.gpkg
    says "has 2 layers of polygons: say which one, like 'many.gpkg|layername=NAME' (land, other)"
    expect 0 grid --border 'many.gpkg|layername=land' --name gpkg
    grep -q "'gpkg' is up to date" err || die "another border than before"
fi
if command -v zip >/dev/null; then
    (cd "$ROOT/shapes" && zip -q - croatia.shp croatia.shx croatia.dbf croatia.prj) >land.zip
    expect 0 grid --border land.zip --name zip
    n=$(sql "SELECT count(DISTINCT border_sha256) FROM grid WHERE name IN ('whole', 'zip')")
    [ "$n" -eq 1 ] || die "the border differs when it comes out of an archive"
fi

# an invalid border: what its repair does to the area, or no grid
cat >bow.geojson <<'EOT'
{"type":"Polygon","coordinates":[[[15,45],[19,46],[19,45],[15,46],[15,45]]]}
EOT
expect 0 grid --border bow.geojson --name bow
grep -q "warning: 'bow.geojson' feature 0 is invalid (Self-intersection.*repaired: .* km2 before, .* km2 after (+" err ||
    die "no word of the repair"
fails 3 "'bow.geojson' feature 0: invalid: Self-intersection" grid --border bow.geojson --name bow --strict
fails 3 'invalid: Self-intersection' gdje-import --catalog "$db" --csv east.csv --images . --border bow.geojson --strict \
    --columns id=uuid,lat=latitude,lon=longitude,file=file
fails 3 "'bow.geojson' has no field 'x'" gdje-grid --catalog $db --border "$border" --name bow --polygons bow.geojson --name-field x

# longitude and latitude exchanged in the border's file
cat >exchanged.geojson <<'EOT'
{"type":"Polygon","coordinates":[[[45,16.5],[46,16.5],[46,18.5],[45,18.5],[45,16.5]]]}
EOT
fails 3 'the border and the locations do not meet' grid --border exchanged.geojson --name exchanged
says 'hint: of 40 locations 40 would be inside of the border with latitude and longitude exchanged'

# a country on both sides of the antimeridian; the middle island is cut in two by the file
cat >fiji.geojson <<'EOT'
{"type":"MultiPolygon","coordinates":[
[[[177,-18.3],[178.7,-18.3],[178.7,-17.3],[177,-17.3],[177,-18.3]]],
[[[179.5,-17.2],[180,-17.2],[180,-16.8],[179.5,-16.8],[179.5,-17.2]]],
[[[-180,-17.2],[-179.7,-17.2],[-179.7,-16.8],[-180,-16.8],[-180,-17.2]]],
[[[-178.9,-18.2],[-178.7,-18.2],[-178.7,-18],[-178.9,-18],[-178.9,-18.2]]]]}
EOT
cat >isles.geojson <<'EOT'
{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"Large"},"geometry":{"type":"Polygon","coordinates":[[[177,-18.3],[178.7,-18.3],[178.7,-17.3],[177,-17.3],[177,-18.3]]]}},
{"type":"Feature","properties":{"name":"Middle"},"geometry":{"type":"Polygon","coordinates":[[[179.5,-17.2],[180,-17.2],[180,-16.8],[179.5,-16.8],[179.5,-17.2]]]}},
{"type":"Feature","properties":{"name":"Middle"},"geometry":{"type":"Polygon","coordinates":[[[-180,-17.2],[-179.7,-17.2],[-179.7,-16.8],[-180,-16.8],[-180,-17.2]]]}},
{"type":"Feature","properties":{"name":"East"},"geometry":{"type":"Polygon","coordinates":[[[-178.9,-18.2],[-178.7,-18.2],[-178.7,-18],[-178.9,-18],[-178.9,-18.2]]]}}]}
EOT
{
    echo uuid,latitude,longitude,file
    awk 'BEGIN {
        for (i = 0; i < 60; i++) {
            printf "a%02d,%.4f,%.4f,p.jpg\n", i, -18.3 + (i * 37 % 60) / 60, 177 + (i * 23 % 60) / 36
            lon = 179.5 + (i * 7 % 60) / 75
            printf "b%02d,%.4f,%.4f,p.jpg\n", i, -17.2 + (i * 37 % 60) / 150, (lon > 180 ? lon - 360 : lon)
            printf "c%02d,%.4f,%.4f,p.jpg\n", i, -18.2 + (i * 37 % 60) / 300, -178.9 + (i * 23 % 60) / 300
        }
        print "east180,-17,180,p.jpg"
        print "west180,-17,-180,p.jpg"
        print "sea,-17,-179.695,p.jpg" # 500 m from the middle island, whose cells end at 180.3
    }'
} >fiji.csv
db=fiji.gpkg
import fiji.csv
expect 0 gdje-project --catalog $db --crs EPSG:3460
absent 'area of use' err # it is in that of its own system
fails 3 'the projection is cut open between lon' gdje-grid --catalog $db --border fiji.geojson --crs EPSG:3857
for how in '--spacing 30km' '--degrees 0.3' '--degrees 0.7' '--hex 40km' \
    '--quadtree --spacing 200km --max-per-cell 20' '--polygons isles.geojson'; do
    # shellcheck disable=SC2086
    expect 0 gdje-grid --catalog $db --border fiji.geojson --crs EPSG:3460 --merge $how --name "$how"
    id="grid_id = (SELECT id FROM grid WHERE name = '$how')"
    n=$(sql "SELECT count(*) FROM label WHERE $id")
    [ "$n" -eq 183 ] || die "$how: only $n of 183 locations have a class"
    n=$(sql "SELECT count(*) FROM class WHERE $id AND (abs(centroid_lon_deg) > 180 OR abs(clipped_lon_deg) > 180
        OR abs(data_lon_deg) > 180 OR abs(median_lon_deg) > 180)")
    [ "$n" -eq 0 ] || die "$how: $n points beyond 180"
    # the outlines' boxes are single precision, rounded outwards
    n=$(sql "SELECT count(*) FROM rtree_class_geom r JOIN class c ON c.id = r.id WHERE $id
        AND (minx < -180.0001 OR maxx > 180.0001 OR (maxx - minx > 10 AND NOT (minx <= -180 AND maxx >= 180)))")
    [ "$n" -eq 0 ] || die "$how: $n outlines go round the Earth"
    n=$(sql "SELECT count(*) FROM class c JOIN label l ON l.class_id = c.id JOIN location o ON o.id = l.location_id
        WHERE c.$id AND NOT (abs(o.lat_deg - c.data_lat_deg) < 1.2
        AND min(abs(o.lon_deg - c.data_lon_deg), 360 - abs(o.lon_deg - c.data_lon_deg)) < 1.5)")
    [ "$n" -eq 0 ] || die "$how: $n labels of cells far away"
    n=$(sql "SELECT count(DISTINCT class_id) FROM label JOIN location o ON o.id = location_id
        WHERE $id AND uuid IN ('east180', 'west180')")
    [ "$n" -eq 1 ] || die "$how: 180 and -180 are two places"
done
n=$(sql "SELECT count(*) FROM label JOIN location o ON o.id = location_id JOIN class c ON c.id = class_id
    WHERE c.name = 'Middle' AND (uuid LIKE 'b%' OR uuid LIKE '%180' OR uuid = 'sea')")
[ "$n" -eq 63 ] || die "only $n places on the middle island"
if command -v ogrinfo >/dev/null; then
    expect 0 ogrinfo -q $db -sql "SELECT count(*) AS n FROM class WHERE NOT ST_IsValid(geom)"
    grep -q 'n (Integer) = 0' out || die "an outline is invalid"
    expect 0 ogrinfo -al -so $db
    absent -E 'Warning|ERROR' out err
fi

# classes by name: what is overlapped is told, names that come twice are one class, those without a
# name are left out, and countries of the whole Earth need no plane that holds them all
cat >names.geojson <<'EOT'
{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"admin":"Ć","n":1},"geometry":{"type":"Polygon","coordinates":[[[16.5,45],[17.5,45],[17.5,46],[16.5,46],[16.5,45]]]}},
{"type":"Feature","properties":{"admin":"B","n":2},"geometry":{"type":"Polygon","coordinates":[[[17.4,45],[18.1,45],[18.1,46],[17.4,46],[17.4,45]]]}},
{"type":"Feature","properties":{"admin":"B","n":3},"geometry":{"type":"Polygon","coordinates":[[[18.1,45],[18.6,45],[18.6,46],[18.1,46],[18.1,45]]]}},
{"type":"Feature","properties":{"admin":null,"n":4},"geometry":{"type":"Polygon","coordinates":[[[0,45],[1,45],[1,46],[0,46],[0,45]]]}},
{"type":"Feature","properties":{"admin":"F","n":5},"geometry":{"type":"MultiPolygon","coordinates":[[[[170,60],[180,60],[180,70],[170,70],[170,60]]],[[[-180,60],[-170,60],[-170,70],[-180,70],[-180,60]]]]}}]}
EOT
db=first.gpkg
fails 3 "'names.geojson' has no field 'name': it has admin, n" gdje-grid --catalog $db --border "$border" --polygons names.geojson
expect 0 gdje-grid --catalog $db --border "$border" --crs EPSG:3857 --polygons names.geojson --name-field admin --name names -v
says '1 of 5 polygons'
says '5 locations are in several polygons, or on a common edge: each has the first of their names'
says "note: 'F': its centre is that of an equal-area projection around it"
is "$(sql "SELECT c.name, state, n_train + n_val + n_test FROM class c JOIN grid g ON g.id = grid_id WHERE g.name = 'names' ORDER BY c.name" $db)" 'B|kept|24
F|empty|0
Ć|kept|16'
is "$(sql "SELECT abs(centroid_lon_deg) > 179.9, centroid_lat_deg BETWEEN 64 AND 67 FROM class c JOIN grid g ON g.id = grid_id
    WHERE g.name = 'names' AND c.name = 'F'" $db)" '1|1'
fails 3 "'fiji.geojson' has no field 'x': it has none" gdje-grid --catalog $db --border "$border" --polygons fiji.geojson --name-field x
