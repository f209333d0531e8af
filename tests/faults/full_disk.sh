#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk that is full, and one that cannot be written at all, in the place of each product and of the
# catalog: one message with the object and the cause, exit 4, what was there stays, nothing half done.
set -eu
. "$ROOT/tests/cli/lib.sh"
if [ "${OWN_MOUNTS:-}" != 1 ]; then
    unshare -rm true 2>/dev/null || skip 'no mounts of our own here'
    OWN_MOUNTS=1 exec unshare -rm sh "$0"
fi
mkdir small ro
mount -t tmpfs -o size=1m none small 2>/dev/null || skip 'no tmpfs here'
mount -t tmpfs -o size=9m none ro
small_country
gdje-project -q >/dev/null
gdje-grid -q --border "$border" --spacing 120km >/dev/null
gdje-stats -q --size 16 >/dev/null
gdje-pack -q --size 16 -o work/p.gdje
train='gdje-train --pack work/p.gdje --epochs 1 --batch 6 -q'
$train --name r >/dev/null
best=work/run/r/best.safetensors
gdje-predict --checkpoint $best -q
gdje-eval -q >/dev/null

fill() { # all but so many KiB of the small disk
    rm -f small/filler
    room=$(df -k --output=avail small | tail -1)
    head -c $(((room - $1) * 1024)) /dev/zero >small/filler
}
left() { # nothing but the filler and what is named
    is "$(cd small && find . -type f ! -name filler | sort | tr '\n' ' ')" "$1" 'files left behind'
}

# --- products that do not fit
fill 100
fails 4 "'small/p.gdje' would take 2.0 MB, its disk has room for " gdje-pack --size 128 -o small/p.gdje
left ''
fill 0
fails 4 "'small/a.csv': No space left on device" gdje-predict --checkpoint $best -o small/a.csv
fails 4 "'small/r.html': No space left on device" gdje-report --border none -o small/r.html
fails 4 "'small/d.jpg': No space left on device" gdje-demo --border "$border" --render 45,16,0 -o small/d.jpg
left ''
for t in eval project 'split --name full'; do
    rc=0
    # shellcheck disable=SC2086 # a command with its options
    gdje-$t >small/out.tsv 2>err || rc=$?
    is $rc 4 "gdje-$t to a full disk"
    says 'cannot write standard output: No space left on device'
    rm small/out.tsv
done

# --- checkpoints that do not fit: the run stays where it was, and goes on elsewhere
fill 600
# shellcheck disable=SC2086 # a command with its options
expect 4 $train --name t --run-dir small/run
grep -q "error: cannot write '.*small/run/t/.*safetensors': No space left on device" err || die 'another message'
is "$(find small/run -name '*.safetensors*')" ''
rm -r small/run
# shellcheck disable=SC2086
expect 0 $train --name t

# --- a catalog on a full disk stays what it was
cp work/catalog.gpkg small/c.gpkg
fill 0
digest=$(sha256sum <small/c.gpkg)
place more a 45 16
in_catalog='--catalog small/c.gpkg'
for t in "split $in_catalog --name other" "project $in_catalog --name other" "eval $in_catalog --resamples 9" \
    "sample $in_catalog --border $border --count 500" "import $in_catalog --csv more.csv --images more"; do
    # shellcheck disable=SC2086
    expect 4 gdje-$t
    says "catalog 'small/c.gpkg': "
done
rm -f small/filler
is "$(sql 'PRAGMA integrity_check' small/c.gpkg)" ok 'integrity of the catalog'
is "$(sha256sum <small/c.gpkg)" "$digest" 'the catalog'
rm small/c.gpkg

# --- pictures until the disk is full: what is in the catalog is there, and more room continues it
serve demo
mkdir small/f
fetch="gdje-fetch --catalog small/f/c.gpkg --base-url $(cat demo.url) --size 320 -q"
gdje-sample --border "$border" --catalog small/f/c.gpkg --count 30 -q
# shellcheck disable=SC2086
{
    expect 4 $fetch
    is "$(wc -l <err)" 1 'messages'
    says 'error: '
    is "$(find small -name '*.tmp*')" ''
    is "$(sql 'SELECT count(*) FROM image' small/f/c.gpkg)" "$(find small/f/images -name '*.jpg' | wc -l)"
    mount -o remount,size=8m small
    expect 0 $fetch
}

# --- a disk that is read-only
cp work/catalog.gpkg ro/c.gpkg
mount -o remount,ro ro
for t in "pack --size 128 -o ro/p.gdje" "predict --checkpoint $best -o ro/a.csv" \
    "report --run r --border none -o ro/r.html" "train --pack work/p.gdje --name u --run-dir ro/run" \
    'split --catalog ro/c.gpkg --name other' "sample --catalog ro/c.gpkg --border $border" \
    "sample --catalog ro/new/c.gpkg --border $border"; do
    # shellcheck disable=SC2086
    expect 4 gdje-$t
    is "$(grep -c ': error: .*ro/' err)" 1 "gdje-$t: messages"
done
