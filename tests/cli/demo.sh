#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-demo as a tool: its files, how it starts and ends, what it says when it cannot.
set -eu
. "$ROOT/tests/cli/lib.sh"

# --- what it says when it cannot
fails 2 "unknown option '--no-such-option'" gdje-demo --no-such-option
fails 2 "unexpected argument" gdje-demo here
fails 2 "exclude each other" gdje-demo --render 45,16,0 --contact-sheet x.jpg -o y.jpg
fails 2 "needs --output" gdje-demo --render 45,16,0
fails 2 "goes with --render" gdje-demo -o x.jpg
fails 2 "not LAT,LON,HEADING" gdje-demo --border "$border" --render 45,16 -o x.jpg
fails 2 "not LAT,LON,HEADING" gdje-demo --border "$border" --render 45,16,0,0 -o x.jpg
fails 2 "not LAT,LON,HEADING" gdje-demo --border "$border" --render 95,16,0 -o x.jpg
fails 2 "--port" gdje-demo --port 65536
fails 3 "'none.shp'" gdje-demo --border none.shp
echo "no border" >bad.shp
fails 3 "'bad.shp'" gdje-demo --border bad.shp
fails 3 "'none'" gdje-demo --border "$border" --key-file none
echo key >open.key
chmod 644 open.key
fails 2 "open.key" gdje-demo --border "$border" --key-file open.key
echo "not base64!" >bad.key
chmod 600 bad.key
fails 3 "not URL-safe base64" gdje-demo --border "$border" --secret-file bad.key
absent 'not base64!' err
fails 2 "is not NAME=RATE" gdje-demo --border "$border" --fault 503
fails 2 "no fault '504'; --list-faults" gdje-demo --border "$border" --fault 504=0.1
fails 2 "the rate of '503'" gdje-demo --border "$border" --fault 503=2
fails 2 "add up to 1.2" gdje-demo --border "$border" --fault 503=0.6,stall=0.6
fails 2 "is for serving" gdje-demo --border "$border" --render 45,16,0 -o x.jpg --fault 503=0.1
# the message names what could not be written (ERR_INPUT: the user named a folder that is not there)
fails 3 "none/x.jpg" gdje-demo --border "$border" --render 45,16,0 -o none/x.jpg
[ -z "$(find . -name 'x.jpg*')" ] || die "something was left behind"

# --- pictures: the same bytes again, and no overwriting
gdje-demo --border "$border" --render 43.51,16.5,180 -o a.jpg
gdje-demo --border "$border" --render 43.51,16.5,180 -o b.jpg
cmp a.jpg b.jpg
gdje-demo --border "$border" --render 43.51,16.5,180 -o a.jpg --force
gdje-demo --border "$border" --seed 2 --render 43.51,16.5,180 -o b.jpg --force
if cmp -s a.jpg b.jpg; then
    die "another seed makes the same picture"
fi
fails 2 "'a.jpg' exists" gdje-demo --border "$border" --render 43.51,16.5,180 -o a.jpg
gdje-demo --border "$border" --contact-sheet sheet.jpg
[ -s sheet.jpg ]

# --- the faults by name
gdje-demo --list-faults >faults
[ "$(wc -l <faults)" -eq 22 ] || die "there are $(wc -l <faults) faults"
cut -f 1 faults | grep -qx retry-after || die "retry-after is not among $(cut -f 1 faults)"

# --- serving: one line on standard output, the same in the file
serve first --pid-file first.pid
cmp first.url first.out
grep -qx 'http://127\.0\.0\.1:[0-9]*' first.url || die "the address is $(cat first.url)"
[ "$(cat first.pid)" -eq "$server" ] || die "the process is $server, not $(cat first.pid)"
port=$(sed 's/.*://' first.url)
fails 4 "cannot listen on 127.0.0.1:$port: " gdje-demo --border "$border" --port "$port"
if command -v curl >/dev/null; then
    url=$(cat first.url)/maps/api/streetview
    curl -sS "$url/metadata?location=45.8,16.0" | grep -q '"status" : "OK"' || die "no panorama"
    curl -sS -o view.jpg "$url?location=45.8,16.0&size=320x320&return_error_code=true"
    file_size=$(wc -c <view.jpg)
    [ "$file_size" -gt 4000 ] || die "a picture of $file_size bytes"
else
    echo "skip: curl is not installed, so nothing was asked of the server"
fi
kill -TERM "$server"
rc=0
wait "$server" || rc=$?
[ $rc -eq 0 ] || die "terminated: exit $rc, not 0"
if [ -e first.url ] || [ -e first.pid ]; then
    die "its files are still there"
fi

# --- faults: the same in every run, and the next try of the same address draws anew
if command -v curl >/dev/null; then
    statuses() { # statuses NAME: of twelve requests, three for each of four addresses
        serve "$1" --fault 503=0.3,429=0.2
        for i in 1 2 3 4 1 2 3 4 1 2 3 4; do
            curl -s -o body -w '%{http_code}\n' \
                "$(cat "$1.url")/maps/api/streetview/metadata?location=45.8,16.0&radius=$i"
        done >"$1.statuses"
        kill -TERM $server
        wait $server
    }
    statuses one
    statuses two
    cmp one.statuses two.statuses
    [ "$(sort -u one.statuses | wc -l)" -eq 3 ] || die "statuses: $(cat one.statuses)"
fi

# --- a key, and the end by itself
echo secret >right.key
chmod 600 right.key
gdje-demo --border "$border" --idle-exit 200ms --key-file right.key >idle.out 2>idle.err
grep -q "no request for 0.2 s" idle.err || die "idle: $(cat idle.err)"
full gdje-demo --border "$border" --idle-exit 10s
