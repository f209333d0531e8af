#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-train from the command line: what is missing is named, a run killed at any moment goes on to
# the same bytes, a finished one is left alone, a full disk and a stopped run say what they are.
# shellcheck disable=SC2086 # $train is a command with its options
set -eu
. "$ROOT/tests/cli/lib.sh"

# --- a small country, each tool asked for before it was run --------------------------------------------
train='gdje-train --pack work/p.gdje --name r --epochs 3 --batch 6 --threads 1 --save-every 0'
fails 2 'pack is required' gdje-train
expect 2 gdje-train --pack x --name ../x
expect 2 $train --precision f16
fails 3 'there is no catalog' $train
small_country
fails 3 "there is no pack 'work/p.gdje': run gdje-pack first" $train
gdje-pack -q --size 16 -o work/p.gdje >/dev/null 2>&1
fails 3 'run gdje-grid first' $train
fails 3 'run gdje-project first' $train --task regression
gdje-project -q >/dev/null
gdje-grid -q --border "$ROOT/shapes/croatia.shp" --spacing 120km >/dev/null
fails 3 'run gdje-stats --split default --size 16' $train
gdje-stats -q --size 16 >/dev/null
fails 3 'run gdje-split first' $train --split other
fails 2 "unknown architecture 'vgg'" $train --arch vgg
expect 6 $train --backend cuda
mkdir other
sqlite3 "$db" ".backup other/catalog.gpkg"

# --- uninterrupted --------------------------------------------------------------------------------------
expect 0 $train
[ "$(wc -l <out)" -eq 4 ] || die "not a line per epoch"
[ "$(head -1 out)" = 'epoch	lr	train_loss	val_loss	val_acc	val_km	seconds	images_per_s' ] || die "heads"
says 'always guessing'
is "$(sql 'SELECT count(*) FROM epoch e JOIN run r ON r.id = e.run_id WHERE r.name = "r"')" 3

# --- killed as soon as an epoch was printed, again and again ---------------------------------------------
other="$train --catalog other/catalog.gpkg"
mkfifo lines
for epoch in 1 2; do
    $other -q >lines 2>err &
    pid=$!
    exec 3<lines
    read -r line <&3
    read -r line <&3
    kill -9 $pid
    wait $pid 2>/dev/null || true
    exec 3<&-
    [ "${line%%	*}" = $epoch ] || die "epoch $epoch was not the first printed: $line"
done
expect 0 $other
says 'goes on after epoch 2'
cmp work/run/r/best.safetensors other/run/r/best.safetensors || die "other best weights"
cmp work/run/r/last.safetensors other/run/r/last.safetensors || die "other last weights"
for db in work/catalog.gpkg other/catalog.gpkg; do
    sql 'SELECT epoch, train_loss, val_loss, val_km FROM epoch; SELECT best_epoch, best_val_km, test_km, state FROM run;
         SELECT kind, epoch, path, sha256 FROM checkpoint' >"${db%%/*}.rows"
done
diff work.rows other.rows || die "other rows"
db=work/catalog.gpkg

# --- a pack of what the catalog had before ---------------------------------------------------------------
sqlite3 other/catalog.gpkg "UPDATE image_hash SET state = 'corrupt' WHERE image_id = 1"
fails 3 "pack 'work/p.gdje' is not of the pictures that the catalog has now: run gdje-pack again" $other
fails 3 "pack 'work/p.gdje' is not of the pictures that the catalog has now: run gdje-pack again" gdje-predict --checkpoint other/run/r/best.safetensors --catalog other/catalog.gpkg --pack work/p.gdje

# --- finished, changed, stopped ----------------------------------------------------------------------------
before=$(ls -l --time-style=full-iso work/run/r)
expect 0 $train
says 'up to date'
[ ! -s out ] || die "it printed epochs"
[ "$before" = "$(ls -l --time-style=full-iso work/run/r)" ] || die "it touched a file"
fails 2 'lr_head was 0.001, is 0.002' $train --lr-head 0.002
rc=0
(
    trap - TERM
    exec $train --lr-head 0.002 --restart --epochs 1000
) >lines 2>err &
pid=$!
read -r line <lines
kill -TERM $pid
wait $pid || rc=$?
[ $rc -eq 143 ] || die "a stopped run ended with $rc"
says "run 'r' stopped"
[ "$(grep -c 'begins anew' err)" -eq 1 ] || die "it does not say once that it begins anew"
is "$(sql 'SELECT state FROM run')" interrupted

# --- what cannot be written ---------------------------------------------------------------------------------
full $train --name full --epochs 1
: >file
fails 4 "'file'" $train --name f --run-dir file
