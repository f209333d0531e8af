#!/bin/sh
# SPDX-License-Identifier: MIT
# The same bad input for every tool: one line that names the object and the cause, the right exit
# code, nothing written. What only one tool can be given is tested beside that tool.
set -eu
. "$ROOT/tests/cli/lib.sh"
"$BUILD"/tests/cli/predict_fixture --border "$border" --predictions --photos --checkpoint 32 --count 60 w
c=w/catalog.gpkg
gdje-eval --catalog $c -q --resamples 10 >/dev/null
tools='sample fetch demo import hash split project grid stats pack train predict eval report'

args() { # a tool's other arguments, good ones
    case $1 in
    sample) echo --border "$border" --count 70 ;;
    fetch) echo --base-url http://127.0.0.1:9 ;;
    import) echo --csv places.csv --images photos ;;
    grid) echo --border "$border" ;;
    pack) echo --size 32 -o p.gdje ;;
    train) echo --pack w/pack.gdje --name r ;;
    predict) echo --checkpoint w/best.safetensors ;;
    report) echo --border "$border" -o r.html ;;
    esac
}
printf 'uuid,latitude,longitude\na,45,16\n' >places.csv
mkdir -p photos/a
cp "$ROOT/tests/data/demo-contact-sheet.jpg" photos/a/0.jpg

# --- options ----------------------------------------------------------------------------------------
for t in $tools; do
    expect 0 "gdje-$t" --help
    [ ! -s err ] || die "gdje-$t --help writes to standard error"
    grep -q "^Usage: gdje-$t " out || die "gdje-$t --help has no usage line"
    expect 0 "gdje-$t" --version
    grep -q "^gdje-$t " out || die "gdje-$t --version: $(head -1 out)"
    fails 2 "'--no-such-option'" "gdje-$t" --no-such-option
    is "$(sed -n 2p err)" "try 'gdje-$t --help'"
    fails 2 "'loud'" "gdje-$t" --progress loud
    for text in --help --version --man; do
        full "gdje-$t" $text
    done
done
# a reader that has gone is no error to speak of
{
    sleep 0.2
    rc=0
    gdje-split --help 2>err || rc=$?
    echo $rc >code
} | true
is "$(cat code)" 141
[ ! -s err ] || die "a broken pipe is told"

# --- the catalog ------------------------------------------------------------------------------------
cp $c newer.gpkg
version=$(sqlite3 newer.gpkg 'PRAGMA user_version')
sqlite3 newer.gpkg "PRAGMA user_version = $((version + 1))"
sqlite3 foreign.gpkg 'CREATE TABLE t (x)'
echo 'not a database, only some text' >text.gpkg
head -c 20000 $c >cut.gpkg
mkdir folder.gpkg
sum=$(cat ./*.gpkg places.csv 2>/dev/null | sha256sum)
for t in $tools; do
    [ "$t" != demo ] || continue
    case $t in
    sample | import) ;; # these two make one
    *)
        # shellcheck disable=SC2046
        fails 3 "there is no catalog 'none.gpkg'" "gdje-$t" --catalog none.gpkg $(args "$t")
        [ ! -e none.gpkg ] || die "gdje-$t makes a catalog"
        ;;
    esac
    # shellcheck disable=SC2046
    {
        fails 3 "'newer.gpkg' has schema version" "gdje-$t" --catalog newer.gpkg $(args "$t")
        fails 3 "'foreign.gpkg'" "gdje-$t" --catalog foreign.gpkg $(args "$t")
        fails 3 "'text.gpkg'" "gdje-$t" --catalog text.gpkg $(args "$t")
        fails 3 "'cut.gpkg'" "gdje-$t" --catalog cut.gpkg $(args "$t")
        fails 4 "'folder.gpkg'" "gdje-$t" --catalog folder.gpkg $(args "$t")
    }
    for product in p.gdje r.html; do
        [ ! -e $product ] || die "gdje-$t leaves $product"
    done
done
[ "$sum" = "$(cat ./*.gpkg places.csv 2>/dev/null | sha256sum)" ] || die "a bad catalog was written to"

# --- the border -------------------------------------------------------------------------------------
mkdir b
: >empty.geojson
ln -s nowhere dangling
for t in sample demo grid predict report; do
    case $t in
    sample) set -- --catalog new.gpkg --count 3 ;;
    demo) set -- --url-file url --idle-exit 1 ;;
    grid) set -- --catalog $c ;;
    predict) set -- --catalog $c --checkpoint w/best.safetensors --land ;;
    report) set -- --catalog $c -o r.html ;;
    esac
    fails 3 "no file 'none.shp'" "gdje-$t" "$@" --border none.shp
    fails 3 "no file 'dangling'" "gdje-$t" "$@" --border dangling
    fails 3 "'empty.geojson' is empty" "gdje-$t" "$@" --border empty.geojson
    fails 3 "cannot read 'folder.gpkg': " "gdje-$t" "$@" --border folder.gpkg
    for product in new.gpkg url r.html; do
        [ ! -e $product ] || die "gdje-$t leaves $product"
    done
done
for t in sample grid project; do
    set --
    [ $t = project ] || set -- --border "$border"
    fails 2 "'EPSG:4326' is not projected" "gdje-$t" --catalog $c "$@" --crs EPSG:4326
    fails 2 "'EPSG:99999'" "gdje-$t" --catalog $c "$@" --crs EPSG:99999
done

# --- products ---------------------------------------------------------------------------------------
gdje-hash --catalog $c -q >/dev/null
for t in pack report predict; do
    # shellcheck disable=SC2046
    set -- --catalog $c $(args $t | sed 's/ -o .*//')
    for o in none/x dangling/x places.csv/x; do
        fails 3 "'$o'" "gdje-$t" "$@" -o $o
    done
    fails 2 "'places.csv' exists" "gdje-$t" "$@" -o places.csv
    fails 2 "'b' exists" "gdje-$t" "$@" -o b
    fails 3 "'b'" "gdje-$t" "$@" -o b --force
    [ -z "$(find . -name '*.tmp*')" ] || die "gdje-$t leaves half a file"
done
[ "$(wc -l <places.csv)" -eq 2 ] || die 'a file was overwritten'
for t in split project grid stats hash eval; do
    # shellcheck disable=SC2046
    full "gdje-$t" --catalog $c $(args $t)
done
