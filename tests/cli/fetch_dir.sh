#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch --provider dir: data sets on disk into a catalog, by table and from a catalog.
set -eu
. "$ROOT/tests/cli/lib.sh"
one=11111111-2222-4333-8444-555555555551
two=11111111-2222-4333-8444-555555555552
picture() { # picture FILE NUMBER: JPEGs that differ in a comment
    printf '\377\330\377\376\000\006%04d' "$2" >"$1"
    tail -c +3 "$jpg" >>"$1"
}
set_up() {
    mkdir -p set/$one set/$two set/three
    echo uuid,latitude,longitude >set/train.csv
    n=0
    for id in $one $two three; do
        n=$((n + 1))
        echo "$id,45.$n,16.$n" >>set/train.csv
        for heading in 0 90 180 270; do
            picture "set/$id/$heading.jpg" "$n$heading"
        done
    done
}
dir() { # dir CATALOG OPTION...
    catalog=$1
    shift
    gdje-fetch --catalog "$catalog/c.gpkg" --provider dir "$@"
}
set_up
fails 2 "needs --base-url DIR" dir a
fails 3 "no-such" dir a --base-url no-such
mkdir empty && fails 3 "neither a .csv" dir a --base-url empty
echo uuid,latitude >empty/x.csv && fails 3 "no column 'longitude'" dir a --base-url empty
echo uuid,latitude,longitude >empty/x.csv && fails 3 "names no place" dir a --base-url empty
: >empty/y.csv && fails 3 "has 2 .csv files" dir a --base-url empty
absent -q . out

# everything, when nothing is queued: linked, verified, with its own names
[ "$(dir a --base-url set --dry-run)" = "locations${tab}3
images, at most${tab}12" ] || die "another estimate"
expect 0 dir a --base-url set
is "$(sql "SELECT group_concat(state, ' ') FROM request" a/c.gpkg)" "done done done"
is "$(sql "SELECT count(*) FROM image WHERE heading_deg = 90 * view" a/c.gpkg)" 12
cmp set/$one/90.jpg a/images/$one/90.jpg
is "$(stat -c %h a/images/$one/90.jpg)" 2 "links"
is "$(sql "SELECT lat_deg || ' ' || lon_deg FROM location WHERE uuid = '$two'" a/c.gpkg)" "45.2 16.2"
is "$(sql "SELECT pano_id FROM location WHERE uuid NOT IN ('$one', '$two')" a/c.gpkg)" set/three
expect 0 dir a --base-url set
says "0 of them new"

# points of the queue take the nearest place; others are left
mkdir b
printf '{"type":"Polygon","coordinates":[[[16.199,45.199],[16.201,45.199],[16.201,45.201],[16.199,45.199]]]}' >near.geojson
gdje-sample --catalog b/c.gpkg --border near.geojson --count 2 -q
expect 0 dir b --base-url set --radius 500
is "$(sql "SELECT group_concat(uuid) FROM location" b/c.gpkg)" $two
expect 0 dir b --base-url set --area 16.05,45.05,16.15,45.15
is "$(sql "SELECT count(*) FROM location" b/c.gpkg)" 2

# what is wrong with a place is told, and the rest is there: missing views, damage, no permission
rm set/$one/90.jpg set/$one/180.jpg set/$one/270.jpg
rm set/three/*.jpg
rm set/$two/180.jpg # or the linked file would change, too
head -c 400 "$jpg" >set/$two/180.jpg
expect 0 dir c --base-url set
is "$(sql "SELECT count(*) FROM image" c/c.gpkg)" 1
is "$(sql "SELECT last_error FROM request WHERE item = 'set/three'" c/c.gpkg)" \
    "'set/three' has none of 0.jpg, 90.jpg, 180.jpg, 270.jpg"
sql "SELECT last_error FROM request WHERE item = '$two'" c/c.gpkg | grep -q '^view 180: '
[ ! -e c/images/$two ] || die "half a location"
if [ "$(id -u)" -ne 0 ]; then
    chmod 000 set/$two/180.jpg
    expect 0 dir d --base-url set
    sql "SELECT last_error FROM request WHERE item = '$two'" d/c.gpkg | grep -q 'Permission denied'
fi

# the triggers of a feature table are for programs that know its geometry
for name in $(sql "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'location'" a/c.gpkg); do
    sql "DROP TRIGGER $name" a/c.gpkg
done
# what gdje-fetch wrote, from one catalog to another, with what is known of it
sql "UPDATE location SET captured = '2021-05', copyright = 'Ana', licence = 'CC0-1.0'" a/c.gpkg
expect 0 dir e --base-url "file://$PWD/a"
is "$(sql "SELECT count(*) FROM location WHERE captured = '2021-05' AND licence = 'CC0-1.0'" e/c.gpkg)" 3
is "$(sql "SELECT count(*) FROM image" e/c.gpkg)" 12
dir e --credits | grep -q "^dir${tab}Ana${tab}CC0-1.0${tab}3$"
# the same pictures under other names are duplicates; onto themselves they are not put
sql "UPDATE location SET uuid = 'x' || substr(uuid, 2), pano_id = NULL" a/c.gpkg
expect 0 dir e --base-url a --area 16,45,17,46
is "$(sql "SELECT count(*) FROM request WHERE state = 'duplicate'" e/c.gpkg)" 3
expect 0 gdje-fetch --catalog f.gpkg --provider dir --base-url e --images e/images
is "$(sql "SELECT count(*) FROM request WHERE state = 'failed' AND last_error LIKE '%where they would be put'" f.gpkg)" 3
is "$(find e/images -name '*.jpg' | wc -l)" 12

# another file system: copies
if [ -w /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d .)" ]; then
    far=$(mktemp -d /dev/shm/gdje-dir.XXXXXX)
    rc=0
    gdje-fetch --catalog g.gpkg --provider dir --base-url e --images "$far" -q || rc=$?
    n=$(find "$far" -name '*.jpg' | wc -l)
    rm -rf "$far"
    is "$rc $n" "0 12"
fi
