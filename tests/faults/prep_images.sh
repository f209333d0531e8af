#!/bin/sh
# SPDX-License-Identifier: MIT
# Import, hash, stats and pack cut short at any moment, and disks that fill up.
set -eu
. "$ROOT/tests/cli/lib.sh"

n=1200
echo 'uuid,latitude,longitude' >set.csv
cp "$jpg" 0.jpg
seq $n | sed 's/.*/set\/&/' | xargs mkdir -p
seq $n | sed 's/.*/set\/&/' | xargs -n 1 ln 0.jpg
seq $n | sed 's/.*/&,45.&,16/' >>set.csv

# a signal while the table is being read: no catalog, and the shell sees the signal
# (SIGTERM, for shells start background commands with SIGINT ignored)
mkfifo table
gdje-import --csv table --images set --name s >out 2>err &
pid=$!
exec 3>table
kill -TERM $pid
cat set.csv >&3
exec 3>&-
rc=0
wait $pid || rc=$?
[ $rc -eq 143 ] || die "import ended with $rc"
[ ! -e $db ] || die "a catalog was made"

# at any other moment: all or nothing of what is new
mkdir ten
for i in 1 2 3 4 5 6 7 8 9 10; do ln -s "../set/$i" ten/$i; done
gdje-import -q --images ten --to-predict >out
# (--foreground: otherwise timeout sends the signal twice, and the second one means it; and it ends
# without waiting for what it killed)
for seconds in 0.03 0.06 0.09; do
    timeout --foreground -s INT $seconds gdje-import -q --csv set.csv --images set --name s >out 2>err || true
    now=$(sql "SELECT count(*) FROM location WHERE provider = 'import:s'")
    [ "$now" = 0 ] || [ "$now" = $((n - 10)) ] || die "half an import: $now"
done

# killed again and again, hashing still ends, with the result of one go
rm -r work
gdje-import -q --csv set.csv --images set --name s >out
cp $db fresh.gpkg
for seconds in 0.02 0.05 0.1 0.1 0.2; do
    timeout --foreground -s KILL $seconds gdje-hash -q >out 2>err || true
done
gdje-hash -q >out
query='SELECT * FROM image_hash; SELECT * FROM duplicate; SELECT * FROM grouping'
sql "$query" >killed
gdje-hash -q --catalog fresh.gpkg >out
sqlite3 fresh.gpkg "$query" >whole
cmp killed whole || die "kill -9 changes the result"
is "$(sql 'PRAGMA integrity_check')" ok

# an interrupted pack is the old one or the new one, whole, and leaves nothing else
for seconds in 0.02 0.05 0.1; do
    gdje-pack -q --force --size 4 -o p.pack
    timeout --foreground -s INT $seconds gdje-pack -q --force --size 48 -o p.pack 2>err || true
    gdje-pack -q -o p.pack --verify || die "not whole"
    [ "$(find . -maxdepth 1 -name 'p.pack.*')" = '' ] || die "left behind"
done
# killed again and again, the next run goes on from what there is, to the same bytes
gdje-pack -q --size 48 -o fresh.pack
for seconds in 0.03 0.05 0.07 0.1; do
    timeout --foreground -s KILL $seconds gdje-pack -q --size 48 -o k.pack 2>err || true
done
gdje-pack -q --size 48 -o k.pack
cmp k.pack fresh.pack || die "kill -9 changes the pack"
[ "$(echo k.pack*)" = k.pack ] || die "left behind by kill -9"
gdje-pack -q --force --size 4 -o p.pack
old=$(sha256sum <p.pack)

# a full disk, as a limit on the size of files: a message, exit code 4, nothing left
fails 4 "cannot write 'p.pack'" capped 1000 gdje-pack -q --force --size 48 -o p.pack
[ "$(sha256sum <p.pack)" = "$old" ] || die "the old pack is gone"
[ "$(find . -maxdepth 1 -name 'p.pack.*')" = '' ] || die "left behind"

# the same for the catalog: nothing of the import is in it
rm -r work
expect 4 capped 400 gdje-import -q --csv set.csv --images set
# (not even the schema may have found room)
is "$(sql 'SELECT count(*) FROM location' 2>/dev/null || echo 0)" 0
