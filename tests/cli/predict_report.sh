#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-report: the page stands alone, its script runs, names from the catalog cannot break out.
set -eu
. "$ROOT/tests/cli/lib.sh"
fixture=$BUILD/tests/cli/predict_fixture

"$fixture" --border "$border" --predictions --photos --hostile --count 700 evil
"$fixture" --border "$border" --count 60 bare
"$fixture" --border "$border" --predictions --demo --count 300 demo

# what is missing is named, with the tool that makes it
fails 3 'run gdje-predict first' gdje-eval --catalog bare/catalog.gpkg
fails 3 'run gdje-predict first' gdje-report --catalog bare/catalog.gpkg -o r.html
fails 3 'run gdje-eval first' gdje-report --catalog demo/catalog.gpkg --border "$border" -o r.html
fails 3 "no run 'other'" gdje-report --catalog demo/catalog.gpkg --run other -o r.html
fails 3 "no catalog 'none.gpkg'" gdje-report --catalog none.gpkg -o r.html
fails 2 'give -o FILE' gdje-report --catalog demo/catalog.gpkg
[ ! -e r.html ]

gdje-eval --catalog evil/catalog.gpkg -q >evil.tsv
grep -q 'region_.*:mean_km' evil.tsv # classes that share a name
gdje-eval --catalog demo/catalog.gpkg -q >demo.tsv
gdje-report --catalog evil/catalog.gpkg --border "$border" -o evil.html -q
gdje-report --catalog demo/catalog.gpkg --border none --lines 7 --photos 2 -o demo.html -q

# again: refused, then replaced; a page that cannot be written leaves nothing
fails 2 'give --force' gdje-report --catalog demo/catalog.gpkg --border none -o demo.html
cp demo.html before.html
gdje-report --catalog demo/catalog.gpkg --border none --lines 7 --photos 2 -o demo.html -q --force
cmp before.html demo.html
fails 3 "cannot create 'no/such/r.html'" gdje-report --catalog demo/catalog.gpkg --border none -o no/such/r.html
fails 3 "'none.shp'" gdje-report --catalog demo/catalog.gpkg --border none.shp -o r.html
[ ! -e r.html ]
[ "$(find . -name '*.tmp.*' | wc -l)" -eq 0 ]

# demo data are called so, other data are not
grep -q 'say nothing about real photos' demo.html
absent 'say nothing about real' evil.html
grep -q '7 of 30 predictions are drawn' demo.html

# nothing from the catalog is markup: no tag of ours is called img with an onerror
absent '<img src=x' evil.html
absent -i 'onerror="document' evil.html
[ "$(grep -c '</script>' evil.html)" -eq "$(grep -o '<script' evil.html | wc -l)" ]
# nothing is loaded from anywhere, and the page's policy forbids it
grep -q "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-" evil.html
absent '<link' evil.html
grep -ohE 'src="[^"]{0,20}' evil.html demo.html >loaded
[ "$(wc -l <loaded)" -gt 20 ]
sed -i '/^src="data:image\/jpeg/d' loaded
absent . loaded
[ "$(wc -c <evil.html)" -lt 2000000 ]

# a country on both sides of 180 is one country on the map: all lines are near each other
cp -r demo moved
sql "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_master WHERE type = 'trigger'" moved/catalog.gpkg |
    sqlite3 moved/catalog.gpkg # those of the R-trees need functions of GDAL's
for table in location prediction; do
    sql "UPDATE $table SET lon_deg = lon_deg + CASE WHEN lon_deg < 16.5 THEN 163.5 ELSE -196.5 END" moved/catalog.gpkg
done
gdje-report --catalog moved/catalog.gpkg --border none --photos 0 -o moved.html -q
sed -n '/"lines":\[/,/\]\]/p' moved.html | grep -oE '^\[[0-9.,-]+' | tr -d '[' >lines
[ "$(wc -l <lines)" -ge 20 ]
awk -F, '{ for (k = 2; k <= 4; k += 2) { if (n++ == 0) { low = high = $k } low = $k < low ? $k : low; high = $k > high ? $k : high } }
    END { exit !(high - low < 10 && (high > 180 || low < -180)) }' lines || die 'the map is torn at 180'

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo 'skip: the browser part of predict_report: no chromium'
    exit 0
}
dom() {
    "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom \
        --enable-logging=stderr --v=0 --virtual-time-budget=4000 "file://$PWD/$1" 2>console
}
dom evil.html >evil.dom
grep -q '<html[^>]* data-lines="70"' evil.dom
absent '<html[^>]* data-error=' evil.dom
absent '<title>broken' evil.dom
absent 'CONSOLE' console
grep -q 'u003c/script' evil.html
[ "$(grep -o 'class="error-line' evil.dom | wc -l)" -eq 70 ]
dom demo.html >demo.dom
grep -q '<html[^>]* data-lines="7"' demo.dom
absent 'CONSOLE' console
