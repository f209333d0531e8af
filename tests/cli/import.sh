#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-import: every form of data set, every reason, sums, running again, exit codes.
set -eu
jpg=$ROOT/tests/data/image/plain.jpg
db=work/catalog.gpkg

die() {
    echo "FAIL: $*" >&2
    cat err >&2 2>/dev/null || true
    exit 1
}
sql() { sqlite3 "$db" "$1"; }
expect() { # expect CODE COMMAND...: run with stdout in out, stderr in err
    want=$1
    shift
    rc=0
    "$@" >out 2>err || rc=$?
    [ $rc -eq "$want" ] || die "'$*' ended with $rc, not $want"
}

# a data set of places with everything wrong that can be
mkdir -p set/pipe set/a set/b set/c set/d set/f set/stray set/onlybad set/gone
for v in 0 90 180 270; do cp "$jpg" "set/a/$v.jpg" && cp "$jpg" "set/b/$v.jpg" && cp "$jpg" "set/f/$v.jpg"; done
cp "$jpg" set/c/0.jpg
head -c 5 "$jpg" >set/c/90.jpg
: >set/onlybad/0.jpg
mkfifo set/pipe/0.jpg
cp "$jpg" set/d/180.jpg
printf '\357\273\277uuid;latitude;longitude\r\n' >set.csv
{
    printf 'a;45.5;15.5\r\n"b";"45.25";16\r\nc;44;15\r\nd;43,5;16,4\r\n'
    printf 'a;45;15\r\ne;45;15\r\n;45;15\r\n../x;45;15\r\nf;91;15\r\nf;0;0\r\nf;nan;15\r\n'
    printf 'f;;\r\nf;x;15\r\n"f"z;1;1\r\nonlybad;44;16\r\ngone;44;16\r\npipe;44;16\r\n\r\n'
} >>set.csv
expect 0 gdje-import --csv set.csv --images set
cat >want <<'EOF'
row	reason	detail
5	decimal_comma	latitude '43,5'
6	duplicate_id	'a' is on line 2 already
7	no_images	there is no such folder
8	no_id	the id is empty
9	bad_id	'../x' cannot be a folder's name
10	out_of_range	latitude 91
11	zero	0, 0 is where positions are that nobody knows
12	not_a_number	latitude 'nan'
13	no_position	the latitude is empty
14	not_a_number	latitude 'x'
15	malformed	text behind a closing quote
16	bad_image	empty file
17	no_images	the folder has no 0.jpg, 90.jpg, 180.jpg or 270.jpg
18	bad_image	not a regular file
stray	no_row	no row has this folder's name as its id
EOF
diff want out || die "the rejected rows"
grep -q 'read 18: 3 accepted, 15 rejected (1 malformed, 1 no_id, 1 bad_id, 1 duplicate_id, 1 no_position, 1 decimal_comma, 2 not_a_number, 1 out_of_range, 1 zero, 2 no_images, 2 bad_image, 1 no_row)' err || die "the counts"
grep -q 'images: 9 ok, 2 missing, 1 corrupt' err || die "the image counts"
grep -q 'hint: write coordinates with a decimal point' err || die "the hint"
[ "$(sql 'SELECT uuid, lat_deg, lon_deg, provider, group_key FROM location ORDER BY id LIMIT 2')" = \
    'a|45.5|15.5|import:set|a
b|45.25|16.0|import:set|b' ] || die "locations"
[ "$(sql "SELECT view, heading_deg, state, width, detail FROM image JOIN location l ON l.id = location_id WHERE uuid = 'c' ORDER BY view")" = \
    '0|0.0|ok|35|
1|90.0|corrupt||truncated: premature end of JPEG file
2|180.0|missing||no such file
3|270.0|missing||no such file' ] || die "images"
# paths below the catalog's folder are relative to it, others absolute
[ "$(sql 'SELECT path FROM image WHERE id = 2')" = "$PWD/set/a/90.jpg" ] || die "absolute path"
expect 0 gdje-import --csv set.csv --images set --catalog here.gpkg
[ "$(sqlite3 here.gpkg 'SELECT path FROM image WHERE id = 2')" = set/a/90.jpg ] || die "relative path"

# again: nothing happens; a change is a change of that row alone
before=$(sql 'SELECT * FROM location' | sha256sum)
expect 0 gdje-import --csv set.csv --images set
grep -q 'up to date' err || die "not up to date"
[ "$(sql 'SELECT * FROM location' | sha256sum)" = "$before" ] || die "rows changed"
sed 's/45.25/45.75/' set.csv >moved && mv moved set.csv && cp "$jpg" set/c/90.jpg
expect 0 gdje-import --csv set.csv --images set
grep -q "3 locations, 0 of them new, 1 changed" err || die "change"
[ "$(sql "SELECT lat_deg FROM location WHERE uuid = 'b'")" = 45.75 ] || die "moved"
[ "$(sql "SELECT group_concat(state) FROM image WHERE location_id = 3")" = 'ok,ok,missing,missing' ] || die "repaired"

# another data set cannot take an id
expect 3 gdje-import --csv set.csv --images set --name other
grep -q '4 duplicate_id' err || die "foreign id"

# tables of photos, any column names
mkdir photos
cp "$jpg" photos/p.jpg
cp "$jpg" photos/q.jpg
printf 'name\ty\tx\tway\twhen\tseq\np.jpg\t45\t16\t-90\t2021-06-07\ts1\nq.jpg\t45.0001\t16\t\t\t\nr.jpg\t45\t16\t\t\t\n' >photos.tsv
expect 0 gdje-import --csv photos.tsv --images photos --columns file=name,lat=y,lon=x,heading=way,captured=when,group=seq
[ "$(sql "SELECT uuid, captured, group_key, view, heading_deg FROM location l JOIN image i ON location_id = l.id WHERE provider = 'import:photos' ORDER BY uuid")" = \
    'p.jpg|2021-06|s1|0|270.0
q.jpg||q.jpg|0|' ] || die "photos"
grep -q '^4	no_images	there is no such file' out || die "missing photo"
expect 0 gdje-import --csv photos.tsv --images photos --columns file=name,lat=y,lon=x --group near --name near --catalog near.gpkg
[ "$(sqlite3 near.gpkg 'SELECT DISTINCT group_key FROM location')" = near/p.jpg ] || die "near"

# to be predicted: no position, and none needed
expect 0 gdje-import --images set --to-predict --catalog new.gpkg
[ "$(sqlite3 new.gpkg 'SELECT count(*), count(geom), count(lat_deg) FROM location')" = '5|0|0' ] || die "to predict"

# positions against a border; places that are one
for id in in swap far sea again; do mkdir -p where/$id && cp "$jpg" where/$id/0.jpg; done
printf 'uuid,latitude,longitude\nin,45.8,16\nswap,16,45.8\nfar,52.5,13.4\nsea,43.5,15.2\nagain,45.80,16.0\n' >where.csv
border=$ROOT/shapes/croatia.shp
expect 0 gdje-import --csv where.csv --images where --border "$border" --catalog where.gpkg -v
cat >want <<'EOF'
row	reason	detail
3	swapped	latitude 16, longitude 45.8 are in the border when exchanged
4	outside	latitude 52.5, longitude 13.4 are outside of the border
5	outside	latitude 43.5, longitude 15.2 are outside of the border
EOF
diff want out || die "positions against the border"
grep -q 'read 5: 2 accepted, 3 rejected (1 swapped, 2 outside)' err || die "counts of the border"
grep -q "'again' has the coordinates of 'in'" err || die "the same place"
expect 0 gdje-import --csv where.csv --images where --border "$border" --snap 50km --catalog where.gpkg
grep -q 'read 5: 3 accepted, 2 rejected (1 swapped, 1 outside)' err || die "snap"
expect 3 gdje-import --csv where.csv --images where --border nowhere.shp
expect 2 gdje-import --images where --to-predict --border "$border"
# a second data set beside the first
for id in x y; do mkdir -p second/$id && cp "$jpg" second/$id/0.jpg; done
printf 'uuid,latitude,longitude\nx,45,16\ny,45,17\n' >second.csv
expect 0 gdje-import --csv second.csv --images second --catalog where.gpkg
[ "$(sqlite3 where.gpkg 'SELECT provider, count(*) FROM location GROUP BY provider')" = 'import:second|2
import:where|3' ] || die "two data sets"

# real tables of places: whatever is in them, the counts add up
open=$ROOT/../shared/data/coords/open
if [ -d "$open" ]; then
    mkdir -p none
    for case in osm_pitches.csv:id=id,lat=latitude,lon=longitude osm_settlements_raw.csv:id=Ada,lat=45.404743,lon=18.6845966; do
        rc=0
        gdje-import --csv "$open/${case%%:*}" --images none --columns "${case#*:}" --catalog open.gpkg >out 2>err || rc=$?
        [ $rc -eq 3 ] || die "accepted without images: $rc"
        n=$(($(wc -l <out) - 1))
        sum=$(sed -n 's/.* rejected (\(.*\))$/\1/p' err | tr ',' '\n' | awk '{ n += $1 } END { print n }')
        grep -q "read $n: 0 accepted, $n rejected" err || die "counts of ${case%%:*}"
        [ "$sum" -eq "$n" ] || die "reasons of ${case%%:*} add up to $sum, not $n"
        [ "$n" -ge 6000 ] || die "only $n rows in ${case%%:*}"
    done
else
    echo "skip: no ../shared/data/coords/open"
fi

# what cannot be
expect 2 gdje-import
expect 2 gdje-import --csv set.csv
expect 2 gdje-import --csv set.csv photos
expect 2 gdje-import --images set
expect 2 gdje-import --csv set.csv --images set --columns size=x
expect 2 gdje-import --csv set.csv --images set --columns id
expect 2 gdje-import --csv set.csv --images set --group town
expect 2 gdje-import --nonsense
expect 3 gdje-import --csv nowhere.csv --images set
grep -q "cannot open 'nowhere.csv'" err || die "message"
expect 3 gdje-import --csv set.csv --images nowhere
expect 3 gdje-import --csv set.csv --images set --columns id=name
grep -q "its columns are uuid, latitude, longitude; name yours with --columns id=NAME" err || die "hint"
expect 3 gdje-import nowhere.jpg
expect 3 gdje-import --name no photos --catalog none.gpkg
[ ! -e none.gpkg ] || die "a catalog made for nothing"
printf 'uuid,latitude,longitude\n"a,1,2\n' >open.csv
expect 3 gdje-import --csv open.csv --images set
grep -q "line 2: a quote is never closed" err || die "open quote"
expect 0 gdje-import --help
expect 4 sh -c 'gdje-import --csv set.csv --images set >/dev/full'
