#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo as Mapillary and as Panoramax, asked by curl and by gdje-fetch.
set -eu
. "$ROOT/tests/cli/lib.sh"
command -v curl >/dev/null || skip "curl is not installed"

# get STATUS URL [CURL-OPTION...]: the answer is in body
get() {
    want=$1 url=$2
    shift 2
    is "$(curl -sS -o body -w '%{http_code}' "$@" "$url")" "$want" "$url"
}

# value NAME: the first text of that name in body
value() {
    grep -o "\"$1\":\"[^\"]*\"" body | head -n 1 | cut -d '"' -f 4
}

# width FILE: of a JPEG, from its frame header
width() {
    od -An -v -tx1 "$1" | tr -d ' \n' | sed -n 's/.*ffc0001108....\(....\).*/\1/p'
}

fails 2 '--density' gdje-demo --border "$border" --density 0
fails 2 '--density' gdje-demo --border "$border" --density 2001
fails 2 '--url-ttl' gdje-demo --border "$border" --url-ttl 0

# --- Mapillary: the token, a search, an image, its picture before and after it expires
box=bbox=15.95,45.75,16.04,45.84
echo 'MLY|1|secret' >token
chmod 600 token
serve one --key-file token --url-ttl 2 --density 300
u=$(cat one.url)
get 400 "$u/images?$box"
grep -q '"code":190' body || die "no token: $(cat body)"
get 200 "$u/images?$box&limit=3&fields=id,thumb_1024_url,camera_type" -H 'Authorization: OAuth MLY|1|secret'
id=$(value id)
get 200 "$(value thumb_1024_url)"
is "$(width body)" 0400 'the width of thumb_1024_url'
get 200 "$u/$id?access_token=MLY%7C1%7Csecret&fields=thumb_256_url"
thumb=$(value thumb_256_url)
is "${thumb%%/m1/*}" "$u"
get 200 "$thumb"
is "$(width body)" 0100 'the width of thumb_256_url'
get 403 "${thumb%?}x"
grep -q 'signature mismatch' body || die "$(cat body)"
sleep 2
get 403 "$thumb"
grep -q 'signature expired' body || die "$(cat body)"
get 400 "$u/images?bbox=15.9,45.7,16.0,45.8&access_token=MLY%7C1%7Csecret"
grep -q '0.01 square degrees' body || die "$(cat body)"
# no more than 2000 in an answer
get 200 "$u/images?$box&access_token=MLY%7C1%7Csecret"
is "$(grep -o '"id"' body | wc -l)" 2000
absent -F 'MLY|1|secret' one.log one.out

# --- Panoramax: no token
get 200 "$u/api/search?$box&limit=2"
cp body by_get
get 200 "$u/api/search" -H 'Content-Type: application/json' \
    -d '{"bbox": [15.95, 45.75, 16.04, 45.84], "limit": 2}'
cmp body by_get
get 400 "$u/api/search" -d '{"limit": 2}'
get 400 "$u/api/search?limit=10001"
is "$(value message)" 'Parameter limit must be either empty or a number between 1 and 10000'
cp by_get body
id=$(value id)
get 200 "$u/api/collections/$(value collection)/items/$id"
get 200 "$u/api/pictures/$id"
get 200 "$u/api/pictures/$id/thumb.jpg"
is "$(width body)" 01f4 'the width of thumb.jpg'
get 404 "$u/api/pictures/$id/large.jpg"
get 200 "$u/api/configuration"
is "$(value id)" CC-BY-SA-4.0
get 405 "$u/images?$box" -X POST
kill "$server"

# --- a quota, and addresses that have expired before their time
serve two --quota 1 --fault expired=0.5
u=$(cat two.url)
get 200 "$u/images?$box&fields=thumb_256_url"
grep -o 'http[^"]*' body | head -n 12 >urls
while read -r url; do
    curl -sS -o /dev/null -w '%{http_code}\n' "$url"
done <urls | sort | uniq -c >statuses
is "$(awk '{print $2}' statuses | tr '\n' ' ')" '200 403 429 ' "$(cat statuses)"
get 403 "$u/images?$box"
grep -q 'Application request limit reached' body || die "$(cat body)"
get 429 "$u/api/search"
kill "$server"

# --- gdje-fetch has all that the demo tells, whatever goes wrong on the way
serve plain
u=$(cat plain.url)
fetch() { # fetch DIR URL PROVIDER
    mkdir -p "$1"
    MAPILLARY_TOKEN=any expect 0 gdje-fetch --catalog "$1/c.gpkg" --provider "$3" --base-url "$2" \
        --area 15.96,45.76,16.02,45.81 --rate 1000 --tries 12 --stall 2 --progress none
}
# the box ends where a tile of the survey ends, but for rounding
fetch m "$u" mapillary
fetch p "$u" panoramax
get 200 "$u/images?bbox=15.96,45.76,16.02,45.81&fields=camera_type"
wanted=$(grep -o '"camera_type":"[ps]' body | wc -l)
[ "$wanted" -gt 5 ] || die "only $wanted pictures of Mapillary"
is "$(sql "SELECT count(*) FROM request WHERE state = 'done'" m/c.gpkg)" "$wanted" 'Mapillary'
get 200 "$u/api/search?bbox=15.96,45.76,16.02,45.81&limit=1000"
wanted=$(grep -o '"view:azimuth"' body | wc -l)
[ "$wanted" -gt 5 ] || die "only $wanted pictures of Panoramax"
is "$(sql "SELECT count(*) FROM request WHERE state = 'done'" p/c.gpkg)" "$wanted" 'Panoramax'
kill "$server"
wait "$server" || die "the demo ended with $?"
serve bad --port "${u##*:}" \
    --fault 503=0.05,cut=0.05,truncated=0.05,expired=0.1,types=0.03,duplicate=0.1,unknown-error=0.05
fetch bad/m "$u" mapillary
fetch bad/p "$u" panoramax
for which in m p; do
    fetched $which >expected
    fetched bad/$which >got
    cmp expected got || die "the catalog of $which differs: $(diff expected got)"
done
