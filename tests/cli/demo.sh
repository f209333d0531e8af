#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-demo as a tool: its files, how it starts and ends, what it says when it cannot.
set -eu
border=$ROOT/shapes/croatia.shp
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || :' EXIT

fail() {
    echo "$*"
    exit 1
}

# expect CODE MESSAGE ARGS...: this exit code, and this on standard error
expect() {
    code=$1 message=$2
    shift 2
    rc=0
    gdje-demo "$@" >out 2>err || rc=$?
    [ "$rc" -eq "$code" ] || fail "gdje-demo $*: exit $rc, not $code: $(cat err)"
    grep -q -- "$message" err || fail "gdje-demo $*: said $(cat err)"
    [ ! -s out ] || fail "gdje-demo $*: wrote to standard output"
}

# start NAME ARGS...: a server in the background that has announced itself in NAME.url
start() {
    name=$1
    shift
    gdje-demo --border "$border" --threads 1 --url-file "$name.url" --pid-file "$name.pid" \
        --idle-exit 60s "$@" >"$name.out" 2>"$name.err" &
    server=$!
    i=0
    while [ ! -s "$name.url" ]; do
        i=$((i + 1))
        [ $i -lt 300 ] || fail "no server: $(cat "$name.err")"
        sleep 0.1
    done
}

# --- what it says when it cannot
expect 2 "unknown or ambiguous option" --no-such-option
expect 2 "unexpected argument" here
expect 2 "exclude each other" --render 45,16,0 --contact-sheet x.jpg -o y.jpg
expect 2 "needs --output" --render 45,16,0
expect 2 "goes with --render" -o x.jpg
expect 2 "not LAT,LON,HEADING" --border "$border" --render 45,16 -o x.jpg
expect 2 "not LAT,LON,HEADING" --border "$border" --render 45,16,0,0 -o x.jpg
expect 2 "not LAT,LON,HEADING" --border "$border" --render 95,16,0 -o x.jpg
expect 2 "--port" --port 65536
expect 3 "'none.shp'" --border none.shp
echo "no border" >bad.shp
expect 3 "'bad.shp'" --border bad.shp
expect 3 "'none'" --border "$border" --key-file none
echo key >open.key
chmod 644 open.key
expect 2 "open.key" --border "$border" --key-file open.key
echo "not base64!" >bad.key
chmod 600 bad.key
expect 3 "not URL-safe base64" --border "$border" --secret-file bad.key
grep -q "not base64!" err && fail "the secret is shown"
expect 2 "is not NAME=RATE" --border "$border" --fault 503
expect 2 "no fault '504'; --list-faults" --border "$border" --fault 504=0.1
expect 2 "the rate of '503'" --border "$border" --fault 503=2
expect 2 "add up to 1.2" --border "$border" --fault 503=0.6,stall=0.6
expect 2 "is for serving" --border "$border" --render 45,16,0 -o x.jpg --fault 503=0.1
# the message names what could not be written (ERR_INPUT: the user named a folder that is not there)
expect 3 "none/x.jpg" --border "$border" --render 45,16,0 -o none/x.jpg
[ -z "$(find . -name 'x.jpg*')" ] || fail "something was left behind"

# --- pictures: the same bytes again, and no overwriting
gdje-demo --border "$border" --render 43.51,16.5,180 -o a.jpg
gdje-demo --border "$border" --render 43.51,16.5,180 -o b.jpg
cmp a.jpg b.jpg
gdje-demo --border "$border" --render 43.51,16.5,180 -o a.jpg --force
gdje-demo --border "$border" --seed 2 --render 43.51,16.5,180 -o b.jpg --force
if cmp -s a.jpg b.jpg; then
    fail "another seed makes the same picture"
fi
expect 2 "'a.jpg' exists" --border "$border" --render 43.51,16.5,180 -o a.jpg
gdje-demo --border "$border" --contact-sheet sheet.jpg
[ -s sheet.jpg ]

# --- the faults by name
gdje-demo --list-faults >faults
[ "$(wc -l <faults)" -eq 22 ] || fail "there are $(wc -l <faults) faults"
cut -f 1 faults | grep -qx retry-after || fail "retry-after is not among $(cut -f 1 faults)"

# --- serving: one line on standard output, the same in the file
start first
first=$server
cmp first.url first.out
grep -qx 'http://127\.0\.0\.1:[0-9]*' first.url || fail "the address is $(cat first.url)"
[ "$(cat first.pid)" -eq "$first" ] || fail "the process is $first, not $(cat first.pid)"
port=$(sed 's/.*://' first.url)
expect 4 "cannot listen on 127.0.0.1:$port: " --border "$border" --port "$port"
if command -v curl >/dev/null; then
    url=$(cat first.url)/maps/api/streetview
    curl -sS "$url/metadata?location=45.8,16.0" | grep -q '"status" : "OK"' || fail "no panorama"
    curl -sS -o view.jpg "$url?location=45.8,16.0&size=320x320&return_error_code=true"
    file_size=$(wc -c <view.jpg)
    [ "$file_size" -gt 4000 ] || fail "a picture of $file_size bytes"
else
    echo "skip: curl is not installed, so nothing was asked of the server"
fi
kill -TERM "$first"
rc=0
wait "$first" || rc=$?
[ $rc -eq 0 ] || fail "terminated: exit $rc, not 0"
if [ -e first.url ] || [ -e first.pid ]; then
    fail "its files are still there"
fi
server=

# --- faults: the same in every run, and the next try of the same address draws anew
if command -v curl >/dev/null; then
    statuses() { # statuses NAME: of twelve requests, three for each of four addresses
        start "$1" --fault 503=0.3,429=0.2
        for i in 1 2 3 4 1 2 3 4 1 2 3 4; do
            curl -s -o body -w '%{http_code}\n' \
                "$(cat "$1.url")/maps/api/streetview/metadata?location=45.8,16.0&radius=$i"
        done >"$1.statuses"
        kill -TERM $server
        wait $server
        server=
    }
    statuses one
    statuses two
    cmp one.statuses two.statuses
    [ "$(sort -u one.statuses | wc -l)" -eq 3 ] || fail "statuses: $(cat one.statuses)"
fi

# --- a key, and the end by itself
echo secret >right.key
chmod 600 right.key
gdje-demo --border "$border" --idle-exit 200ms --key-file right.key >idle.out 2>idle.err
grep -q "no request for 0.2 s" idle.err || fail "idle: $(cat idle.err)"
if gdje-demo --border "$border" --idle-exit 10s >/dev/full 2>full.err; then
    fail "a full standard output went unnoticed"
fi
grep -q "cannot write standard output" full.err || fail "full: $(cat full.err)"
