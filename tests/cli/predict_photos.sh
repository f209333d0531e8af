#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-predict: photos, folders and stdin; the catalog; batches; what cannot be read.
set -eu
. "$ROOT/tests/cli/lib.sh"
fixture=$BUILD/tests/cli/predict_fixture

near() { # two CSV files of the same places, to a metre
    [ "$(wc -l <"$1")" -eq "$(wc -l <"$2")" ]
    paste -d, "$1" "$2" | awk -F, 'NR > 1 && ($1 != $4 || ($2 - $5) ^ 2 > 1e-10 || ($3 - $6) ^ 2 > 1e-10) {
        print "differs: " $0; bad = 1} END {exit bad}'
}

"$fixture" --border "$border" --photos --checkpoint 32 --count 240 w
cp=w/best.safetensors
mkdir photos
cp -r w/images photos/set

# a folder of locations, the same by names on stdin, the same by single folders
gdje-predict --checkpoint $cp photos/set >set.csv
is "$(head -1 set.csv)" uuid,latitude,longitude
[ "$(wc -l <set.csv)" -eq 49 ]
grep -qE '^000008,4[2-6]\.[0-9]{7},1[3-9]\.[0-9]{7}$' set.csv
find photos/set -mindepth 1 -maxdepth 1 | sort | gdje-predict --checkpoint $cp - >stdin.csv
near set.csv stdin.csv
gdje-predict --checkpoint $cp photos/set --batch 1 -o batch1.csv
gdje-predict --checkpoint $cp photos/set --batch 32 -j 2 -o batch32.csv
near set.csv batch1.csv
near batch1.csv batch32.csv
[ ! -e work ]

# one photo stands for all directions, as if four copies had been given
mkdir same
for v in 0 90 180 270; do cp photos/set/000008/90.jpg same/$v.jpg; done
gdje-predict --checkpoint $cp photos/set/000008/90.jpg | sed 's/^[^,]*/x/' >one.csv
gdje-predict --checkpoint $cp same/ | sed 's/^[^,]*/x/' >four.csv
near one.csv four.csv
gdje-predict --checkpoint $cp photos/set/000008/90.jpg same | cut -d, -f1 >names
printf 'uuid\nphotos/set/000008/90.jpg\nsame\n' | cmp - names

# any other folder: its photos are locations, its folders looked at alike; links do not lead in circles
mkdir -p album/trip/place album/nothing
cp photos/set/000008/0.jpg album/b.JPEG
cp photos/set/000008/90.jpg album/trip/a.jpg
cp photos/set/000008/180.jpg album/trip/place/180.jpg
cp photos/set/000008/270.jpg album/.hidden.jpg
echo text >album/notes.txt
ln -s .. album/trip/up
gdje-predict --checkpoint $cp album >album.csv
printf 'uuid\nalbum/b.JPEG\nalbum/trip/a.jpg\nplace\n' >want
cut -d, -f1 album.csv | cmp want -
gdje-predict --checkpoint $cp album/trip album/b.JPEG | sort >parts.csv
sort album.csv | cmp - parts.csv

# decoders differ, land and formats
for d in mean mode median; do
    gdje-predict --checkpoint $cp photos/set --decode $d -o $d.csv
done
if cmp -s mean.csv mode.csv || cmp -s mean.csv median.csv; then exit 1; fi
gdje-predict --checkpoint $cp photos/set --decode mean --top-classes 1 -o first.csv
near first.csv mode.csv
gdje-predict --checkpoint $cp photos/set --top 2 >top.csv
is "$(head -1 top.csv)" uuid,latitude,longitude,class_1,probability_1,class_2,probability_2
awk -F, 'NR > 1 && !(NF == 7 && $5 >= $7 && $5 <= 1) {exit 1}' top.csv
gdje-predict --checkpoint $cp photos/set --top 1 --format jsonl >top.jsonl
grep -qE '^\{"uuid": "000008", "latitude": 4[0-9.]+, "longitude": 1[0-9.]+, "top": \[\[[0-9]+, 0\.[0-9]+\]\]\}$' top.jsonl
gdje-predict --checkpoint $cp photos/set --land --border "$border" -o land.csv
[ "$(wc -l <land.csv)" -eq 49 ]

# photos that cannot be used: said, counted, the others answered
cp -r photos broken
head -c 1000 photos/set/000008/0.jpg >broken/set/000008/0.jpg
echo no picture >broken/set/000009/180.jpg
: >broken/set/000018/90.jpg
expect 1 gdje-predict --checkpoint $cp broken/set
says '3 of 48 locations skipped'
[ "$(wc -l <out)" -eq 46 ]
for u in 000008 000009 000018; do
    grep -q "warning: location '$u' skipped: .*$u" err
done
grep -q 'broken/set/000009/180.jpg.*JPEG' err

# wrong use, wrong files
fails 2 'give --checkpoint' gdje-predict photos/set
fails 2 'for the catalog' gdje-predict --checkpoint $cp --part test photos/set
fails 2 'none of auto' gdje-predict --checkpoint $cp --decode best photos/set
fails 2 "unknown backend 'tpu'" gdje-predict --checkpoint $cp --backend tpu photos/set
fails 3 "cannot open 'none.jpg'" gdje-predict --checkpoint $cp none.jpg
fails 3 "cannot open 'none.safetensors'" gdje-predict --checkpoint none.safetensors photos/set
mkdir empty
fails 3 "no photos in 'empty'" gdje-predict --checkpoint $cp empty
fails 3 'no photos were named' gdje-predict --checkpoint $cp - </dev/null
head -c 100000 $cp >cut.safetensors
fails 3 "cut.safetensors" gdje-predict --checkpoint cut.safetensors photos/set
cp photos/set/000008/0.jpg jpeg.safetensors
fails 3 "jpeg.safetensors" gdje-predict --checkpoint jpeg.safetensors photos/set
fails 3 "cannot create 'no/such.csv'" gdje-predict --checkpoint $cp photos/set/000008 -o no/such.csv
full gdje-predict --checkpoint $cp photos/set/000008
gdje-predict --help | grep -q 'next given one clockwise'

# the catalog
fails 3 'no catalog' gdje-predict --checkpoint $cp
fails 3 "no location in part 'fold7'" gdje-predict --checkpoint $cp --catalog w/catalog.gpkg --part fold7
gdje-predict --checkpoint $cp --catalog w/catalog.gpkg -o answers.csv 2>err
grep -q '48 locations predicted' err
[ "$(wc -l <answers.csv)" -eq 49 ]
gdje-predict --checkpoint $cp --catalog w/catalog.gpkg -o again.csv 2>err
grep -q 'up to date' err
cmp answers.csv again.csv
gdje-eval --catalog w/catalog.gpkg -q >s.tsv
grep -q '^test	median	mean_km' s.tsv
grep -q '^test	classifier	top10' s.tsv

# a checkpoint from elsewhere: every place with photos is answered on standard output, none stored
"$fixture" --border "$border" --checkpoint 32 --count 60 --hostile named
expect 1 gdje-predict --checkpoint named/best.safetensors --catalog w/catalog.gpkg -q
says "warning: catalog 'w/catalog.gpkg' has no run"
mv out foreign.csv
[ "$(wc -l <foreign.csv)" -eq 49 ]
gdje-predict --checkpoint $cp --catalog w/catalog.gpkg -o again2.csv 2>err
cmp answers.csv again2.csv

echo broken >w/images/000019/0.jpg
expect 1 gdje-predict --checkpoint $cp --catalog w/catalog.gpkg --part test
says '1 of 24 locations skipped'
grep -q 'images/000019/0.jpg.*JPEG' err
if command -v sqlite3 >/dev/null; then
    q() { sqlite3 w/catalog.gpkg "$1"; }
    is "$(q "SELECT group_concat(n) FROM (SELECT count(*) n FROM prediction GROUP BY part, decode)")" 23,23,23,24,24,24
    is "$(q "SELECT count(*) FROM prediction WHERE geom IS NULL OR error_km IS NULL OR top IS NULL")" 0
    [ "$(q "SELECT decode FROM decode_choice")" = "$(q "SELECT decode FROM prediction WHERE part = 'val'
        GROUP BY decode ORDER BY avg(error_km) LIMIT 1")" ]
fi

# places that are not known: predicted, no error, not scored
"$fixture" --border "$border" --photos --checkpoint 32 --count 60 --unknown some
gdje-predict --checkpoint some/best.safetensors --catalog some/catalog.gpkg -q --part unknown -o unknown.csv
[ "$(wc -l <unknown.csv)" -eq 7 ]
fails 3 'no predictions of places that are known' gdje-eval --catalog some/catalog.gpkg
gdje-predict --checkpoint some/best.safetensors --catalog some/catalog.gpkg -q
gdje-eval --catalog some/catalog.gpkg -q >some.tsv
is "$(cut -f1 some.tsv | sort -u | tr '\n' ' ')" 'part test val '

# another grid than that of the training
expect 0 gdje-predict --checkpoint w/best.safetensors \
    --catalog some/catalog.gpkg --part test
says 'not the one it was trained with'

# regression
"$fixture" --border "$border" --photos --checkpoint 32 --regression --count 60 reg
gdje-predict --checkpoint reg/best.safetensors --catalog reg/catalog.gpkg -q -o reg.csv
[ "$(wc -l <reg.csv)" -eq 13 ]
gdje-predict --checkpoint reg/best.safetensors --top 3 reg/images >reg2.csv
is "$(head -1 reg2.csv)" uuid,latitude,longitude
