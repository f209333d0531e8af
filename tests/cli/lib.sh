# shellcheck shell=sh disable=SC2034 # its variables are for the scripts that source it
# SPDX-License-Identifier: MIT
# What the scripts in tests/cli and tests/faults share; each begins with
#
#     set -eu
#     . "$ROOT/tests/cli/lib.sh"
#
# They run in an empty directory of their own (tests/run.sh), so that names need no prefix. A command
# run by `expect` or `fails` leaves its standard output in out and its standard error in err.

border=$ROOT/shapes/croatia.shp
jpg=$ROOT/tests/data/image/plain.jpg
db=work/catalog.gpkg
tab=$(printf '\t')

# die WORDS...: the test fails
die() {
    echo "FAIL: $*"
    tail -n 20 out err 2>/dev/null || :
    exit 1
}

# skip REASON: the test cannot be done here
skip() {
    echo "skip: $*"
    exit 77
}

# expect CODE COMMAND...: it ends with this exit code; what it says is also added to all.log
expect() {
    want=$1
    shift
    rc=0
    "$@" >out 2>err || rc=$?
    cat err >>all.log
    [ $rc -eq "$want" ] || die "exit $rc instead of $want: $*"
}

# says WORDS: these very words are on standard error
says() {
    grep -qF -e "$1" err || die "it does not say '$1'"
}

# fails CODE WORDS COMMAND...: refused with this exit code and these words in a single error, and
# nothing on standard output
fails() {
    want=$1 words=$2
    shift 2
    expect "$want" "$@"
    says "$words"
    [ "$want" -eq 1 ] || [ "$(grep -c ': error: ' err)" -eq 1 ] || die "not one error: $*"
    [ ! -s out ] || die "a product in spite of the error: $*"
}

# is GOT WANTED [WHAT]
is() {
    [ "$1" = "$2" ] || die "${3:+$3: }'$1' instead of '$2'"
}

# absent GREP-ARGUMENTS...: grep finds nothing (under set -e, `! grep` would check nothing)
absent() {
    if grep "$@"; then
        die "there is '$*'"
    fi
}

# full COMMAND...: standard output is a full disk, which is told by exit code and message
full() {
    rc=0
    "$@" >/dev/full 2>err || rc=$?
    [ $rc -eq 4 ] || die "exit $rc instead of 4 with a full standard output: $*"
    says 'cannot write standard output'
}

# capped BLOCKS COMMAND...: no file may grow beyond so many blocks of 512 bytes, which is what a full
# disk looks like
capped() (
    trap '' XFSZ
    ulimit -f "$1"
    shift
    exec "$@"
)

# sql QUERY [CATALOG]
sql() {
    sqlite3 "${2:-$db}" "$1"
}

# place SET ID LAT LON: one more place with a photo, in SET.csv and SET/ID/0.jpg
place() {
    [ -e "$1.csv" ] || echo uuid,latitude,longitude >"$1.csv"
    echo "$2,$3,$4" >>"$1.csv"
    mkdir -p "$1/$2"
    cp "$jpg" "$1/$2/0.jpg"
}

# small_country: twenty places with two photos each, imported, hashed and split. Copies of a picture
# are one group: the split is set by hand, so that there are three parts.
small_country() {
    echo uuid,latitude,longitude >set.csv
    i=0
    for lat in 45.1 45.4 45.7 46.0; do
        for lon in 15.5 16.0 16.5 17.0 17.5; do
            i=$((i + 1))
            place set $i $lat $lon
            [ $((i % 2)) -eq 0 ] || cp "$ROOT/tests/data/image/progressive.jpg" set/$i/0.jpg
            cp "$ROOT/tests/data/image/full.jpg" set/$i/90.jpg
        done
    done
    gdje-import -q --csv set.csv --images set >/dev/null
    gdje-hash -q >/dev/null
    sql "INSERT INTO split_scheme (id, name, method, ratios, seed) VALUES (1, 'default', 'file', '1', 0);
         INSERT INTO split SELECT 1, id, CASE id % 5 WHEN 0 THEN 'val' WHEN 1 THEN 'test' ELSE 'train' END
         FROM location"
}

# serve NAME OPTION...: gdje-demo in the background, its address in NAME.url and its process in
# $server, what it says in NAME.log; it ends with the script
servers=
serve() {
    name=$1
    shift
    gdje-demo --border "$border" --threads 1 --url-file "$name.url" --idle-exit 300 "$@" \
        >"$name.out" 2>"$name.log" &
    server=$!
    servers="$servers $server"
    for _ in $(seq 300); do
        [ ! -s "$name.url" ] || [ ! -s "$name.out" ] || return 0
        sleep 0.1
    done
    die "no server: $(cat "$name.log")"
}
# shellcheck disable=SC2086 # several process numbers
trap '[ -z "$servers" ] || kill $servers 2>/dev/null || :; wait' EXIT

# fetched DIR: what gdje-fetch has brought into DIR/c.gpkg; the same, however it came about
fetched() {
    (cd "$1" && find images -type f | LC_ALL=C sort | xargs sha256sum)
    sql "
        SELECT r.id, r.state, r.pano_id, l.uuid, hex(l.geom), l.captured, l.copyright, l.group_key
        FROM request r LEFT JOIN location l ON l.id = r.location_id ORDER BY r.id;
        SELECT l.uuid, i.view, i.path, i.n_bytes, i.state
        FROM image i JOIN location l ON l.id = i.location_id ORDER BY l.uuid, i.view;" "$1/c.gpkg"
}
