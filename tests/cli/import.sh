#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-import: every form of data set, every reason, sums, running again, exit codes.
set -eu
. "$ROOT/tests/cli/lib.sh"

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
says 'read 18: 3 accepted, 15 rejected (1 malformed, 1 no_id, 1 bad_id, 1 duplicate_id, 1 no_position, 1 decimal_comma, 2 not_a_number, 1 out_of_range, 1 zero, 2 no_images, 2 bad_image, 1 no_row)'
says 'images: 9 ok, 2 missing, 1 corrupt'
says 'hint: write coordinates with a decimal point'
is "$(sql 'SELECT uuid, lat_deg, lon_deg, provider, group_key FROM location ORDER BY id LIMIT 2')" 'a|45.5|15.5|import:set|a
b|45.25|16.0|import:set|b'
is "$(sql "SELECT view, heading_deg, state, width, detail FROM image JOIN location l ON l.id = location_id WHERE uuid = 'c' ORDER BY view")" '0|0.0|ok|35|
1|90.0|corrupt||truncated: premature end of JPEG file
2|180.0|missing||no such file
3|270.0|missing||no such file'
# paths below the catalog's folder are relative to it, others absolute
is "$(sql 'SELECT path FROM image WHERE id = 2')" "$PWD/set/a/90.jpg"
expect 0 gdje-import --csv set.csv --images set --catalog here.gpkg
is "$(sql 'SELECT path FROM image WHERE id = 2' here.gpkg)" set/a/90.jpg

# again: nothing happens; a change is a change of that row alone
before=$(sql 'SELECT * FROM location' | sha256sum)
expect 0 gdje-import --csv set.csv --images set
says 'up to date'
is "$(sql 'SELECT * FROM location' | sha256sum)" "$before"
sed 's/45.25/45.75/' set.csv >moved && mv moved set.csv && cp "$jpg" set/c/90.jpg
expect 0 gdje-import --csv set.csv --images set
says "3 locations, 0 of them new, 1 changed"
is "$(sql "SELECT lat_deg FROM location WHERE uuid = 'b'")" 45.75
is "$(sql "SELECT group_concat(state) FROM image WHERE location_id = 3")" 'ok,ok,missing,missing'

# rows that are gone take nothing with them, and that is said
cp $db less.gpkg
grep -v '"b"' set.csv >less.csv
expect 0 gdje-import --csv less.csv --images set --name set --catalog less.gpkg
says '1 more, which earlier imports under this name brought, stay as they are'
is "$(sql 'SELECT count(*) FROM location' less.gpkg)" 3

# another data set cannot take an id
expect 3 gdje-import --csv set.csv --images set --name other
says '4 duplicate_id'

# tables of photos, any column names
mkdir photos
cp "$jpg" photos/p.jpg
cp "$jpg" photos/q.jpg
printf 'name\ty\tx\tway\twhen\tseq\np.jpg\t45\t16\t-90\t2021-06-07\ts1\nq.jpg\t45.0001\t16\teast\t2021-13-01\t\nr.jpg\t45\t16\t\t\t\n' >photos.tsv
expect 0 gdje-import --csv photos.tsv --images photos --columns file=name,lat=y,lon=x,heading=way,captured=when,group=seq
is "$(sql "SELECT uuid, captured, group_key, view, heading_deg FROM location l JOIN image i ON location_id = l.id WHERE provider = 'import:photos' ORDER BY uuid")" 'p.jpg|2021-06|s1|0|270.0
q.jpg||q.jpg|0|'
says "line 3: heading (degrees) is left empty: 'east'"
says "line 3: captured (YYYY-MM) is left empty: '2021-13-01'"
grep -q '^4	no_images	there is no such file' out || die "missing photo"
expect 0 gdje-import --csv photos.tsv --images photos --columns file=name,lat=y,lon=x --group near --name near --catalog near.gpkg
is "$(sql 'SELECT DISTINCT group_key FROM location' near.gpkg)" near/p.jpg

# to be predicted: no position, and none needed
expect 0 gdje-import --images set --to-predict --catalog new.gpkg
is "$(sql 'SELECT count(*), count(geom), count(lat_deg) FROM location' new.gpkg)" '5|0|0'

# positions against a border; places that are one
place where in 45.8 16
place where swap 16 45.8
place where far 52.5 13.4
place where sea 43.5 15.2
place where again 45.80 16.0
expect 0 gdje-import --csv where.csv --images where --border "$border" --catalog where.gpkg -v
cat >want <<'EOF'
row	reason	detail
3	swapped	latitude 16, longitude 45.8 are in the border when exchanged
4	outside	latitude 52.5, longitude 13.4 are outside of the border
5	outside	latitude 43.5, longitude 15.2 are outside of the border
EOF
diff want out || die "positions against the border"
says 'read 5: 2 accepted, 3 rejected (1 swapped, 2 outside)'
says "'again' has the coordinates of 'in'"
expect 0 gdje-import --csv where.csv --images where --border "$border" --snap 50km --catalog where.gpkg
says 'read 5: 3 accepted, 2 rejected (1 swapped, 1 outside)'
expect 3 gdje-import --csv where.csv --images where --border nowhere.shp
expect 2 gdje-import --images where --to-predict --border "$border"
# exchanged beyond the range of a latitude is exchanged all the same, if the border says so
cat >fiji.geojson <<'EOF'
{"type":"Polygon","coordinates":[[[177,-18.3],[-179,-18.3],[-179,-16],[177,-16],[177,-18.3]]]}
EOF
place turned ok -17 -179.5
place turned swap 178 -17
place turned range 178 -30
expect 0 gdje-import --csv turned.csv --images turned --border fiji.geojson --catalog turned.gpkg
cat >want <<'EOF'
row	reason	detail
3	swapped	latitude 178, longitude -17 are in the border when exchanged
4	out_of_range	latitude 178
EOF
diff want out || die "exchanged positions of Fiji"
# more fields than columns: nobody knows which is which
printf 'uuid,latitude,longitude\nok,45,81,15,98\nok,45,15,,\n' >wide.csv
expect 0 gdje-import --csv wide.csv --images turned --catalog wide.gpkg
grep -q '^2	decimal_comma	5 fields under 3 column names: are the decimals behind commas?$' out || die "commas"
says 'hint: write coordinates with a decimal point'
is "$(sql 'SELECT lat_deg, lon_deg FROM location' wide.gpkg)" '45.0|15.0'
printf 'uuid;latitude;longitude\nok;45;15;98\n' >wide.csv
expect 3 gdje-import --csv wide.csv --images turned --catalog wide.gpkg
grep -q '^2	malformed	4 fields under 3 column names$' out || die "fields"
# two columns of one name, one column asked for twice
printf 'uuid,latitude,longitude,latitude\nok,45,15,46\n' >wide.csv
fails 3 "'wide.csv' has two columns 'latitude'" gdje-import --csv wide.csv --images turned
fails 2 "'lat' is given twice" gdje-import --csv set.csv --images set --columns lat=latitude,lat=longitude
# what lies beside photos is counted; folders that are links may go in circles
mkdir -p walk/deep
cp "$jpg" walk/deep/p.jpg
echo x >walk/notes.txt
cp "$jpg" walk/p.heic
ln -s . walk/circle
expect 0 gdje-import walk --to-predict --catalog walk.gpkg -v
says 'read 1: 1 accepted'
says '2 files that are no JPEGs by their names were left out'
says "left out: file '$PWD/walk/p.heic'"
says '1 folders were left out: links, or more than 32 deep'
says "left out: folder '$PWD/walk/circle'"
# a second data set beside the first
place second x 45 16
place second y 45 17
expect 0 gdje-import --csv second.csv --images second --catalog where.gpkg
is "$(sql 'SELECT provider, count(*) FROM location GROUP BY provider' where.gpkg)" 'import:second|2
import:where|3'

# what cannot be
expect 2 gdje-import
expect 2 gdje-import --csv set.csv
expect 2 gdje-import --csv set.csv photos
expect 2 gdje-import --images set
expect 2 gdje-import --csv set.csv --images set --columns size=x
expect 2 gdje-import --csv set.csv --images set --columns id
expect 2 gdje-import --csv set.csv --images set --group town
expect 2 gdje-import --nonsense
fails 3 "cannot open 'nowhere.csv'" gdje-import --csv nowhere.csv --images set
expect 3 gdje-import --csv set.csv --images nowhere
fails 3 "its columns are uuid, latitude, longitude; name yours with --columns id=NAME" gdje-import --csv set.csv --images set --columns id=name
expect 3 gdje-import nowhere.jpg
expect 3 gdje-import --name no photos --catalog none.gpkg
[ ! -e none.gpkg ] || die "a catalog made for nothing"
printf 'uuid,latitude,longitude\n"a,1,2\n' >open.csv
fails 3 "line 2: a quote is never closed" gdje-import --csv open.csv --images set
expect 0 gdje-import --help
full gdje-import --csv set.csv --images set
