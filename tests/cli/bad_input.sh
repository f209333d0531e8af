#!/bin/sh
# SPDX-License-Identifier: MIT
# The same bad input for every tool: one line that names the object and the cause, the right exit
# code, nothing written. What only one tool can be given is tested beside that tool.
set -eu
border=$ROOT/shapes/croatia.shp
"$BUILD"/tests/cli/predict_fixture --border "$border" --predictions --photos --checkpoint 32 --count 60 w
c=w/catalog.gpkg
gdje-eval --catalog $c -q --resamples 10 >/dev/null
tools='sample fetch demo import hash split project grid stats pack train predict eval report'

die() {
    echo "$*"
    cat err
    exit 1
}
expect() { # exit code, what stderr says, tool and its arguments
    want=$1 says=$2 tool=$3
    shift 3
    rc=0
    timeout 60 "gdje-$tool" "$@" >out 2>err </dev/null || rc=$?
    [ $rc -eq "$want" ] || die "exit $rc instead of $want: gdje-$tool $*"
    [ -z "$says" ] || grep -qF -- "$says" err || die "does not say '$says': gdje-$tool $*"
    [ "$(grep -c ': error: ' err)" -eq "$((want > 0))" ] || die "not one error: gdje-$tool $*"
}
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
    expect 0 '' "$t" --help
    [ ! -s err ] || die "gdje-$t --help writes to standard error"
    grep -q "^Usage: gdje-$t " out || die "gdje-$t --help has no usage line"
    expect 0 '' "$t" --version
    grep -q "^gdje-$t " out || die "gdje-$t --version: $(head -1 out)"
    expect 2 "'--no-such-option'" "$t" --no-such-option
    [ ! -s out ] || die "gdje-$t --no-such-option writes to standard output"
    [ "$(sed -n 2p err)" = "try 'gdje-$t --help'" ] || die "gdje-$t gives no hint"
    expect 2 "'loud'" "$t" --progress loud
    for text in --help --version --man; do
        rc=0
        "gdje-$t" $text >/dev/full 2>err || rc=$?
        [ $rc -eq 4 ] || die "gdje-$t $text to a full disk: exit $rc"
        grep -q 'cannot write standard output' err || die "gdje-$t $text to a full disk"
    done
done

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
        expect 3 "there is no catalog 'none.gpkg'" "$t" --catalog none.gpkg $(args "$t")
        [ ! -e none.gpkg ] || die "gdje-$t makes a catalog"
        ;;
    esac
    # shellcheck disable=SC2046
    {
        expect 3 "'newer.gpkg' has schema version" "$t" --catalog newer.gpkg $(args "$t")
        expect 3 "'foreign.gpkg'" "$t" --catalog foreign.gpkg $(args "$t")
        expect 3 "'text.gpkg'" "$t" --catalog text.gpkg $(args "$t")
        expect 3 "'cut.gpkg'" "$t" --catalog cut.gpkg $(args "$t")
        expect 4 "'folder.gpkg'" "$t" --catalog folder.gpkg $(args "$t")
    }
    for product in p.gdje r.html; do
        [ ! -e $product ] || die "gdje-$t leaves $product"
    done
done
[ "$sum" = "$(cat ./*.gpkg places.csv 2>/dev/null | sha256sum)" ] || die "a bad catalog was written to"

# --- the border -------------------------------------------------------------------------------------
mkdir b
for x in shp shx dbf; do
    cp "$ROOT/shapes/croatia.$x" b/
done
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
    expect 3 "'b/croatia.shp' does not say its reference system" "$t" "$@" --border b/croatia.shp
    expect 3 "no file 'none.shp'" "$t" "$@" --border none.shp
    expect 3 "no file 'dangling'" "$t" "$@" --border dangling
    expect 3 "cannot read 'empty.geojson': " "$t" "$@" --border empty.geojson
    expect 3 "cannot read 'folder.gpkg': " "$t" "$@" --border folder.gpkg
    for product in new.gpkg url r.html; do
        [ ! -e $product ] || die "gdje-$t leaves $product"
    done
done
for t in sample grid project; do
    set --
    [ $t = project ] || set -- --border "$border"
    expect 2 "'EPSG:4326' is not projected" $t --catalog $c "$@" --crs EPSG:4326
    expect 2 "'EPSG:99999'" $t --catalog $c "$@" --crs EPSG:99999
done

# --- products ---------------------------------------------------------------------------------------
gdje-hash --catalog $c -q >/dev/null
for t in pack report predict; do
    # shellcheck disable=SC2046
    set -- --catalog $c $(args $t | sed 's/ -o .*//')
    for o in none/x dangling/x places.csv/x; do
        expect 3 "'$o'" $t "$@" -o $o
    done
    expect 2 "'places.csv' exists" $t "$@" -o places.csv
    expect 2 "'b' exists" $t "$@" -o b
    expect 3 "'b'" $t "$@" -o b --force
    [ -z "$(find . -name '*.tmp*')" ] || die "gdje-$t leaves half a file"
done
[ "$(wc -l <places.csv)" -eq 2 ] || die 'a file was overwritten'
for t in split project grid stats hash eval; do
    rc=0
    # shellcheck disable=SC2046
    "gdje-$t" --catalog $c $(args $t) >/dev/full 2>err || rc=$?
    [ $rc -eq 4 ] || die "gdje-$t to a full disk: exit $rc"
done
