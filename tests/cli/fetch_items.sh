#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch with the providers of single pictures, against gdje-demo: by points, by area, what they
# refuse, whom to name, and that the token is seen nowhere.
set -eu
. "$ROOT/tests/cli/lib.sh"
token=MLY-7-VERY-SECRET-token9
area=15.9,45.75,16.05,45.8
printf '%s\n' "$token" >token
printf 'MLY-another\n' >wrong
chmod 600 token wrong
serve demo --key-file token
serve open # Panoramax has no keys
m="--provider mapillary --base-url $(cat demo.url)"
p="--provider panoramax --base-url $(cat open.url) --rate 1000 --connections 8"
states() {
    sql "SELECT count(*) FROM request WHERE state = '$1'" "$2"
}

# shellcheck disable=SC2086 # $m and $p are options with their values
{
    # what is wrong is known before anything is asked
    fails 2 "set MAPILLARY_TOKEN or give --key-file" gdje-fetch --catalog m.gpkg $m --area $area
    fails 2 "is not west,south,east,north" gdje-fetch --catalog m.gpkg $m --key-file token --area 2,2,1,1.5
    fails 3 "no-such-border" gdje-fetch --catalog m.gpkg $m --key-file token --area no-such-border.shp
    fails 2 "takes no key" gdje-fetch --catalog p.gpkg $p --key-file token
    fails 2 "at most" gdje-fetch --catalog m.gpkg $m --key-file token --radius 2001
    fails 2 "lists no pictures" gdje-fetch --catalog m.gpkg --provider demo --base-url http://127.0.0.1:1 --area $area
    fails 2 "a key is sent by https" gdje-fetch --catalog m.gpkg --provider mapillary --key-file token --base-url http://example.invalid --area $area
    absent -q . out

    # a refused token: at once, the survey as it was
    fails 5 "refuses the key" gdje-fetch --catalog m.gpkg $m --key-file wrong --area $area
    is "$(sql "SELECT count(*) FROM survey_box WHERE state <> 'queued' OR attempts > 0" m.gpkg)" 0
    is "$(sql "SELECT count(*) FROM request" m.gpkg)" 0

    # the survey, then pictures; another run does the rest and lists nothing again
    gdje-fetch --catalog m.gpkg $m --key-file token --area $area --dry-run >plan
    grep -q "^boxes of the survey, at least${tab}[1-9]" plan
    expect 0 gdje-fetch --catalog m.gpkg $m --key-file token --area $area --size 64 --limit 3
    says "pictures queued"
    is "$(($(states 'done' m.gpkg) + $(states failed m.gpkg)))" 3
    gdje-fetch --catalog m.gpkg --status >status
    grep -q "^survey boxes done${tab}mapillary $area${tab}[1-9]" status
    n=$(sql "SELECT count(*) FROM request" m.gpkg)
    MAPILLARY_TOKEN=$token expect 0 gdje-fetch --catalog m.gpkg $m --area $area --size 64 -v
    absent -q "survey:" err
    is "$(sql "SELECT count(*) FROM request" m.gpkg)" "$n"
    is "$(states queued m.gpkg)" 0
    is "$(sql "SELECT count(*) FROM request WHERE state = 'failed' AND last_error NOT LIKE '%heading%'" m.gpkg)" 0
    is "$(find images -name '*.jpg' | wc -l)" "$(sql "SELECT count(*) FROM image" m.gpkg)"
    is "$(sql "SELECT count(*) FROM image WHERE view = CAST(round(heading_deg / 90) AS INTEGER) % 4" m.gpkg)" \
        "$(sql "SELECT count(*) FROM image" m.gpkg)"
    is "$(sql "SELECT count(*) FROM location WHERE licence = 'CC BY-SA 4.0' AND captured LIKE '20__-__' AND
        group_key LIKE 'mapillary:%' AND group_key NOT LIKE '%' || pano_id" m.gpkg)" "$(states 'done' m.gpkg)"
    gdje-fetch --catalog m.gpkg --credits >credits
    is "$(grep -c "^mapillary${tab}.*, https://www.mapillary.com/app/?pKey=[0-9]*${tab}CC BY-SA 4.0${tab}1$" credits)" \
        "$(states 'done' m.gpkg)"
    rm -r images

    # inside a border, sparsely: what is near a picture that is there already is not even asked for
    cat >land.geojson <<END
{"type":"Polygon","coordinates":[[[15.9,45.75],[16.0,45.75],[15.9,45.8],[15.9,45.75]]]}
END
    expect 0 gdje-fetch --catalog p.gpkg $p --area land.geojson --size 64 --min-distance 300
    is "$(sql "SELECT count(*) FROM request WHERE (lon_deg - 15.9) / 0.1 + (lat_deg - 45.75) / 0.05 > 1.00001" p.gpkg)" 0
    [ "$(states 'done' p.gpkg)" -gt 0 ]
    [ "$(sql "SELECT sum(n_requests) FROM spend WHERE kind = 'metadata'" p.gpkg)" -lt \
        "$(sql "SELECT count(*) FROM request" p.gpkg)" ]
    gdje-fetch --catalog p.gpkg --credits | grep -q "^panoramax${tab}.*/#focus=pic&pic=.*${tab}[a-zA-Z].*${tab}1$"

    # points, as for any provider
    gdje-sample --border land.geojson --catalog q.gpkg --count 5 -q
    expect 0 gdje-fetch --catalog q.gpkg $p --size 64 --radius 1000
    is "$(states queued q.gpkg)" 0
}
rm token
if grep -rl -e "$token" . | grep -v '^$'; then
    die "the token is in these files"
fi
