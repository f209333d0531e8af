#!/bin/sh
# SPDX-License-Identifier: MIT
# Make shapes/croatia.shp from the Digital Chart of the World: sh shapes/make_border.sh DIR
#
# GMT prints the country's rings in no particular role. The mainland's ring is left open, and it
# reaches Dubrovnik by a line drawn twice, almost alike, along the coast of Neum (Bosnia and
# Herzegovina). So: close the rings, cut them where they meet themselves, let GEOS build the area,
# and drop what is left of the double line: islands and holes below SLIVER (0.09 km2; the smallest
# real island has 0.27 km2).
set -eu
dir=${1:?usage: make_border.sh DIR}
SLIVER=1e-5 # square degrees
DATE=2026-11-20 # in the .dbf header; fixed, so that the bytes are the same every time

for tool in gmt ogr2ogr; do
    command -v "$tool" >/dev/null || {
        echo "make_border.sh: there is no '$tool': install gmt, gmt-dcw and gdal-bin" >&2
        exit 3
    }
done
tmp=$(mktemp -d "${TMPDIR:-/tmp}/gdje-border.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$dir"
out=$(cd "$dir" && pwd)
cd "$tmp" # gmt leaves gmt.history where it runs

gmt coast -EHR -M --FORMAT_GEO_OUT=D --FORMAT_FLOAT_OUT=%.10f >rings.txt
awk '
    function close_ring() { if (n) printf "%s)", last == first ? "" : "," first }
    /^>/ { close_ring(); printf "%s(", n++ ? "," : "id,WKT\n1,\"MULTILINESTRING("; first = ""; next }
    { p = $1 " " $2; printf "%s%s", first == "" ? "" : ",", p; if (first == "") first = p; last = p }
    END { if (!n) exit 1; close_ring(); print ")\"" }
' rings.txt >rings.csv
ogr2ogr -f GPKG part.gpkg rings.csv -oo GEOM_POSSIBLE_NAMES=WKT -a_srs EPSG:4326 -nlt POLYGON \
    -explodecollections -nln part -dialect SQLite -lco GEOMETRY_NAME=geom \
    -sql 'SELECT ST_BuildArea(ST_UnaryUnion(geometry)) AS geom FROM rings'
ogr2ogr -f 'ESRI Shapefile' croatia.shp part.gpkg -nlt MULTIPOLYGON -nln croatia \
    -lco ENCODING=UTF-8 -lco RESIZE=YES -lco "DBF_DATE_LAST_UPDATE=$DATE" -dialect SQLite -sql "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000),
    hole AS (SELECT ST_BuildArea(ST_InteriorRingN(geom, i)) AS geom
             FROM part JOIN n ON i <= ST_NumInteriorRing(geom))
    SELECT 'HR' AS iso_a2, 'Croatia' AS name, ST_Union(geom) AS geometry
    FROM (SELECT geom FROM part WHERE ST_Area(geom) >= $SLIVER
          UNION ALL SELECT geom FROM hole WHERE ST_Area(geom) < $SLIVER)"
for suffix in shp shx dbf prj cpg; do
    mv "croatia.$suffix" "$out/croatia.$suffix.tmp"
    mv "$out/croatia.$suffix.tmp" "$out/croatia.$suffix"
done
