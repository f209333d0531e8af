#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-stats and gdje-pack: what they compute, that they do it once, and what they refuse.
set -eu
. "$ROOT/tests/cli/lib.sh"
data=$ROOT/tests/data/image

expect 3 gdje-stats
expect 3 gdje-pack -o p.pack
fails 2 'needs a file name: -o FILE' gdje-pack

echo 'uuid,latitude,longitude' >set.csv
i=0
for kind in plain full grey cmyk progressive plain grey cmyk; do
    i=$((i + 1))
    mkdir -p set/$i
    cp "$data/$kind.jpg" set/$i/0.jpg
    cp "$data/full.jpg" set/$i/270.jpg
    printf '%d,%d.5,16\n' $i $((40 + i)) >>set.csv
done
mkdir -p unknown/u
cp "$data/grey.jpg" unknown/u/90.jpg
rm set/3/270.jpg
gdje-import -q --csv set.csv --images set >/dev/null
gdje-import -q --images unknown --to-predict >/dev/null

fails 3 'run gdje-hash first' gdje-pack -o p.pack
gdje-hash -q >/dev/null
# copies of one picture are one group; the split is set by hand so that there is a train part
sql "INSERT INTO split_scheme (id, name, method, ratios, seed) VALUES (1, 'default', 'file', '1', 0);
     INSERT INTO split SELECT 1, id, CASE WHEN id <= 5 THEN 'train' ELSE 'test' END FROM location WHERE lat_deg IS NOT NULL"

expect 0 gdje-stats --size 16
[ "$(cut -f1,6 out)" = 'channel	n_images
R	9
G	9
B	9' ] || die "table"
cp out first
is "$(sql "SELECT count(*), count(DISTINCT content_sha256) FROM stats WHERE size_px = 16 AND std BETWEEN 0.05 AND 0.4 AND mean BETWEEN 0.3 AND 0.7")" '3|1'
expect 0 gdje-stats --size 16
says 'up to date'
diff first out || die "another table"
for threads in 1 2 3 7; do
    sql "DELETE FROM stats; DELETE FROM stage WHERE name LIKE 'stats%'"
    expect 0 gdje-stats --size 16 -j $threads
    cmp first out || die "threads change results"
done
# another picture matters where it is in the train part
change() { sql "UPDATE image_hash SET sha256 = sha256 || 'x' WHERE image_id = (SELECT id FROM image WHERE location_id = $1 LIMIT 1)"; }
change 7
expect 0 gdje-stats --size 16
says 'up to date'
change 2
expect 0 gdje-stats --size 16
absent 'up to date' err
sql "UPDATE image_hash SET sha256 = rtrim(sha256, 'x')"
expect 0 gdje-stats --size 20
fails 3 "no split 'nothing'" gdje-stats --split nothing

# the pack: 9 locations, one of them to be predicted, views up to 270
expect 0 gdje-pack --size 16 -o p.pack
says 'packed 9 locations of up to 4 views at 16 px'
[ "$(wc -c <p.pack)" -eq $((4096 + 9 * 4 * 16 * 16 * 3)) ] || die "size"
sum=$(sha256sum <p.pack)
touch -d 2020-01-01 p.pack
expect 0 gdje-pack --size 16 -o p.pack
says 'up to date'
[ "$(find p.pack -newermt 2020-06-01)" = '' ] || die "touched"
expect 0 gdje-pack --size 16 -o other.pack -j 1
[ "$(sha256sum <other.pack)" = "$sum" ] || die "threads change the pack"
says 'as pixels, about'
expect 0 gdje-pack -o p.pack --verify
says 'is whole: 9 locations, 4 views, 16 px'
printf '\377\377' | dd of=p.pack bs=1 seek=5000 conv=notrunc 2>dd.log
printf '\377\377' | dd of=p.pack bs=1 seek=$((4096 + 5 * 3072)) conv=notrunc 2>dd.log
fails 3 "2 of 9 records of pack 'p.pack' are damaged" gdje-pack -o p.pack --verify
says 'record 0 (location 1) has crc32c'
says 'record 5 (location 6) has crc32c'
# another size is another file: only by force
expect 2 gdje-pack --size 8 -o p.pack
expect 0 gdje-pack --size 8 -o p.pack --force
expect 2 gdje-pack --size 16 -o set.csv
grep -q '^uuid' set.csv || die "overwritten"
expect 3 gdje-pack -o set.csv --verify
expect 3 gdje-pack -o nowhere --verify

# decoded reduced, and as JPEGs: other packs, which do not take each other for current
expect 0 gdje-pack --size 8 -o p.pack
says 'up to date'
fails 2 'holds something else' gdje-pack --size 8 --fast -o p.pack
expect 0 gdje-pack --size 8 --fast -o fast.pack
says 'at 8 px, reduced into'
expect 0 gdje-pack --size 8 --fast -o fast.pack
says 'up to date'
expect 0 gdje-pack -o fast.pack --verify
says 'is whole: 9 locations, 4 views, 8 px, reduced'
fails 2 'holds something else' gdje-pack --size 8 -o fast.pack
expect 0 gdje-pack --jpeg -o jpeg.pack
says 'at 256 px, JPEG 90 into'
expect 0 gdje-pack --jpeg --size 256 -o jpeg.pack
says 'up to date'
expect 0 gdje-pack -o jpeg.pack --verify
says 'is whole: 9 locations, 4 views, 256 px, JPEG 90'
expect 0 gdje-pack --jpeg -o one.pack -j 1
cmp jpeg.pack one.pack || die "threads change a pack of JPEGs"
gdje-pack -q --size 256 -o pixels.pack
[ "$(wc -c <jpeg.pack)" -lt $(($(wc -c <pixels.pack) / 4)) ] || die "JPEGs are large"
printf '\377\377' | dd of=one.pack bs=1 seek=5000 conv=notrunc 2>dd.log
fails 3 '1 of 9 records' gdje-pack -o one.pack --verify
head -c 9000 jpeg.pack >one.pack
fails 3 'its header says' gdje-pack -o one.pack --verify
rm one.pack pixels.pack fast.pack

# more pictures: the records of the others are copied, and the result is as if made anew
mkdir -p more/m && cp "$data/full.jpg" more/m/0.jpg
gdje-import -q --images more --to-predict >/dev/null
gdje-hash -q >/dev/null
expect 0 gdje-pack --size 8 -o p.pack
says 'packed 10 locations'
says '9 of them were copied'
expect 0 gdje-pack --size 8 -o q.pack
if grep -q copied err; then die "copied from nowhere"; fi
expect 0 gdje-pack --jpeg -o jpeg.pack
says '9 of them were copied'
gdje-pack -q --jpeg -o fresh.pack
cmp jpeg.pack fresh.pack || die "a copied pack of JPEGs is another"
mv fresh.pack r.pack.tmp.99999999
truncate -s -3000 r.pack.tmp.99999999 # the last record was being written
expect 0 gdje-pack --jpeg -o r.pack
says '9 of them were copied'
cmp jpeg.pack r.pack || die "a resumed pack of JPEGs is another"
rm r.pack
cmp p.pack q.pack || die "a copied pack is another"
# what a killed run left: half of the records are as they were, one is torn, one never written
mv q.pack q.pack.tmp.99999999
printf '\377' | dd of=q.pack.tmp.99999999 bs=1 seek=4100 conv=notrunc 2>dd.log
head -c 32 /dev/zero | dd of=q.pack.tmp.99999999 bs=1 seek=$((128 + 2 * 40 + 8)) count=32 conv=notrunc 2>dd.log
head -c 32 /dev/zero | dd of=q.pack.tmp.99999999 bs=1 seek=96 conv=notrunc 2>dd.log
: >q.pack.tmp.notes
expect 0 gdje-pack --size 8 -o q.pack
says '8 of them were copied'
cmp p.pack q.pack || die "a resumed pack is another"
[ "$(echo q.pack*)" = "q.pack q.pack.tmp.notes" ] || die "left behind, or too much removed"
rm q.pack*

# more than the disk holds: told before anything is written
cp $db work/large.gpkg
sqlite3 work/large.gpkg "CREATE TEMP TABLE n AS WITH RECURSIVE t(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM t WHERE i < 300000)
        SELECT i FROM t;
    INSERT INTO image (id, location_id, view, path, state) SELECT i, i, 0, path, state FROM n, image WHERE id = 3;
    INSERT INTO image_hash (image_id, sha256, dhash, width, height, n_bytes, mtime_ns, state)
        SELECT i, sha256, dhash, width, height, n_bytes, mtime_ns, state FROM n, image_hash WHERE image_id = 3"
fails 4 "'q.pack' would take 15 TB, its disk has room for" gdje-pack --catalog work/large.gpkg --size 2048 -o q.pack
says 'as pixels, about'
[ "$(find . -name 'q.pack*')" = '' ] || die "left behind"

# a picture that is not what was hashed
cp "$data/progressive.jpg" set/1/0.jpg
fails 3 "set/1/0.jpg' is changed since it was hashed: run gdje-hash again" gdje-pack --size 12 -o q.pack
expect 3 gdje-stats --size 12
is "$(sql 'SELECT count(*) FROM stats WHERE size_px = 12')" 0
rm set/1/0.jpg
fails 3 'is gone since' gdje-pack --size 12 -o q.pack
[ "$(find . -name 'q.pack*')" = '' ] || die "left behind"

# where nothing can be written
expect 3 gdje-pack --size 16 -o nowhere/q.pack
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod a-w locked
    expect 4 gdje-pack --size 16 -o locked/q.pack
fi
expect 2 gdje-stats --size 0
expect 2 gdje-pack --size 99999 -o q.pack
expect 0 gdje-stats --help
expect 0 gdje-pack --help
