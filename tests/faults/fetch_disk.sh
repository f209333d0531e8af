#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch when files cannot be written: one message with the file and the cause, exit 4, nothing
# half done, and the rerun completes.
set -eu
. "$ROOT/tests/cli/lib.sh"
serve demo
fetch="gdje-fetch --catalog c.gpkg --base-url $(cat demo.url) -q"
gdje-sample --border "$border" --catalog c.gpkg --count 10 -q

# shellcheck disable=SC2086 # $fetch is a command with its options
{
    # no file may grow beyond 40 KiB
    expect 4 capped 80 $fetch
    grep -q "cannot write '.*images/.*tmp/0.jpg': File too large" err || die "another message"
    is "$(wc -l <err)" 1
    [ -z "$(find images -type f)" ] || die "half a picture"
    is "$(sql 'SELECT count(*) FROM location' c.gpkg)" 0

    # a folder that cannot be made
    mv images away
    : >images
    fails 4 "cannot create directory 'images': " $fetch
    rm images

    expect 0 $fetch
    is "$(sql "SELECT count(*) FROM request WHERE state IN ('queued', 'probed')" c.gpkg)" 0
}
