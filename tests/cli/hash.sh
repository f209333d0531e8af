#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-hash: states, duplicates and groups, files that change, interruption, exit codes.
set -eu
. "$ROOT/tests/cli/lib.sh"
data=$ROOT/tests/data/image

fails 3 "there is no catalog 'work/catalog.gpkg'" gdje-hash

mkdir -p set/a set/b set/c set/d
cp "$data/plain.jpg" set/a/0.jpg
cp "$data/grey.jpg" set/a/90.jpg
cp "$data/plain.jpg" set/b/90.jpg
cp "$data/cmyk.jpg" set/c/0.jpg
size=$(wc -c <"$data/progressive.jpg")
head -c $((size - 20)) "$data/progressive.jpg" >set/c/90.jpg
cp "$data/progressive.jpg" set/d/0.jpg
printf 'uuid,latitude,longitude\na,45,15\nb,44,16\nc,43,17\nd,42,18\n' >set.csv
gdje-import -q --csv set.csv --images set >/dev/null
rm set/d/0.jpg

expect 0 gdje-hash
{
    printf 'path\tstate\tdetail\n%s\tmissing\tno such file\n' "$PWD/set/b/0.jpg"
    printf '%s\tcorrupt\ttruncated: premature end of JPEG file\n' "$PWD/set/c/90.jpg"
    printf '%s\tmissing\tno such file\n' "$PWD/set/d/0.jpg" "$PWD/set/d/90.jpg"
} >want
diff want out || die "the unusable"
says 'images: 4 ok, 3 missing, 1 corrupt; 8 read now'
sum=$(sha256sum <"$data/plain.jpg" | cut -d' ' -f1)
is "$(sql "SELECT sha256, width, height, state FROM image_hash WHERE image_id = 1")" "$sum|35|22|ok"
# b has the same bytes as a in another view: one group, that of the older location
is "$(sql "SELECT l.uuid, group_concat(DISTINCT g.group_key) FROM grouping g JOIN location l ON l.id = g.location_id")" 'b|a'
is "$(sql "SELECT kind, distance_bits FROM duplicate")" 'exact|0'

expect 0 gdje-split --parts train=1,test=1
absent gdje-hash err

expect 0 gdje-hash
says '; 0 read now'
says 'up to date'

# a file that comes back and one that is repaired are read, the others are not
cp "$data/progressive.jpg" set/d/0.jpg
cp "$data/full.jpg" set/c/90.jpg
cp "$data/full.jpg" set/b/90.jpg
expect 0 gdje-hash
says 'images: 6 ok, 2 missing, 0 corrupt; 3 read now'
# b and c share their bytes now; c looks like a in both views, for all are one picture encoded anew
is "$(sql "SELECT l.uuid, g.group_key FROM grouping g JOIN location l ON l.id = g.location_id ORDER BY 1")" 'b|a
c|a'
is "$(sql "SELECT group_concat(kind) FROM (SELECT kind FROM duplicate ORDER BY kind)")" 'exact,near'

# the same on one thread and on many
sql 'DELETE FROM image_hash; DELETE FROM stage'
expect 0 gdje-hash -j 1
sql 'SELECT * FROM image_hash; SELECT * FROM duplicate; SELECT * FROM grouping' >one
sql 'DELETE FROM image_hash; DELETE FROM stage'
expect 0 gdje-hash -j 4
sql 'SELECT * FROM image_hash; SELECT * FROM duplicate; SELECT * FROM grouping' >four
diff one four || die "threads change results"

# a named pipe in a picture's place is not waited for
rm set/b/90.jpg
mkfifo set/b/90.jpg
expect 0 timeout 20 gdje-hash
grep -q 'set/b/90.jpg	corrupt	not a regular file' out || die "pipe"

# nothing usable is an error
rm -r set
expect 3 gdje-hash
says 'none of the'
expect 2 gdje-hash extra
expect 2 gdje-hash --near-bits 9
expect 0 gdje-hash --help
echo 'no catalog' >bad.gpkg
expect 3 gdje-hash --catalog bad.gpkg
