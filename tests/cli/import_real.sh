#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-import over the shared data: tables of real places, photos with every kind of EXIF, JPEGs of
# every kind. What is accepted is what their tables say, and the counts add up.
set -eu
. "$ROOT/tests/cli/lib.sh"
data=$ROOT/../shared/data
for part in coords/open borders/croatia exif-gps jpeg-edge; do
    [ -d "$data/$part" ] || skip "there is no $data/$part"
done

# sums N: read N is accepted + rejected, and the reasons' counts and the printed rows are the rejected
sums() {
    read=$(sed -n 's/.*: read \([0-9]*\): .*/\1/p' err)
    accepted=$(sed -n 's/.*: read .*: \([0-9]*\) accepted.*/\1/p' err)
    rejected=$(sed -n 's/.*: read .* \([0-9]*\) rejected.*/\1/p' err)
    by_reason=$(sed -n 's/.* rejected (\(.*\))$/\1/p' err | tr ',' '\n' | awk '{ n += $1 } END { print n + 0 }')
    is "$read" "$1" 'items read'
    is $((accepted + rejected)) "$read" 'accepted and rejected'
    is "$by_reason" "$rejected" 'rejected, by reason'
    is $(($(wc -l <out) - 1)) "$rejected" 'rejected, printed'
    is "$(tail -n +2 out | cut -f2 | grep -c .)" "$rejected" 'rejected with a reason'
}

# table NAME ACCEPTED REJECTED: NAME.tsv against the border itself
table() {
    expect 0 gdje-import --csv "$1.tsv" --columns id=n,lat=lat,lon=lon,file=file --images . --snap 0 \
        --border "$data/borders/croatia/dgu_hrv.geojson" --catalog "$1.gpkg" --name "$1"
    sums "$(($(wc -l <"$1.tsv") - 1))"
    says ": $2 accepted, $3"
    is "$(sql 'SELECT count(*) FROM location' "$1.gpkg")" "$2"
}
cp "$jpg" p.jpg
head="n${tab}lat${tab}lon${tab}file"
{
    echo "$head"
    tr -d '\r' <"$data/coords/open/osm_pitches.csv" | awk -F, 'NR > 1 { print $1 "\t" $4 "\t" $5 "\tp.jpg" }'
} >pitches.tsv
table pitches 2511 '4652 rejected (4652 outside)'
{
    echo "$head"
    tr -d '\r' <"$data/coords/open/osm_settlements_raw.csv" | awk -F, '{ print NR "\t" $3 "\t" $4 "\tp.jpg" }'
} >settlements.tsv
table settlements 6159 '631 rejected (617 zero, 14 outside)'
{
    echo "$head"
    awk -F '\t' '{ print NR "\t" $10 "\t" $11 "\tp.jpg" }' "$data/coords/open/geonames_postal_HR.tsv"
} >postal.tsv
table postal 6695 '79 rejected (79 outside)'
# the tables as they are: no header row, so that the first place's own values name the columns
mkdir none
expect 3 gdje-import --csv "$data/coords/open/geonames_postal_HR.tsv" --images none --catalog raw.gpkg \
    --columns 'id=Srednja Diklenica,lat=45.9667,lon=16.8833'
sums 6773
expect 3 gdje-import --csv "$data/coords/open/osm_settlements_raw.csv" --images none --catalog raw.gpkg \
    --columns 'id=Ada,lat=45.404743,lon=18.6845966'
sums 6789
says ' 617 zero,'

# photos with EXIF: those that are to be accepted are, where the table says, and no others
expect 0 gdje-import "$data/exif-gps" --name exif --catalog exif.gpkg
sums 73
expect 0 sqlite3 exif.gpkg ".import --csv '$data/exif-gps/expected.csv' x" \
    ".import --csv '$data/exif-gps/derived/expected.csv' d" \
    "CREATE VIEW expected AS SELECT 'exif-gps/' || replace(file, '.jpg', '') AS id, suggested_result AS what,
        lat_expected AS lat, lon_expected AS lon FROM x UNION ALL
        SELECT 'exif-gps/derived/' || replace(file, '.jpg', ''), suggested_result, lat_expected, lon_expected FROM d"
is "$(sql 'SELECT count(*) FROM expected' exif.gpkg)" 73
is "$(sql "SELECT id FROM expected LEFT JOIN location ON uuid = id WHERE what LIKE 'accept%' AND uuid IS NULL" exif.gpkg)" ''
is "$(sql "SELECT id FROM expected JOIN location ON uuid = id WHERE what LIKE '%reject%' AND what NOT LIKE 'accept or %'" exif.gpkg)" ''
is "$(sql "SELECT id FROM expected JOIN location ON uuid = id
    WHERE NOT (abs(lat_deg - lat) < 1e-6 AND abs(lon_deg - lon) < 1e-6)" exif.gpkg)" ''
is "$(sql 'SELECT count(*) FROM location' exif.gpkg)" 48

# who made them is named, and whoever named nobody is not
gdje-fetch --catalog exif.gpkg --credits >credits
is "$(awk -F '\t' 'NR > 1 && $1 == "import:exif" { n += $4 } END { print n }' credits)" \
    "$(sql 'SELECT count(*) FROM location WHERE copyright NOT NULL' exif.gpkg)"
is "$(sql "SELECT count(*) FROM location WHERE copyright LIKE '%Manfred Moser'" exif.gpkg)" \
    "$(grep -c 'Manfred Moser' credits)"
absent "^import:exif$tab$tab" credits

# JPEGs of every kind: damaged headers are rejected, damaged pixels are found by gdje-hash. One file is
# judged otherwise than its table suggests: bad_exif_500x500.jpg is torn into stripes by bad codes.
expect 0 gdje-import "$data/jpeg-edge" --to-predict --name edge --catalog edge.gpkg
sums 37
expect 0 gdje-hash --catalog edge.gpkg
says 'images: 22 ok, 0 missing, 6 corrupt'
expect 0 sqlite3 edge.gpkg ".import --csv '$data/jpeg-edge/expected.csv' x" \
    "CREATE VIEW verdict AS SELECT file, suggested_result AS what, coalesce(h.state, 'rejected') AS state
        FROM x LEFT JOIN location l ON l.uuid = 'jpeg-edge/' || replace(file, '.jpg', '')
        LEFT JOIN image i ON i.location_id = l.id LEFT JOIN image_hash h ON h.image_id = i.id"
is "$(sql 'SELECT count(*) FROM verdict' edge.gpkg)" 37
is "$(sql "SELECT file FROM verdict WHERE (what LIKE 'accept%' OR what LIKE 'convert%' OR what = 'as above') AND state <> 'ok'" edge.gpkg)" \
    bad_exif_500x500.jpg
is "$(sql "SELECT file FROM verdict WHERE what LIKE 'reject%' AND state = 'ok'" edge.gpkg)" ''
