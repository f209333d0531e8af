#!/bin/sh
# SPDX-License-Identifier: MIT
# Packs of reduced decoding and of JPEGs, through training and prediction: a checkpoint knows how its
# pictures were made, and photos are made into the same.
set -eu
. "$ROOT/tests/cli/lib.sh"
photos=$ROOT/tests/data/image

echo 'uuid,latitude,longitude' >set.csv
i=0
for lat in 45.1 45.4 45.7 46.0; do
    for lon in 15.5 16.5 17.5; do
        i=$((i + 1))
        mkdir -p set/$i
        cp "$photos/plain.jpg" set/$i/0.jpg
        [ $((i % 2)) -eq 0 ] || cp "$photos/progressive.jpg" set/$i/0.jpg
        cp "$photos/full.jpg" set/$i/90.jpg
        echo "$i,$lat,$lon" >>set.csv
    done
done
gdje-import -q --csv set.csv --images set >/dev/null
gdje-hash -q >/dev/null
sql "INSERT INTO split_scheme (id, name, method, ratios, seed) VALUES (1, 'default', 'file', '1', 0);
     INSERT INTO split SELECT 1, id, CASE id % 4 WHEN 0 THEN 'val' WHEN 1 THEN 'test' ELSE 'train' END FROM location"
gdje-project -q >/dev/null
gdje-grid -q --border "$border" --spacing 120km >/dev/null
gdje-stats -q --size 8 >/dev/null

for form in whole fast jpeg; do
    case $form in
    fast) options=--fast ;;
    jpeg) options=--jpeg ;;
    *) options= ;;
    esac
    # shellcheck disable=SC2086 # none, or one
    gdje-pack -q --size 8 $options -o $form.pack
    expect 0 gdje-train -q --pack $form.pack --name $form --epochs 1 --batch 4 --threads 1
    gdje-predict -q --checkpoint work/run/$form/best.safetensors --pack $form.pack --part test --force -o $form.packed
    gdje-predict -q --checkpoint work/run/$form/best.safetensors set/1 set/5 set/9 -o $form.photos
    paste -d, $form.packed $form.photos | awk -F, '$2 != $5 || $3 != $6 {exit 1}' || die "$form: photos are answered otherwise than the pack"
    [ "$(wc -l <$form.photos)" -eq 4 ] || die "answers"
done
cmp -s whole.photos jpeg.photos && die "JPEGs make no difference"

# a pack of another form is not taken; a run goes on with its own alone
expect 0 gdje-predict --checkpoint work/run/jpeg/best.safetensors --pack whole.pack --part test --force -o other.packed
says "pack 'whole.pack' holds 2 views of 8 px, the network takes 2 of 8 px, JPEG 90: reading the photos instead"
cmp other.packed jpeg.packed || die "the photos are answered otherwise"
expect 2 gdje-train -q --pack whole.pack --name jpeg --epochs 2 --batch 4 --threads 1

# the same bytes again from the same JPEGs
rm -r work/run/jpeg
expect 0 gdje-train -q --pack jpeg.pack --name jpeg --epochs 1 --batch 4 --threads 1 --restart
gdje-predict -q --checkpoint work/run/jpeg/best.safetensors --pack jpeg.pack --part test --force -o again.packed
cmp again.packed jpeg.packed || die "not the same again"

# a pack that is damaged where training reads it
printf '\377\377' | dd of=jpeg.pack bs=1 seek=5000 conv=notrunc 2>dd.log
expect 3 gdje-train -q --pack jpeg.pack --name damaged --epochs 1 --batch 4
says "pack 'jpeg.pack' is damaged: record"
